package packetdrill

import (
	"encoding/hex"
	"strconv"

	"netgpusim/sim"
	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// inject hands the host a packet of the peer.
func (r *runner) inject(k *Packet) *Error {
	f := r.addressed(k)
	p := stack.Packet{Src: f.remote, Dst: f.local, TTL: uint8(k.TTL), Stream: peerStream}
	if k.TOS > 0 {
		p.DSCP = uint8(k.TOS) >> 2
	}
	if k.ICMP != nil {
		if err := r.icmp(k, f, &p); err != nil {
			return err
		}
	} else if err := r.segment(k, f, &p); err != nil {
		return err
	}
	r.note(entry{at: r.now, flow: f, packet: p})
	r.host.Input(&p)
	r.settle()
	return r.err
}

// peerStream names the bytes that the peer sends.
const peerStream = 1

// segment fills in a TCP segment: the script's numbers of the host become the host's own.
func (r *runner) segment(k *Packet, f *flow, p *stack.Packet) *Error {
	if k.Window < 0 && !k.Flags.Has(tcp.RST) {
		return wrong(k.Pos, "an inbound packet needs win N")
	}
	if f.isnSeen && !f.shifted {
		f.shift, f.shifted = f.isn, true
	}
	if k.Flags.Has(tcp.SYN) {
		f.peerISN = k.Seq
	}
	p.Window = uint16(max(k.Window, 0))
	p.Seg = tcp.Segment{Flags: k.Flags, Seq: k.Seq, Len: k.Len, Segs: 1, Offset: uint64(k.Seq - f.peerISN - 1), ECN: k.mark(), OptLen: uint8(optionBytes(k.Options))}
	if k.Flags.Has(tcp.SYN) {
		p.Seg.Offset = 0
	}
	if k.HasAck {
		p.Seg.Ack = k.Ack + f.shift
	}
	p.Seg.Urgent = uint16(max(k.Urgent, 0))
	for i := range k.Options {
		if err := r.option(k, f, &k.Options[i], &p.Seg); err != nil {
			return err
		}
	}
	return nil
}

// mark is the ECN field that the script gives a packet, by name or in its TOS byte.
func (k *Packet) mark() tcp.ECN {
	if k.ECN == ECNUnsaid && k.TOS > 0 {
		return tcp.ECN(k.TOS & 3)
	}
	return k.ECN.codepoint()
}

// option adds one option to a segment. Options of a SYN count only there, as receivers
// have it.
func (r *runner) option(k *Packet, f *flow, o *Option, seg *tcp.Segment) *Error {
	syn := seg.Flags.Has(tcp.SYN)
	switch o.Kind {
	case OptMSS:
		if syn {
			seg.Opts |= tcp.OptMSS
			seg.MSS = uint16(o.Value)
		}
	case OptScale:
		if syn {
			seg.Opts |= tcp.OptScale
			seg.Scale = uint8(o.Value)
		}
	case OptSACKOK:
		if syn {
			seg.Opts |= tcp.OptSACKPermitted
		}
	case OptTimestamps:
		seg.Opts |= tcp.OptTimestamps
		seg.TSVal, seg.TSEcr = o.Value, f.echo(o.Echo)
	case OptSACK:
		for _, b := range o.Blocks {
			seg.SACK[seg.NSACK] = tcp.SACKBlock{Left: b.Left + f.shift, Right: b.Right + f.shift}
			seg.NSACK++
		}
	case OptFastOpen, OptFastOpenEx:
		cookie, err := r.cookie(k, o)
		if err != nil {
			return err
		}
		c := tcp.Cookie{Len: uint8(len(cookie)), Exp: o.Kind == OptFastOpenEx}
		copy(c.Bytes[:], cookie)
		if syn {
			seg.SetCookie(c)
		}
	}
	return nil
}

// Names of the cookie that the host gives the peer, and would give it if its key were 0,
// if --define does not set them.
const (
	hostCookie = "TFO_COOKIE"
	zeroCookie = "TFO_COOKIE_ZERO"
)

// cookie is that of a Fast Open option, which may have a name.
func (r *runner) cookie(k *Packet, o *Option) ([]byte, *Error) {
	if o.Symbol == "" {
		return o.Cookie, nil
	}
	text, ok := r.setup.symbols[o.Symbol]
	if !ok && o.Symbol == hostCookie {
		c := r.host.FastOpenCookie(r.setup.remote, r.setup.local)
		return c.Bytes[:c.Len], nil
	}
	if !ok && o.Symbol == zeroCookie {
		c := stack.CookieOf([2]uint64{}, r.setup.remote, r.setup.local)
		return c.Bytes[:c.Len], nil
	}
	cookie, err := hex.DecodeString(text)
	if err != nil || len(cookie) == 0 || len(cookie) > 16 {
		return nil, unsupported(k.Pos, "cookie %s: --define %s=... with 1 to 16 bytes in hexadecimal is wanted", o.Symbol, o.Symbol)
	}
	return cookie, nil
}

// echo is the host's timestamp for one of the script's: that of the packet which the
// script gave this value, else by the distance from the first, and the latest if the
// script has given none a value.
func (f *flow) echo(script uint32) uint32 {
	if live, ok := f.stamps[script]; ok {
		return live
	}
	switch {
	case script == 0:
		return 0
	case len(f.stamps) == 0:
		return f.lastTS
	}
	return f.ts0 + script - f.script0
}

// icmp fills in an ICMP error.
func (r *runner) icmp(k *Packet, f *flow, p *stack.Packet) *Error {
	table := icmp4
	if r.setup.version == IPv6 {
		table = icmp6
	}
	m := k.ICMP
	kind, ok := table[m.Type]
	if !ok {
		n, err := strconv.ParseUint(m.Type, 0, 8)
		if err != nil {
			return unsupported(k.Pos, "icmp %s; known are %s", m.Type, names(table))
		}
		kind.number = uint8(n)
	}
	code, ok := kind.codes[m.Code]
	if !ok && m.Code != "" {
		n, err := strconv.ParseUint(m.Code, 0, 8)
		if err != nil {
			return unsupported(k.Pos, "icmp %s %s; known are %s", m.Type, m.Code, names(kind.codes))
		}
		code = uint8(n)
	}
	p.Kind, p.Src, p.Dst = stack.ICMP, f.local, f.remote
	p.Error = tcp.ICMP{Type: kind.number, Code: code, MTU: sim.Bytes(m.MTU)}
	p.Seg = tcp.Segment{Seq: m.Seq + f.shift, Len: m.Len}
	return nil
}

// icmpType is an ICMP type with its codes by name.
type icmpType struct {
	number uint8
	codes  map[string]uint8
}

var icmp4 = map[string]icmpType{
	"unreachable": {3, map[string]uint8{
		"net_unreachable": 0, "host_unreachable": 1, "protocol_unreachable": 2, "port_unreachable": 3, "frag_needed": 4,
		"source_route_failed": 5, "net_unknown": 6, "host_unknown": 7, "source_host_isolated": 8, "net_prohibited": 9,
		"host_prohibited": 10, "net_unreachable_for_tos": 11, "host_unreachable_for_tos": 12, "admin_prohibited": 13,
		"host_precedence_violation": 14, "precedence_cutoff": 15, "packet_filtered": 13, "communication_prohibited": 13,
	}},
	"source_quench":     {4, nil},
	"redirect":          {5, map[string]uint8{"net": 0, "host": 1}},
	"time_exceeded":     {11, map[string]uint8{"ttl": 0, "ttl_exceeded": 0, "fragment_reassembly": 1, "frag_time_exceeded": 1}},
	"parameter_problem": {12, nil},
}

var icmp6 = map[string]icmpType{
	"unreachable": {1, map[string]uint8{"no_route": 0, "net_unreachable": 0, "admin_prohibited": 1, "beyond_scope": 2, "not_neighbour": 2,
		"address_unreachable": 3, "addr_unreachable": 3, "host_unreachable": 3, "port_unreachable": 4, "policy_fail": 5, "reject_route": 6}},
	"packet_too_big":    {2, nil},
	"time_exceeded":     {3, map[string]uint8{"hop_limit": 0, "ttl": 0, "fragment_reassembly": 1}},
	"parameter_problem": {4, nil},
}
