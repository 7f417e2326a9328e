# Recording: tcpdump with the full frame, flushed frame by frame.

capture_pid=''

# capture [tcpdump arguments] starts recording on the server's interface (or -i another one).
# Set capture_ns before to record in another namespace.
capture() {
  ip netns exec "${capture_ns:-cb-server}" tcpdump -U -s 0 --immediate-mode -Z root -i lan0 -w "$raw" "$@" 2>"$scratch/tcpdump.log" &
  capture_pid=$!
  await 10 grep -q 'listening on' "$scratch/tcpdump.log"
}

# stop_capture lets the last frames arrive, then ends tcpdump. Called again, it does nothing.
stop_capture() {
  [[ $capture_pid ]] || return 0
  sleep 0.4
  kill -INT "$capture_pid"
  wait "$capture_pid" || true
  capture_pid=''
  grep -q '^0 packets dropped by kernel' "$scratch/tcpdump.log"
}

# publish RAW FILE writes the capture in the format that the file's name asks for.
publish() {
  case $2 in
    *.pcap) cp "$1" "$2" ;;
    *.pcapng) editcap -F pcapng "$1" "$2" ;;
    *.pcap.gz) gzip -9 -n -c "$1" >"$2" ;;
    *.pcap.zst) zstd -q -19 -f "$1" -o "$2" ;;
    *) echo "publish: no format is known for $2" >&2; return 1 ;;
  esac
}

# edit COMMAND... stops recording and rewrites the recording: the command gets the old file and the new one.
edit() {
  stop_capture
  "$@" "$raw" "$raw.new"
  mv "$raw.new" "$raw"
}

# only FILTER keeps what a tcpdump filter matches; for edit.
only() { tcpdump -r "$2" -w "$3" "$1" 2>/dev/null; }

# without PACKETS drops packets by number or range, separated by spaces; for edit.
# shellcheck disable=SC2086 # a list
without() { editcap -F pcap "$2" "$3" $1; }
