package stack

import (
	"net/netip"

	"netgpusim/tcp"
)

// Kind says what a Packet carries.
type Kind uint8

// Kinds of packets.
const (
	TCP  Kind = iota // Seg
	ICMP             // an ICMP or ICMPv6 error
)

// Packet is an IP packet that carries a TCP segment, or an ICMP error about one.
type Packet struct {
	Kind     Kind
	Src, Dst netip.AddrPort // for ICMP: of the segment that it quotes

	// Seg is the segment. Seg.Window is set by Output, in bytes, and ignored by
	// Input, which goes by Window.
	Seg tcp.Segment

	// Window is the window field as on the wire, not scaled. Only the connection
	// knows what it stands for (RFC 7323 section 2.2).
	Window uint16

	DSCP uint8 // upper six bits of the traffic class; the lower two are Seg.ECN
	TTL  uint8 // or hop limit; 0 on input counts as 64

	// Stream names the stream that Seg.Offset counts in: the direction's payload is
	// tcp.Payload(Stream, Seg.Offset).
	Stream uint32

	// Data is the payload with Config.Bytes, else nil. What Output gives is valid
	// until the next call; Input copies.
	Data []byte

	Error tcp.ICMP // what an ICMP error says; Seg.Seq is the sequence number it quotes
}
