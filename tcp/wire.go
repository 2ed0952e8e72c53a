package tcp

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/gopacket/layers"
)

// Path names one direction of a connection on the wire.
type Path struct {
	SrcMAC, DstMAC   [6]byte
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	VLAN             uint16 // 802.1Q VLAN identifier, where frames are tagged
	Stream           uint32 // names the byte stream of this direction: see Payload
}

// Values of header fields.
const (
	hopLimit       = 64 // Linux's default TTL and hop limit
	dontFragment   = 0x4000
	maxVLAN        = 0xFFF
	maxWindowField = 0xFFFF
	maxLengthField = 0xFFFF
)

// Encode appends the frame of seg to dst: Ethernet, an 802.1Q tag if spec has one,
// IP, TCP, options, payload (see Payload), both checksums. The frame ends with the
// payload: neither padding to 60 bytes nor frame check sequence, as a sender's
// capture shows it. It returns the extended slice, with no more than snap bytes of
// the frame (0: all of it), and the frame's full length.
//
// Options are seg.Opts and its SACK blocks as Linux lays them out, followed by NOPs up
// to seg.OptLen; MSS, window scale and SACK permitted stand on a SYN only, and SACK
// blocks never do. A SYN's window is not scaled, others go in units of 1 <<
// WindowScale(spec), rounded down. IPv4 sets DF and leaves the identification 0 (RFC 6864 section 4.1).
//
// A segment of many MSS makes one long packet, as captures on a host with TSO or GRO
// have it. Encode fails if addresses are not of spec.IPVersion, if the options do
// not fit seg.OptLen, if the window does not fit 16 bits, or if the packet exceeds
// the IP length field; dst is then returned as it was.
func Encode(dst []byte, spec *Spec, path *Path, seg *Segment, snap int) (frame []byte, length int, err error) {
	return EncodeData(dst, spec, path, seg, nil, snap)
}

// EncodeData is Encode with a payload of real bytes, seg.Len of them, in place of the
// stream's; nil stands for the stream's.
func EncodeData(dst []byte, spec *Spec, path *Path, seg *Segment, data []byte, snap int) (frame []byte, length int, err error) {
	if err := encodable(spec, path, seg); err != nil {
		return dst, 0, err
	}
	header := HeaderLen(spec) + int(seg.OptLen)
	length = header + int(seg.Len)
	start := len(dst)
	dst = append(dst, make([]byte, length)...)
	b := dst[start:]

	if data != nil {
		copy(b[header:], data)
	} else {
		Payload(b[header:], path.Stream, seg.Offset)
	}
	segment := b[HeaderLen(spec)-tcpHeader:]
	putTCP(segment, spec, path, seg)
	sum := addChecksum(pseudoHeader(path, len(segment)), segment)
	binary.BigEndian.PutUint16(segment[16:], ^foldChecksum(sum))
	putNetwork(b, spec, path, seg.ECN, len(segment))
	if snap > 0 && snap < length {
		dst = dst[:start+snap]
	}
	return dst, length, nil
}

// encodable says what keeps seg from being written, if anything does.
func encodable(spec *Spec, path *Path, seg *Segment) error {
	// IPv4-mapped addresses are IPv6 addresses: on the wire they make IPv6 packets.
	v4 := spec.IPVersion == 4
	if !path.Src.IsValid() || !path.Dst.IsValid() || path.Src.Is4() != v4 || path.Dst.Is4() != v4 {
		return fmt.Errorf("addresses %v and %v are not both IPv%d", path.Src, path.Dst, spec.IPVersion)
	}
	if path.VLAN > maxVLAN {
		return fmt.Errorf("VLAN identifier %d: at most %d", path.VLAN, maxVLAN)
	}
	need := synOptionLen(seg.Opts) + seg.cookieLen()
	if !seg.Flags.Has(SYN) {
		stamped := seg.Opts.Has(OptTimestamps)
		if n := maxSACK(true, stamped); int(seg.NSACK) > n {
			return fmt.Errorf("%d SACK blocks: at most %d with these options", seg.NSACK, n)
		}
		need = bareOptionLen(stamped, int(seg.NSACK))
	}
	if n := int(seg.OptLen); n < need || n > maxOptions || n%4 != 0 {
		return fmt.Errorf("option length %d: a multiple of 4 from %d to %d", n, need, maxOptions)
	}
	if shift := windowShift(spec, seg); seg.Window>>shift > maxWindowField {
		return fmt.Errorf("window of %d bytes: at most %d", seg.Window, maxWindowField<<shift)
	}
	room := int64(maxLengthField - tcpHeader)
	if spec.IPVersion == 4 {
		room -= ipv4Header // IPv4 counts its header, IPv6 does not
	}
	if room -= int64(seg.OptLen); int64(seg.Len) > room {
		return fmt.Errorf("payload of %d bytes: at most %d in an IPv%d packet with %d bytes of options",
			seg.Len, room, spec.IPVersion, seg.OptLen)
	}
	return nil
}

// windowShift is the scale of seg's window field: a SYN's is not scaled (RFC 7323
// section 2.2).
func windowShift(spec *Spec, seg *Segment) uint8 {
	if seg.Flags.Has(SYN) {
		return 0
	}
	return WindowScale(spec)
}

