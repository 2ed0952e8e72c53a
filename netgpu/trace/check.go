package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"netgpusim/netgpu"
)

// Options choose how a trace is checked. The zero value holds it against the variant
// that its header names and stops at the first divergence.
type Options struct {
	// Variant replaces the header's: rfc-v2, rfc-v1 or any.
	Variant string
	// All goes on after a divergence, up to Max of them (0: DefaultMax). A broken
	// invariant of one cause is reported once. After a divergence that leaves the
	// model without knowledge of what is true, the checker goes on as after a gap.
	All bool
	Max int
	// MaxPages bounds the pages that a trace may register at a time and with them the
	// memory that a check takes (about 32 bytes each). 0: DefaultMaxPages.
	MaxPages int64
	// Progress, if not nil, is called now and then with the lines and bytes checked.
	Progress func(lines, bytes int64)
}

// Defaults of Options.
const (
	DefaultMax      = 100
	DefaultMaxPages = 1 << 22 // 16 GiB
)

// Report is what Check found.
type Report struct {
	Header  Header
	Variant string // that the trace was held against; if not Exact, only to the invariants
	Exact   bool   // the model's own choices were asked for to the end
	Lines   int64  // with the header
	Events  int64  // without gaps
	Bytes   int64  // after decompression
	Gaps    int64
	Lost    int64 // events that gaps say are lost; 0 if no gap says so
	// Unverifiable counts the events that could not be held against anything: what
	// they say of a page or a ring was taken for true after a gap.
	Unverifiable int64
	Divergences  []Divergence
	Coverage     map[string]int64 // events by operation; those that did not occur are there with 0
}

// OK says whether the trace follows the model.
func (r *Report) OK() bool { return len(r.Divergences) == 0 }

// errStop ends a check at its last divergence.
var errStop = errors.New("enough divergences")

// Check reads a trace and holds it against the model. The error is a *FormatError if
// the trace is damaged, ctx's if that ended, or the reader's; the report says how far
// it came. Divergences are no error.
func Check(ctx context.Context, r io.Reader, o Options) (Report, error) {
	c := &checker{options: o}
	if o.Max <= 0 {
		c.options.Max = DefaultMax
	}
	if !o.All {
		c.options.Max = 1
	}
	if o.MaxPages <= 0 {
		c.options.MaxPages = DefaultMaxPages
	}
	err := c.check(ctx, r)
	c.report.Coverage = map[string]int64{}
	for op, n := range c.coverage {
		c.report.Coverage[Op(op).String()] = n
	}
	return c.report, err
}

// checker is one check: the lines, the model, and what of it is known.
type checker struct {
	options  Options
	report   Report
	coverage [opCount]int64
	in       *lines
	ev       record // the line being checked
	last     *ring  // of the line before

	*model
	has   [actorCount]bool
	exact bool // the model's choices are asked for
	lossy bool // there was a gap
	dirty bool // there was an event since the last gap

	seen []netgpu.Cause // violations reported
}

// progressLines is how often a check comes up for air.
const progressLines = 1 << 14

func (c *checker) check(ctx context.Context, r io.Reader) error {
	var err error
	if c.in, err = newLines(r); err != nil {
		return err
	}
	if err := c.begin(); err != nil {
		c.count()
		return err
	}
	for breath := int64(0); ; {
		if c.in.count >= breath {
			breath = c.in.count + progressLines
			if err := ctx.Err(); err != nil {
				c.count()
				return err
			}
			if c.options.Progress != nil {
				c.options.Progress(c.in.count, c.in.bytes)
			}
		}
		line, err := c.in.next()
		if err == nil {
			err = c.line(line)
		}
		if err != nil {
			c.count()
			if err == io.EOF || err == errStop {
				return nil
			}
			return err
		}
	}
}

// count brings the report's counts up to date.
func (c *checker) count() {
	c.report.Lines, c.report.Bytes, c.report.Exact = c.in.count, c.in.bytes, c.exact
}

// begin reads the header and sets the model up.
func (c *checker) begin() error {
	line, err := c.in.next()
	if err == io.EOF {
		return &FormatError{1, errors.New("empty; expected the header of a " + Format)}
	}
	if err != nil {
		return err
	}
	h, err := parseHeader(line)
	if err != nil {
		return &FormatError{c.in.count, err}
	}
	c.report.Header = *h
	name := h.Variant
	if c.options.Variant != "" {
		name = c.options.Variant
	}
	variant, exact, err := variantOf(name)
	if err != nil {
		return &FormatError{c.in.count, err}
	}
	c.report.Variant = name
	for a := range actorCount {
		c.has[a] = h.has(a)
	}
	c.exact = exact && c.has[Kernel]
	if c.model, err = newModel(h, variant, c.options.MaxPages); err != nil {
		return &FormatError{c.in.count, fmt.Errorf("header: %w", err)}
	}
	return nil
}

