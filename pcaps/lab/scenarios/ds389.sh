# 389 Directory Server: its own words and habits.

ds389-simple-bind.pcap() {
  ds389
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

ds389-wrong-password.pcap() {
  ds389
  capture
  expect 49 in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w "$WRONG_PW"
}

# Result 13, confidentialityRequired, for a bind.
ds389-secure-binds-required.pcap() {
  ds389 nsslapd-require-secure-binds on
  capture
  expect 13 in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# Result 13 for a new password, which this server takes over TLS only. Old and new one have gone out.
ds389-password-modify-refused.pcap() {
  ds389
  capture
  expect 1 in_client ldappasswd -x -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -a "$MIRA_PW" -s "$NEW_PW" "$MIRA"
}

# Refused with 53, as this server does unless told otherwise.
ds389-unauthenticated-bind-refused.pcap() {
  ds389
  capture
  expect 53 in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w ''
}

# Without a certificate this server does not know StartTLS; -Z goes on.
ds389-starttls-refused-fallback.pcap() {
  ds389
  capture
  in_client ldapsearch -Z -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# As password-expired.pcap, in this server's words.
ds389-password-expired.pcap() {
  ds389 passwordExp on
  as_ds_admin ldapmodify <<LDIF
dn: cn=config
changetype: modify
replace: passwordMaxAge
passwordMaxAge: 1
-
replace: passwordWarning
passwordWarning: 0
LDIF
  as_ds_admin ldapmodify <<LDIF
dn: $MIRA
changetype: modify
replace: userPassword
userPassword: $MIRA_PW
LDIF
  sleep 3
  capture
  expect 49 in_client ldapwhoami -x -e ppolicy -H "ldap://$SERVER" -D "$MIRA" -w "$WRONG_PW"
  expect 49 in_client ldapwhoami -x -e ppolicy -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW"
}
