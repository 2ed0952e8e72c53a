package sim

import (
	"math"
	"testing"
)

func TestSeriesIsBoundedAndLosesNothingButResolution(t *testing.T) {
	for _, limit := range []int{0, 2, 7, 64} {
		for _, n := range []int{0, 1, 2, 3, 8, 9, 63, 64, 65, 1000, 4097} {
			r := NewRand(uint64(n), "series")
			s := NewSeries(limit)
			var times []Time
			var values []float64
			now := Time(0)
			for range n {
				now += Time(r.Intn(100))
				v := math.Round(1000 * normal(&r)) // integers: sums are exact in any order
				s.Add(now, v)
				times, values = append(times, now), append(values, v)
			}
			points := s.Points()
			if bound := max(limit+limit%2, 2); len(points) > bound || (n >= bound && len(points) <= bound/2-1) {
				t.Fatalf("limit %d, %d samples: %d points", limit, n, len(points))
			}
			at := 0
			for i, p := range points {
				if i < len(points)-1 && p.N != points[0].N {
					t.Fatalf("limit %d, %d samples: point %d has %d samples, the first %d", limit, n, i, p.N, points[0].N)
				}
				want := Point{From: times[at], Min: math.Inf(1), Max: math.Inf(-1)}
				for range p.N {
					want.To, want.N, want.Sum = times[at], want.N+1, want.Sum+values[at]
					want.Min, want.Max = min(want.Min, values[at]), max(want.Max, values[at])
					at++
				}
				if p != want || p.Mean() != want.Sum/float64(want.N) {
					t.Fatalf("limit %d, %d samples: point %d is %+v, want %+v", limit, n, i, p, want)
				}
			}
			if at != n {
				t.Fatalf("limit %d: %d of %d samples", limit, at, n)
			}
		}
	}
}

func TestTheZeroSeriesKeepsNothing(t *testing.T) {
	var s Series
	s.Add(1, 1)
	if len(s.Points()) != 0 {
		t.Error("the zero series kept a sample")
	}
}

func BenchmarkSeriesAdd(b *testing.B) {
	s := NewSeries(1024)
	b.ReportAllocs()
	for i := range b.N {
		s.Add(Time(i), float64(i))
	}
}
