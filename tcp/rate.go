package tcp

import "netgpusim/sim"

// Delivery rate sampling (draft-cheng-iccrg-delivery-rate-estimation, Linux 5.8
// net/ipv4/tcp_rate.c): each block remembers what had been delivered when it was
// sent; when it arrives, what has been delivered since then, over the time that
// sending or acknowledging it took, is the rate that the path can do.

// txRecord is what a block remembers of its transmission.
type txRecord struct {
	delivered   uint64   // segments delivered by then
	deliveredAt sim.Time // when the last of these was
	firstSent   sim.Time // start of the flight that it belongs to
	appLimited  bool     // the application did not fill the window
	rated       bool     // not yet used for a sample
	runt        bool     // less than a segment was out, this one included
}

// rateState is the connection's side of it.
type rateState struct {
	deliveredAt sim.Time // when something was last delivered
	firstSent   sim.Time // transmission time of the block that was delivered last
	appLimited  uint64   // app-limited until so much has been delivered, 0 for not

	// The best recent sample, for Info.
	delivered uint64
	interval  sim.Time
	limited   bool
}

// rateSample is what one ACK says about the path.
type rateSample struct {
	priorDelivered uint64   // delivered when the block that was acknowledged was sent, 0 for no sample
	priorAt        sim.Time // time of that delivery
	delivered      int64    // segments delivered since, -1 if that is not known
	interval       sim.Time // over this time, -1 if it is not usable
	rtt            sim.Time // of the last segment (S)ACKed, -1 for none
	losses         uint32   // segments given up on this ACK
	acked          uint32   // segments delivered by this ACK
	priorInFlight  uint32   // in flight before it
	appLimited     bool
	retrans        bool // the block had been sent more than once
	delayed        bool // the ACK may have waited for a delayed ACK timer
}

// rateSent stamps a block that is being sent (tcp_rate_skb_sent). idle says that
// nothing else is out: the interval starts now.
func (s *sender) rateSent(now sim.Time, b *block, idle bool) {
	r := &s.rate
	if idle {
		r.firstSent, r.deliveredAt = now, now
	}
	b.tx = txRecord{delivered: s.delivered, deliveredAt: r.deliveredAt, firstSent: r.firstSent, appLimited: r.appLimited != 0, rated: true,
		runt: b.end()-s.una < uint64(s.mss)}
}

// rateDelivered lets a block that has arrived bid for the sample: the one sent last
// wins (tcp_rate_skb_delivered).
func (s *sender) rateDelivered(b *block, rs *rateSample) {
	if !b.tx.rated {
		return
	}
	if rs.priorDelivered == 0 || b.tx.delivered > rs.priorDelivered {
		rs.priorDelivered = b.tx.delivered
		rs.priorAt = b.tx.deliveredAt
		rs.appLimited = b.tx.appLimited
		rs.retrans = b.retrans
		s.rate.firstSent = b.sentAt
		rs.interval = b.sentAt - b.tx.firstSent
	}
}

// rateGenerate finishes the sample (tcp_rate_gen).
func (s *sender) rateGenerate(now sim.Time, rs *rateSample) {
	r := &s.rate
	if r.appLimited != 0 && s.delivered > r.appLimited {
		r.appLimited = 0
	}
	if rs.acked > 0 {
		r.deliveredAt = now
	}
	if rs.priorDelivered == 0 || s.reneged {
		rs.delivered, rs.interval = -1, -1
		return
	}
	rs.delivered = int64(s.delivered - rs.priorDelivered)
	rs.interval = max(rs.interval, now-rs.priorAt)
	if rs.interval < s.rtt.min() {
		rs.interval = -1 // a spurious retransmission was acknowledged: too short
		return
	}
	if !rs.appLimited || r.better(rs) {
		r.delivered, r.interval, r.limited = uint64(rs.delivered), rs.interval, rs.appLimited
	}
}

// better says whether a sample is at least as fast as the one kept.
func (r *rateState) better(rs *rateSample) bool {
	return float64(rs.delivered)*float64(r.interval) >= float64(r.delivered)*float64(rs.interval)
}

// checkAppLimited notes that what is delivered from now on says little about the path:
// there is less than a segment to send, nothing in the NIC, room in the window, and
// everything that was lost has been sent again (tcp_rate_check_app_limited).
func (s *sender) checkAppLimited() {
	flight := s.inFlight()
	if s.end-s.nxt < uint64(s.mss) && s.nic.charged == 0 && flight < s.cwnd.size && s.rtx.lostOut <= s.rtx.retransOut {
		s.rate.appLimited = max(s.delivered+uint64(flight), 1)
	}
}
