# How messages lie in segments, and what else comes to the LDAP port.


# One octet a segment.
split-single-octets.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" --chunk 1 "$SERVER" 389 bind "$MIRA" "$MIRA_PW" search "$PEOPLE" sub uid=jonas,cn unbind
}

split-seven-octets.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" --chunk 7 "$SERVER" 389 bind "$MIRA" "$MIRA_PW" search "$PEOPLE" sub uid=jonas,cn unbind
}

# Every length in four octets, of the message ID and the password too: legal BER, and servers take it.
every-length-long.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" --long "$SERVER" 389 bind "$MIRA" "$MIRA_PW" search "$PEOPLE" sub uid=jonas,cn unbind
}

# Three connections that RFC 4511 forbids, each in its way, and slapd serves.
requests-that-hide.pcap() {
  serve
  capture
  local how
  for how in id tags length; do
    in_client "${raw_client[@]}" --hide "$how" "$SERVER" 389 bind "$MIRA" "$MIRA_PW" search "$PEOPLE" sub uid=jonas,cn unbind
  done
}

# Several requests in one segment, the bind not the first of them.
pipelined.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" --pipeline "$SERVER" 389 search '' base 'objectClass=*,namingContexts' bind "$MIRA" "$MIRA_PW" \
    search "$PEOPLE" sub uid=jonas,cn search "$PEOPLE" one uid=zoe,cn
}

abandon.pcap() {
  ldif=$(crowd 400) serve
  capture
  in_client "${raw_client[@]}" --pipeline "$SERVER" 389 bind "$MIRA" "$MIRA_PW" wait 0 search "$PEOPLE" sub 'objectClass=*,cn' abandon 2
}

http-on-389.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" "$SERVER" 389 text 'GET /login?user=mira HTTP/1.1\r\nHost: ldap.example.org\r\n\r\n'
}

# An SSH client's greeting to an LDAP port.
ssh-banner-on-389.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" "$SERVER" 389 text 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n'
}

# HTTPS on the LDAP port: TLS without LDAP, nothing to say.
https-on-389.pcap() {
  network
  in_server openssl s_server -accept "$SERVER:389" -cert "$work/tls/server.pem" -key "$work/tls/server.key" -www -quiet &
  await 10 listening cb-server tcp 389
  capture
  in_client openssl s_client -connect "$SERVER:389" -quiet -no_ign_eof <<<$'GET / HTTP/1.0\r\n\r'
}

# A request that LDAP does not have: the server answers with a Notice of Disconnection and closes.
notice-of-disconnection.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" "$SERVER" 389 bind "$MIRA" "$MIRA_PW" search "$PEOPLE" sub uid=jonas,cn hex 30050201037000
}
