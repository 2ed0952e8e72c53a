package live

import (
	"netgpusim/sim"
)

// Faults are what happens to packets on their way, by probability per packet.
type Faults struct {
	Loss      float64
	Reorder   float64 // is held back until Behind later ones have passed, or for Hold
	Duplicate float64
	Mark      float64  // Congestion Experienced is set, of packets that are ECN-capable
	Behind    int      // at most; each time 1 to Behind by chance
	Hold      sim.Time // at most
}

// Counts is what happened on one way.
type Counts struct {
	Packets, Lost, Reordered, Duplicated, Marked int64
}

func (c Counts) since(before Counts) Counts {
	return Counts{c.Packets - before.Packets, c.Lost - before.Lost, c.Reordered - before.Reordered, c.Duplicated - before.Duplicated, c.Marked - before.Marked}
}

// impairment applies faults to one direction.
type impairment struct {
	header int // bytes before the IP packet
	faults Faults
	random sim.Rand
	counts Counts
	held   []heldPacket
	free   [][]byte
}

// heldPacket waits for packets to overtake it.
type heldPacket struct {
	bytes  []byte
	behind int      // how many more must pass
	until  sim.Time // or this time
}

// pass takes a packet and calls out for what leaves now. It keeps no reference to
// packet, in which it may set a mark.
func (im *impairment) pass(now sim.Time, packet []byte, out func([]byte) error) error {
	im.counts.Packets++
	if im.random.Chance(im.faults.Mark) && mark(packet[im.header:]) {
		im.counts.Marked++
	}
	switch {
	case im.random.Chance(im.faults.Loss):
		im.counts.Lost++
		return nil
	case im.random.Chance(im.faults.Reorder):
		im.counts.Reordered++
		im.hold(now, packet)
		return nil
	}
	if err := out(packet); err != nil {
		return err
	}
	if im.random.Chance(im.faults.Duplicate) {
		im.counts.Duplicated++
		if err := out(packet); err != nil {
			return err
		}
	}
	for i := range im.held {
		im.held[i].behind--
	}
	return im.release(now, out)
}

func (im *impairment) hold(now sim.Time, packet []byte) {
	var buf []byte
	if n := len(im.free); n > 0 {
		buf, im.free = im.free[n-1], im.free[:n-1]
	}
	im.held = append(im.held, heldPacket{
		bytes:  append(buf[:0], packet...),
		behind: 1 + im.random.Intn(im.faults.Behind),
		until:  now + im.faults.Hold,
	})
}

// release lets go what has been overtaken or has waited long enough.
func (im *impairment) release(now sim.Time, out func([]byte) error) error {
	kept := im.held[:0]
	var failed error
	for _, p := range im.held {
		if p.behind > 0 && now < p.until || failed != nil {
			kept = append(kept, p)
			continue
		}
		failed = out(p.bytes)
		im.free = append(im.free, p.bytes)
	}
	im.held = kept
	return failed
}

// deadline is when release is due if nothing passes.
func (im *impairment) deadline() sim.Time {
	at := sim.Never
	for _, p := range im.held {
		at = min(at, p.until)
	}
	return at
}
