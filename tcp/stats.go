package tcp

import "netgpusim/sim"

// limit is what holds the sender back.
type limit uint8

const (
	limitNone   limit = iota // it is sending
	limitApp                 // nothing to send: the application has not written
	limitBuffer              // nothing to send: the application waits for send buffer
	limitCwnd                // the congestion window
	limitRwnd                // the receiver's window
	limitHost                // TCP small queues, autocorking, TSO deferral
	limitNagle               // a short segment waits for an acknowledgement
	limitPaced               // the pacing rate: this is sending
	numLimits
)

// Stats is what an endpoint knows about itself. Counts are since New, in wire
// segments where they count segments; shares are since RestartStats.
type Stats struct {
	Cwnd     int64 // congestion window, bytes
	CwndMax  int64 // largest since RestartStats, bytes
	Ssthresh int64 // slow start threshold, bytes; 0 before the first loss
	SRTT     sim.Time
	MinRTT   sim.Time
	RTO      sim.Time // with the present backoff

	Sent        int64 // segments with payload, retransmissions included
	Delivered   int64 // segments acknowledged or SACKed
	Retransmits int64 // segments sent again
	Timeouts    int64 // expiries of the retransmission timer
	Recoveries  int64 // fast recoveries entered
	TailProbes  int64 // tail loss probes sent
	ZeroProbes  int64 // zero-window probes sent
	DupACKs     int64 // acknowledgements that brought neither data nor a window
	DSACKs      int64 // duplicates that the peer has reported
	Undos       int64 // reductions of the window taken back
	Duplicates  int64 // received segments that brought nothing new
	OutOfOrder  int64 // received segments that left a hole before them
	Challenges  int64 // ACKs that asked the peer to prove a RST or SYN (RFC 5961)

	Unacked    int64 // bytes sent and not acknowledged
	Unsent     int64 // bytes written and not sent
	PeerWindow int64 // bytes the peer has advertised
	Window     int64 // bytes advertised to the peer
	OOOBytes   int64 // bytes in the out-of-order queue

	// Shares 0..1 of the time in which the sender was held back by one thing, as
	// Linux's tcp_chrono; the rest of the time it was sending.
	RwndLimited   float64 // the receiver's window
	CwndLimited   float64 // the congestion window
	AppLimited    float64 // nothing to send
	BufferLimited float64 // nothing to send, because the send buffer is full of data in flight
	HostLimited   float64 // TCP small queues, autocorking, TSO deferral, Nagle's rule
}

// counters is what Stats is made from.
type counters struct {
	segsOut, retransmits            int64
	timeouts, recoveries            int64
	tailProbes, zeroProbes          int64
	dupACKs, duplicates, outOfOrder int64
	challenges                      int64
	dsacks, undos                   int64
	spuriousRTOs, probeRepairs      int64
	allOut, allIn, dataIn           int64 // segments of any kind, received ones with payload
	bytesOut, bytesAgain            int64
	busy                            bool     // something is unsent or unacknowledged,
	busySince                       sim.Time // since then,
	busyFor                         sim.Time // and was before for so long
	held                            limit
	since, start                    sim.Time
	spent, before                   [numLimits]sim.Time // in all, and until RestartStats
}

// limit says what holds the sender back from now on.
func (c *counters) limit(now sim.Time, l limit) {
	c.spent[c.held] += now - c.since
	c.since, c.held = now, l
}

// arrived counts a segment that has come.
func (c *counters) arrived(seg *Segment) {
	segs := int64(max(seg.Segs, 1))
	c.allIn += segs
	if seg.Len > 0 {
		c.dataIn += segs
	}
}

// nowBusy says whether the connection has something to do from now on (TCP_CHRONO_BUSY).
func (c *counters) nowBusy(now sim.Time, busy bool) {
	if busy == c.busy {
		return
	}
	c.busyFor = c.busyUntil(now)
	c.busy, c.busySince = busy, now
}

// busyUntil is for how long it has been busy.
func (c *counters) busyUntil(now sim.Time) sim.Time {
	if c.busy {
		return c.busyFor + now - c.busySince
	}
	return c.busyFor
}

// Stats returns the figures as of the last call that carried a time.
func (e *Endpoint) Stats() Stats {
	s, r, c := &e.snd, &e.rcv, e.stats
	c.limit(max(e.now, c.since), c.held)
	mss := int64(e.mss)
	st := Stats{
		Cwnd: int64(s.cwnd.size) * mss, CwndMax: int64(s.cwnd.max) * mss,
		SRTT: s.rtt.srtt(), MinRTT: s.rtt.min(), RTO: s.rtt.timeout(),
		Sent: c.segsOut, Delivered: int64(s.delivered) - 1, Retransmits: c.retransmits, Timeouts: c.timeouts,
		Recoveries: c.recoveries, TailProbes: c.tailProbes, ZeroProbes: c.zeroProbes,
		DupACKs: c.dupACKs, DSACKs: c.dsacks, Undos: c.undos, Duplicates: c.duplicates, OutOfOrder: c.outOfOrder, Challenges: c.challenges,
		Unacked: int64(s.nxt - s.una), Unsent: int64(s.end - s.nxt), PeerWindow: int64(s.window),
		Window: int64(r.room()), OOOBytes: int64(r.ooo.bytes),
	}
	if s.cwnd.ssthresh != ssthreshNone {
		st.Ssthresh = int64(s.cwnd.ssthresh) * mss
	}
	if total := c.since - c.start; total > 0 {
		share := func(l limit) float64 { return float64(c.spent[l]-c.before[l]) / float64(total) }
		st.RwndLimited = share(limitRwnd)
		st.CwndLimited = share(limitCwnd)
		st.AppLimited = share(limitApp)
		st.BufferLimited = share(limitBuffer)
		st.HostLimited = share(limitHost) + share(limitNagle)
	}
	return st
}

// RestartStats begins a new measurement of shares and of the largest window.
func (e *Endpoint) RestartStats(now sim.Time) {
	e.advance(now)
	c := &e.stats
	c.limit(now, c.held)
	c.start = now
	c.before = c.spent
	e.snd.cwnd.max = e.snd.cwnd.size
}
