package pcie

import (
	"math"

	"netgpusim/sim"
)

// dllp is an ACK, or an UpdateFC with the credits of a class that the receiver at the
// end of the opposite channel returns.
type dllp struct {
	ack     bool
	class   Class
	credits pool
}

// dllpBytes is a DLLP on the wire: 4 bytes, a CRC of 2 and 2 of framing.
const dllpBytes = 8

// updateShare is the part of a receiver's credits that it collects at most before it
// returns them at once, 1/4. The PCIe base specification leaves it open.
const updateShare = 4

// explicitRate is the raw rate of a link less SKP ordered sets: four symbols in 1538
// for 8b/10b, a block of 16 symbols in 371 for 128b/130b. FLITs carry ACKs and credits
// in bytes of their own, which the raw rate leaves out already.
func explicitRate(gen, lanes int) sim.Bandwidth {
	share := 4.0 / 1542
	if gen >= 3 {
		share = 1.0 / 371
	}
	return sim.Bandwidth(math.Round(float64(rawRate(gen, lanes)) * (1 - share)))
}

// symbolTime is the time of a byte on a lane.
func symbolTime(gen int) sim.Time {
	bits := sim.Time(8)
	if gen < 3 {
		bits = 10
	}
	return bits * sim.Microsecond / sim.Time(laneRate[gen].megatransfers)
}

// latencyLimit is how long a receiver may collect ACKs and credits (PCIe base
// specification, tables "Ack Transmission Latency Limit" and "UpdateFC Transmission
// Latency Guidelines": (MPS + 28) × factor / lanes + internal delay, in symbol
// times). It gives the 203 symbols that are quoted for Gen3 x8 at MPS 256 and 168 for
// x16.
func (x *Exact) latencyLimit(ch int) sim.Time {
	gen, lanes := x.shape(ch)
	factor := 1.4
	switch {
	case lanes >= 16:
		factor = 3
	case lanes >= 8:
		factor = 2.5
	}
	delay := [...]float64{1: 19, 2: 70, 3: 115}[min(gen, 3)]
	symbols := float64(x.spec.MaxPayload+28)*factor/float64(lanes) + delay
	return sim.Time(symbols) * x.channels[ch].symbol
}

// shape is the generation and lanes of a channel's link.
func (x *Exact) shape(ch int) (gen, lanes int) {
	switch ch / 2 {
	case nicUp / 2:
		return x.spec.NICGen, x.spec.NICLanes
	case gpuUp / 2:
		return x.spec.GPUGen, x.spec.GPULanes
	}
	return x.spec.UplinkGen, x.spec.UplinkLanes
}

// acknowledge makes the receiver of a TLP send an ACK when its timer has run out, for
// all TLPs until then.
func (x *Exact) acknowledge(now sim.Time, ch int) {
	c := &x.channels[ch]
	if gen, _ := x.shape(ch); gen >= flitGen || c.due[classes] {
		return
	}
	c.due[classes] = true
	x.schedule(now+c.latency+x.latencyLimit(ch), evDLLPDue, ch, classes)
}

// owe collects credits to be returned for a channel.
func (x *Exact) owe(now sim.Time, ch int, class Class, back pool) {
	c := &x.channels[ch]
	owed := &c.pending[class]
	owed.headers += back.headers
	owed.units += back.units
	limit := &c.limit[class]
	if owed.headers*updateShare >= limit.headers || owed.units*updateShare >= limit.units {
		x.update(now, ch, class)
	} else if !c.due[class] {
		c.due[class] = true
		x.schedule(now+x.latencyLimit(ch), evDLLPDue, ch, uint64(class))
	}
}

// update queues an UpdateFC on the opposite channel. A FLIT carries it at once.
func (x *Exact) update(now sim.Time, ch int, class Class) {
	c := &x.channels[ch]
	owed := c.pending[class]
	c.pending[class] = pool{}
	if gen, _ := x.shape(ch); gen >= flitGen {
		x.schedule(now+c.latency, evCredit, ch, creditWord(class, owed))
		return
	}
	x.control(now, ch^1, dllp{class: class, credits: owed})
}

// dllpDue is the end of a timer.
func (x *Exact) dllpDue(now sim.Time, ch, what int) {
	c := &x.channels[ch]
	c.due[what] = false
	if what == classes {
		x.control(now, ch^1, dllp{ack: true})
	} else if c.pending[what].headers > 0 {
		x.update(now, ch, Class(what))
	}
}

// control queues a DLLP; it goes before TLPs that wait.
func (x *Exact) control(now sim.Time, ch int, d dllp) {
	x.channels[ch].dllps = append(x.channels[ch].dllps, d)
	x.try(now, ch)
}

// sendDLLP puts the oldest DLLP on the wire.
func (x *Exact) sendDLLP(now sim.Time, ch int) {
	c := &x.channels[ch]
	c.busy = true
	c.total += dllpBytes
	span := c.pace.Time(dllpBytes)
	c.used += span
	c.until = now + span
	x.schedule(now+span, evDLLPSent, ch, 0)
}

// dllpSent is the end of a DLLP's transmission. Its credits are for the sender of the
// opposite channel.
func (x *Exact) dllpSent(now sim.Time, ch int) {
	c := &x.channels[ch]
	d := c.dllps[0]
	c.dllps = c.dllps[:copy(c.dllps, c.dllps[1:])]
	c.busy = false
	if !d.ack {
		x.schedule(now+c.latency, evCredit, ch^1, creditWord(d.class, d.credits))
	}
	x.try(now, ch)
}
