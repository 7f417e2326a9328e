# A balancer between client and server that says with a PROXY header who the client is. It stands in the server's
# namespace with an address of its own, so that what goes on between the two is seen on that namespace's loopback.

BALANCER=10.39.0.9  BALANCER6=fd39::9

# balancer OPTION [LINE...] starts haproxy, which speaks to the server with send-proxy or send-proxy-v2. Set port
# before for another than 389.
balancer() {
  local port=${port-389}
  in_server ip addr add "$BALANCER/24" dev lan0
  in_server ip addr add "$BALANCER6/64" dev lan0 nodad
  cat >"$scratch/haproxy.cfg" <<CONF
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen ldap
  bind $BALANCER:$port
  bind [$BALANCER6]:$port
  source $BALANCER
  server directory $SERVER:$port $1
$(printf '  %s\n' "${@:2}")
CONF
  capture -i lo port "$port"
  in_server haproxy -db -f "$scratch/haproxy.cfg" >"$scratch/haproxy.log" 2>&1 &
  await 10 balancer_listens
}

balancer_listens() { in_server ss -Hltn "src $BALANCER" | grep -q .; }

proxy-v2.pcap() {
  uris="pldap://$SERVER:389/" serve
  balancer send-proxy-v2
  in_client ldapsearch -x -LLL -H "ldap://$BALANCER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# slapd reads version 2 only: a second haproxy takes the header off.
proxy-v1.pcap() {
  uris="ldap://127.0.0.1:1389/" serve
  cat >"$scratch/second.cfg" <<CONF
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen ldap
  bind $SERVER:389 accept-proxy
  server directory 127.0.0.1:1389
CONF
  in_server haproxy -db -f "$scratch/second.cfg" >"$scratch/second.log" 2>&1 &
  await 10 listening cb-server tcp 389
  balancer send-proxy
  in_client ldapsearch -x -LLL -H "ldap://$BALANCER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# Look-alike: the header in front of StartTLS.
proxy-v2-starttls.pcap() {
  trust
  uris="pldap://$SERVER:389/" serve "$(tls)"
  balancer send-proxy-v2
  LDAPTLS_REQCERT=allow in_client ldapsearch -ZZ -x -LLL -H "ldap://$BALANCER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# An IPv6 client, while balancer and server speak IPv4.
proxy-v2-ipv6.pcap() {
  uris="pldap://$SERVER:389/" serve
  balancer send-proxy-v2
  in_client ldapsearch -x -LLL -H "ldap://[$BALANCER6]" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# Between the addresses and LDAP stand TLVs: a checksum and a unique ID.
proxy-v2-tlv.pcap() {
  uris="pldap://$SERVER:389/" serve
  balancer 'send-proxy-v2 proxy-v2-options crc32c,unique-id' 'unique-id-format %ci_%cp_%Ts'
  in_client ldapsearch -x -LLL -H "ldap://$BALANCER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# Look-alike: the header in front of a TLS record.
proxy-v2-ldaps.pcap() {
  trust
  uris="pldaps://$SERVER:636/" serve "$(tls)"
  port=636 balancer send-proxy-v2
  LDAPTLS_REQCERT=allow in_client ldapsearch -x -LLL -H "ldaps://$BALANCER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# The client speaks TLS to the balancer, which takes it off and says so: in the clear is the way behind it.
proxy-v2-client-tls.pcap() {
  uris="pldap://$SERVER:389/" serve
  cat "$work/tls/server.pem" "$work/tls/server.key" >"$scratch/front.pem"
  balancer 'send-proxy-v2-ssl' "bind $BALANCER:636 ssl crt $scratch/front.pem"
  LDAPTLS_REQCERT=allow in_client ldapsearch -x -LLL -H "ldaps://$BALANCER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

# Look-alike: health checks. Their header is LOCAL and names no client; each is an anonymous bind and no more.
proxy-v2-health-check.pcap() {
  uris="pldap://$SERVER:389/" serve
  balancer 'send-proxy-v2 check inter 300ms' 'option ldap-check'
  sleep 1
}
