package microbench

import (
	"netgpusim/pcie"
	"netgpusim/sim"
)

// meter measures a saturated stream from when it has warmed up: the first accesses
// fill queues and say little about the rate.
type meter struct {
	warm  int // accesses that do not count
	seen  int
	from  sim.Time
	to    sim.Time
	bytes int64
	items int64
}

// count adds an access of n bytes that was done at the given time; done times may come in
// any order.
func (m *meter) count(tree *pcie.Tree, done sim.Time, n int64) {
	m.seen++
	if m.seen <= m.warm {
		if m.from = max(m.from, done); m.seen == m.warm {
			tree.Restart(m.from)
		}
		m.to = m.from
		return
	}
	m.to = max(m.to, done)
	m.bytes += n
	m.items++
}

// span is the time that was measured.
func (m *meter) span() sim.Time { return m.to - m.from }

// bytesPerSecond is the bandwidth.
func (m *meter) bytesPerSecond() float64 { return float64(m.bytes) / m.span().Seconds() }

// gigabytes is the bandwidth in GB/s, 1e9.
func (m *meter) gigabytes() float64 { return m.bytesPerSecond() / 1e9 }

// millions is the rate in million accesses a second.
func (m *meter) millions() float64 { return float64(m.items) / m.span().Seconds() / 1e6 }