// putTCP writes the TCP header with a zero checksum.
func putTCP(b []byte, spec *Spec, path *Path, seg *Segment) {
	be := binary.BigEndian
	be.PutUint16(b, path.SrcPort)
	be.PutUint16(b[2:], path.DstPort)
	be.PutUint32(b[4:], seg.Seq)
	be.PutUint32(b[8:], seg.Ack)
	b[12] = (tcpHeader + seg.OptLen) / 4 << 4
	b[13] = byte(seg.Flags)
	be.PutUint16(b[14:], uint16(seg.Window>>windowShift(spec, seg)))

	if seg.Flags.Has(URG) {
		be.PutUint16(b[18:], seg.Urgent)
	}
	o := appendOptions(b[tcpHeader:tcpHeader:tcpHeader+int(seg.OptLen)], seg)
	for len(o) < cap(o) {
		o = append(o, layers.TCPOptionKindNop)
	}
}

// appendOptions writes the options of a segment (tcp_options_write): where there are
// timestamps, SACK permitted takes the place of the NOPs before them.
func appendOptions(o []byte, seg *Segment) []byte {
	be := binary.BigEndian
	const nop = layers.TCPOptionKindNop
	syn, stamped := seg.Flags.Has(SYN), seg.Opts.Has(OptTimestamps)
	if syn && seg.Opts.Has(OptMSS) {
		o = append(o, layers.TCPOptionKindMSS, mssOption)
		o = be.AppendUint16(o, seg.MSS)
	}
	if syn && seg.Opts.Has(OptSACKPermitted) {
		if !stamped {
			o = append(o, nop, nop)
		}
		o = append(o, layers.TCPOptionKindSACKPermitted, 2)
	} else if stamped {
		o = append(o, nop, nop)
	}
	if stamped {
		o = append(o, layers.TCPOptionKindTimestamps, 10)
		o = be.AppendUint32(o, seg.TSVal)
		o = be.AppendUint32(o, seg.TSEcr)
	}
	if syn && seg.Opts.Has(OptScale) {
		o = append(o, nop, layers.TCPOptionKindWindowScale, 3, seg.Scale)
	}
	if c, ok := seg.Cookie(); ok {
		if c.Exp {
			o = append(o, optionExperiment, fastOpenExpHead+c.Len, fastOpenMagic>>8, fastOpenMagic&0xFF)
		} else {
			o = append(o, optionFastOpen, fastOpenHead+c.Len)
		}
		o = append(o, c.Bytes[:c.Len]...)
		for len(o)%4 != 0 {
			o = append(o, nop)
		}
	}
	if !syn && seg.NSACK > 0 {
		o = append(o, nop, nop, layers.TCPOptionKindSACK, 2+seg.NSACK*sackBlock)
		for _, block := range seg.SACK[:seg.NSACK] {
			o = be.AppendUint32(o, block.Left)
			o = be.AppendUint32(o, block.Right)
		}
	}
	return o
}

// putNetwork writes the Ethernet and IP headers of a TCP segment of n bytes.
func putNetwork(b []byte, spec *Spec, path *Path, ecn ECN, n int) {
	be := binary.BigEndian
	copy(b, path.DstMAC[:])
	copy(b[6:], path.SrcMAC[:])
	b = b[12:]
	if spec.VLAN {
		be.PutUint16(b, uint16(layers.EthernetTypeDot1Q))
		be.PutUint16(b[2:], path.VLAN)
		b = b[vlanTag:]
	}
	if spec.IPVersion == 4 {
		be.PutUint16(b, uint16(layers.EthernetTypeIPv4))
		ip := b[2 : 2+ipv4Header]
		ip[0] = 4<<4 | ipv4Header/4
		ip[1] = byte(ecn)
		be.PutUint16(ip[2:], uint16(ipv4Header+n))
		be.PutUint16(ip[6:], dontFragment)
		ip[8] = hopLimit
		ip[9] = byte(layers.IPProtocolTCP)
		src, dst := path.Src.As4(), path.Dst.As4()
		copy(ip[12:], src[:])
		copy(ip[16:], dst[:])
		be.PutUint16(ip[10:], ^foldChecksum(addChecksum(0, ip)))
		return
	}
	be.PutUint16(b, uint16(layers.EthernetTypeIPv6))
	ip := b[2 : 2+ipv6Header]
	ip[0] = 6 << 4
	ip[1] = byte(ecn) << 4 // the lower bits of the traffic class
	be.PutUint16(ip[4:], uint16(n))
	ip[6] = byte(layers.IPProtocolTCP)
	ip[7] = hopLimit
	src, dst := path.Src.As16(), path.Dst.As16()
	copy(ip[8:], src[:])
	copy(ip[24:], dst[:])
}

// pseudoHeader is the sum that a TCP checksum starts with (RFC 9293 section 3.1,
// RFC 8200 section 8.1) for a segment of n bytes.
func pseudoHeader(path *Path, n int) uint64 {
	s := uint64(n) + uint64(layers.IPProtocolTCP)
	for _, a := range [...]netip.Addr{path.Src, path.Dst} {
		if a.Is4() {
			b := a.As4()
			s = addChecksum(s, b[:])
		} else {
			b := a.As16()
			s = addChecksum(s, b[:])
		}
	}
	return s
}

// addChecksum adds b to an Internet checksum under way (RFC 1071) as big-endian 32-bit
// words, zeros behind the end. 64 bits do not overflow below 2^34 bytes.
func addChecksum(s uint64, b []byte) uint64 {
	for len(b) >= 4 {
		s += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	var rest [4]byte
	copy(rest[:], b)
	return s + uint64(binary.BigEndian.Uint32(rest[:]))
}

// foldChecksum reduces a sum to 16 bits with end-around carries.
func foldChecksum(s uint64) uint16 {
	for s > 0xFFFF {
		s = s>>16 + s&0xFFFF
	}
	return uint16(s)
}
