//go:build long

package predict

import (
	"bytes"
	"fmt"
	"testing"

	"netgpusim/host"
	"netgpusim/sim"
)

// TestSavedRunsOfFullLength holds the built-ins to the snapshot rule at their own
// length, where faults have struck and runs have stalled.
func TestSavedRunsOfFullLength(t *testing.T) {
	for _, info := range transfers() {
		t.Run(info.Name, func(t *testing.T) {
			t.Parallel()
			s := mustLoad(t, info.Name)
			want := comparable(t, predicted(t, s, Options{}))
			for _, share := range []sim.Time{3, 50, 97} {
				var state bytes.Buffer
				at := (s.Run.Warmup + s.Run.Duration) * share / 100
				predicted(t, s, Options{SaveAt: at, Save: func(w *host.World) error { return sim.Save(&state, w) }})
				got := comparable(t, predicted(t, s, Options{Resume: func(w *host.World) error { return sim.Restore(&state, w) }}))
				if got != want {
					t.Errorf("resumed at %v: the result differs", at)
				}
			}
		})
	}
}

// TestHostileLinksLoseNoPage runs many seeds over links that lose, reorder and
// duplicate, into host and GPU memory, and holds the page ledger and the delivered
// bytes to their invariants.
func TestHostileLinksLoseNoPage(t *testing.T) {
	for seed := range 40 {
		for _, memory := range []string{"host", "gpu"} {
			t.Run(fmt.Sprintf("%s/%d", memory, seed), func(t *testing.T) {
				t.Parallel()
				s := short(t, "rfc-base", "run.duration=60ms", fmt.Sprintf("seed=%d", seed), "receiver.netgpu.memory="+memory,
					"link.loss=0.5%", "link.reorder=0.5%", "link.reorder_delay=40us", "link.duplicate=0.5%", "link.delay=5us")
				r := predicted(t, s, Options{})
				if r.Pages.Lost != 0 || r.Pages.Duplicated != 0 {
					t.Errorf("pages lost %d, duplicated %d", r.Pages.Lost, r.Pages.Duplicated)
				}
				for _, v := range r.Violations {
					t.Errorf("violation: %s: %s", v.Invariant, v.What)
				}
			})
		}
	}
}
