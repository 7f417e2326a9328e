package loadgen

import "encoding/binary"

const noiseFlows = 4096

// noiseFrame appends a frame of other traffic to b: bulk TCP, TLS, DNS, QUIC,
// acknowledgements. Its sizes are, in the mean, those of the LDAP frames.
func (g *generator) noiseFrame(b []byte) []byte {
	flow := g.rand.IntN(noiseFlows)
	src, dst := [4]byte{10, 40, byte(flow >> 8), byte(flow)}, [4]byte{172, 16, byte(flow % 7), 9}
	sport := uint16(20000 + flow)
	b = bare.around(b, false)
	switch kind := g.rand.IntN(20); {
	case kind < 2: // a name is looked up
		return datagram(b, src, dst, sport, 53, g.noise(30+g.rand.IntN(120)))
	case kind < 4:
		return datagram(b, dst, src, 443, sport, g.noise(1200+g.rand.IntN(50)))
	case kind < 11:
		return g.bulk(b, src, dst, sport, flow, nil)
	case kind < 13: // a TLS record that ends a flight
		return g.bulk(b, dst, src, [...]uint16{443, 8443, 993, 5671}[flow%4], flow, g.noise(100+g.rand.IntN(1200)))
	}
	return g.bulk(b, dst, src, [...]uint16{80, 443, 445, 2049, 5432, 9000, 22, 3306}[flow%8], flow, g.noise(mss))
}

// bulk appends a segment of a flow.
func (g *generator) bulk(b []byte, src, dst [4]byte, sport uint16, flow int, payload []byte) []byte {
	l3 := len(b)
	dport := uint16(20000 + flow)
	if payload == nil {
		dport = [...]uint16{80, 443, 445, 2049, 5432, 9000, 22, 3306}[flow%8]
	}
	b = ipHeader(b, false, 6, 32+len(payload), src, dst)
	l4 := len(b)
	b = binary.BigEndian.AppendUint16(b, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	b = binary.BigEndian.AppendUint32(b, g.noiseSeq[flow])
	b = append(b, 0, 0, 0, 1, 8<<4, ack, 0xfa, 0xf0, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0)
	b = append(b, payload...)
	g.noiseSeq[flow] += uint32(len(payload))
	sealTransport(b, l3, l4, false, 6, 16)
	return b
}

func datagram(b []byte, src, dst [4]byte, sport, dport uint16, payload []byte) []byte {
	l3 := len(b)
	b = ipHeader(b, false, 17, 8+len(payload), src, dst)
	l4 := len(b)
	b = binary.BigEndian.AppendUint16(b, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = append(append(b, 0, 0), payload...)
	sealTransport(b, l3, l4, false, 17, 6)
	return b
}
