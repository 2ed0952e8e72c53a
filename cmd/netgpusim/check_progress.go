package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"netgpusim/check"
)

// statusLine is one line at the bottom of a terminal that says what is going on; where
// there is no terminal it does nothing. It is not the bar of a run: a search does not
// know how far it has to go, so a share that is done would be made up.
type statusLine struct {
	out   io.Writer // nil: nowhere
	width int
	mutex sync.Mutex
	next  time.Time // not before
	drawn bool
}

func (c *console) statusLine(quiet bool) *statusLine {
	if quiet || !c.errTTY {
		return &statusLine{}
	}
	width := c.width
	if width == 0 {
		width = 80
	}
	return &statusLine{out: c.err, width: width}
}

// progress is what a check tells its progress to; nil if nobody looks.
func (s *statusLine) progress() func(check.Progress) {
	if s.out == nil {
		return nil
	}
	return s.set
}

// statusEvery is the time between two updates: often enough to see that it lives.
const statusEvery = 100 * time.Millisecond

func (s *statusLine) set(p check.Progress) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := time.Now()
	if now.Before(s.next) && p.States > 0 {
		return
	}
	s.next = now.Add(statusEvery)
	s.drawn = true
	text := []rune(progressText(p))
	fmt.Fprintf(s.out, "\r\x1b[K%s", string(text[:min(len(text), s.width-1)]))
}

// stop takes the line off the terminal.
func (s *statusLine) stop() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.drawn {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.drawn = false
	}
}

// progressText is "page-cache (3 of 30)  1.2 M, 812 k/s, depth 103, about 12 s left".
func progressText(p check.Progress) string {
	var parts []string
	if p.States > 0 {
		parts = append(parts, fmt.Sprintf("%s, %s/s", short(float64(p.States)), short(p.PerSecond)))
	}
	if p.Depth > 0 {
		parts = append(parts, fmt.Sprintf("depth %d", p.Depth))
	}
	if p.Left >= 0 {
		parts = append(parts, "about "+p.Left.Round(time.Second).String()+" left")
	}
	return fmt.Sprintf("%s (%d of %d)  %s", p.Case, p.Index, p.Of, strings.Join(parts, ", "))
}

// short writes a count to two or three digits: "812 k".
func short(n float64) string {
	for _, s := range [...]struct {
		size float64
		unit string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if n >= s.size {
			return fmt.Sprintf("%.3g%s", n/s.size, s.unit)
		}
	}
	return fmt.Sprintf("%.0f", n)
}
