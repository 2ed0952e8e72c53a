package packetdrill

import (
	"bytes"
	"fmt"
	"strings"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// expect waits for the host's next packet and compares it with the script's.
func (r *runner) expect(e *Event, at, until sim.Time) *Error {
	k := e.Packet
	last, leeway := until, r.setup.leeway(at-r.base)
	if e.Time.Kind != AnyTime {
		last += leeway
	}
	got, err := r.firstPacket(k, last)
	if err != nil {
		return err
	}
	r.gather(k, got, last)
	s := r.pop(k)
	r.base = at
	if e.Time.Kind == AnyTime || at != until {
		r.base = s.at
	}
	r.adopt(k, &s)
	if problem := r.differs(k, &s); problem != "" {
		return failed(e.Pos, "%s\n  expected  %v\n  got       %s", problem, k, r.show(s.flow, &s.pk, true))
	}
	if e.Time.Kind != AnyTime && (s.at < at-leeway || s.at > until+leeway) {
		return failed(e.Pos, "the packet was sent at %s, expected at %s (tolerance %v)\n  expected  %v", clock(s.at), span(at, until), leeway, k)
	}
	return r.err
}

// firstPacket waits until there is a packet, up to a time.
func (r *runner) firstPacket(k *Packet, last sim.Time) (*sent, *Error) {
	for steps := 0; len(r.seen) == 0; steps++ {
		next := r.next()
		if next > last || steps > maxSteps {
			if next != sim.Never && last < r.now+patience {
				r.until(last)
			}
			if len(r.seen) > 0 {
				break
			}
			return nil, failed(k.Pos, "the host has sent nothing until %s\n  expected  %v", clock(max(last, r.now)), k)
		}
		r.step(max(next, r.now))
		if r.err != nil {
			return nil, r.err
		}
	}
	return &r.seen[0], nil
}

// gather lets segments that follow join the first one until it is as long as the script's
// packet: a host cuts its stream as its timing has it.
func (r *runner) gather(k *Packet, s *sent, last sim.Time) {
	if r.setup.strictSegments || s.pk.Seg.Len == 0 {
		return
	}
	for s.pk.Seg.Len < k.Len {
		for len(r.seen) == 1 {
			next := r.next()
			if next > last {
				return
			}
			r.step(max(next, r.now))
		}
		s = &r.seen[0]
		next := r.seen[1]
		if !s.joins(&next) || s.pk.Seg.Len+next.pk.Seg.Len > k.Len && !next.cuts(k.Len-s.pk.Seg.Len) {
			return
		}
		if rest := k.Len - s.pk.Seg.Len; next.pk.Seg.Len > rest {
			next = r.seen[1].front(rest)
		} else {
			r.seen = append(r.seen[:1], r.seen[2:]...)
		}
		s.join(&next)
	}
}

// cuts says whether the wire has a boundary of segments n bytes into a super-segment.
func (s *sent) cuts(n uint32) bool {
	return s.pk.Seg.MSS > 0 && n > 0 && n < s.pk.Seg.Len && n%uint32(s.pk.Seg.MSS) == 0
}

// pop takes the first packet, or the part of it that the script's packet covers.
func (r *runner) pop(k *Packet) sent {
	s := r.seen[0]
	if !r.setup.strictSegments && s.cuts(k.Len) {
		return r.seen[0].front(k.Len)
	}
	r.seen = append(r.seen[:0], r.seen[1:]...)
	return s
}

// adopt learns from the first packet of a direction what its numbers are in the script.
func (r *runner) adopt(k *Packet, s *sent) {
	f := s.flow
	if f.isnSeen && !f.shifted {
		f.shift = f.isn
		if s.pk.Seg.Flags.Has(tcp.SYN) && k.Flags.Has(tcp.SYN) {
			f.shift = s.pk.Seg.Seq - k.Seq
		}
		f.shifted = true
	}
	if !s.pk.Seg.Opts.Has(tcp.OptTimestamps) {
		return
	}
	for i := range k.Options {
		if o := &k.Options[i]; o.Kind == OptTimestamps {
			if len(f.stamps) == 0 {
				f.script0, f.ts0 = o.Value, s.pk.Seg.TSVal
			}
			f.stamps[o.Value] = s.pk.Seg.TSVal
		}
	}
}

// differs compares a packet with the script's. It returns what is wrong, or "".
func (r *runner) differs(k *Packet, s *sent) string {
	seg := &s.pk.Seg
	want, got := k.Flags, seg.Flags
	if r.opts.PSHLax {
		want, got = want|tcp.PSH, got|tcp.PSH
	}
	seq := seg.Seq - s.flow.shift
	switch {
	case k.SrcPort != 0 && (k.SrcPort != s.pk.Src.Port() || k.DstPort != s.pk.Dst.Port()):
		return fmt.Sprintf("ports: expected %d > %d, got %d > %d", k.SrcPort, k.DstPort, s.pk.Src.Port(), s.pk.Dst.Port())
	case want != got:
		return fmt.Sprintf("flags: expected %s, got %s", flagText(k.Flags), flagText(seg.Flags))
	case k.Seq != seq:
		return fmt.Sprintf("sequence number: expected %d, got %d", k.Seq, seq)
	case k.Len != seg.Len:
		return fmt.Sprintf("payload: expected %d bytes, got %d", k.Len, seg.Len)
	case got.Has(tcp.ACK) && k.Ack != seg.Ack:
		return fmt.Sprintf("acknowledgement: expected %d, got %d", k.Ack, seg.Ack)
	case k.Window >= 0 && k.Window != int(s.pk.Window):
		return fmt.Sprintf("window: expected %d, got %d", k.Window, s.pk.Window)
	case k.Urgent >= 0 && k.Urgent != int(seg.Urgent):
		return fmt.Sprintf("urgent pointer: expected %d, got %d", k.Urgent, seg.Urgent)
	case k.ECN == ECT01 && seg.ECN != tcp.ECT0 && seg.ECN != tcp.ECT1,
		k.ECN != ECNUnsaid && k.ECN != ECT01 && k.ECN.codepoint() != seg.ECN:
		return fmt.Sprintf("ECN: expected %v, got %v", k.ECN, markOf(seg.ECN))
	case k.TOS >= 0 && k.TOS != int(s.pk.DSCP)<<2|int(seg.ECN):
		return fmt.Sprintf("type of service: expected %#x, got %#x", k.TOS, int(s.pk.DSCP)<<2|int(seg.ECN))
	case k.TTL != 0 && k.TTL != int(s.pk.TTL):
		return fmt.Sprintf("TTL: expected %d, got %d", k.TTL, s.pk.TTL)
	}
	return r.optionsDiffer(k, s)
}

// optionsDiffer compares TCP options one by one, in order. The value of a timestamp is
// the host's clock, which a script cannot know: it is compared only with
// --tcp_ts_tick_usecs, and then by how much it has advanced.
func (r *runner) optionsDiffer(k *Packet, s *sent) string {
	if k.AnyOptions {
		return ""
	}
	got := liveOptions(&s.pk.Seg)
	want := k.Options
	for i := range want {
		if i >= len(got) || want[i].Kind != got[i].Kind {
			return different(want, got)
		}
		w, g := &want[i], &got[i]
		if w.Kind == OptTimestamps {
			if w.Echo != g.Echo {
				return fmt.Sprintf("TS ecr: expected %d, got %d", w.Echo, g.Echo)
			}
			if !r.ticks(s.flow, w.Value, g.Value) {
				return fmt.Sprintf("TS val: expected %d, got %d (%d ticks after the first, with --tcp_ts_tick_usecs)", w.Value, g.Value-s.flow.ts0+s.flow.script0, g.Value-s.flow.ts0)
			}
			continue
		}
		if w.Kind == OptFastOpen || w.Kind == OptFastOpenEx {
			if cookie, err := r.cookie(k, w); err != nil || !bytes.Equal(cookie, g.Cookie) {
				return different(want, got)
			}
			continue
		}
		if w.String() != g.String() {
			return different(want, got)
		}
	}
	if len(got) != len(want) {
		return different(want, got)
	}
	return ""
}

func different(want, got []Option) string {
	return fmt.Sprintf("options: expected <%s>, got <%s>", optionText(want), optionText(got))
}

// ticks says whether a timestamp has advanced as the script says, within the tolerance.
func (r *runner) ticks(f *flow, script, live uint32) bool {
	if r.setup.tick == 0 {
		return true
	}
	off := int64(int32(script-f.script0)) - int64(int32(live-f.ts0))
	return sim.Time(max(off, -off))*r.setup.tick <= r.setup.tolerance+r.setup.tick
}

// clock is a time as the script counts it.
func clock(t sim.Time) string {
	text := fmt.Sprintf("%.6f", float64(t-origin)/float64(sim.Second))
	return strings.TrimSuffix(text, ".000000")
}

func span(at, until sim.Time) string {
	if at == until {
		return clock(at)
	}
	return clock(at) + "~" + clock(until)
}