// variantOf returns the variant that plays the model of a trace of variant name, and
// whether its choices are to be the model's. For an implementation that is neither of
// the RFC's, rfc-v2 is the stricter model: its ledger reports what a repaired one would
// pass over in silence.
func variantOf(name string) (v netgpu.Variant, exact bool, err error) {
	v, known := netgpu.VariantByName(name)
	switch {
	case v.Name == netgpu.RFCv1().Name || v.Name == netgpu.RFCv2().Name:
		return v, true, nil
	case known || name == AnyVariant:
		return netgpu.RFCv2(), false, nil
	}
	return v, false, fmt.Errorf("variant %q: allowed are rfc-v2, rfc-v1, any", name)
}

// line checks one event.
func (c *checker) line(line []byte) error {
	if err := c.ev.scan(line); err != nil {
		return c.wrong(err)
	}
	ev := &c.ev
	if ev.Op == Gap {
		c.coverage[Gap]++
		return c.gap()
	}
	r, err := c.target()
	if err != nil {
		return c.wrong(err)
	}
	c.coverage[ev.Op]++
	c.report.Events++
	c.dirty = true
	c.module.Stamp = ev.Time
	before := len(c.report.Divergences)
	if err := c.apply(r); err != nil {
		return err
	}
	if err := c.violations(); err != nil {
		return err
	}
	if len(c.report.Divergences) > before && c.astray {
		c.astray = false
		return c.forget()
	}
	return nil
}

// wrong is an event that cannot be one of this trace.
func (c *checker) wrong(err error) error { return &FormatError{c.in.count, err} }

// target finds the ring of an event and sees that the event fits it and its actor. nil
// if the operation has none, or opens it.
func (c *checker) target() (*ring, error) {
	ev := &c.ev
	o := &ops[ev.Op]
	if !c.has[ev.Actor] {
		return nil, fmt.Errorf("actor %v is not among the actors of the header", ev.Actor)
	}
	kind := NoRing
	var r *ring
	if o.needs&keyRing != 0 && ev.Op != Open {
		if r = c.last; r == nil || !bytes.Equal(r.nameBytes, ev.ring) {
			if r = c.rings[string(ev.ring)]; r == nil {
				return nil, fmt.Errorf("ring %q: neither the header nor an open has it", ev.ring)
			}
			c.last = r
		}
		if kind = r.kind; !o.on[kind] {
			return nil, fmt.Errorf("%s on ring %q, which is of kind %v", o.name, ev.ring, kind)
		}
	}
	if want := ev.Op.actorOn(kind); ev.Actor != want {
		return nil, fmt.Errorf("%s by %v: its actor is %v", o.name, ev.Actor, want)
	}
	return r, nil
}

// apply gives the event to the model.
func (c *checker) apply(r *ring) error {
	ev := &c.ev
	if r != nil && !r.open && ev.Op != Close {
		if err := c.reopen(r); err != nil {
			return err
		}
		if !r.open {
			return nil // reported
		}
	}
	switch ev.Op {
	case Produce:
		return c.produce(r)
	case Submit:
		return c.submit(r)
	case Complete:
		return c.complete(r)
	case Refill:
		return c.refill(r)
	case Get:
		return c.get(r)
	case Skip:
		return c.skip(r)
	case CacheGet:
		return c.cacheGet(r)
	case Post, Receive, Put, Queue, Drop:
		return c.pass(r)
	case Deliver:
		return c.deliver(r)
	case Linear:
		r.socket.DeliverLinear(uint32(min(ev.Len, 1<<32-1)))
	case Batch:
		return c.batch(r)
	case Take:
		return c.take(r)
	case Read, Write, CPU:
		c.touch()
	case Attach:
		return c.attach(r)
	case Release:
		return c.release()
	case Open, Close, Region, Revoke:
		return c.object(r)
	case StoreProd:
		r.storeProd(ev.Index)
	case StoreCons:
		r.storeCons(ev.Index)
	case Quiescent:
		c.module.CheckQuiescent()
	}
	return nil
}
