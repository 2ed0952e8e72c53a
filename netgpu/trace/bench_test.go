package trace

import (
	"bytes"
	"context"
	"io"
	"testing"
)

// BenchmarkCheck reports how fast a trace is checked on one core: exact, free, and
// free with a gap every thousand events.
func BenchmarkCheck(b *testing.B) {
	in := machineTrace(b, 1, 400000)
	var gaps bytes.Buffer
	for i, line := range bytes.SplitAfter(in, []byte("\n")) {
		if i > 0 && i%1000 == 0 {
			gaps.WriteString("{\"t\":1,\"op\":\"gap\"}\n")
		}
		gaps.Write(line)
	}
	for _, bench := range []struct {
		name, variant string
		in            []byte
	}{{"rfc-v2", "", in}, {"any", AnyVariant, in}, {"gaps", "", gaps.Bytes()}} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.in)))
			b.ReportAllocs()
			var events int64
			for range b.N {
				r, err := Check(context.Background(), bytes.NewReader(bench.in), Options{Variant: bench.variant})
				if err != nil || !r.OK() {
					b.Fatal(told(&r, err))
				}
				events += r.Events
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}

// BenchmarkScan is the reader alone.
func BenchmarkScan(b *testing.B) {
	in := machineTrace(b, 1, 100000)
	b.SetBytes(int64(len(in)))
	var events int64
	for range b.N {
		l, err := newLines(bytes.NewReader(in))
		if err != nil {
			b.Fatal(err)
		}
		var r record
		_, _ = l.next() // the header
		for line, err := l.next(); err == nil; line, err = l.next() {
			if err := r.scan(line); err != nil {
				b.Fatal(err)
			}
			events++
		}
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// BenchmarkWriter is what an event costs its producer.
func BenchmarkWriter(b *testing.B) {
	w, err := NewWriter(io.Discard, Header{Variant: "rfc-v2", Actors: []string{"app"}, Contexts: 1})
	if err != nil {
		b.Fatal(err)
	}
	e := Event{Op: Take, Ring: "rx/0", Addr: 1 << 47, Len: 4096}
	b.ReportAllocs()
	for i := range b.N {
		e.Time = int64(i)
		e.Index = uint32(i)
		w.Event(&e)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
