package tcp

import (
	"fmt"
	"testing"

	"netgpusim/sim"
)

// BenchmarkBulk moves data from one endpoint to the other, a window per round trip:
// every super-segment arrives as one GRO bundle. It reports the cost of all work of
// both endpoints per wire segment.
func BenchmarkBulk(b *testing.B) { bulk(b, false) }

// BenchmarkThroughGRO is the same with every frame going through segmentation and GRO.
func BenchmarkThroughGRO(b *testing.B) { bulk(b, true) }

func bulk(b *testing.B, cut bool) {
	tx, rx := pair(b, testSpec(), 1500)
	var gro GRO
	var seg, frame, ack Segment
	flight := make([]Segment, 0, 1024)
	now := sim.Time(0)
	segments := 0
	b.ReportAllocs()
	for b.Loop() {
		tx.Write(now, 512<<10, 4096)
		for flight = flight[:0]; len(flight) < cap(flight); flight = append(flight, seg) {
			if _, ok := tx.Output(now, &seg); !ok {
				break
			}
			segments += int(seg.Segs)
		}
		now += 20 * sim.Microsecond
		for i := range flight {
			tx.Sent(now, int(flight[i].Len))
			if !cut {
				deliver(rx, now, &flight[i])
			} else {
				for k := range Frames(&flight[i]) {
					Frame(&frame, &flight[i], k)
					gro.Offer(now, 0, &frame)
				}
				gro.FlushAll()
				for {
					_, bundle, ok := gro.Pop()
					if !ok {
						break
					}
					deliver(rx, now, &bundle)
				}
			}
			if _, ok := rx.Output(now, &ack); ok {
				tx.Input(now+20*sim.Microsecond, &ack)
			}
		}
		now += 20 * sim.Microsecond
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(segments), "ns/segment")
}

// BenchmarkLargeWindow has so many segments in flight; each frame arrives, and is
// acknowledged, by itself: the work per segment must not depend on the window. With
// loss, every hundredth frame is lost. It reports how many segments per second sender
// and receiver together get through on one core.
func BenchmarkLargeWindow(b *testing.B) {
	for _, window := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(window), func(b *testing.B) { largeWindow(b, window, 0) })
		b.Run(fmt.Sprint(window, "-loss1%"), func(b *testing.B) { largeWindow(b, window, 100) })
	}
}

func largeWindow(b *testing.B, window, lose int) {
	spec := testSpec()
	spec.ReceiveBuffer, spec.SendBuffer = sim.GiB, sim.GiB
	tx, rx := pair(b, spec, 1500)
	var flight ring[Segment] // as sent; frames are cut off the first one as they arrive
	next := 0                // of the first one, the frame to arrive next
	now := sim.Time(0)
	// pump lets the application write, when less than a super-segment is unsent, and the
	// sender send.
	pump := func() {
		var seg Segment
		tx.snd.cwnd.set(uint32(window))
		for {
			if tx.snd.end-tx.snd.nxt < 64<<10 {
				tx.Write(now, 128<<10, 4096)
			}
			if _, ok := tx.Output(now, &seg); !ok {
				return
			}
			tx.Sent(now, int(seg.Len))
			flight.pushBack(seg)
		}
	}
	pump()
	var frame, ack Segment
	b.ReportAllocs()
	n, warm := 0, 100*window // until then queues may grow
	for n < warm || b.Loop() {
		// One frame arrives; whatever it sets free is sent.
		now += 100 * sim.Nanosecond
		if flight.len() == 0 {
			tx.Timer(now)
			pump()
			continue
		}
		Frame(&frame, flight.front(), next)
		if next++; next == int(flight.front().Segs) {
			flight.popFront()
			next = 0
		}
		n++
		if lose > 0 && n%lose == 0 {
			continue
		}
		deliver(rx, now, &frame)
		for {
			if _, ok := rx.Output(now, &ack); !ok {
				break
			}
			tx.Input(now, &ack)
			pump()
		}
	}
	b.ReportMetric(float64(n-warm)/b.Elapsed().Seconds()/1e6, "Msegs/s")
	if lose > 0 {
		b.ReportMetric(float64(tx.Stats().Retransmits)/float64(n), "resent/seg")
	}
}

// pair makes two endpoints that talk to each other.
func pair(t testing.TB, spec *Spec, mtu sim.Bytes) (a, b *Endpoint) {
	t.Helper()
	a, err := New(spec, Config{MTU: mtu, LocalISS: 1, RemoteISS: 2})
	if err != nil {
		t.Fatal(err)
	}
	b, err = New(spec, Config{MTU: mtu, LocalISS: 2, RemoteISS: 1})
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// deliver gives a segment to an endpoint whose application reads at once.
func deliver(e *Endpoint, now sim.Time, seg *Segment) {
	e.Input(now, seg)
	for {
		d, ok := e.NextDelivery()
		if !ok {
			return
		}
		if d.Len > 0 {
			e.Consumed(now, int(d.Len))
		}
	}
}
