# The same small session by different clients: their encodings, their habits before and after a bind.

simple-bind-go-ldap.pcap() {
  serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail whoami unbind
}

simple-bind-jndi.pcap() {
  serve
  capture
  in_client "${jndi[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail
}

simple-bind-ldapts.pcap() {
  serve
  capture
  in_client "${ldapts[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

simple-bind-net-ldap.pcap() {
  serve
  capture
  in_client "${net_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

simple-bind-python-ldap.pcap() {
  serve
  capture
  in_client "${python_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

# ldap3 reads the rootDSE and the schema right after its bind; the schema lies in cn=Subschema, so that is a search.
simple-bind-ldap3.pcap() {
  serve
  capture
  in_client "${python_ldap3[@]}" --info "$SERVER:389" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

# One connection, two identities: the second bind takes over.
rebind-as-another.pcap() {
  serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn \
    bind "$JONAS" "$JONAS_PW" search "$PEOPLE" '(uid=mira)' cn unbind
}

compare-userpassword-go-ldap.pcap() {
  serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$ADMIN" "$ADMIN_PW" compare "$JONAS" userPassword "$JONAS_PW" unbind
}

password-modify-net-ldap.pcap() {
  serve
  capture
  in_client "${net_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" password "$MIRA" "$MIRA_PW" "$NEW_PW" unbind
}

modify-userpassword-jndi.pcap() {
  serve
  capture
  in_client "${jndi[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" replace "$MIRA" userPassword "$NEW_PW"
}

search-paged-go-ldap.pcap() {
  ldif=$(crowd 30) serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" paged "$PEOPLE" '(objectClass=inetOrgPerson)' 12 unbind
}

simple-bind-php.pcap() {
  serve
  capture
  in_client "${php[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

password-modify-php.pcap() {
  serve
  capture
  in_client "${php[@]}" "ldap://$SERVER" bind "$JONAS" "$JONAS_PW" password "$JONAS" "$JONAS_PW" "$NEW_PW" unbind
}

simple-bind-ruby-net-ldap.pcap() {
  serve
  capture
  in_client "${ruby_net_ldap[@]}" "$SERVER" 389 plain "$MIRA" "$MIRA_PW" "$PEOPLE" '(uid=jonas)' cn,mail
}

starttls-good-ruby-net-ldap.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client "${ruby_net_ldap[@]}" "$SERVER_NAME" 389 starttls "$MIRA" "$MIRA_PW" "$PEOPLE" '(uid=jonas)' cn,mail
}

# name_service LINE... starts nslcd, which answers getent from the directory as the printer's account.
name_service() {
  local dir=/etc/netns/cb-client line
  printf 'passwd: files ldap\ngroup: files\nshadow: files\n' >"$dir/nsswitch.conf"
  {
    printf 'uid root\ngid root\nbase %s\nbinddn %s\nbindpw %s\n' "$BASE" "$PRINTER" "$PRINTER_PW"
    for line in "$@"; do echo "$line"; done
  } >"$dir/nslcd.conf"
  chmod 600 "$dir/nslcd.conf" # nslcd refuses to read a password that everybody may read
  rm -f /run/nslcd/{socket,nslcd.pid} # of one that was ended before
  in_client nslcd -n &
  await 10 in_client test -S /run/nslcd/socket
}

# A Linux host's name service: a bind of its own, then the account that somebody asks for.
name-service-nslcd.pcap() {
  serve
  capture
  name_service "uri ldap://$SERVER"
  in_client getent passwd mira
}

# Look-alike: the same with StartTLS.
name-service-nslcd-starttls.pcap() {
  trust
  serve "$(tls)"
  capture
  name_service "uri ldap://$SERVER_NAME" 'ssl start_tls' "tls_cacertfile $LDAPTLS_CACERT" 'tls_reqcert demand'
  in_client getent passwd mira
}
