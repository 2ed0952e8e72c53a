package packetdrill

import (
	"encoding/hex"
	"strconv"
	"strings"

	"netgpusim/tcp"
)

// packet reads a packet from its direction on.
func (p *parser) packet() *Packet {
	k := &Packet{Pos: p.pos(), Window: -1, Urgent: -1, TOS: -1}
	k.Inbound = p.accept("<")
	if !k.Inbound {
		p.expect(">")
	}
	p.ipInfo(k)
	p.ports(k)
	p.ipInfo(k)
	start := p.at
	switch w := p.word(); w {
	case "icmp", "icmpv4", "icmpv6":
		p.icmp(k)
		return k
	case "udp", "gre", "mpls", "ipv4", "ipv6", "vxlan", "sctp":
		p.at = start
		p.refuse("%s: only TCP and ICMP packets are modelled, without encapsulation", w)
		return k
	}
	p.at = start
	k.Flags = p.tcpFlags()
	k.Seq, k.Len = p.sequence()
	p.segment(k)
	if k.Inbound && k.AnyOptions && p.err == nil {
		p.err = wrong(k.Pos, "<...> says that options do not matter; what the peer sends must be said")
	}
	return k
}

// refuse records that something of the language is not modelled.
func (p *parser) refuse(format string, args ...any) {
	if p.err == nil {
		p.err = unsupported(p.pos(), format, args...)
	}
}

// ipInfo reads [ect0], [tos 0x10], [flowlabel 0x1, ttl 64] or the same in parentheses.
func (p *parser) ipInfo(k *Packet) {
	end := ""
	switch p.peek() {
	case '[':
		end = "]"
	case '(':
		end = ")"
	default:
		return
	}
	p.at++
	for p.err == nil {
		p.ipField(k)
		if p.accept(end) {
			return
		}
		if !p.accept(",") {
			p.fail(`"," or ` + strconv.Quote(end))
		}
	}
}

func (p *parser) ipField(k *Packet) {
	p.space()
	start := p.at
	switch w := strings.ToLower(p.word()); w {
	case "noecn":
		k.ECN = NoECN
	case "ect0":
		k.ECN = ECT0
	case "ect1":
		k.ECN = ECT1
	case "ect01":
		if k.ECN = ECT01; k.Inbound {
			p.at = start
			p.fail("ect0 or ect1: what the peer sends must be said")
		}
	case "ect":
		p.expect("(")
		k.ECN = ECT0 + ECN(p.integer(0, 1))
		p.expect(")")
	case "ce":
		k.ECN = CE
	case "tos":
		k.TOS = int(p.integer(0, 255))
	case "ttl", "hlim":
		k.TTL = int(p.integer(1, 255))
	case "flowlabel":
		// Nothing goes by the peer's.
		if p.integer(0, 1<<20-1); !k.Inbound {
			p.at = start
			p.refuse("flowlabel: the host's flow labels are not modelled")
		}
	default:
		p.at = start
		p.fail("noecn, ect0, ect1, ect01, ce, tos N, ttl N or flowlabel N")
	}
}

// ports reads 8080 > 12345, with a colon behind or not.
func (p *parser) ports(k *Packet) {
	if !isDigit(p.peek()) {
		return
	}
	k.SrcPort = uint16(p.integer(1, 65535))
	p.expect(">")
	k.DstPort = uint16(p.integer(1, 65535))
	p.accept(":")
}

// tcpFlags reads letters in any order; "-" stands for none.
func (p *parser) tcpFlags() tcp.Flags {
	var flags tcp.Flags
	start := p.at
	if p.accept("-") {
		return 0
	}
	p.space()
	for p.at < len(p.text) && !isSpace(p.text[p.at]) {
		bit := tcp.Flags(0)
		for _, f := range flagLetters {
			if p.text[p.at] == f.letter {
				bit = f.flag
			}
		}
		if bit == 0 {
			break
		}
		flags |= bit
		p.at++
	}
	if p.at < len(p.text) && (!isSpace(p.text[p.at]) || flags == 0) {
		p.at = start
		p.fail("TCP flags: letters of FSRPUEW and . for ACK, or - for none")
	}
	return flags
}

// sequence reads first:end(length).
func (p *parser) sequence() (first, length uint32) {
	p.space()
	at := p.pos()
	first = uint32(p.integer(0, 1<<32-1))
	p.expect(":")
	end := uint32(p.integer(0, 1<<32-1))
	p.expect("(")
	length = uint32(p.integer(0, 1<<30))
	p.expect(")")
	if p.err == nil && first+length != end {
		p.err = wrong(at, "%d:%d(%d): %d and %d bytes end at %d", first, end, length, first, length, first+length)
	}
	return first, length
}

