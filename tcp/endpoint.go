package tcp

import (
	"fmt"

	"netgpusim/sim"
)

// Config is what the route says, and where New is to begin what the handshake would have
// settled.
type Config struct {
	MTU       sim.Bytes // of the IP packets that this end sends
	LocalISS  uint32    // initial sequence number of what this end sends
	RemoteISS uint32    // and of what it receives; Connect and Accept learn it from the SYN

	// PeerWindow is the window of the peer's SYN, at most 65535 because a SYN's
	// window is never scaled (RFC 7323 section 2.2). 0 stands for 65535, which is
	// what Linux advertises unless its receive buffer is below 128 KiB. Connect and
	// Accept learn it from the SYN.
	PeerWindow sim.Bytes

	// Buffers is how the driver keeps what it receives: what memory that costs.
	Buffers Buffers
}

// Endpoint is one end of a connection. It is not safe for concurrent use.
type Endpoint struct {
	spec  *Spec `snapshot:"-"`
	cfg   Config
	state State
	opt   negotiated
	mss   uint16 // payload of a segment without SACK blocks
	err   Errno  // sk_err

	handshake handshake
	fast      fastOpen
	closing   closing
	reply     reply // a segment that answers one that was not acceptable
	patience  patience
	keepalive keepalive
	slowAt    sim.Time // see slowTimer

	snd  sender
	rcv  receiver
	path pathMTU

	now    sim.Time // of the last call
	rttNew sim.Time // sample of the last Input, 0 if it gave none
	stats  counters
	mib    MIB
}

// New returns one end of a connection that has just been established. It fails if
// the MTU has no room for headers and payload or is beyond an IP packet, or if the
// peer's window cannot stand in a SYN. The spec must be valid and stay as it is.
func New(spec *Spec, cfg Config) (*Endpoint, error) {
	e, err := newEndpoint(spec, cfg)
	if err != nil {
		return nil, err
	}
	e.state = Established
	e.agree(asConfigured(spec))
	e.opt.mss = e.ownMSS()
	e.startSearch(0)
	e.snd.init(spec, cfg)
	e.syncMSS()
	e.initReceiver()
	e.startReceiving()
	e.snd.ecn.ok = spec.ECN == 1
	e.startCongestion(spec.Congestion)
	e.expandBuffer()
	return e, nil
}

// newEndpoint checks what an endpoint is made from.
func newEndpoint(spec *Spec, cfg Config) (*Endpoint, error) {
	if least := sim.Bytes(networkLen(spec) + tcpHeader + minSendMSS); cfg.MTU < least || cfg.MTU > ipPacketMax {
		return nil, fmt.Errorf("mtu %d: IPv%d, TCP and its options need %d to %d bytes", cfg.MTU, spec.IPVersion, least, ipPacketMax)
	}
	if cfg.PeerWindow < 0 || cfg.PeerWindow > maxUnscaledWindow {
		return nil, fmt.Errorf("peer window %d: a SYN can advertise 0 to %d bytes", cfg.PeerWindow, maxUnscaledWindow)
	}
	e := &Endpoint{spec: spec, cfg: cfg, path: pathMTU{mtu: int32(min(cfg.MTU, ipPacketMax))}}
	e.handshake.at, e.slowAt, e.patience.probedAt = sim.Never, sim.Never, sim.Never
	return e, nil
}

// maxUnscaledWindow is what 16 bits without scaling can say.
const maxUnscaledWindow = 65535

// MSS is the payload of a full segment without SACK blocks, in bytes.
func (e *Endpoint) MSS() int { return int(e.mss) }

// Input takes a segment that has arrived: its acknowledgement, then its payload. A
// segment with payload leads to exactly one Delivery of its Handle, now or later.
func (e *Endpoint) Input(now sim.Time, seg *Segment) {
	e.advance(now)
	e.rttNew = 0
	e.snd.letGo()
	e.stats.arrived(seg)
	e.input(now, seg)
}

// input is Input of a segment that has been counted.
func (e *Endpoint) input(now sim.Time, seg *Segment) {
	if e.state != Established {
		e.inputState(now, seg)
		return
	}
	predicted := seg.Len > 0 && e.predicted(seg)
	if predicted {
		e.mib.TCPHPHits++
	}
	if e.bringsNext(seg) {
		e.takeNext(now, seg)
		return
	}
	if !e.valid(now, seg) || !e.acknowledge(now, seg) {
		e.rcv.drop(seg)
		return
	}
	e.receive(now, seg)
}

// LastRTT is the round-trip sample that the last Input has given: from a segment's
// transmission to the acknowledgement or SACK that first covers it, never of one
// that was sent twice (Karn's rule, RFC 6298 section 3).
func (e *Endpoint) LastRTT() (sim.Time, bool) { return e.rttNew, e.rttNew > 0 }

