# What Windows does and no server or client here can be made to do. These two ends are scripts, in lab/scripted: the octets
# follow MS-ADTS, MS-NLMP and RFC 1964, and no Windows had a part in them.

# windows REASON starts the scripted server; REASON is Active Directory's for a refused bind, or ok.
windows() {
  network
  in_server /usr/bin/python3 -B "$lab/scripted/windows.py" "$SERVER" 389 "$1" >"$scratch/windows.log" 2>&1 &
  await 10 listening cb-server tcp 389
  capture
}

# refused_for REASON: a simple bind, refused for it.
refused_for() {
  windows "$1"
  expect 49 in_client ldapsearch -x -LLL -H "ldap://$AD_NAME" -D "$AD_MIRA" -w "$MIRA_PW" -b "$AD_USERS" '(sAMAccountName=jonas)' cn
}

scripted-data-525-no-such-user.pcap() { refused_for 525; }
scripted-data-530-not-now.pcap() { refused_for 530; }
scripted-data-531-not-from-here.pcap() { refused_for 531; }
scripted-data-532-password-expired.pcap() { refused_for 532; }
scripted-data-701-account-expired.pcap() { refused_for 701; }
scripted-data-775-locked-out.pcap() { refused_for 775; }

# Long-form lengths from the server, the same answers as ever.
scripted-long-lengths.pcap() {
  windows ok
  in_client ldapsearch -x -LLL -H "ldap://$AD_NAME" -D "$AD_MIRA" -w "$MIRA_PW" -b "$AD_USERS" '(sAMAccountName=jonas)' cn
}

# Sicily: the first answer has result 0 and is no login; the challenge stands where matchedDN does.
scripted-sicily-ldap3.pcap() {
  windows ok
  # ldap3 needs MD4, which OpenSSL 3 has put among its legacy.
  printf 'openssl_conf = init\n[init]\nproviders = list\n[list]\ndefault = on\nlegacy = on\n[on]\nactivate = 1\n' >"$scratch/openssl.cnf"
  OPENSSL_CONF=$scratch/openssl.cnf in_client "${python_ldap3[@]}" "$AD_NAME:389" ntlm 'LAB\mira' "$MIRA_PW" search "$AD_USERS" '(sAMAccountName=jonas)' cn unbind
}

scripted-sicily-go-ldap.pcap() {
  windows ok
  in_client "${go_ldap[@]}" "ldap://$AD_NAME" ntlm LAB mira "$MIRA_PW" search "$AD_USERS" '(sAMAccountName=jonas)' cn unbind
}

scripted-sicily-refused-go-ldap.pcap() {
  windows 52e
  expect 1 in_client "${go_ldap[@]}" "ldap://$AD_NAME" ntlm LAB mira "$WRONG_PW"
}

# Fast bind: a connection that only asks whether passwords are right, here those of two people.
scripted-fast-bind.pcap() {
  windows ok
  in_client "${raw_client[@]}" "$SERVER" 389 ext 1.2.840.113556.1.4.1781 '' bind "$AD_MIRA" "$MIRA_PW" bind 'jonas@ad.example.org' "$JONAS_PW" unbind
}

# dialogue NAME [USER PASSWORD] plays both ends.
dialogue() {
  network
  in_server /usr/bin/python3 -B "$lab/scripted/dialogue.py" server "$SERVER" 389 "$@" &
  await 10 listening cb-server tcp 389
  capture
  in_client /usr/bin/python3 -B "$lab/scripted/dialogue.py" client "$SERVER" 389 "$@"
}

# Long-form lengths from the client too.
scripted-long-lengths-both-ends.pcap() { dialogue long-lengths "$AD_MIRA" "$MIRA_PW"; }

scripted-ntlm-signed.pcap() { dialogue ntlm-signed; }
# Look-alike: everything is sealed but the unbind, which is signed.
scripted-ntlm-sealed-unbind-signed.pcap() { dialogue ntlm-sealed; }
scripted-rfc1964-signed.pcap() { dialogue rfc1964-signed; }
scripted-rfc1964-sealed.pcap() { dialogue rfc1964-sealed; }

# starttls_ended [again]: TLS ends by close_notify and LDAP goes on in the clear. OpenLDAP hangs up instead, on both ends.
starttls_ended() {
  network
  local script=(/usr/bin/python3 -B "$lab/scripted/ended.py")
  in_server "${script[@]}" server "$SERVER" 389 "$work/tls" &
  await 10 listening cb-server tcp 389
  capture
  in_client "${script[@]}" client "$SERVER" 389 "$work/tls" "$MIRA" "$MIRA_PW" "$@"
}

scripted-starttls-ended-search.pcap() { starttls_ended; }
scripted-starttls-ended-bind.pcap() { starttls_ended again; }
