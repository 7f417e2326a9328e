# StartTLS, LDAPS, and the ways in which they go wrong.

export LDAPTLS_CACERT
trust() { LDAPTLS_CACERT=$work/tls/ca.pem; }

starttls-good.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client ldapsearch -ZZ -x -LLL -H "ldap://$SERVER_NAME" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# -Z asks for StartTLS and goes on without it.
starttls-refused-fallback.pcap() {
  serve
  capture
  in_client ldapsearch -Z -x -LLL -H "ldap://$SERVER_NAME" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# The same mistake in an application: it catches the error and binds.
starttls-refused-fallback-python-ldap.pcap() {
  serve
  capture
  in_client "${python_ldap[@]}" "ldap://$SERVER_NAME" try starttls bind "$JONAS" "$JONAS_PW" search "$PEOPLE" '(uid=mira)' cn unbind
}

# Look-alike of starttls-refused-fallback: -ZZ gives up.
starttls-refused-gives-up.pcap() {
  serve
  capture
  expect 1 in_client ldapsearch -ZZ -x -LLL -H "ldap://$SERVER_NAME" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

ldaps-636.pcap() {
  trust
  uris="ldaps://$SERVER:636/" serve "$(tls)"
  capture
  in_client ldapsearch -x -LLL -H "ldaps://$SERVER_NAME" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

plaintext-on-636.pcap() {
  uris="ldap://$SERVER:636/" serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER:636" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# A TLS record as the first octets on port 389: LDAPS on the wrong port, but nothing is readable.
ldaps-on-389.pcap() {
  trust
  uris="ldaps://$SERVER:389/" serve "$(tls)"
  capture
  in_client ldapsearch -x -LLL -H "ldaps://$SERVER_NAME:389" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# The password goes out, and only then the client asks for StartTLS.
bind-before-starttls.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client "${python_ldap[@]}" "ldap://$SERVER_NAME" bind "$MIRA" "$MIRA_PW" starttls search "$PEOPLE" '(uid=jonas)' cn unbind
}

bind-before-starttls-go-ldap.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER_NAME" bind "$JONAS" "$JONAS_PW" starttls bind "$JONAS" "$JONAS_PW" \
    search "$PEOPLE" '(uid=mira)' cn unbind
}

# Look-alike of bind-before-starttls: what goes out before StartTLS is the rootDSE.
rootdse-before-starttls.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client "${python_ldap[@]}" "ldap://$SERVER_NAME" try bind '' '' starttls bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn unbind
}

starttls-good-go-ldap.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER_NAME" starttls bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn unbind
}

starttls-good-ldapts.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client "${ldapts[@]}" "ldap://$SERVER_NAME" starttls bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn unbind
}

starttls-good-net-ldap.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client "${net_ldap[@]}" "ldap://$SERVER_NAME" starttls bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn unbind
}

# Look-alike of starttls-refused-fallback: the client does not trust the certificate, and ends there.
starttls-untrusted-gives-up.pcap() {
  serve "$(tls)"
  capture
  expect 1 in_client ldapsearch -ZZ -x -LLL -H "ldap://$SERVER_NAME" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# TLS 1.0 on an LDAPS connection.
weak-tls.pcap() {
  trust
  uris="ldaps://$SERVER:636/" serve "$(tls)" 'TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT'
  capture
  LDAPTLS_CIPHER_SUITE='NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT' \
    in_client ldapsearch -x -LLL -H "ldaps://$SERVER_NAME" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}
