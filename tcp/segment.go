package tcp

// Flags are the control bits of a segment (RFC 9293 section 3.1).
type Flags uint8

// Control bits, at their wire positions.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Has says whether all of the given bits are set.
func (f Flags) Has(bits Flags) bool { return f&bits == bits }

// OptionSet says which options a segment carries besides SACK blocks.
type OptionSet uint8

// Options.
const (
	OptTimestamps    OptionSet = 1 << iota // TSVal, TSEcr (RFC 7323)
	OptMSS                                 // of a SYN: MSS (RFC 9293 section 3.7.1)
	OptScale                               // of a SYN: Scale (RFC 7323 section 2)
	OptSACKPermitted                       // of a SYN (RFC 2018)
	OptFastOpen                            // of a SYN: Cookie (RFC 7413)
)

// Has says whether all of the given options are there.
func (o OptionSet) Has(options OptionSet) bool { return o&options == options }

// ECN is the congestion field of the IP header (RFC 3168 section 5).
type ECN uint8

// Its values, as on the wire.
const (
	NotECT ECN = iota // not ECN-capable
	ECT1
	ECT0 // what Linux's TCP sends
	CE   // congestion experienced
)

// SACKBlock is one block of a SACK option: sequence numbers [Left, Right).
type SACKBlock struct{ Left, Right uint32 }

// MaxSACKBlocks is how many SACK blocks fit into 40 bytes of options without
// timestamps (RFC 2018 section 3).
const MaxSACKBlocks = 4

// Segment is a TCP segment, a TSO super-segment on its way down or a GRO bundle on
// its way up. Payload is symbolic: the bytes are (stream, Offset .. Offset+Len).
// It is a plain value; queues and links copy it.
type Segment struct {
	Offset uint64 // stream offset of the first payload byte
	Seq    uint32
	Ack    uint32
	Len    uint32 // payload bytes; may be many times MSS
	Window uint32 // advertised window in bytes, scaling already applied; a SYN's has none
	TSVal  uint32 // RFC 7323 timestamp clock, 1 ms ticks
	TSEcr  uint32
	Handle uint32 // the caller's token for the buffer with the payload; never interpreted
	MSS    uint16 // payload per frame where NIC or GSO cuts it; of a SYN the MSS option's value
	Segs   uint16 // frames it stands for
	Flags  Flags
	OptLen uint8 // option bytes on the wire, padding included
	NSACK  uint8
	Opts   OptionSet
	Scale  uint8  // shift of a SYN's window scale option
	Urgent uint16 // urgent pointer, with URG: the byte behind the urgent one (RFC 9293 section 3.8.5), from Seq
	ECN    ECN
	SACK   [MaxSACKBlocks]SACKBlock
}
