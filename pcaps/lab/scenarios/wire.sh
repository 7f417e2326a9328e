# What happens between client, server and sensor: tags, tunnels, loss, mirrors. The switch is lib/wire.py.

# session is the small session that these scenarios share.
session() {
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(objectClass=inetOrgPerson)' cn jpegPhoto >/dev/null
}

# mirrored OPTIONS... records the small session at the switch's mirror port.
mirrored() {
  switched "$@"
  serve
  capture_ns=cb-mirror capture
  session
}

# on_the_way OPTIONS... records a session with photographs where the frames arrive: at the client.
on_the_way() {
  switched "$@"
  ldif=$(photographs) serve
  capture_ns=cb-client capture
  session
}

vlan.pcap() { mirrored --wrap vlan=10; }
qinq.pcap() { mirrored --wrap qinq=100; }
mpls.pcap() { mirrored --wrap mpls=200; }
pppoe.pcap() { mirrored --wrap pppoe=7; }
gre.pcap() { mirrored --wrap gre=5; }
erspan2.pcap() { mirrored --wrap erspan2=5; }
erspan3.pcap() { mirrored --wrap erspan3=5; }
vxlan.pcap() { mirrored --wrap vxlan=5001; }
geneve.pcap() { mirrored --wrap geneve=5001; }
ip-in-ip.pcap() { mirrored --wrap ipip; }

# A mirror of both ports: every frame twice.
mirror-twice.pcap() { mirrored --mirror-copies 2; }

# A mirror of one direction: passwords without answers, answers without questions.
one-way-client.pcap() { mirrored --only c; }
one-way-server.pcap() { mirrored --only s; }

# An overloaded mirror port: the client got everything, the sensor did not.
gap-in-search.pcap() {
  switched --mirror-lose s4,s5,s6,s20
  ldif=$(photographs) serve
  capture_ns=cb-mirror capture
  session
}

# The bind's answer is what the sensor missed.
gap-bind-response.pcap() { mirrored --mirror-lose s1; }

tcp-loss.pcap() { on_the_way --lose s5,s9,s20,s21; }
tcp-reorder.pcap() { on_the_way --late s4,s8,s12,s15,s22; }
tcp-duplicates.pcap() { on_the_way --twice c1,c2,s1,s3,s4,s5,s11,s16; }
tcp-loss-reorder-duplicates.pcap() { on_the_way --lose c1,s4,s18 --late s7,s12,s25 --twice c2,s3,s9,s30; }

# The password travels in a segment that is sent again.
bind-retransmitted.pcap() {
  switched --lose c1
  serve
  capture_ns=cb-client capture
  session
}

# IPv4 fragments on both ways: a router in between has a small link, and the hosts let it cut.
ipv4-fragments.pcap() { fragmented --fragment 76; }

# The last fragment first.
ipv4-fragments-backwards.pcap() { fragmented --fragment 76 --backwards; }

fragmented() {
  switched "$@"
  local ns
  for ns in cb-client cb-server; do
    ip netns exec "$ns" sysctl -qw net.ipv4.ip_no_pmtu_disc=1
  done
  serve
  capture_ns=cb-mirror capture
  session
}
