package detect

import (
	"net/netip"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
)

// A talk is a connection made up octet by octet, for tests.
type talk struct {
	t            *testing.T
	e            *Engine
	client, serv decode.Endpoint
	seq          [2]uint32 // next of the client, of the server
	p            Packet
	alerts       []Alert
	step         time.Duration // from segment to segment
}

func endpoint(s string) decode.Endpoint {
	ap := netip.MustParseAddrPort(s)
	return decode.Endpoint{Addr: ap.Addr().As16(), Port: ap.Port()}
}

var start = time.Date(2026, 3, 1, 9, 15, 2, 0, time.UTC)

func newTalk(t *testing.T, cfg Config) *talk {
	return &talk{
		t: t, e: New(cfg), client: endpoint("10.0.0.7:51022"), serv: endpoint("10.0.0.5:389"),
		seq: [2]uint32{1000, 9000}, p: Packet{Time: start, Origin: "talk.pcap"}, step: time.Millisecond,
	}
}

// segment sends one segment; the payload is destroyed afterwards, as the
// capture would.
func (k *talk) segment(fromServer int, flags decode.Flags, payload []byte) {
	k.p.Order++
	k.p.Number++
	k.p.Time = k.p.Time.Add(k.step)
	lent := append([]byte(nil), payload...)
	seg := decode.Segment{Src: k.client, Dst: k.serv, Proto: decode.TCP, Flags: flags, Seq: k.seq[fromServer], Payload: lent}
	if fromServer == 1 {
		seg.Src, seg.Dst = k.serv, k.client
	}
	if flags&decode.ACK != 0 {
		seg.Ack = k.seq[1-fromServer]
	}
	k.e.Observe(&k.p, &seg)
	for i := range lent {
		lent[i] = 0xdb
	}
	k.seq[fromServer] += uint32(len(payload))
	if flags&(decode.SYN|decode.FIN) != 0 {
		k.seq[fromServer]++
	}
	k.alerts = k.e.Take(k.alerts)
}

func (k *talk) open() *talk {
	k.segment(0, decode.SYN, nil)
	k.segment(1, decode.SYN|decode.ACK, nil)
	return k
}

// asks and answers send messages, each in a segment of its own.
func (k *talk) asks(messages ...[]byte) {
	for _, m := range messages {
		k.segment(0, decode.ACK|decode.PSH, m)
	}
}

func (k *talk) answers(messages ...[]byte) {
	for _, m := range messages {
		k.segment(1, decode.ACK|decode.PSH, m)
	}
}

// drops loses octets of one side on the way to the sensor.
func (k *talk) drops(fromServer, n int) { k.seq[fromServer] += uint32(n) }

func (k *talk) wait(d time.Duration) {
	k.p.Time = k.p.Time.Add(d)
	k.p.Order++
	k.e.Tick(&k.p)
	k.alerts = k.e.Take(k.alerts)
}

func (k *talk) end() []Alert {
	k.e.Finish()
	k.alerts = k.e.Take(k.alerts)
	return k.alerts
}

// told gives the rules of the alerts, in order.
func told(alerts []Alert) []string {
	names := []string{}
	for _, a := range alerts {
		names = append(names, a.Rule.String())
	}
	return names
}

// BER, as far as tests write it.

func ber(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	// Lengths the way Active Directory writes them.
	out := []byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func str(s string) []byte         { return ber(0x04, []byte(s)) }
func enum(n byte) []byte          { return []byte{0x0a, 1, n} }
func integer(n byte) []byte       { return []byte{0x02, 1, n} }
func seq(p ...[]byte) []byte      { return ber(0x30, p...) }
func ctx(n byte, s string) []byte { return ber(0x80|n, []byte(s)) }

func ldapMessage(id byte, op []byte) []byte { return seq(integer(id), op) }

func bindRequest(id byte, version byte, name string, auth []byte) []byte {
	return ldapMessage(id, ber(0x60, integer(version), str(name), auth))
}

func simple(id byte, name, password string) []byte {
	return bindRequest(id, 3, name, ctx(0, password))
}

func saslBind(id byte, mechanism string, creds []byte) []byte {
	if creds == nil {
		return bindRequest(id, 3, "", ber(0xa3, str(mechanism)))
	}
	return bindRequest(id, 3, "", ber(0xa3, str(mechanism), ber(0x04, creds)))
}

func result(id, tag, code byte, diagnostic string) []byte {
	return ldapMessage(id, ber(tag, enum(code), str(""), str(diagnostic)))
}

func bound(id, code byte) []byte { return result(id, 0x61, code, "") }

func searchRequest(id byte, base string, scope byte, attrs ...string) []byte {
	list := []byte{}
	for _, a := range attrs {
		list = append(list, str(a)...)
	}
	return ldapMessage(id, ber(0x63, str(base), enum(scope), enum(0), integer(0), integer(0), []byte{1, 1, 0}, ctx(7, "objectClass"), seq(list)))
}

func entry(id byte, dn string, attrs ...string) []byte {
	list := []byte{}
	for _, a := range attrs {
		list = append(list, seq(str(a), ber(0x31, str("Value-7341")))...)
	}
	return ldapMessage(id, ber(0x64, str(dn), seq(list)))
}

func done(id, code byte) []byte { return result(id, 0x65, code, "") }

func extended(id byte, oid string) []byte { return ldapMessage(id, ber(0x77, ctx(0, oid))) }

func unbind(id byte) []byte { return ldapMessage(id, []byte{0x42, 0}) }
