# What looks like a finding and is none.

# Nine wrong passwords within a minute: a bad memory, not guessing.
nine-wrong-passwords.pcap() {
  serve
  capture
  local n
  for n in 1 2 3 4 5 6 7 8 9; do
    expect 49 in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w "$WRONG_PW$n"
  done
}

# A service whose password was changed asks every twenty minutes, for hours: nobody guesses.
wrong-password-for-hours.pcap() {
  serve
  capture
  local n
  for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
    expect 49 in_client ldapwhoami -x -H "ldap://$SERVER" -D "$PRINTER" -w "$WRONG_PW"
  done
  edit "$lab/lib/rewrite.py" spread=1200
}

# One wrong password each for nine names: not yet spraying.
nine-names-wrong-password.pcap() {
  serve
  capture
  local n
  for n in 1 2 3 4 5 6 7 8 9; do
    expect 49 in_client ldapwhoami -x -H "ldap://$SERVER" -D "uid=user$n,$PEOPLE" -w "$WRONG_PW"
  done
}

# TLS 1.2, whose records say so, and which is not weak.
tls-1.2.pcap() {
  trust
  uris="ldaps://$SERVER:636/" serve "$(tls)" 'TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2'
  capture
  in_client ldapsearch -x -LLL -H "ldaps://$SERVER_NAME" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# Globally routable addresses, and StartTLS before anything else.
internet-starttls.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client ldapsearch -ZZ -x -LLL -H "ldap://$SERVER_NAME" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
  edit "$lab/lib/rewrite.py" public
}

# An administrator looks for the members of a group and for disabled accounts: no tool of attackers does.
ad-administrator.pcap() {
  samba_dc "$weak"
  capture
  in_client "${go_ldap[@]}" "ldap://$AD_NAME" bind "$AD_MIRA" "$MIRA_PW" \
    search "$AD_BASE" '(&(objectCategory=group)(cn=Domain Admins))' member \
    search "$AD_BASE" '(&(objectCategory=person)(objectClass=user)(userAccountControl:1.2.840.113556.1.4.803:=2))' cn \
    search "$AD_USERS" '(sAMAccountName=jonas)' memberOf unbind
}


# NTLM inside LDAPS: the exchange cannot be recorded. The client must not sign or seal on top of TLS, Samba says.
ad-ntlm-inside-tls.pcap() {
  mapfile -t with_tls < <(samba_tls)
  samba_dc "${with_tls[@]}" 'ldap server require strong auth = allow_sasl_over_tls'
  capture
  in_client ldbsearch -H "ldaps://$AD_NAME" -s sub -b "$AD_USERS" --configfile=/dev/null --option='client ldap sasl wrapping = plain' \
    --option='tls verify peer = no_check' --option='workgroup=LAB' --option='realm=AD.EXAMPLE.ORG' "${with_ntlm[@]}" '(sAMAccountName=jonas)' cn
}
