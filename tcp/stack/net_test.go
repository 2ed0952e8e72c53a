package stack

import (
	"container/heap"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// This file is a network for tests: two hosts and a wire each way with delay and seeded
// faults.

var (
	addr4 = [2]netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")}
	addr6 = [2]netip.Addr{netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")}
)

// wire is one direction.
type wire struct {
	rate            sim.Bandwidth
	delay           sim.Time
	loss, dup, late float64
	lateBy          sim.Time
	cut             bool // everything is lost
	random          sim.Rand
	freeAt          sim.Time
}

type flight struct {
	at     sim.Time
	serial int
	to     int
	p      Packet
}

type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	return f[i].at < f[j].at || f[i].at == f[j].at && f[i].serial < f[j].serial
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	old := *f
	last := old[len(old)-1]
	*f = old[:len(old)-1]
	return last
}

type network struct {
	now    sim.Time
	host   [2]*Host
	wire   [2]wire // by sender
	air    flights
	serial int
	log    strings.Builder // of packets, if logging
	logs   bool
}

func newNetwork(t testing.TB, change func(side int, c *Config)) *network {
	t.Helper()
	n := &network{}
	for i := range n.host {
		cfg := Config{Spec: DefaultSpec(), Addrs: []netip.Addr{addr4[i], addr6[i]}, MTU: 1500, Seed: uint64(i)}
		if change != nil {
			change(i, &cfg)
		}
		h, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		n.host[i] = h
		n.wire[i] = wire{delay: sim.Millisecond}
	}
	return n
}

// pump sends what both hosts have to send.
func (n *network) pump() {
	for side, h := range n.host {
		var p Packet
		for h.Output(&p) {
			n.transmit(side, &p)
			h.Sent(&p)
		}
	}
}

func (n *network) transmit(side int, p *Packet) {
	w := &n.wire[side]
	for i := range max(tcp.Frames(&p.Seg), 1) {
		f := *p
		f.Data = nil
		if p.Kind == TCP {
			tcp.Frame(&f.Seg, &p.Seg, i)
			f.Seg.Window = 0 // the wire has the field only
			if p.Data != nil {
				from := f.Seg.Offset - p.Seg.Offset
				f.Data = append([]byte(nil), p.Data[from:from+uint64(f.Seg.Len)]...)
			}
		}
		n.note(side, &f)
		w.freeAt = max(w.freeAt, n.now) + w.rate.Pace().Time(int64(f.Seg.Len)+60)
		if w.cut || w.random.Chance(w.loss) {
			continue
		}
		at := w.freeAt + w.delay
		if w.random.Chance(w.late) {
			at += sim.Time(w.random.Intn(int(w.lateBy)))
		}
		n.fly(flight{at: at, to: 1 - side, p: f})
		if w.random.Chance(w.dup) {
			n.fly(flight{at: at + sim.Microsecond, to: 1 - side, p: f})
		}
	}
}

func (n *network) fly(f flight) {
	f.serial = n.serial
	n.serial++
	heap.Push(&n.air, f)
}

// next is when something happens, sim.Never if nothing will.
func (n *network) next() sim.Time {
	at := min(n.host[0].Deadline(), n.host[1].Deadline())
	if len(n.air) > 0 {
		at = min(at, n.air[0].at)
	}
	return at
}

// step goes to the next event.
func (n *network) step(at sim.Time) {
	n.now = max(n.now, at)
	for _, h := range n.host {
		h.Advance(n.now)
	}
	for len(n.air) > 0 && n.air[0].at <= n.now {
		f := heap.Pop(&n.air).(flight)
		n.host[f.to].Input(&f.p)
		n.pump()
	}
	n.pump()
}

// run goes on for some time.
func (n *network) run(d sim.Time) {
	until := n.now + d
	n.pump()
	for at := n.next(); at <= until; at = n.next() {
		n.step(at)
	}
	n.step(until)
}

// note logs a packet.
func (n *network) note(side int, p *Packet) {
	if !n.logs {
		return
	}
	if n.log.Len() > 0 {
		n.log.WriteString(", ")
	}
	fmt.Fprintf(&n.log, "%c:%s", 'a'+side, flagNames(p.Seg.Flags))
	if p.Seg.Len > 0 {
		fmt.Fprintf(&n.log, "(%d)", p.Seg.Len)
	}
}

// flagNames is packetdrill's notation.
func flagNames(f tcp.Flags) string {
	var b strings.Builder
	for _, bit := range []struct {
		flag tcp.Flags
		name byte
	}{{tcp.SYN, 'S'}, {tcp.FIN, 'F'}, {tcp.RST, 'R'}, {tcp.PSH, 'P'}, {tcp.URG, 'U'}, {tcp.ACK, '.'}} {
		if f.Has(bit.flag) {
			b.WriteByte(bit.name)
		}
	}
	return b.String()
}
