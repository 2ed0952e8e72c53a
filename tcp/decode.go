package tcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// ErrNotTCP is what Decode returns for a frame that carries something other than a
// TCP header behind one Ethernet header, at most one 802.1Q tag and one IP header:
// another protocol, a later IP fragment, an IPv6 extension header.
var ErrNotTCP = errors.New("not a TCP segment")

// Packet is what Decode reads from a frame.
type Packet struct {
	// Seg has everything that is on the wire. Offset and Handle are not and are
	// zero; MSS is that of a SYN's option, else zero; Segs is 1.
	Seg Segment
	// Path.Stream is not on the wire and is zero.
	Path   Path
	Tagged bool // with an 802.1Q tag
	Header int  // bytes from the Ethernet header to the end of the TCP options

	// Payload is as much of the Seg.Len payload bytes as was captured. It is part of
	// the frame that Decode was given.
	Payload []byte
}

// Decode reads a frame that starts with an Ethernet header; scale is the window
// scale its sender announced. The frame may be cut short behind the TCP options (a
// capture's snap length); lengths come from the IP header. Bytes behind the IP
// packet are ignored, and checksums are not verified: captures on the sending host
// precede checksum offload. The error wraps ErrNotTCP where the frame is something
// else, and says what is wrong where it is damaged.
func Decode(frame []byte, scale uint8) (Packet, error) {
	var p Packet
	var eth layers.Ethernet
	if err := eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback); err != nil {
		return Packet{}, fmt.Errorf("ethernet: %w", err)
	}
	p.Header = len(eth.Contents)
	copy(p.Path.SrcMAC[:], eth.SrcMAC)
	copy(p.Path.DstMAC[:], eth.DstMAC)
	kind, rest := eth.EthernetType, eth.Payload
	if kind == layers.EthernetTypeDot1Q {
		var tag layers.Dot1Q
		if err := tag.DecodeFromBytes(rest, gopacket.NilDecodeFeedback); err != nil {
			return Packet{}, fmt.Errorf("802.1Q: %w", err)
		}
		p.Tagged, p.Path.VLAN = true, tag.VLANIdentifier
		p.Header += len(tag.Contents)
		kind, rest = tag.Type, tag.Payload
	}

	var length int // of the TCP segment, by the IP header
	var err error
	switch kind {
	case layers.EthernetTypeIPv4:
		rest, length, err = p.decodeIPv4(rest)
	case layers.EthernetTypeIPv6:
		rest, length, err = p.decodeIPv6(rest)
	default:
		err = fmt.Errorf("%w: EtherType %#04x", ErrNotTCP, uint16(kind))
	}
	if err != nil {
		return Packet{}, err
	}

	var t layers.TCP
	if err := t.DecodeFromBytes(rest, gopacket.NilDecodeFeedback); err != nil {
		return Packet{}, fmt.Errorf("TCP: %w", err)
	}
	p.Path.SrcPort, p.Path.DstPort = uint16(t.SrcPort), uint16(t.DstPort)
	p.Payload = t.Payload
	p.Header += len(t.Contents)
	p.Seg = Segment{
		Seq: t.Seq, Ack: t.Ack, Window: uint32(t.Window), Segs: 1,
		Len: uint32(length - len(t.Contents)), OptLen: uint8(len(t.Contents) - tcpHeader),
		Flags: Flags(t.Contents[13]), ECN: p.Seg.ECN,
	}
	if p.Seg.Flags.Has(URG) {
		p.Seg.Urgent = t.Urgent
	}
	if !p.Seg.Flags.Has(SYN) {
		p.Seg.Window <<= min(scale, maxWindowScale)
	}
	p.decodeOptions(t.Options)
	return p, nil
}

