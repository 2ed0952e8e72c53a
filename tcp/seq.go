package tcp

// Sequence numbers are 32 bits wide on the wire and wrap every 1.4 s at 25 Gbit/s.
// Inside the endpoint every position is a 64-bit stream offset that never wraps:
// offset 0 is the byte after the SYN. Only these functions translate.

// seqOf returns the sequence number of a stream offset; iss is that stream's
// initial sequence number, which the SYN used up (RFC 9293 section 3.4).
func seqOf(iss uint32, offset uint64) uint32 { return iss + 1 + uint32(offset) }

// seqDistance returns how far seq lies after base: negative if it is before. Numbers
// more than 2^31 apart are ambiguous (RFC 9293 section 3.4).
func seqDistance(base, seq uint32) int64 { return int64(int32(seq - base)) }
