package tcp

// prr is proportional rate reduction (RFC 6937): while the window shrinks, it sends in
// proportion to what arrives, so that recovery neither bursts nor stalls.
type prr struct {
	prior uint32 // window when the reduction began
	got   uint32 // segments delivered since
	out   uint32 // segments sent since
}

// delivered sets the window for the next transmissions (tcp_cwnd_reduction: PRR with
// slow-start reduction bound).
func (p *prr) delivered(s *sender, news *ackNews) {
	n := news.rate.acked
	if n == 0 {
		return
	}
	p.got += n
	pipe := int64(s.inFlight())
	target := int64(s.cwnd.ssthresh)
	room := target - pipe
	var send int64
	switch {
	case room < 0:
		send = (target*int64(p.got)+int64(p.prior)-1)/int64(p.prior) - int64(p.out)
	case news.retrans && !news.lostAgain:
		send = min(room, max(int64(p.got)-int64(p.out), int64(n))+1)
	default:
		send = min(room, int64(n))
	}
	if p.out == 0 {
		send = max(send, 1) // the fast retransmit itself
	}
	s.cwnd.set(uint32(pipe + max(send, 0)))
}