// Output fills in the next segment to transmit and says how many of the skb's
// fragments its payload touches (0 without payload). Retransmissions come first, then
// new data, then an acknowledgement if none of these carried it. ok is false when
// there is nothing to send now.
func (e *Endpoint) Output(now sim.Time, seg *Segment) (frags int, ok bool) {
	e.advance(now)
	if e.reply.kind != replyNone {
		e.sendReply(now, seg)
		return 0, true
	}
	if e.state < Established {
		if frags, ok = e.outputHandshake(now, seg); ok || !e.fast.child || e.state != SynReceived {
			return frags, ok
		}
		return e.sendNew(now, seg)
	}
	if e.rcv.ack.prior.due {
		e.sendPriorACK(now, seg)
		return 0, true
	}
	s := &e.snd
	if s.probe != probeNone {
		if frags, ok = e.sendProbe(now, seg); ok {
			return frags, true
		}
	}
	if s.rtx.lost.head != none || s.rexmit == rexmitNew {
		if frags, ok = e.retransmit(now, seg); ok {
			return frags, true
		}
	}
	if frags, ok = e.sendNew(now, seg); ok {
		return frags, true
	}
	if s.plain {
		if frags, ok = e.sendUnlost(now, seg); ok {
			return frags, true
		}
	}
	e.finishOutput(now)
	if e.ackDue(now) {
		e.fill(now, seg)
		if e.snd.urging() {
			e.snd.markUrgent(seg, seg.Offset)
		}
		return 0, true
	}
	return 0, false
}

// Deadline is when Timer must be called, sim.Never if no timer runs.
func (e *Endpoint) Deadline() sim.Time {
	return min(e.snd.timer.at, e.snd.pacing.wake, e.rcv.ack.delayedAt, e.rcv.ack.compressedAt, e.handshake.at, e.slowAt)
}

// Timer runs the timers that are due. Calling it early does nothing.
func (e *Endpoint) Timer(now sim.Time) {
	e.advance(now)
	e.ackTimer(now)
	if now >= e.snd.pacing.wake {
		e.snd.pacing.wake = sim.Never
	}
	if now >= e.snd.timer.at && e.state == SynReceived {
		e.snd.timer.stop() // only the SYN-ACK is sent again before it is acknowledged
	}
	if now >= e.snd.timer.at {
		e.snd.letGo()
		e.retransmitTimer(now)
	}
	if now >= e.handshake.at {
		e.handshakeTimer(now)
	}
	if now >= e.slowAt {
		e.slowTimer(now)
	}
}

// advance moves the endpoint's clock on.
func (e *Endpoint) advance(now sim.Time) {
	e.now = now
}

// fill makes seg an acknowledgement without payload, to which a sender adds its
// data. Whatever goes out acknowledges all there is.
func (e *Endpoint) fill(now sim.Time, seg *Segment) {
	r := &e.rcv
	at := e.acceptable()
	*seg = Segment{}
	seg.Offset = at
	seg.Seq = seqOf(e.cfg.LocalISS, at)
	seg.Ack = seqOf(e.cfg.RemoteISS, r.nxt)
	seg.Window = e.advertise()
	seg.Segs = 1
	seg.Flags = ACK
	if e.opt.timestamps {
		seg.Opts = OptTimestamps
		seg.TSVal, seg.TSEcr = timestamp(now), r.tsRecent
	}
	e.ecnFill(seg)
	seg.OptLen, seg.MSS = e.opt.optionLens[0], e.mss
	if r.nblocks() > 0 {
		r.blocks(seg, e.cfg.RemoteISS, int(e.opt.sackMost))
		seg.OptLen = e.opt.optionLens[seg.NSACK]
		seg.MSS -= uint16(seg.OptLen - e.opt.optionLens[0])
	}
	e.stats.allOut++
	e.ackSent()
}

// acceptable is the offset at which a segment without data stands: what goes next, unless the
// peer has taken so much of its window back that this is out of it (tcp_acceptable_seq).
func (e *Endpoint) acceptable() uint64 {
	nxt, end := e.snd.nxt, e.snd.windowEnd()
	if end >= nxt || e.opt.scaling && nxt-end < 1<<e.opt.rcvScale {
		return nxt
	}
	return end
}

// sackOn says what was negotiated.
func (e *Endpoint) sackOn() bool { return e.opt.sack }

// timestamp is the RFC 7323 clock: 1 ms ticks, as Linux's TCP_TS_HZ. It starts at 1
// because Linux takes an echo of 0 for none.
func timestamp(now sim.Time) uint32 { return uint32(now/sim.Millisecond) + 1 }
