//go:build long

package live

import (
	"math"
	"testing"
)

// TestHundredMillionEntriesEachWay is the bar: 10^8 entries in each
// direction, of each kind, in batches and one by one, across the wrap of the indices.
func TestHundredMillionEntriesEachWay(t *testing.T) {
	program := buildPeer(t)
	const count = 100_000_000
	for _, w := range []workload{{1024, 32, count}, {16384, 1, count}} {
		t.Run(w.String(), func(t *testing.T) { bothWays(t, program, w, math.MaxUint32-count/2) })
	}
}
