package tcp

import (
	"fmt"
	"testing"

	"netgpusim/sim"
)

// sharedLink has n flows of a congestion control that start one after the other on
// 100 Mbit/s with a base round trip of 20 ms and a queue of two bandwidth-delay
// products.
func sharedLink(t *testing.T, cc string, n int) *dumbbell {
	spec := testSpec()
	spec.Congestion = cc
	spec.ReceiveBuffer, spec.SendBuffer = 64*sim.MiB, 64*sim.MiB
	d := newDumbbell(t, spec, n, 100*sim.Mbps, 10*sim.Millisecond)
	d.queue = 2 * bdpBytes
	for i := range n {
		d.run(sim.Time(i) * 37 * sim.Millisecond)
		d.start(i)
	}
	return d
}

// bdpBytes is 20 ms at 100 Mbit/s.
const bdpBytes = 250_000

// goodputShare is what part of the payload rate that a link has room for was used.
func goodputShare(moved []float64, rate float64, span sim.Time) float64 {
	return total(moved) * 8 / span.Seconds() / rate * 1538 / 1420
}

// Flows with the same round trip share a link evenly, and fill it.
func TestFlowsShareALinkFairly(t *testing.T) {
	for _, cc := range []string{"reno", "cubic", "bbr"} {
		for _, n := range []int{2, 16} {
			t.Run(fmt.Sprintf("%s/%d", cc, n), func(t *testing.T) {
				d := sharedLink(t, cc, n)
				d.run(20 * sim.Second)
				const span = 40 * sim.Second
				moved := d.measure(span)
				if j := jain(moved); j < 0.9 {
					t.Errorf("Jain's index is %.3f: %.0f", j, moved)
				}
				if share := goodputShare(moved, 100e6, span); share < 0.95 || share > 1.001 {
					t.Errorf("%.3f of the link is used", share)
				}
			})
		}
	}
}

// DCTCP holds the queue at the marking threshold K: RFC 8257 section 2 and Alizadeh et
// al. 2010, section 3.3: it swings between K and K less the window's oscillation. Two
// flows need a link so slow that super-segments are two segments: with large ones,
// deferral loses in CWR what PRR has allowed (in Linux 5.8 as well), and the
// link idles.
func TestDCTCPHoldsTheQueueAtItsThreshold(t *testing.T) {
	const threshold = 65 * 1538
	for _, test := range []struct {
		flows int
		rate  sim.Bandwidth
		rtt   sim.Time
	}{
		{2, 20 * sim.Mbps, 50 * sim.Millisecond},
		{16, 10 * sim.Gbps, 100 * sim.Microsecond},
	} {
		t.Run(fmt.Sprint(test.flows), func(t *testing.T) {
			d := dctcpFlows(t, test.flows, test.rate, test.rtt)
			d.mark = threshold
			d.run(2000 * test.rtt)
			span := 3000 * test.rtt
			moved := d.measure(span)
			mean := float64(d.waited) / float64(d.frames) / float64(test.rate.Pace().Time(1))
			if mean < 0.3*threshold || mean > 1.3*threshold {
				t.Errorf("%.0f bytes wait on average, the threshold is %d", mean, threshold)
			}
			if d.drops > 0 || d.marks == 0 {
				t.Errorf("%d drops, %d marks of %d frames", d.drops, d.marks, d.frames)
			}
			if j := jain(moved); j < 0.9 {
				t.Errorf("Jain's index is %.3f", j)
			}
			if share := goodputShare(moved, float64(test.rate), span); share < 0.95 {
				t.Errorf("%.3f of the link is used", share)
			}
			// Alpha is the smoothed share of marked segments.
			alpha := 0.0
			for i := range d.flows {
				alpha += float64(d.flows[i].end[0].snd.dctcp.alpha) / dctcpAlphaMax / float64(test.flows)
			}
			if marked := float64(d.marks) / float64(d.frames); alpha < marked/2 || alpha > 2*marked {
				t.Errorf("alpha is %.3f on average, %.3f of the frames were marked", alpha, marked)
			}
		})
	}
}

// dctcpFlows share a link as fast as their own.
func dctcpFlows(t *testing.T, n int, rate sim.Bandwidth, rtt sim.Time) *dumbbell {
	spec := testSpec()
	spec.Congestion, spec.ECN = "dctcp", 1
	spec.ReceiveBuffer, spec.SendBuffer = 64*sim.MiB, 64*sim.MiB
	d := newDumbbell(t, spec, n, rate, rtt/2)
	d.access = rate.Pace()
	d.queue = 1_000_000
	d.startAll()
	return d
}

