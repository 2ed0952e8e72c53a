package tcp
import ("testing";"fmt";"netgpusim/sim")
func TestDbg(t *testing.T){
	tx, rx := pair(t, testSpec(), 1500)
	var seg, ack Segment
	now := sim.Time(0)
	for it:=0; it<3000; it++ {
		now += 20 * sim.Microsecond
		tx.Write(now, 128<<10, 4096)
		for {
			fr, ok := tx.Output(now, &seg); if !ok {break}
			if it>2997 || it < 4 {fmt.Println(it, seg.Segs, seg.Len, fr, tx.snd.cwnd.size, tx.snd.inFlight(), tx.snd.window, tx.snd.rate(1420)>>10, tx.snd.rtt.srtt(), seg.Flags)}
			deliver(rx, now+20*sim.Microsecond, &seg)
			tx.Sent(now, int(seg.Len))
			for {
				if _, ok := rx.Output(now+20*sim.Microsecond, &ack); !ok {break}
				tx.Input(now+40*sim.Microsecond, &ack)
			}
		}
	}
}
