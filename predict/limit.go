package predict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"netgpusim/host"
	"netgpusim/reports"
)

// binding is the utilisation from which on a resource counts as what limits a run.
const binding = 0.95

// limits ranks everything that can bound a run, tightest first, and names the one
// that did.
//
// A resource with a rate (wire, PCIe link, core) bounds goodput at
// goodput / utilisation, assuming that its use grows in proportion; for cores that
// is a lower bound, because batches grow with load. The time TCP spent held back by
// the receiver's window, by the congestion window or by an idle application is
// what binds when no rate does.
func limits(r *reports.Result) (reports.Limit, []reports.Limit) {
	var ladder []reports.Limit
	rate := func(resource string, util float64, advice string) {
		if util <= 0 || r.GoodputGbps <= 0 {
			return
		}
		capacity := r.GoodputGbps / util
		ladder = append(ladder, reports.Limit{Resource: resource, Utilisation: util,
			CapacityGbps: capacity, HeadroomGbps: max(capacity-r.GoodputGbps, 0), Advice: advice})
	}
	for _, l := range r.Links {
		rate(fmt.Sprintf("link %s->%s", l.From, l.To), l.Utilisation, "a faster link, or a larger MTU: headers, preamble and gap take the rest")
	}
	for _, l := range r.PCIe.Links {
		rate(fmt.Sprintf("pcie %s/%s up", l.Host, l.Name), l.Up.Utilisation, "more lanes, a newer generation or a larger MaxPayload")
		rate(fmt.Sprintf("pcie %s/%s down", l.Host, l.Name), l.Down.Utilisation, "more lanes, a newer generation or a larger MaxPayload")
	}
	for _, c := range r.CPU.Cores {
		// A driver that polls for buffers burns a core without limiting anything.
		busy, starved := c.Busy, c.NsByFunc[host.FnStarved.String()]
		if measured := r.SimulatedS - r.WarmupS; measured > 0 {
			busy -= float64(starved) / 1e9 / measured
		}
		fn, ns := busiest(c.NsByFunc)
		share := 0.0
		if measured := r.SimulatedS - r.WarmupS; measured > 0 {
			share = float64(ns) / 1e9 / measured
		}
		rate(fmt.Sprintf("cpu %s core %d (%s)", c.Host, c.Core, c.Role), busy,
			fmt.Sprintf("%s takes %.0f %% of the core: spread flows over queues and cores, a larger MTU, or a faster core", fn, 100*share))
	}
	slices.SortStableFunc(ladder, func(a, b reports.Limit) int { return cmp.Compare(b.Utilisation, a.Utilisation) })

	if r.Stall != nil {
		top := reports.Limit{Resource: "stall: " + r.Stall.Cause, Utilisation: 1, CapacityGbps: r.GoodputGbps, Why: r.Stall.What}
		return withNext(top, ladder), ladder
	}
	if len(ladder) > 0 && ladder[0].Utilisation >= binding {
		top := ladder[0]
		top.Why = fmt.Sprintf("%.1f %% busy", 100*top.Utilisation)
		return withNext(top, ladder[1:]), ladder
	}
	if top, ok := starved(r); ok {
		return withNext(top, ladder), ladder
	}
	return withNext(waiting(r), ladder), ladder
}

// starved names the fill ring that ran out of buffers, if frames were dropped for
// want of them and a ring stood empty for much of the time.
func starved(r *reports.Result) (reports.Limit, bool) {
	span := r.SimulatedS - r.WarmupS
	if r.Drops["rx_out_of_buffer"] == 0 || span <= 0 {
		return reports.Limit{}, false
	}
	for _, ring := range r.Rings {
		if share := ring.EmptyS / span; strings.HasPrefix(ring.Name, "fill/") && share >= 0.5 {
			return reports.Limit{Resource: fmt.Sprintf("buffers %s %s", ring.Host, ring.Name), Utilisation: min(share, 1), CapacityGbps: r.GoodputGbps,
				Why:    fmt.Sprintf("the fill ring was empty %.0f %% of the time and %d frames found no receive WQE", 100*share, r.Drops["rx_out_of_buffer"]),
				Advice: "more buffers (netgpu.area_size, app.fill_slots), or an application that recycles sooner"}, true
		}
	}
	return reports.Limit{}, false
}

// waiting names what holds TCP back when no resource with a rate is used up.
func waiting(r *reports.Result) reports.Limit {
	var window, cwnd, buffer, app, completions, share float64
	var retransmits int64
	for _, f := range r.PerFlow {
		window += f.LimitedByWindow
		cwnd += f.LimitedByCwnd
		buffer += f.LimitedByBuffer
		app += f.LimitedByApp
		completions += f.LimitedByCompletions
		retransmits += f.Retransmits
	}
	n := max(float64(len(r.PerFlow)), 1)
	l := reports.Limit{CapacityGbps: r.GoodputGbps}
	switch {
	case buffer > max(app, window, cwnd):
		l.Resource, share = "send buffer", buffer
		l.Why = "the sender waited for room in the send buffer: what is in flight fills it, each byte at what its skb and pages cost"
		l.Advice = "larger sends, which fill their pages; more congestion window, for the send buffer follows it; or a larger tcp.send_buffer"
	case app >= window && app >= cwnd && completions >= app/2:
		l.Resource, share = "completions", completions
		l.Why = "the sender waited for a completion: every buffer that it may use was still being sent from"
		l.Advice = "more buffers (app.send_buffers), larger sends, or a shorter time until they are acknowledged"
	case app >= window && app >= cwnd:
		l.Resource, share = "application", app
		l.Why = "TCP had nothing to send: the sending application does not keep up"
		l.Advice = "larger sends, more threads, or zero-copy transmit"
	case window >= cwnd:
		l.Resource, share = "receive window", window
		l.Why = "the sender waited for the receiver's window: the receiver drains too slowly, or the buffer is smaller than rate times round trip"
		l.Advice = "a larger tcp.receive_buffer, a faster receiver, or a shorter round trip"
	default:
		l.Resource, share = "congestion window", cwnd
		l.Why = "the sender waited for acknowledgements within its congestion window"
		l.Advice = "fewer losses, or a longer run: the window may still grow"
		switch bad := r.Drops["bad_hd_split"]; {
		case bad > 0:
			l.Resource = "congestion window (header split)"
			l.Why = fmt.Sprintf("%d packets could not be parsed because their headers reach past the split into GPU memory: "+
				"ACKs with SACK blocks do, so that losses are repaired by timeouts only", bad)
			l.Advice = "a header split that parses, ordinary receive for a sender's ACKs (flows.symmetric: false), or no loss"
		case retransmits > 0:
			l.Resource = "congestion window (loss)"
			l.Why = fmt.Sprintf("%d retransmissions kept the congestion window small", retransmits)
		}
	}
	l.Utilisation = min(share/n, 1)
	return l
}

// withNext adds the next limit: the tightest resource besides the one that binds.
func withNext(top reports.Limit, rest []reports.Limit) reports.Limit {
	if len(rest) > 0 {
		next := rest[0]
		top.Next = &next
		top.HeadroomGbps = next.HeadroomGbps
	}
	return top
}

func busiest(ns map[string]int64) (name string, most int64) {
	for f, v := range ns {
		if v > most || v == most && (name == "" || f < name) {
			name, most = f, v
		}
	}
	return name, most
}
