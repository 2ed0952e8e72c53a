package search

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
)

// lattice has dims counters that go from 0 to top-1, one step at a time: top^dims
// states, and as many at depth d as there are ways to write d as their sum. The
// encoding is padded to width bytes.
type lattice struct {
	dims, width int
	top         byte
}

func (l lattice) Initial(dst []byte) []byte { return append(dst, make([]byte, l.width)...) }

func (l lattice) Expand(state []byte, out *Successors) {
	for i := range l.dims {
		if state[i]+1 < l.top {
			b := append(out.Buffer(), state...)
			b[i]++
			out.Add(Action(i), b)
		}
	}
}

func (l lattice) states() int {
	n := 1
	for range l.dims {
		n *= int(l.top)
	}
	return n
}

// BenchmarkLattice measures the engine: expanding a state of the lattice costs
// little beside storing it. 10.6 million states of 60 bytes, 3.4 successors each.
func BenchmarkLattice(b *testing.B) {
	for _, progress := range []bool{false, true} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("progress=%v/workers=%d", progress, workers), func(b *testing.B) {
				l := lattice{dims: 4, width: 60, top: 57}
				benchmark(b, func() System { return l }, Options{Workers: workers, Progress: progress})
			})
		}
	}
}

func benchmark(b *testing.B, system func() System, o Options) {
	b.ReportAllocs()
	var r Result
	for b.Loop() {
		var err error
		if r, err = Run(context.Background(), system, o); err != nil || !r.Complete {
			b.Fatal(r.Stopped, err)
		}
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(float64(r.States)/seconds/1e6, "Mstates/s")
	b.ReportMetric(seconds*1e9/float64(r.Transitions), "ns/successor")
	b.ReportMetric(r.BytesPerState, "B/state")
	b.ReportMetric(float64(r.Transitions)/float64(r.States), "successors/state")
}

// hashed is a system without locality: a state is a number, its successors are
// mixtures of it. mask bounds the states.
type hashed struct {
	mask  uint64
	width int
}

func (h hashed) Initial(dst []byte) []byte { return append(dst, make([]byte, h.width)...) }

func (h hashed) Expand(state []byte, out *Successors) {
	v := binary.LittleEndian.Uint64(state)
	for i := range uint64(3) {
		b := append(out.Buffer(), state...)
		x := (v*3 + i + 1) * 0x9E3779B97F4A7C15
		binary.LittleEndian.PutUint64(b, (x^x>>29)&h.mask)
		out.Add(Action(i), b)
	}
}

// BenchmarkRandom is the opposite of the lattice: few, huge levels.
func BenchmarkRandom(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			h := hashed{mask: 1<<23 - 1, width: 40}
			benchmark(b, func() System { return h }, Options{Workers: workers})
		})
	}
}
