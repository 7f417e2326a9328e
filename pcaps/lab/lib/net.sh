# The network: a client and a server, each in a namespace of its own, joined by a cable (a veth pair).
# No namespace has a route to anywhere else.

CLIENT=10.39.0.7  CLIENT6=fd39::7
SERVER=10.39.0.5  SERVER6=fd39::5
SERVER_NAME=ldap.example.org

in_client() { ip netns exec cb-client "$@"; }
in_server() { ip netns exec cb-server "$@"; }

# network joins client and server by a cable, once for each scenario.
network() {
  ip netns list | grep -q '^cb-server\b' && return
  namespaces
  ip link add cb-cable0 netns cb-client type veth peer name cb-cable1 netns cb-server
  ip -n cb-client link set cb-cable0 name lan0
  ip -n cb-server link set cb-cable1 name lan0
  plug cb-client "$CLIENT" "$CLIENT6"
  plug cb-server "$SERVER" "$SERVER6"
}

# switched [wire.py options] joins client and server by the lab's switch instead, with a mirror port in cb-mirror.
switched() {
  namespaces
  # The interfaces of cb-mirror must not speak: they only listen.
  ip netns exec cb-mirror sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  "$lab/lib/wire.py" "$@" cb-client cb-server cb-mirror >"$scratch/wire.log" 2>&1 &
  wire_pid=$!
  await 10 grep -q ready "$scratch/wire.log"
  ip -n cb-mirror link set lan0 up mtu 9000
  plug cb-client "$CLIENT" "$CLIENT6"
  plug cb-server "$SERVER" "$SERVER6"
}

namespaces() {
  local ns
  for ns in cb-client cb-server cb-mirror; do
    ip netns add "$ns"
    ip -n "$ns" link set lo up
    mkdir -p "/etc/netns/$ns"
    printf '127.0.0.1 localhost\n%s ldap.example.org ldap\n%s dc1.ad.example.org dc1\n%s client.example.org client\n' \
      "$SERVER" "$SERVER" "$CLIENT" >"/etc/netns/$ns/hosts"
    : >"/etc/netns/$ns/resolv.conf"
  done
}

# plug NAMESPACE IPV4 IPV6 gives lan0 its addresses. Offloading is off, so that frames look as on a wire.
plug() {
  ip netns exec "$1" ethtool -K lan0 tx off rx off tso off gso off gro off >/dev/null
  ip -n "$1" addr add "$2/24" dev lan0
  ip -n "$1" addr add "$3/64" dev lan0 nodad
  ip -n "$1" link set lan0 up
}

# teardown ends every process of this scenario and removes its namespaces.
teardown() {
  local ns pids
  [[ -z ${wire_pid-} ]] || kill "$wire_pid" 2>/dev/null || true
  for ns in cb-client cb-server cb-mirror; do
    [[ -e /run/netns/$ns ]] || continue
    pids=$(ip netns pids "$ns")
    # shellcheck disable=SC2086 # a list
    [[ -z $pids ]] || kill -9 $pids 2>/dev/null || true
    ip netns del "$ns"
    rm -rf "/etc/netns/$ns"
  done
}

# await SECONDS COMMAND... polls until the command succeeds.
await() {
  local tries=$(($1 * 20))
  shift
  until "$@" >/dev/null 2>&1; do
    ((tries-- > 0)) || { echo "await: gave up on: $*" >&2; return 1; }
    sleep 0.05
  done
}

# listening NAMESPACE tcp|udp PORT
listening() { ip netns exec "$1" ss -Hln "--$2" "sport = :$3" | grep -q .; }

# expect STATUS COMMAND... demands that exit status, so that a capture holds what its name says.
expect() {
  local want=$1 status=0
  shift
  "$@" || status=$?
  ((status == want)) || { echo "expect: status $status, wanted $want: $*" >&2; return 1; }
}
