package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"netgpusim/predict"
	"netgpusim/reports"
)

// simulate runs the jobs, some at the same time, and returns the results in the
// order of the jobs.
func (c *console) simulate(ctx context.Context, f *runFlags, jobs []*job) ([]reports.Result, error) {
	bars := c.progress(f, jobs)
	defer bars.stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	// Scenarios run side by side first; what is left of the allowance goes to the
	// band points of each.
	side := min(f.jobs, len(jobs))
	results := make([]*reports.Result, len(jobs))
	errs := make([]error, len(jobs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range side {
		wg.Go(func() {
			for i := range next {
				o := jobs[i].options
				o.Workers = max(f.jobs/side, 1)
				o.Progress = func(p predict.Progress) { bars.set(i, p.Done) }
				results[i], errs[i] = guarded(func() (*reports.Result, error) {
					return predict.Run(ctx, jobs[i].scenario, o)
				})
				if errs[i] != nil {
					cancel()
				}
				bars.set(i, 1)
			}
		})
	}
	for i := range jobs {
		next <- i
	}
	close(next)
	wg.Wait()

	if err := firstError(errs); err != nil {
		return nil, err
	}
	all := make([]reports.Result, len(results))
	for i, r := range results {
		all[i] = *r
	}
	return all, nil
}

// guarded turns a panic of a worker into an error: a panic in a goroutine would
// end the program without the message that main prints.
func guarded(run func() (*reports.Result, error)) (r *reports.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = internalError{fmt.Errorf("%v", p)}
		}
	}()
	return run()
}

// firstError prefers the error that made the others give up.
func firstError(errs []error) error {
	var interrupted error
	for _, err := range errs {
		if err == predict.ErrInterrupted {
			interrupted = err
		} else if err != nil {
			return err
		}
	}
	return interrupted
}

// bars show progress with the time left, one line per scenario, on a terminal.
type bars struct {
	writer   progress.Writer
	trackers []*progress.Tracker
	done     chan struct{}
}

// barScale is how many steps a bar counts.
const barScale = 1000

func (c *console) progress(f *runFlags, jobs []*job) *bars {
	if f.quiet || !c.errTTY {
		return &bars{}
	}
	b := &bars{writer: progress.NewWriter(), done: make(chan struct{})}
	b.writer.SetOutputWriter(c.err)
	b.writer.SetAutoStop(false)
	b.writer.SetUpdateFrequency(100 * time.Millisecond)
	b.writer.SetTrackerLength(30)
	b.writer.SetStyle(progress.StyleBlocks)
	b.writer.Style().Visibility.Value = false
	b.writer.Style().Visibility.ETA = true
	for _, j := range jobs {
		t := &progress.Tracker{Message: j.scenario.Name, Total: barScale, RemoveOnCompletion: true}
		b.trackers = append(b.trackers, t)
		b.writer.AppendTracker(t)
	}
	go func() {
		b.writer.Render()
		close(b.done)
	}()
	return b
}

func (b *bars) set(i int, done float64) {
	if b.writer == nil {
		return
	}
	if done >= 1 {
		b.trackers[i].MarkAsDone()
		return
	}
	b.trackers[i].SetValue(int64(done * barScale))
}

func (b *bars) stop() {
	if b.writer == nil {
		return
	}
	b.writer.Stop()
	<-b.done
}
