package pcie

import (
	"testing"

	"netgpusim/sim"
)

// The benchmarks book transactions one after another; ns/op is per transaction.

func BenchmarkWriteHost64(b *testing.B)  { benchWrite(b, HostMemory, 64) }
func BenchmarkWriteGPU1420(b *testing.B) { benchWrite(b, PeerGPU, 1420) }
func BenchmarkWriteGPU4096(b *testing.B) { benchWrite(b, PeerGPU, 4096) }

func benchWrite(b *testing.B, dst Target, n int64) {
	t := newTree(b, testSpec(), 64)
	b.ReportAllocs()
	var now sim.Time
	for b.Loop() {
		now, _ = t.Write(now, dst, n)
	}
}

// BenchmarkReceivePacket is what one netgpu packet at MTU 1500 books: header,
// payload and CQE, at 100 Gbit/s.
func BenchmarkReceivePacket(b *testing.B) {
	t := newTree(b, testSpec(), 64)
	b.ReportAllocs()
	var now sim.Time
	for b.Loop() {
		t.Write(now, HostMemory, 94)
		t.Write(now, PeerGPU, 1420)
		t.Write(now, HostMemory, 64)
		now += 150 * sim.Nanosecond
	}
}

func BenchmarkReadHost64(b *testing.B)  { benchRead(b, HostMemory, 64, 100*sim.Nanosecond) }
func BenchmarkReadGPU4096(b *testing.B) { benchRead(b, PeerGPU, 4096, 400*sim.Nanosecond) }

// BenchmarkReadGPU4096Tags keeps the tags exhausted.
func BenchmarkReadGPU4096Tags(b *testing.B) { benchRead(b, PeerGPU, 4096, 250*sim.Nanosecond) }

func benchRead(b *testing.B, src Target, n int64, gap sim.Time) {
	t := newTree(b, testSpec(), 64)
	b.ReportAllocs()
	var now sim.Time
	for b.Loop() {
		_, last := t.Read(now, src, n)
		// Follow the reads a few round trips behind, as a NIC with bounded look-ahead does.
		now = max(now+gap, last-4*sim.Microsecond)
	}
}

// BenchmarkDuplex mixes posted writes into reads that wait for tags.
func BenchmarkDuplex(b *testing.B) {
	t := newTree(b, testSpec(), 64)
	b.ReportAllocs()
	var now sim.Time
	for b.Loop() {
		_, last := t.Read(now, PeerGPU, 4096)
		t.Write(now, PeerGPU, 1420)
		t.MMIOWrite(now, 8)
		now = max(now+300*sim.Nanosecond, last-4*sim.Microsecond)
	}
}
