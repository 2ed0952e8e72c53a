package packetdrill

import (
	"fmt"
	"slices"
	"strings"

	"netgpusim/sim"
	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// entry is something that has happened: a packet, or a call with its result.
type entry struct {
	at       sim.Time
	flow     *flow // of a packet
	packet   stack.Packet
	outbound bool
	call     string
}

// maxStory bounds how much history a failure shows.
const maxStory = 60

// note remembers what has happened.
func (r *runner) note(e entry) {
	if r.opts.Trace != nil {
		fmt.Fprintln(r.opts.Trace, r.line(&e))
	}
	r.history = append(r.history, e)
}

// line is an entry as text, in the script's numbers as far as they are known.
func (r *runner) line(e *entry) string {
	if e.flow == nil {
		return fmt.Sprintf("%10s  %s", clock(e.at), e.call)
	}
	return fmt.Sprintf("%10s  %s", clock(e.at), r.show(e.flow, &e.packet, e.outbound))
}

// story is the history as text, the end of it if it is long.
func (r *runner) story() []string {
	var lines []string
	h := r.history
	if len(h) > maxStory {
		lines = append(lines, fmt.Sprintf("(%d packets and calls before)", len(h)-maxStory))
		h = h[len(h)-maxStory:]
	}
	for i := range h {
		lines = append(lines, r.line(&h[i]))
	}
	return lines
}

// show is a packet of the host or the peer in the script's language and numbers.
func (r *runner) show(f *flow, p *stack.Packet, outbound bool) string {
	if p.Kind == stack.ICMP {
		return fmt.Sprintf("< icmp type %d code %d mtu %d [%d:%d(%d)]", p.Error.Type, p.Error.Code, p.Error.MTU, p.Seg.Seq-f.shift, p.Seg.Seq-f.shift+p.Seg.Len, p.Seg.Len)
	}
	shift := f.shift
	if !f.shifted {
		shift = f.isn
	}
	k := Packet{Inbound: !outbound, Flags: p.Seg.Flags, Seq: p.Seg.Seq, Len: p.Seg.Len, Ack: p.Seg.Ack, HasAck: p.Seg.Flags&tcp.ACK != 0,
		Window: int(p.Window), Urgent: int(p.Seg.Urgent), Options: slices.Clone(liveOptions(&p.Seg))}
	if p.Seg.ECN != 0 {
		k.ECN = markOf(p.Seg.ECN)
	}
	if outbound {
		k.Seq -= shift
	} else if k.HasAck {
		k.Ack -= shift
	}
	for i := range k.Options {
		o := &k.Options[i]
		if !outbound && o.Kind == OptSACK {
			o.Blocks = slices.Clone(o.Blocks)
			for j := range o.Blocks {
				o.Blocks[j].Left -= shift
				o.Blocks[j].Right -= shift
			}
		}
		if outbound && o.Kind == OptTimestamps && len(f.stamps) > 0 {
			o.Value += f.script0 - f.ts0
		}
	}
	return k.String()
}

func joinSorted(names []string) string {
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// names are the keys of a map.
func names[V any](m map[string]V) string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	return joinSorted(all)
}