// segment reads what may follow the sequence numbers.
func (p *parser) segment(k *Packet) {
	if p.keyword("ack") {
		k.HasAck = true
		k.Ack = uint32(p.integer(0, 1<<32-1))
	}
	if p.keyword("win") {
		k.Window = int(p.integer(0, 65535))
	}
	if p.keyword("urg") {
		k.Urgent = int(p.integer(0, 65535))
	}
	if !p.accept("<") {
		return
	}
	if p.accept("...") {
		k.AnyOptions = true
		p.expect(">")
		return
	}
	at := p.pos()
	k.Options = p.options()
	if n := optionBytes(k.Options); p.err == nil && (n > 40 || n%4 != 0) {
		p.err = wrong(at, "the options take %d bytes; allowed: a multiple of 4 up to 40 (nop fills up)", n)
	}
}

// options reads TCP options up to the closing bracket.
func (p *parser) options() []Option {
	var all []Option
	if p.accept(">") {
		return all
	}
	for p.err == nil {
		all = append(all, p.option())
		if p.accept(">") {
			break
		}
		if !p.accept(",") {
			p.fail(`"," or ">"`)
		}
	}
	return all
}

func (p *parser) option() Option {
	p.space()
	start := p.at
	switch w := p.word(); w {
	case "eol":
		return Option{Kind: OptEOL}
	case "nop":
		return Option{Kind: OptNOP}
	case "mss":
		return Option{Kind: OptMSS, Value: uint32(p.integer(0, 65535))}
	case "wscale":
		return Option{Kind: OptScale, Value: uint32(p.integer(0, 255))}
	case "sackOK":
		return Option{Kind: OptSACKOK}
	case "sack":
		return Option{Kind: OptSACK, Blocks: p.sackBlocks()}
	case "TS":
		return p.timestamps()
	case "FO":
		return p.cookie(OptFastOpen)
	case "FOEXP":
		return p.cookie(OptFastOpenEx)
	case "md5", "MD5", "AO", "ao":
		p.at = start
		p.refuse("%s: signed segments are not modelled", w)
	default:
		p.at = start
		p.fail("eol, nop, mss N, wscale N, sackOK, sack A:B ..., TS val N ecr N, FO cookie or FOEXP cookie")
	}
	return Option{}
}

func (p *parser) sackBlocks() []tcp.SACKBlock {
	var blocks []tcp.SACKBlock
	for p.err == nil && isDigit(p.peek()) {
		if len(blocks) == tcp.MaxSACKBlocks {
			p.fail("at most four SACK blocks")
			break
		}
		left := uint32(p.integer(0, 1<<32-1))
		p.expect(":")
		blocks = append(blocks, tcp.SACKBlock{Left: left, Right: uint32(p.integer(0, 1<<32-1))})
	}
	return blocks
}

func (p *parser) timestamps() Option {
	o := Option{Kind: OptTimestamps}
	p.expect("val")
	o.Value = uint32(p.integer(0, 1<<32-1))
	p.expect("ecr")
	o.Echo = uint32(p.integer(0, 1<<32-1))
	return o
}

// cookie reads a Fast Open cookie: in hexadecimal, by a name that --define sets, or none.
func (p *parser) cookie(kind OptionKind) Option {
	p.space()
	start := p.at
	text := p.word()
	cookie, err := hex.DecodeString(text)
	if err == nil && len(cookie) <= 16 {
		return Option{Kind: kind, Cookie: cookie}
	}
	if text[0] < 'A' || text[0] > 'Z' {
		p.at = start
		p.fail("a cookie of up to 16 bytes in hexadecimal, or the name of one")
	}
	return Option{Kind: kind, Symbol: text}
}

// icmp reads an ICMP error: its type and code by name, the MTU, and the segment that it
// quotes.
func (p *parser) icmp(k *Packet) {
	m := &ICMP{Type: p.word()}
	k.ICMP = m
	if !k.Inbound {
		p.refuse("outbound ICMP: the host sends none")
	}
	for p.err == nil {
		switch c := p.peek(); {
		case c == '[':
			p.at++
			if p.keyword("udp") {
				p.refuse("udp: only TCP is modelled")
				return
			}
			m.Quotes = true
			m.Seq, m.Len = p.sequence()
			p.expect("]")
			return
		case p.keyword("mtu"):
			m.MTU = p.integer(0, 1<<32-1)
		case p.keyword("code"):
			m.Code = p.word()
		case c >= 'a' && c <= 'z' && m.Code == "":
			m.Code = p.word()
		default:
			return
		}
	}
}
