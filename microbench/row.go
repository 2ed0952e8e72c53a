package microbench

import "fmt"

// Row is one figure.
type Row struct {
	Test      string
	Direction string // h2d, d2h, host, hbm, d2d, both
	SizeBytes int64
	Parallel  int
	Metric    string // bandwidth, latency, rate, lag, flush, stale, drain, pin, unpin, areas
	Unit      string // GB/s (1e9), ns, M/s (1e6), bytes, areas
	Value     float64
	Limit     string // what bound it, in words
}

// SpecError says which setting cannot work.
type SpecError struct {
	Key     string // within the bench's section: sizes, device.read_rate
	Given   string
	Allowed string
}

// Error names key, what was given and what is allowed.
func (e *SpecError) Error() string {
	return fmt.Sprintf("%s: given %s; allowed: %s", e.Key, e.Given, e.Allowed)
}
