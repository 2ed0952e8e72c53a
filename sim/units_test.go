package sim

import (
	"math"
	"math/big"
	"testing"
)

func TestTimePrintsExactly(t *testing.T) {
	for in, want := range map[Time]string{
		0:                       "0s",
		1:                       "1ps",
		-5:                      "-5ps",
		999:                     "999ps",
		Nanosecond:              "1ns",
		12*Nanosecond + 345:     "12.345ns",
		8 * Microsecond:         "8µs",
		-1500 * Microsecond:     "-1.5ms",
		Millisecond + 1:         "1.000000001ms",
		90 * Second:             "90s",
		Second + 20*Millisecond: "1.02s",
		Never:                   "never",
		Never - 1:               "9223372.036854775806s",
		math.MinInt64:           "-9223372.036854775808s",
		100*Microsecond + 1:     "100.000001µs",
		999*Nanosecond + 999:    "999.999ns",
		Second - 1:              "999.999999999ms",
		10 * Nanosecond:         "10ns",
		3600 * Second:           "3600s",
		-Nanosecond - 10:        "-1.01ns",
	} {
		if got := in.String(); got != want {
			t.Errorf("%d ps: got %q, want %q", int64(in), got, want)
		}
	}
}

func TestUnitsConvert(t *testing.T) {
	at := 1500 * Microsecond
	if at.Seconds() != 0.0015 || at.Microseconds() != 1500 || at.Nanoseconds() != 1.5e6 {
		t.Errorf("%v is %g s, %g µs, %g ns", at, at.Seconds(), at.Microseconds(), at.Nanoseconds())
	}
	if (25*Gbps).Gbps() != 25 || (500*Mbps).Gbps() != 0.5 || 2*Kbps != 2000 || GiB != 1<<30 {
		t.Error("a unit of Bandwidth or Bytes is wrong")
	}
}

func TestPaceIsTheExactTimeRoundedDown(t *testing.T) {
	r := NewRand(1, "pace")
	rates := []Bandwidth{8, 9, 1000, Mbps, Gbps, 25 * Gbps, 100 * Gbps, 400 * Gbps, 10000 * Gbps, math.MaxInt64}
	sizes := []int64{0, 1, 2, 64, 1460, 1538, 9000, 65536, 1 << 30, 1 << 40}
	for range 2000 {
		rates = append(rates, 1+Bandwidth(r.Uint64()>>(1+r.Intn(60))))
		sizes = append(sizes, int64(r.Uint64()>>(1+r.Intn(62))))
	}
	two24 := big.NewInt(1 << paceShift)
	for i, n := range sizes {
		for _, rate := range []Bandwidth{rates[i%len(rates)], rates[(7*i+3)%len(rates)]} {
			if rate < 8 {
				continue
			}
			// exact = n 8e12 / rate, in ps
			exact := new(big.Int).Mul(big.NewInt(n), big.NewInt(8*int64(Second)))
			exact.Div(exact, big.NewInt(int64(rate)))
			// what a pace with 24 fraction bits makes of it
			want := new(big.Int).Mul(big.NewInt(8*int64(Second)), two24)
			want.Div(want, big.NewInt(int64(rate)))
			want.Mul(want, big.NewInt(n))
			want.Div(want, two24)

			got := rate.Pace().Time(n)
			if !want.IsInt64() {
				if got != Never {
					t.Fatalf("%d bytes at %d bit/s: got %v, want never", n, rate, got)
				}
				continue
			}
			if int64(got) != want.Int64() {
				t.Fatalf("%d bytes at %d bit/s: got %d ps, want %d ps", n, rate, int64(got), want)
			}
			short := new(big.Int).Sub(exact, big.NewInt(int64(got)))
			if short.Sign() < 0 || (short.IsInt64() && short.Int64() > n>>paceShift+1) {
				t.Fatalf("%d bytes at %d bit/s: %d ps short of the exact %v ps", n, rate, short, exact)
			}
		}
	}
}

func TestPaceAtTheEdges(t *testing.T) {
	if got := Bandwidth(0).Pace(); got != 0 || got.Time(1<<40) != 0 {
		t.Errorf("no limit: pace %d", got)
	}
	for rate := Bandwidth(1); rate < 8; rate++ { // slower than the fixed point can say
		if got := rate.Pace().Time(1); got < 1099*Millisecond || got > 1100*Millisecond {
			t.Errorf("a byte at %d bit/s takes %v", rate, got)
		}
	}
	if got := (1 * Gbps).Pace().Time(1); got != 8*Nanosecond {
		t.Errorf("a byte at 1 Gbit/s takes %v", got)
	}
}
