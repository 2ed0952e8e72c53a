package tcp

import "netgpusim/sim"

// DCTCP's constants (RFC 8257, Linux 5.8 net/ipv4/tcp_dctcp.c).
const (
	dctcpAlphaMax = 1 << 10 // alpha is a fraction of this
	dctcpShift    = 4       // estimation gain g = 1/16
)

// dctcp is DCTCP: the window goes down by half of the smoothed share of segments that
// met congestion, and the receiver echoes each mark exactly. In between it grows like
// Reno. It needs ECN; without, newCongestion gives Reno.
type dctcp struct {
	reno
	alpha     uint32 // smoothed share of marked segments, of 1024
	delivered uint64 // at the beginning of the present round
	marked0   uint64 // and of these, marked
	roundEnd  uint64 // the round ends when this is acknowledged
	lossCwnd  uint32 // window before the last reduction

	// The receiver's side.
	ce       bool   // the last data was marked
	priorNxt uint64 // nxt then
}

func newDCTCP(e *Endpoint) *dctcp {
	d := &dctcp{alpha: dctcpAlphaMax, priorNxt: e.rcv.nxt}
	d.restart(&e.snd)
	return d
}

// restart begins a round (dctcp_reset).
func (d *dctcp) restart(s *sender) {
	d.roundEnd = s.nxt
	d.delivered, d.marked0 = s.delivered, s.deliveredCE
}

// ackSeen is called for every ACK of outstanding data and updates alpha once per window
// (dctcp_update_alpha, RFC 8257 section 3.3).
func (d *dctcp) ackSeen(s *sender) {
	if s.una < d.roundEnd {
		return
	}
	if less := d.alpha >> dctcpShift; less > 0 {
		d.alpha -= less
	} else {
		d.alpha = 0
	}
	if marked := s.deliveredCE - d.marked0; marked > 0 {
		share := marked << (10 - dctcpShift) / max(1, s.delivered-d.delivered)
		d.alpha = uint32(min(uint64(d.alpha)+share, dctcpAlphaMax))
	}
	d.restart(s)
}

func (d *dctcp) ssthresh(s *sender) uint32 {
	d.lossCwnd = s.cwnd.size
	return max(s.cwnd.size-uint32(uint64(s.cwnd.size)*uint64(d.alpha)>>11), 2)
}

// state and event make a loss cost half the window, as for Reno (dctcp_react_to_loss).
func (d *dctcp) state(s *sender, _ sim.Time, to CAState) {
	if to == CARecovery && to != s.ca {
		d.lost(s)
	}
}

func (d *dctcp) event(s *sender, _ sim.Time, ev congestionEvent) {
	if ev == eventLoss {
		d.lost(s)
	}
}

func (d *dctcp) lost(s *sender) {
	d.lossCwnd = s.cwnd.size
	s.cwnd.ssthresh = max(s.cwnd.size/2, 2)
}

func (d *dctcp) undo(s *sender) uint32 { return max(s.cwnd.size, d.lossCwnd) }

// marked is told of each data segment whether it was marked. When that changes, an ACK
// that was delayed goes at once with the old state, and another with the new one, so
// that the sender can count marked bytes (dctcp_ece_ack_update, RFC 8257 section 3.2).
func (d *dctcp) marked(e *Endpoint, ce bool) {
	a := &e.rcv.ack
	if d.ce != ce {
		if a.delayedAt != sim.Never {
			a.prior = priorACK{due: true, nxt: d.priorNxt, ece: d.ce}
			a.delayedAt = sim.Never
		}
		a.now = true
	}
	d.priorNxt, d.ce = e.rcv.nxt, ce
	e.snd.ecn.demand = ce
}

// sendPriorACK makes seg the acknowledgement that marked has asked for.
func (e *Endpoint) sendPriorACK(now sim.Time, seg *Segment) {
	p := e.rcv.ack.prior
	e.fill(now, seg)
	e.rcv.ack.now = true // fill has taken this one for the present one
	e.rcv.ack.prior = priorACK{}
	seg.Ack = seqOf(e.cfg.RemoteISS, p.nxt)
	seg.Flags &^= ECE
	if p.ece {
		seg.Flags |= ECE
	}
}
