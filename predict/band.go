package predict

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"netgpusim/reports"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// bandTime is the simulated time of one band point.
func bandTime(s *scenarios.Scenario) sim.Time {
	if s.Band.Duration > 0 {
		return s.Band.Warmup + s.Band.Duration
	}
	return s.Run.Warmup + s.Run.Duration
}

// runBand repeats the scenario over its band. Points run side by side; their order
// in the result, and so the result, does not depend on that.
func runBand(ctx context.Context, s *scenarios.Scenario, points [][]string, workers int, say func(float64)) (*reports.Band, error) {
	type outcome struct {
		index int
		point reports.BandPoint
		value float64
		err   error
	}
	jobs := make(chan int)
	results := make(chan outcome)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range min(workers, len(points)) {
		wg.Go(func() {
			for i := range jobs {
				p, v, err := bandPoint(ctx, s, points[i])
				results <- outcome{i, p, v, err}
			}
		})
	}
	go func() {
		for i := range points {
			jobs <- i
		}
		close(jobs)
		wg.Wait()
		close(results)
	}()

	band := &reports.Band{Metric: s.Band.Metric, Points: make([]reports.BandPoint, len(points))}
	values := make([]float64, len(points))
	var firstErr error
	done := 0
	for r := range results {
		band.Points[r.index] = r.point
		values[r.index] = r.value
		if r.err != nil && firstErr == nil {
			firstErr = r.err
			cancel() // the points that are left end at once
		}
		done++
		say(float64(done) / float64(len(points)))
	}
	if firstErr != nil {
		return nil, firstErr
	}
	band.Low, band.High = values[0], values[0]
	for i, v := range values {
		band.Low, band.High = min(band.Low, v), max(band.High, v)
		judge(s, &band.Points[i], v)
	}
	return band, nil
}

// bandPoint runs the scenario with some settings changed.
func bandPoint(ctx context.Context, s *scenarios.Scenario, sets []string) (p reports.BandPoint, value float64, err error) {
	defer recovered(&err)
	p = reports.BandPoint{Set: map[string]string{}}
	for _, set := range sets {
		key, value, _ := strings.Cut(set, "=")
		p.Set[key] = value
	}
	if s.Band.Duration > 0 {
		sets = append(sets[:len(sets):len(sets)],
			fmt.Sprintf("run.warmup=%dns", s.Band.Warmup/sim.Nanosecond),
			fmt.Sprintf("run.duration=%dns", s.Band.Duration/sim.Nanosecond))
	}
	variant, err := s.With(sets...)
	if err != nil {
		return p, 0, fmt.Errorf("scenario %s: band: %w", s.Name, err)
	}
	r, err := outcome(ctx, variant, &Options{}, func(float64) {})
	if err != nil {
		return p, 0, err
	}
	if s.Kind == scenarios.KindTransfer {
		p.GoodputGbps, p.Limit, p.CeilingGbps = r.GoodputGbps, r.Limit.Resource, ceiling(variant)
	} else {
		p.Limit = limitOf(r, s.Band.Metric)
	}
	if len(r.Drops) > 0 {
		var causes []string
		for _, cause := range slices.Sorted(maps.Keys(r.Drops)) {
			causes = append(causes, fmt.Sprintf("%s %d", cause, r.Drops[cause]))
		}
		p.Note = "drops: " + strings.Join(causes, ", ")
	}
	v, err := reports.Metric(r, s.Band.Metric)
	if err != nil {
		return p, 0, fmt.Errorf("scenario %s: band: %w", s.Name, err)
	}
	p.Value, _ = v.(float64)
	return p, p.Value, nil
}

// judge says whether a band point agrees with what was measured.
func judge(s *scenarios.Scenario, p *reports.BandPoint, value float64) {
	for _, m := range s.Measured {
		if m.Metric != s.Band.Metric {
			continue
		}
		if m.Metric == "goodput_gbps" && m.Value > p.CeilingGbps {
			no := false
			p.Consistent = &no
			p.Note = also(p.Note, "cannot reach %.4g: the wire carries at most %.2f Gbit/s of payload", m.Value, p.CeilingGbps)
			return
		}
		if m.Tolerance > 0 {
			e := reports.SymmetricError(value, m.Value)
			ok := e <= m.Tolerance && e >= -m.Tolerance
			p.Consistent = &ok
		}
		return
	}
}

// also adds a remark to a note.
func also(note, format string, args ...any) string {
	remark := fmt.Sprintf(format, args...)
	if note == "" {
		return remark
	}
	return remark + "; " + note
}
