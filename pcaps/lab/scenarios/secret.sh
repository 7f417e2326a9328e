# Secrets that are not in a bind: password changes, values asked for, compared and returned.

password-modify-extop.pcap() {
  serve
  capture
  in_client ldappasswd -x -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -a "$MIRA_PW" -s "$NEW_PW" "$MIRA"
}

# The server makes the password up and sends it back.
password-modify-generated.pcap() {
  serve
  capture
  local generated
  generated=$(in_client ldappasswd -x -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" "$MIRA" | sed -n 's/^New password: //p')
  set_secrets password-modify-generated.pcap "$MIRA_PW" "$generated"
}

modify-userpassword.pcap() {
  serve
  capture
  in_client ldapmodify -x -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" <<LDIF
dn: $MIRA
changetype: modify
replace: userPassword
userPassword: $NEW_PW
LDIF
}

add-userpassword.pcap() {
  serve
  capture
  in_client ldapadd -x -H "ldap://$SERVER" -D "$ADMIN" -w "$ADMIN_PW" <<LDIF
dn: cn=scanner,ou=services,$BASE
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: scanner
userPassword: $NEW_PW
LDIF
}

userpassword-returned.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$ADMIN" -w "$ADMIN_PW" -b "$PEOPLE" '(uid=jonas)' cn userPassword
}

# Look-alike of userpassword-returned: asked for, and nothing comes back.
userpassword-requested.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn userPassword
}

userpassword-in-filter.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$ADMIN" -w "$ADMIN_PW" -b "$PEOPLE" "(&(uid=mira)(userPassword=$MIRA_PW))" cn
}

compare-userpassword.pcap() {
  serve
  capture
  expect 6 in_client ldapcompare -x -H "ldap://$SERVER" -D "$ADMIN" -w "$ADMIN_PW" "$JONAS" "userPassword:$JONAS_PW"
}

# Look-alike of compare-userpassword.
compare-mail.pcap() {
  serve
  capture
  expect 6 in_client ldapcompare -x -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" "$JONAS" 'mail:jonas@example.org'
}

# A password is taken away by naming it: the old one goes out.
modify-delete-userpassword.pcap() {
  serve
  capture
  in_client ldapmodify -x -H "ldap://$SERVER" -D "$ADMIN" -w "$ADMIN_PW" <<LDIF
dn: $JONAS
changetype: modify
delete: userPassword
userPassword: $JONAS_PW
LDIF
}

# Two modifies of mail whose answers bring the old password back: the pre-read and post-read controls of RFC 4527.
write-reads-password-back.pcap() {
  serve
  capture
  local control
  for control in preread postread; do
    in_client ldapmodify -x -H "ldap://$SERVER" -D "$ADMIN" -w "$ADMIN_PW" -e "$control=userPassword" <<LDIF
dn: $JONAS
changetype: modify
replace: mail
mail: $control@example.org
LDIF
  done
}
