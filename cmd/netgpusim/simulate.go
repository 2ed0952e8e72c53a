package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"netgpusim/predict"
	"netgpusim/reports"
)

// simulate runs the jobs, some at the same time, and returns the results in the
// order of the jobs.
func (c *console) simulate(ctx context.Context, f *runFlags, jobs []*job) ([]reports.Result, error) {
	bar := c.progress(f, jobs)
	defer bar.stop()
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
				o.Progress = func(p predict.Progress) { bar.set(i, p.Done) }
				results[i], errs[i] = predict.Run(ctx, jobs[i].scenario, o)
				if errs[i] != nil {
					cancel()
				}
				bar.set(i, 1)
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

// bar shows progress with the time left on a terminal; elsewhere it does nothing.
type bar struct {
	mutex sync.Mutex
	shown *progressbar.ProgressBar // nil: not on a terminal, or quiet
	done  []float64                // by job
}

// barScale is how many steps of the bar a job has.
const barScale = 1000

func (c *console) progress(f *runFlags, jobs []*job) *bar {
	b := &bar{done: make([]float64, len(jobs))}
	if f.quiet || !c.errTTY {
		return b
	}
	what := jobs[0].scenario.Name
	if len(jobs) > 1 {
		what = fmt.Sprintf("%d scenarios", len(jobs))
	}
	b.shown = progressbar.NewOptions(barScale*len(jobs),
		progressbar.OptionSetWriter(c.err),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionClearOnFinish())
	return b
}

// set notes how much of a job is done, 0 to 1.
func (b *bar) set(i int, done float64) {
	if b.shown == nil {
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.done[i] = done
	sum := 0.0
	for _, d := range b.done {
		sum += d
	}
	_ = b.shown.Set(int(sum * barScale)) // a bar that cannot be drawn is no reason to stop
}

// stop takes the bar off the terminal.
func (b *bar) stop() {
	if b.shown != nil {
		_ = b.shown.Clear() // likewise
	}
}
