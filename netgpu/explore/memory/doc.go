// Package memory explores the shared queue of patch 5 at the level of single
// loads, stores and barriers: every order in which a memory model lets them take
// effect. It shows which barriers of the queue are needed on which machine, and
// that together they are enough.
//
// A Program is a producer and a consumer (Programs lists them), a Model the machine
// that they run on. Check explores one of them, with barriers taken out if wished:
//
//	report, err := memory.Check(ctx, program, memory.Weak, memory.Without("submit: write barrier"), search.Options{})
//
// and report.Violation is a shortest way to a broken invariant, nil if there is
// none. Survey takes out each barrier of a program in turn.
//
// docs/models/memory-model.md defines the models and says what the surveys found.
package memory
