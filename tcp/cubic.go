package tcp

import (
	"math/bits"

	"netgpusim/sim"
)

// CUBIC (RFC 9438) in the integer arithmetic of Linux 5.8 net/ipv4/tcp_cubic.c:
// windows in segments, time in 1/1024 s, factors as fractions of 1024. Integers
// make the curve the same on every machine.
const (
	cubicBeta      = 717 // of 1024: the window after a loss is 0.70 of that before
	cubicScale     = 410 // 1024 * C, C = 0.40 segments/s^3
	cubicTimeBits  = 10  // 1/1024 s
	cubicCurveBits = cubicTimeBits*3 + 10

	// A segment per this many is the fastest growth before the first loss: 5 % per
	// round trip, so that a flow without history does not probe blindly.
	cubicFirstGrowth = 20

	// Reno with CUBIC's beta and the same loss rate as Reno proper grows a segment per
	// window * this / 8 acknowledged (Linux's beta_scale; RFC 9438's 1/alpha).
	cubicFriendly = 8 * (1024 + cubicBeta) / 3 / (1024 - cubicBeta)

	// Times beyond this from the inflection point are as good as infinite: the cube
	// still fits 63 bits.
	cubicOffsetMax = 1 << 18
)

// cubicTick is how often the curve is looked at: Linux's jiffy at HZ=1000.
const cubicTick = sim.Millisecond

// cubic is the state of one connection's CUBIC.
type cubic struct {
	reno
	lastMax  uint32 // window at the last loss, less what fast convergence gives away
	lastSize uint32 // window when the curve was last looked at
	lastTick int64
	epoch    int64  // tick at which the present curve began, 0 for none
	origin   uint32 // window at the inflection point
	k        uint32 // time from the epoch to the inflection point, 1/1024 s
	per      uint32 // segments acknowledged per segment of growth
	delayMin sim.Time
	ackCount uint32
	renoSize uint32 // what Reno would have by now
	hystart  hystart
}

func newCubic(s *sender, now sim.Time) *cubic {
	c := &cubic{}
	c.hystart.restart(s, now)
	return c
}

func (c *cubic) acked(s *sender, now sim.Time, n uint32) {
	w := &s.cwnd
	if w.slow() {
		if s.una > c.hystart.end {
			c.hystart.restart(s, now)
		}
		n = w.slowStart(n)
		if n == 0 {
			return
		}
	}
	c.update(w.size, now, n)
	w.additive(c.per, n)
}

// update finds the growth rate that leads to where the curve will be one round trip
// from now (RFC 9438 section 4.2-4.4).
func (c *cubic) update(size uint32, now sim.Time, n uint32) {
	tick := int64(now/cubicTick) + 1 // 0 means none
	c.ackCount += n
	if c.lastSize == size && tick-c.lastTick <= int64(sim.Second/32/cubicTick) {
		return
	}
	if c.epoch == 0 || tick != c.lastTick {
		c.lastSize, c.lastTick = size, tick
		c.look(size, tick, n)
	}
	c.befriend(size)
	c.per = max(c.per, 2) // at most half the window more per round trip
}

// look reads the cubic curve at tick.
func (c *cubic) look(size uint32, tick int64, n uint32) {
	if c.epoch == 0 {
		c.epoch = tick
		c.ackCount = n
		c.renoSize = size
		if c.lastMax <= size {
			c.k, c.origin = 0, size
		} else {
			c.k = cubeRoot((1 << cubicCurveBits) / cubicScale * uint64(c.lastMax-size))
			c.origin = c.lastMax
		}
	}
	// The window is wanted for the end of the next round trip.
	t := tick - c.epoch + int64((c.delayMin+cubicTick-1)/cubicTick)
	at := t << cubicTimeBits / int64(sim.Second/cubicTick)
	off := at - int64(c.k)
	before := off < 0
	if before {
		off = -off
	}
	off = min(off, cubicOffsetMax)
	delta := uint64(cubicScale) * uint64(off) * uint64(off) * uint64(off) >> cubicCurveBits
	target := uint64(c.origin) + delta
	if before {
		target = uint64(c.origin) - min(delta, uint64(c.origin))
	}
	if target > uint64(size) {
		c.per = size / uint32(min(target-uint64(size), uint64(cwndMax)))
	} else {
		c.per = 100 * size // next to nothing
	}
	if c.lastMax == 0 {
		c.per = min(c.per, cubicFirstGrowth)
	}
}

// befriend grows at least as fast as Reno with the same loss rate would (RFC 9438
// section 4.3).
func (c *cubic) befriend(size uint32) {
	per := max(size*cubicFriendly>>3, 1)
	if c.ackCount > per {
		n := (c.ackCount - 1) / per
		c.renoSize += n
		c.ackCount -= n * per
	}
	if c.renoSize > size {
		c.per = min(c.per, size/(c.renoSize-size))
	}
}

// ssthresh notes the window before the loss. Fast convergence: a window that did not
// get back to its old height gives way to newcomers (RFC 9438 section 4.7).
func (c *cubic) ssthresh(s *sender) uint32 {
	size := s.cwnd.size
	c.epoch = 0
	if size < c.lastMax {
		c.lastMax = uint32(uint64(size) * (1024 + cubicBeta) / 2048)
	} else {
		c.lastMax = size
	}
	return max(uint32(uint64(size)*cubicBeta/1024), 2)
}

// measured keeps the least round trip and lets HyStart judge (bictcp_acked).
func (c *cubic) measured(s *sender, now, rtt sim.Time) {
	// Right after a reduction the queue has not drained yet (Linux: one second).
	if c.epoch != 0 && int64(now/cubicTick)+1-c.epoch < int64(sim.Second/cubicTick) {
		return
	}
	rtt = max(rtt, sim.Picosecond)
	if c.delayMin == 0 || rtt < c.delayMin {
		c.delayMin = rtt
	}
	c.hystart.sample(s, now, rtt, c.delayMin)
}

// state forgets everything after a timeout: the path may be another one.
func (c *cubic) state(s *sender, now sim.Time, to CAState) {
	if to == CALoss {
		*c = cubic{}
		c.hystart.restart(s, now)
	}
}

// event moves the curve on by the time in which nothing was asked of it.
func (c *cubic) event(s *sender, now sim.Time, ev congestionEvent) {
	if ev == eventStart && c.epoch != 0 && now > s.lastSend {
		tick := int64(now/cubicTick) + 1
		c.epoch = min(c.epoch+int64((now-s.lastSend)/cubicTick), tick)
	}
}

// cubeRoot returns the integer cube root of x, bit by bit from the top.
func cubeRoot(x uint64) uint32 {
	var root uint64
	for shift := (bits.Len64(x) + 2) / 3 * 3; shift >= 0; shift -= 3 {
		root <<= 1
		step := 3*root*(root+1) + 1
		if x>>uint(shift) >= step {
			x -= step << uint(shift)
			root++
		}
	}
	return uint32(root)
}
