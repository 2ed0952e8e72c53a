package reports

import (
	"slices"
	"strings"
)

// ringSide says which end of a ring makes somebody wait.
type ringSide int

const (
	bothEnds    ringSide = iota // a ring of an unknown kind
	whenDrained                 // holds buffers for a consumer that must never find it empty
	whenFull                    // holds deliveries from a producer that must never find it full
)

// sideOf knows the kinds of ring by their names: fill rings (patch 10) and receive
// queues of the NIC hold buffers, a socket's rx ring (patch 10) holds deliveries.
func sideOf(x *Ring) ringSide {
	switch kind, _, _ := strings.Cut(x.Name, "/"); kind {
	case "fill", "rq":
		return whenDrained
	case "rx":
		return whenFull
	}
	return bothEnds
}

// waitedS is how long somebody had to wait for a ring.
func waitedS(x *Ring) float64 {
	switch sideOf(x) {
	case whenDrained:
		return x.EmptyS
	case whenFull:
		return x.FullS
	}
	return x.EmptyS + x.FullS
}

// rings shows the occupancy of the queues that made somebody wait; on a verbose
// page, of all.
func (p *page) rings(r *Result) {
	rings, left := r.Rings, 0
	if !p.verbose {
		rings = slices.DeleteFunc(slices.Clone(rings), func(x Ring) bool { return waitedS(&x) == 0 })
		left = max(0, len(rings)-mostRows)
		rings = rings[:len(rings)-left]
	}
	if len(rings) == 0 {
		return
	}
	p.heading("Rings", "entries in use, and share of the time spent empty and full")
	t := table{columns: []column{
		{title: "ring", wrapTo: 12}, {title: "entries", right: true}, {title: "min", right: true}, {title: "mean", right: true}, {title: "max", right: true},
		{title: "mean use", expend: 1}, {title: "empty", right: true}, {title: "full", right: true},
	}}
	for i := range rings {
		x := &rings[i]
		var use cell
		if x.Entries > 0 {
			use = say(bar(x.Occupancy.Mean/float64(x.Entries), barWidth))
		}
		empty, full := spent(x.EmptyS, r), spent(x.FullS, r)
		if x.EmptyS > 0 && sideOf(x) == whenDrained {
			empty.style = caution
		}
		if x.FullS > 0 && sideOf(x) == whenFull {
			full.style = caution
		}
		t.add(say(ringName(x)), say(integer(int64(x.Entries))),
			say(decimals(x.Occupancy.Min, 0)), say(occupancy(x.Occupancy.Mean)), say(decimals(x.Occupancy.Max, 0)),
			use, empty, full)
	}
	p.table(&t)
	if left > 0 {
		p.paragraph(2, 2, span{plural(int64(left), "more ring", "more rings") + " not shown", faint})
	}
}

func ringName(x *Ring) string { return clean(strings.TrimSpace(x.Host + " " + x.Name)) }

// calmRings puts the rings that made nobody wait in a line: of each kind, the one
// that came closest.
func calmRings(r *Result) string {
	calm := slices.DeleteFunc(slices.Clone(r.Rings), func(x Ring) bool { return waitedS(&x) != 0 })
	if len(calm) == 0 {
		return ""
	}
	var kinds []string
	closest := map[string]*Ring{}
	for i := range calm {
		x := &calm[i]
		kind, _, _ := strings.Cut(x.Name, "/")
		if closest[kind] == nil {
			kinds = append(kinds, kind)
			closest[kind] = x
		} else if margin(x) < margin(closest[kind]) {
			closest[kind] = x
		}
	}
	head := "no waits"
	if len(calm) < len(r.Rings) {
		head = "the others: no waits"
	}
	var s []string
	host := ""
	for _, kind := range kinds {
		x := closest[kind]
		if x.Entries <= 0 || sideOf(x) == bothEnds {
			continue
		}
		name := clean(x.Name)
		if x.Host != host {
			name, host = ringName(x), x.Host
		}
		if sideOf(x) == whenDrained {
			name += " ≥" + nbsp + percent(x.Occupancy.Min/float64(x.Entries))
		} else {
			name += " ≤" + nbsp + percent(x.Occupancy.Max/float64(x.Entries))
		}
		if len(s) == 0 {
			name += " full"
		}
		s = append(s, name)
	}
	if len(s) == 0 {
		return head
	}
	return head + "; " + strings.Join(s, ", ")
}

// margin is how far from making somebody wait a ring stayed, as a share of it.
func margin(x *Ring) float64 {
	if x.Entries <= 0 {
		return 1
	}
	if sideOf(x) == whenFull {
		return 1 - x.Occupancy.Max/float64(x.Entries)
	}
	return x.Occupancy.Min / float64(x.Entries)
}

// occupancy writes a mean: with a decimal only where it says something.
func occupancy(mean float64) string {
	if mean >= 100 {
		return decimals(mean, 0)
	}
	return decimals(mean, 1)
}

// spent writes a part of the measured time.
func spent(seconds float64, r *Result) cell {
	whole := measuredSeconds(r)
	if seconds == 0 || whole == 0 {
		return say(duration(seconds))
	}
	return say(percent(seconds / whole))
}
