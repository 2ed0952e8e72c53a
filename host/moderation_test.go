package host_test

import "testing"

// TestDIMMovesTheInterruptRateAndCostsNoThroughput: under DIM a saturated link stays
// saturated while its interrupts come at another rate than at the start setting.
func TestDIMMovesTheInterruptRateAndCostsNoThroughput(t *testing.T) {
	run := func(on string) (gbps float64, interrupts int64) {
		w, _ := ran(t, "rfc-base", "run.warmup=20ms", "run.duration=60ms", "nic.rx_dim="+on, "nic.tx_dim="+on)
		n := w.NICCounters(receiving)
		return goodput(w), n.RxInterrupts + n.TxInterrupts
	}
	still, before := run("false")
	moving, after := run("true")
	within(t, "goodput under DIM", moving, still, 0.005)
	if after == before {
		t.Errorf("%d interrupts with and without DIM", after)
	}
}
