package tcp

// Urgent data (RFC 9293 section 3.8.5, RFC 6093) as Linux has it with tcp_stdurg 0: the
// urgent pointer names the byte behind the urgent one, and only the last one counts.

// UrgentState says where the peer's urgent byte is.
type UrgentState uint8

// States of an urgent byte.
const (
	UrgentNone    UrgentState = iota // there is none, or the reader has passed it
	UrgentAwaited                    // announced, not arrived (TCP_URG_NOTYET)
	UrgentHere                       // arrived (TCP_URG_VALID)
	UrgentTaken                      // read out of band (TCP_URG_READ)
)

// urgent is the receiving half's mark.
type urgent struct {
	at    uint64 // stream offset of the byte
	state UrgentState
}

// UrgentMark is the stream offset of the peer's urgent byte and where it is
// (SIOCATMARK).
func (e *Endpoint) UrgentMark() (at uint64, state UrgentState) {
	return e.rcv.urgent.at, e.rcv.urgent.state
}

// TakeUrgent is that the reader has got the urgent byte out of band (recv with MSG_OOB).
func (e *Endpoint) TakeUrgent() {
	if e.rcv.urgent.state == UrgentHere {
		e.rcv.urgent.state = UrgentTaken
	}
}

// urgentArrived looks at a segment while an urgent byte is announced or awaited
// (tcp_urg, tcp_check_urg).
func (e *Endpoint) urgentArrived(seg *Segment) {
	r := &e.rcv
	u := &r.urgent
	from := r.offsetOf(e.cfg.RemoteISS, seg.Seq)
	if seg.Flags.Has(URG) {
		at := from + uint64(seg.Urgent)
		if seg.Urgent > 0 {
			at--
		}
		// Not one that was read over, nor one from a retransmission, nor an older one.
		if int64(at-r.nxt) >= 0 && (u.state == UrgentNone || at > u.at) {
			*u = urgent{at: at, state: UrgentAwaited}
		}
	}
	if u.state == UrgentAwaited && u.at-from < uint64(seg.Len) {
		u.state = UrgentHere
	}
}

// readTo forgets an urgent byte that the reader has passed.
func (u *urgent) readTo(copied uint64) {
	if copied > u.at {
		u.state = UrgentNone
	}
}

// urging says whether something urgent is not acknowledged (tcp_urg_mode): then there is
// neither Nagle's rule nor TSO.
func (s *sender) urging() bool { return s.urgent > s.una }

// markUrgent sets the urgent pointer of a segment that begins at an offset
// (__tcp_transmit_skb).
func (s *sender) markUrgent(seg *Segment, at uint64) {
	const far = 0xFFFF
	switch {
	case at >= s.urgent:
		return
	case s.urgent-at <= far:
		seg.Urgent = uint16(s.urgent - at)
	case at+far > s.nxt:
		seg.Urgent = far
	default:
		return
	}
	seg.Flags |= URG
}
