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
