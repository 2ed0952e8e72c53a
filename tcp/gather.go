package tcp

// gather fills a short block that is sent again with the short ones behind it, up to
// a segment of most bytes: what the application wrote piece by piece need not be sent
// again so (tcp_retrans_try_collapse, tcp_can_collapse). It ends where something was
// received, at the end of a record, and at the end of the peer's window.
func (e *Endpoint) gather(id, most uint32) {
	s := &e.snd
	q := &s.rtx
	b := &q.blocks[id]
	if b.segs > 1 || b.data() >= most {
		return
	}
	i := q.search(b.off)
	for i+1 < q.order.len() {
		next := *q.order.at(i + 1)
		n := &q.blocks[next]
		if n.segs > 1 || n.state == sacked || b.data()+n.data() > most || n.end() > s.windowEnd() {
			return
		}
		mem := int64(b.truesize) + int64(n.truesize)
		if !b.join(&n.skb, n.len) {
			return
		}
		b.push = b.push || n.push
		b.retrans = b.retrans || n.retrans
		q.mem += int64(b.truesize) - mem
		q.unlink(next)
		q.count(n, -uint32(n.segs))
		q.order.remove(i+1, 1)
		q.free = append(q.free, next)
		q.recount(b)
	}
}
