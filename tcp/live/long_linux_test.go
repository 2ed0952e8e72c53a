//go:build long

package live

import (
	"testing"
	"time"
)

// 256 MiB each way through 1 % loss, 1 % reordering and 0.1 % duplication in both
// directions, for every congestion control.
func TestTheKernelAndTheModelExchangeMuch(t *testing.T) {
	for i, congestion := range []string{"reno", "cubic", "dctcp", "bbr"} {
		t.Run(congestion, func(t *testing.T) {
			exchange(t, 4+2*(i%2), congestion, 256<<20, i%2 == 0, 20*time.Minute)
		})
	}
}