// A flow with ECN never loses a segment to a queue that marks in time, and echoes make
// it yield like losses.
func TestECNReplacesLosses(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		spec := testSpec()
		spec.Congestion, spec.ECN = cc, 1
		d := newDumbbell(t, spec, 2, 100*sim.Mbps, 10*sim.Millisecond)
		d.queue, d.mark = 3*bdpBytes, bdpBytes
		d.startAll()
		d.run(5 * sim.Second)
		const span = 20 * sim.Second
		moved := d.measure(span)
		st := d.flows[0].end[0].Stats()
		if d.drops > 0 || d.marks == 0 || st.Retransmits > 0 {
			t.Errorf("%s: %d drops, %d marks, %d retransmissions", cc, d.drops, d.marks, st.Retransmits)
		}
		if share := goodputShare(moved, 100e6, span); share < 0.97 || jain(moved) < 0.9 {
			t.Errorf("%s: %.3f of the link is used, Jain's index is %.3f", cc, share, jain(moved))
		}
	}
}

// BBR fills the link with a queue of at most a bandwidth-delay product, and goes on
// doing so where one packet in a hundred is lost at random; CUBIC cannot (that is
// what its response function says).
func TestBBRFillsALossyLinkWithAShortQueue(t *testing.T) {
	for _, loss := range []float64{0, 0.01} {
		share := map[string]float64{}
		for _, cc := range []string{"bbr", "cubic"} {
			d := sharedLink(t, cc, 1)
			r := sim.NewRand(1, "loss")
			d.loss = func(int64) bool { return r.Chance(loss) }
			d.run(5 * sim.Second)
			const span = 30 * sim.Second
			share[cc] = goodputShare(d.measure(span), 100e6, span) / (1 - loss)
			if queue := d.waited / sim.Time(d.frames); cc == "bbr" && queue > 20*sim.Millisecond {
				t.Errorf("loss %g: the queue is %v on average", loss, queue)
			}
		}
		if share["bbr"] < 0.95 {
			t.Errorf("loss %g: BBR uses %.3f of the link", loss, share["bbr"])
		}
		if loss > 0 && share["cubic"] > 0.2 {
			t.Errorf("loss %g: CUBIC uses %.3f of the link: the losses are not what they should be", loss, share["cubic"])
		}
	}
}

// BBR sees a policer that drops what exceeds its rate, and settles at that rate with
// few losses (long-term sampling).
func TestBBRSettlesAtAPolicersRate(t *testing.T) {
	d := sharedLink(t, "bbr", 1)
	const policed = 20e6 / 8 // bytes/s
	tokens, last := 30_000.0, sim.Time(0)
	d.loss = func(int64) bool {
		tokens = min(tokens+(d.now-last).Seconds()*policed, 30_000)
		last = d.now
		if tokens < 1538 {
			return true
		}
		tokens -= 1538
		return false
	}
	d.run(10 * sim.Second)
	const span = 20 * sim.Second
	moved := d.measure(span)
	if share := goodputShare(moved, 20e6, span); share < 0.85 {
		t.Errorf("%.3f of the policer's rate is used", share)
	}
	if lost := float64(d.drops) / float64(d.frames); lost > 0.1 {
		t.Errorf("%.3f of the frames are lost", lost)
	}
}

// Every ten seconds BBR lets the queue empty for 200 ms: it finds the least round trip
// again after the path has become shorter or longer.
func TestBBRProbesForTheRoundTrip(t *testing.T) {
	d := sharedLink(t, "bbr", 1)
	d.run(5 * sim.Second)
	b := d.flows[0].end[0].snd.cc.(*bbr)
	if b.minRTT < 20*sim.Millisecond || b.minRTT > 21*sim.Millisecond {
		t.Fatalf("least round trip %v", b.minRTT)
	}
	d.delay = 20 * sim.Millisecond
	probed := false
	for d.now < 30*sim.Second {
		d.run(d.now + 50*sim.Millisecond)
		probed = probed || b.mode == bbrProbeRTT
	}
	if !probed || b.minRTT < 40*sim.Millisecond || b.minRTT > 42*sim.Millisecond {
		t.Errorf("probed %v, least round trip %v after the path has become longer", probed, b.minRTT)
	}
}
