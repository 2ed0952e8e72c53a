package packetdrill

import (
	"fmt"
	"strings"

	"netgpusim/tcp"
)

// Packet is a packet that the peer sends (inbound) or that the host must send.
type Packet struct {
	Pos
	Inbound bool
	ECN     ECN
	TTL     int // 0: not given
	TOS     int // -1: not given

	SrcPort, DstPort uint16 // 0: those of the connection

	ICMP *ICMP // in place of what follows

	Flags      tcp.Flags
	Seq        uint32
	Len        uint32
	Ack        uint32
	HasAck     bool
	Window     int // the field as on the wire, -1: not given
	Urgent     int // -1: not given
	Options    []Option
	AnyOptions bool // <...>
}

// ECN is what a script says of a packet's ECN field.
type ECN uint8

// ECN marks. Without a mark, an inbound packet is not ECN-capable, and of an outbound
// one anything goes.
const (
	ECNUnsaid ECN = iota
	NoECN
	ECT0
	ECT1
	ECT01 // ECT0 or ECT1, of a packet of the host
	CE
)

var ecnNames = [...]string{ECNUnsaid: "", NoECN: "noecn", ECT0: "ect0", ECT1: "ect1", ECT01: "ect01", CE: "ce"}

func (e ECN) String() string { return ecnNames[e] }

// ICMP is an ICMP error about a segment that the host has sent.
type ICMP struct {
	Type, Code string // names, or numbers in digits
	MTU        int64
	Seq        uint32
	Len        uint32
	Quotes     bool // Seq and Len are given
}

// OptionKind is the kind of a TCP option.
type OptionKind uint8

// The options, and their numbers where they have one of their own.
const (
	OptEOL        OptionKind = 0
	OptNOP        OptionKind = 1
	OptMSS        OptionKind = 2
	OptScale      OptionKind = 3
	OptSACKOK     OptionKind = 4
	OptSACK       OptionKind = 5
	OptTimestamps OptionKind = 8
	OptFastOpen   OptionKind = 34
	OptFastOpenEx OptionKind = 254 // the experimental number with the magic 0xF989
)

// Option is one TCP option.
type Option struct {
	Kind   OptionKind
	Value  uint32 // MSS, scale, TS val
	Echo   uint32 // TS ecr
	Blocks []tcp.SACKBlock
	Cookie []byte
	Symbol string // in place of Cookie, one that --define sets
}

// size is the option's bytes on the wire.
func (o *Option) size() int {
	switch o.Kind {
	case OptEOL, OptNOP:
		return 1
	case OptMSS:
		return 4
	case OptScale:
		return 3
	case OptTimestamps:
		return 10
	case OptSACK:
		return 2 + 8*len(o.Blocks)
	case OptFastOpen:
		return 2 + o.cookieLen()
	case OptFastOpenEx:
		return 4 + o.cookieLen()
	}
	return 2
}

// cookieLen is the bytes of a cookie; one by name has the usual eight.
func (o *Option) cookieLen() int {
	if o.Symbol != "" {
		return 8
	}
	return len(o.Cookie)
}

func (o *Option) String() string {
	switch o.Kind {
	case OptEOL:
		return "eol"
	case OptNOP:
		return "nop"
	case OptMSS:
		return fmt.Sprintf("mss %d", o.Value)
	case OptScale:
		return fmt.Sprintf("wscale %d", o.Value)
	case OptSACKOK:
		return "sackOK"
	case OptTimestamps:
		return fmt.Sprintf("TS val %d ecr %d", o.Value, o.Echo)
	case OptSACK:
		text := "sack"
		for _, b := range o.Blocks {
			text += fmt.Sprintf(" %d:%d", b.Left, b.Right)
		}
		return text
	case OptFastOpen:
		return strings.TrimSpace(fmt.Sprintf("FO %x", o.Cookie))
	case OptFastOpenEx:
		return strings.TrimSpace(fmt.Sprintf("FOEXP %x", o.Cookie))
	}
	return fmt.Sprintf("option %d", o.Kind)
}

// optionBytes is the length of a list of options.
func optionBytes(options []Option) int {
	n := 0
	for i := range options {
		n += options[i].size()
	}
	return n
}

// flagLetters are the flags in the order in which packets are shown.
var flagLetters = [...]struct {
	letter byte
	flag   tcp.Flags
}{{'F', tcp.FIN}, {'S', tcp.SYN}, {'R', tcp.RST}, {'P', tcp.PSH}, {'U', tcp.URG}, {'E', tcp.ECE}, {'W', tcp.CWR}, {'.', tcp.ACK}}

func flagText(flags tcp.Flags) string {
	var text []byte
	for _, f := range flagLetters {
		if flags.Has(f.flag) {
			text = append(text, f.letter)
		}
	}
	if len(text) == 0 {
		return "-"
	}
	return string(text)
}

// String is the packet in the language.
func (p *Packet) String() string {
	var b strings.Builder
	b.WriteByte("><"[truth(p.Inbound)])
	if p.ECN != ECNUnsaid {
		fmt.Fprintf(&b, " [%v]", p.ECN)
	}
	if p.SrcPort != 0 {
		fmt.Fprintf(&b, " %d > %d", p.SrcPort, p.DstPort)
	}
	if p.ICMP != nil {
		fmt.Fprintf(&b, " icmp %s %s", p.ICMP.Type, p.ICMP.Code)
		return b.String()
	}
	fmt.Fprintf(&b, " %s %d:%d(%d)", flagText(p.Flags), p.Seq, p.Seq+p.Len, p.Len)
	if p.HasAck {
		fmt.Fprintf(&b, " ack %d", p.Ack)
	}
	if p.Window >= 0 {
		fmt.Fprintf(&b, " win %d", p.Window)
	}
	if p.Urgent > 0 {
		fmt.Fprintf(&b, " urg %d", p.Urgent)
	}
	switch {
	case p.AnyOptions:
		b.WriteString(" <...>")
	case len(p.Options) > 0:
		fmt.Fprintf(&b, " <%s>", optionText(p.Options))
	}
	return b.String()
}

func optionText(options []Option) string {
	var texts []string
	for i := range options {
		texts = append(texts, options[i].String())
	}
	return strings.Join(texts, ",")
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
