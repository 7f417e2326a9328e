# A balancer between client and server that says with a PROXY header who the client is. It stands in the server's
# namespace with an address of its own, so that what goes on between the two is seen on that namespace's loopback.

BALANCER=10.39.0.9

# balancer OPTION starts haproxy, which speaks to port 389 of the server with send-proxy or send-proxy-v2.
balancer() {
  in_server ip addr add "$BALANCER/24" dev lan0
  cat >"$scratch/haproxy.cfg" <<CONF
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen ldap
  bind $BALANCER:389
  source $BALANCER
  server directory $SERVER:389 $1
CONF
  in_server haproxy -db -f "$scratch/haproxy.cfg" >"$scratch/haproxy.log" 2>&1 &
  await 10 in_server ss -Hltn "src $BALANCER:389"
  capture -i lo port 389
}

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
