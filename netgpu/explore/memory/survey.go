package memory

import (
	"context"

	"netgpusim/netgpu/explore/search"
)

// Finding is one line of a survey: a program under a model, with one barrier out of
// action or, with Removed "", none.
type Finding struct {
	Program Program
	Model   Model
	Removed string
	Report  Report
}

// Needed says that the program breaks without the barrier. Only if the report is
// complete does false mean that it does not.
func (f Finding) Needed() bool { return f.Removed != "" && f.Report.Violation != nil }

// Survey checks a program under each model, first with all its barriers, then with
// each of them out of action. f is called for each finding, in this order.
func Survey(ctx context.Context, p Program, o search.Options, f func(Finding)) error {
	barriers, err := Barriers(p)
	if err != nil {
		return err
	}
	for _, model := range Models() {
		for i := -1; i < len(barriers); i++ {
			finding, removed := Finding{Program: p, Model: model}, BarrierSet{}
			if i >= 0 {
				finding.Removed = barriers[i].Name
				removed = Without(finding.Removed)
			}
			if finding.Report, err = Check(ctx, p, model, removed, o); err != nil {
				return err
			}
			f(finding)
		}
	}
	return nil
}