// decodeIPv4 returns the TCP segment in an IPv4 packet and its full length.
func (p *Packet) decodeIPv4(b []byte) (segment []byte, length int, err error) {
	var ip layers.IPv4
	if err := ip.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return nil, 0, fmt.Errorf("IPv4: %w", err)
	}
	if ip.Version != 4 {
		return nil, 0, fmt.Errorf("IPv4: version field %d", ip.Version)
	}
	if ip.Protocol != layers.IPProtocolTCP {
		return nil, 0, fmt.Errorf("%w: IP protocol %d", ErrNotTCP, uint8(ip.Protocol))
	}
	if ip.FragOffset != 0 || ip.Flags&layers.IPv4MoreFragments != 0 {
		return nil, 0, fmt.Errorf("%w: IPv4 fragment", ErrNotTCP)
	}
	p.Header += len(ip.Contents)
	p.Seg.ECN = ECN(ip.TOS & 3)
	p.Path.Src, _ = netip.AddrFromSlice(ip.SrcIP) // always 4 bytes
	p.Path.Dst, _ = netip.AddrFromSlice(ip.DstIP)
	return ip.Payload, int(ip.Length) - len(ip.Contents), nil
}

// decodeIPv6 returns the TCP segment in an IPv6 packet and its full length.
func (p *Packet) decodeIPv6(b []byte) (segment []byte, length int, err error) {
	if len(b) >= ipv6Header && b[6] != byte(layers.IPProtocolTCP) {
		return nil, 0, fmt.Errorf("%w: IPv6 next header %d", ErrNotTCP, b[6])
	}
	var ip layers.IPv6
	if err := ip.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return nil, 0, fmt.Errorf("IPv6: %w", err)
	}
	if ip.Version != 6 {
		return nil, 0, fmt.Errorf("IPv6: version field %d", ip.Version)
	}
	p.Header += len(ip.Contents)
	p.Seg.ECN = ECN(ip.TrafficClass & 3)
	p.Path.Src, _ = netip.AddrFromSlice(ip.SrcIP) // always 16 bytes
	p.Path.Dst, _ = netip.AddrFromSlice(ip.DstIP)
	return ip.Payload, int(ip.Length), nil
}

// decodeOptions reads the options a Segment knows. Those of a wrong length are
// ignored, as receivers do.
func (p *Packet) decodeOptions(options []layers.TCPOption) {
	be := binary.BigEndian
	syn := p.Seg.Flags.Has(SYN)
	for i := range options {
		data := options[i].OptionData
		switch kind := options[i].OptionType; {
		case kind == layers.TCPOptionKindTimestamps && len(data) == 8:
			p.Seg.Opts |= OptTimestamps
			p.Seg.TSVal, p.Seg.TSEcr = be.Uint32(data), be.Uint32(data[4:])
		case kind == layers.TCPOptionKindSACK && len(data)%sackBlock == 0 && !syn:
			for ; len(data) > 0; data = data[sackBlock:] { // 40 bytes of options hold no more than four
				p.Seg.SACK[p.Seg.NSACK] = SACKBlock{Left: be.Uint32(data), Right: be.Uint32(data[4:])}
				p.Seg.NSACK++
			}
		case kind == optionFastOpen && len(data) <= maxCookie && syn:
			c := Cookie{Len: uint8(len(data))}
			copy(c.Bytes[:], data)
			p.Seg.SetCookie(c)
		case kind == optionExperiment && len(data) >= 2 && len(data) <= 2+maxCookie && be.Uint16(data) == fastOpenMagic && syn:
			c := Cookie{Len: uint8(len(data) - 2), Exp: true}
			copy(c.Bytes[:], data[2:])
			p.Seg.SetCookie(c)
		case kind == layers.TCPOptionKindMSS && len(data) == 2 && syn:
			p.Seg.Opts |= OptMSS
			p.Seg.MSS = be.Uint16(data)
		case kind == layers.TCPOptionKindSACKPermitted && len(data) == 0 && syn:
			p.Seg.Opts |= OptSACKPermitted
		case kind == layers.TCPOptionKindWindowScale && len(data) == 1 && syn:
			p.Seg.Opts |= OptScale
			p.Seg.Scale = min(data[0], maxWindowScale) // larger counts as 14: RFC 7323 section 2.3
		}
	}
}
