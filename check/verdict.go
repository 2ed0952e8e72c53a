package check

import (
	"fmt"
	"slices"
	"strings"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore"
	"netgpusim/reports"
)

// Verdict says what a result has to be to pass.
type Verdict struct {
	// Expect are the causes that have to be found, no more and no fewer; none if it
	// is empty.
	Expect []string
	// Complete fails a case that was not seen in full.
	Complete bool
}

// Judge puts the verdict into a result. What was interrupted never passes.
func Judge(r *reports.Check, v Verdict) {
	r.CompleteRequired = v.Complete
	r.Expected, r.Missing, r.Unexpected = v.Expect, nil, nil
	found := r.Causes()
	for _, cause := range v.Expect {
		if !slices.Contains(found, cause) {
			r.Missing = append(r.Missing, cause)
		}
	}
	if len(v.Expect) > 0 {
		for _, cause := range found {
			if !slices.Contains(v.Expect, cause) {
				r.Unexpected = append(r.Unexpected, cause)
			}
		}
	}
	r.OK = !r.Interrupted && len(r.Missing)+len(r.Unexpected) == 0 && (len(v.Expect) > 0 || len(found) == 0)
	for i := range r.Cases {
		k := &r.Cases[i]
		r.OK = r.OK && (k.Complete || k.Skipped != "" || !v.Complete)
	}
}

// Causes lists every cause that a check can find, for options that name some.
func Causes() []string {
	var list []string
	add := func(name string) {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	for c := netgpu.Cause(0); c.String() != "?"; c++ {
		add(c.String())
	}
	for s := explore.Sign(0); s <= explore.DMAIntoFreed; s++ {
		add(s.String())
	}
	var words []string
	for name := range memoryCauses {
		words = append(words, name)
	}
	slices.Sort(words)
	for _, name := range words {
		add(name)
	}
	return list
}

// CheckCauses refuses names that are no causes.
func CheckCauses(names []string) error {
	all := Causes()
	for _, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("there is no cause %q; the nearest are %s", name, strings.Join(nearest(name, all), ", "))
		}
	}
	return nil
}
