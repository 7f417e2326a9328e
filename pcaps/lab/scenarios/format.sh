# The same small session in other files: formats, link types, and captures that begin late or end early.

plain_session() {
  serve
  capture "$@"
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

format-nanosecond.pcap() { plain_session --time-stamp-precision=nano; }

format-big-endian.pcap() {
  plain_session
  edit "$lab/lib/rewrite.py" big-endian
}

format-gzip.pcap.gz() { plain_session; }

# pcapng as tcpdump's recording is converted: one interface.
format-converted.pcapng() { plain_session; }

# pcapng as dumpcap writes it, from two interfaces; the second belongs to a session on the server itself.
format-two-interfaces.pcapng() {
  uris="ldap://$SERVER:389/ ldap://127.0.0.1:389/" serve
  ip netns exec cb-server dumpcap -q -i lan0 -i lo -w "$scratch/two.pcapng" 2>"$scratch/dumpcap.log" &
  local pid=$!
  await 10 grep -q '^File: ' "$scratch/dumpcap.log"
  sleep 0.5
  in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW"
  in_server ldapwhoami -x -H ldap://127.0.0.1 -D "$JONAS" -w "$JONAS_PW"
  sleep 1.5
  kill -TERM "$pid"
  wait "$pid" || true
  mv "$scratch/two.pcapng" "$raw"
}

link-sll.pcap() { plain_session -i any -y LINUX_SLL; }
link-sll2.pcap() { plain_session -i any -y LINUX_SLL2; }

link-raw.pcap() {
  plain_session
  edit "$lab/lib/rewrite.py" raw
}

link-null.pcap() {
  plain_session
  edit "$lab/lib/rewrite.py" null
}

# On the server's own loopback, with offloading: segments beyond any MTU, checksums never filled in.
loopback-offload.pcap() {
  export uris=ldap://127.0.0.1:389/
  ldif=$(photographs) serve
  capture -i lo
  in_server ldapsearch -x -LLL -H ldap://127.0.0.1 -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=p16)' jpegPhoto >/dev/null
}

# Joined in mid-connection, after the bind: the searches are readable, the identity is not known.
mid-connection.pcap() {
  serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn search "$PEOPLE" '(uid=zoe)' cn unbind
  edit from_message 'ldap.searchRequest_element'
}

# Joined in the middle of a long answer.
mid-message.pcap() {
  ldif=$(photographs) serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=p16)' jpegPhoto search "$PEOPLE" '(uid=zoe)' cn unbind
  edit without 1-20
}

# from_message FILTER drops everything before the first packet that a display filter matches; for edit.
from_message() {
  local first
  first=$(tshark -r "$2" -Y "$1" -T fields -e frame.number 2>/dev/null | head -n 1)
  without "1-$((first - 1))" "$2" "$3"
}

# No handshake, but everything after it.
no-handshake.pcap() {
  plain_session
  edit only 'tcp[tcpflags] & tcp-syn == 0'
}

# 96 octets of each frame: the bind's password and most of its name are cut off.
snaplen-96.pcap() { plain_session -s 96; }

# The file ends in the middle of its last packet but some: the session's first search has no end.
truncated-file.pcap() {
  plain_session
  edit until_message 'ldap.searchResEntry_element'
  edit "$lab/lib/rewrite.py" cut=20
}

# until_message FILTER keeps everything up to the first packet that a display filter matches; for edit.
until_message() {
  local last
  last=$(tshark -r "$2" -Y "$1" -T fields -e frame.number 2>/dev/null | head -n 1)
  editcap -F pcap -r "$2" "$3" "1-$last"
}

# The lab's addresses replaced by globally routable ones, in the file only.
internet-exposure.pcap() {
  plain_session
  edit "$lab/lib/rewrite.py" public
}

# Two taps whose clocks are three milliseconds apart, merged by time: every answer stands before its request.
taps-apart.pcap() {
  plain_session
  edit "$lab/lib/rewrite.py" apart=3000
}

# Joined in mid-connection, at the octet that keeps it alive.
joined-at-keep-alive.pcap() {
  serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" search "$PEOPLE" '(uid=jonas)' cn bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=zoe)' cn unbind
  edit from_message 'ldap.bindRequest_element'
  edit "$lab/lib/rewrite.py" keep-alive
}
