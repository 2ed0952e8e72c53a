package live

import "encoding/binary"

// The ECN field in an IPv4 header's second byte and in an IPv6 header's (RFC 3168 section
// 5).
const (
	ecnV4 = 0x03
	ecnV6 = 0x30
)

// mark sets Congestion Experienced in an IP packet whose sender is ECN-capable, and says
// whether it did.
func mark(packet []byte) bool {
	if len(packet) < 20 {
		return false
	}
	field := byte(ecnV4)
	if packet[0]>>4 == 6 {
		field = ecnV6
	}
	if now := packet[1] & field; now == 0 || now == field {
		return false
	}
	before := binary.BigEndian.Uint16(packet)
	packet[1] |= field
	if field == ecnV4 {
		adjustChecksum(packet[10:12], before, binary.BigEndian.Uint16(packet))
	}
	return true
}

// adjustChecksum follows the change of a 16-bit word (RFC 1624 equation 3).
func adjustChecksum(sum []byte, before, after uint16) {
	s := uint32(^binary.BigEndian.Uint16(sum)) + uint32(^before) + uint32(after)
	s = s&0xFFFF + s>>16
	s = s&0xFFFF + s>>16
	binary.BigEndian.PutUint16(sum, ^uint16(s))
}
