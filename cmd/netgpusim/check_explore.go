package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"netgpusim/check"
	"netgpusim/netgpu"
	"netgpusim/reports"
)

// exploreFlags are the flags of check explore.
type exploreFlags struct {
	outputFlags
	variant   variantFlags
	sets      []string
	barriers  []string
	maxStates int
	maxMemory string
	maxDepth  int
	workers   int
	full      bool
	blind     bool
	livelock  bool
	failFast  bool
	expect    []string
	complete  bool
	save      string
}

func (c *console) checkExplore() *cobra.Command {
	var f exploreFlags
	cmd := &cobra.Command{
		Use:   "explore [CASE...]",
		Short: "Visit every state of bounded configurations",
		Long: `Visit every state that some pages, ring slots and actors can come into, in every
order of their steps, and report each violated invariant with the shortest way to
it. Without names, all cases are explored, and the shared queue under the memory
models (the profile for CI). 'check list' has the cases, docs/models/checker.md says
what a result proves.

A case that was not exhausted proves nothing by what it did not find, so it fails
the check, unless you gave a bound yourself (--max-states, --max-memory,
--max-depth).`,
		Example: `  netgpusim check explore
  netgpusim check explore --variant fixed --junit explore.xml
  netgpusim check explore page-cache jumbo --save found
  netgpusim check explore page-cache --set pages=7 --max-memory 16GiB
  netgpusim check explore delivery --with complete-after-read --expect rx-ring-no-rekick
  netgpusim check explore memory-fill-single --no-barrier "submit: write barrier"`,
		ValidArgsFunction: completeCase(reports.CheckExplore, reports.CheckMemory, reports.CheckWalk),
		RunE: func(cmd *cobra.Command, args []string) error {
			bounded := false
			for _, name := range [...]string{"max-states", "max-memory", "max-depth"} {
				bounded = bounded || cmd.Flags().Changed(name)
			}
			if !cmd.Flags().Changed("require-complete") {
				f.complete = !bounded
			}
			return c.explore(cmd.Context(), &f, args)
		},
	}
	f.outputFlags.add(cmd)
	f.variant.add(cmd, netgpu.RFCv2().Name, "implementation: rfc-v2, rfc-v1 or fixed")
	flags := cmd.Flags()
	flags.StringArrayVar(&f.sets, "set", nil, "change a bound of the cases named, such as pages=7 or reset=false; may be repeated")
	flags.StringArrayVar(&f.barriers, "no-barrier", nil, "leave this barrier out of the memory cases named; may be repeated")
	flags.IntVar(&f.maxStates, "max-states", 0, "states of a case at most (0: no bound)")
	flags.StringVar(&f.maxMemory, "max-memory", "4GiB", "memory for a case at most")
	flags.IntVar(&f.maxDepth, "max-depth", 0, "steps of a way at most (0: no bound)")
	flags.IntVar(&f.workers, "workers", runtime.NumCPU(), "cores to use (results do not depend on it)")
	flags.BoolVar(&f.full, "full", false, "without partial-order reduction")
	flags.BoolVar(&f.blind, "blind", false, "without the model's own diagnosis: only what the structures of a state show")
	flags.BoolVar(&f.livelock, "livelock", false, "look for actors that go round in circles in every case, not only where they may (more memory and time)")
	flags.BoolVar(&f.failFast, "fail-fast", false, "no further case after one with a violation")
	flags.StringSliceVar(&f.expect, "expect", nil, "succeed if exactly these causes are found")
	flags.BoolVar(&f.complete, "require-complete", true, "fail if a case was not exhausted; off by default if you bound the search")
	flags.StringVar(&f.save, "save", "", "write a counterexample file for each violation of an explored case into this folder")
	_ = cmd.RegisterFlagCompletionFunc("expect", completeCause)     // the flag exists
	_ = cmd.RegisterFlagCompletionFunc("no-barrier", completeFence) // likewise
	return cmd
}

func completeCause(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return check.Causes(), cobra.ShellCompDirectiveNoFileComp
}

func completeFence(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	cases, err := check.Select(args, reports.CheckMemory)
	if err != nil || len(cases) == 0 {
		cases = check.Cases()
	}
	return check.Barriers(cases), cobra.ShellCompDirectiveNoFileComp
}

// request turns the flags into what to explore; it refuses all that is wrong before
// the first case runs.
func (f *exploreFlags) request(names []string) (e check.Exploration, err error) {
	if err := f.outputFlags.check(); err != nil {
		return e, err
	}
	e = check.Exploration{Barriers: f.barriers, FailFast: f.failFast, Workers: f.workers, MaxStates: f.maxStates,
		MaxDepth: f.maxDepth, Full: f.full, Blind: f.blind, Livelock: f.livelock, SaveTo: f.save}
	switch {
	case f.workers < 1:
		return e, fmt.Errorf("--workers %d: allowed are 1 and more", f.workers)
	case f.maxStates < 0 || f.maxStates > math.MaxUint32:
		return e, fmt.Errorf("--max-states %d: allowed are 0 to %d", f.maxStates, uint32(math.MaxUint32))
	case f.maxDepth < 0:
		return e, fmt.Errorf("--max-depth %d: allowed are 0 and more", f.maxDepth)
	case len(f.sets) > 0 && len(names) == 0:
		return e, fmt.Errorf("--set %s: name the cases whose bounds are to change", f.sets[0])
	case len(f.barriers) > 0 && len(names) == 0:
		return e, fmt.Errorf("--no-barrier %q: name the memory cases that it is to be left out of", f.barriers[0])
	case f.blind && f.save != "":
		return e, fmt.Errorf("--save: a file is replayed with the model's diagnosis, which --blind leaves out")
	}
	if e.MaxBytes, err = parseBytes(f.maxMemory); err != nil {
		return e, fmt.Errorf("--max-memory %w", err)
	}
	if err := check.CheckCauses(f.expect); err != nil {
		return e, fmt.Errorf("--expect: %w", err)
	}
	if e.Variant, err = f.variant.apply(netgpu.RFCv2()); err != nil {
		return e, err
	}
	e.Cases, err = selected(e.Variant, names, f.sets, f.barriers)
	return e, err
}

// selected are the cases of an exploration with their bounds.
func selected(v netgpu.Variant, names, sets, barriers []string) ([]check.Case, error) {
	cases, err := check.Select(names, reports.CheckExplore, reports.CheckMemory, reports.CheckWalk)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		cases = check.Profile(v, reports.CheckExplore, reports.CheckMemory)
	}
	for i := range cases {
		for _, setting := range sets {
			if err := cases[i].Set(setting); err != nil {
				return nil, fmt.Errorf("--set: %w", err)
			}
		}
		if err := cases[i].Check(v); err != nil {
			return nil, err
		}
	}
	if err := check.CheckBarriers(cases, barriers); err != nil {
		return nil, fmt.Errorf("--no-barrier: %w", err)
	}
	return cases, nil
}

func (c *console) explore(ctx context.Context, f *exploreFlags, names []string) error {
	e, err := f.request(names)
	if err != nil {
		return err
	}
	line := c.statusLine(f.quiet)
	e.Progress = line.progress()
	r, err := check.Explore(ctx, e)
	line.stop()
	if err != nil {
		return internal(err)
	}
	check.Judge(&r, check.Verdict{Expect: f.expect, Complete: f.complete})
	return c.finish(&f.outputFlags, r)
}

// parseBytes reads an amount of memory: "512MiB", "4GiB".
func parseBytes(text string) (int64, error) {
	for _, u := range [...]struct {
		name string
		size float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}} {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		if n, err := strconv.ParseFloat(number, 64); err == nil && n*u.size >= 1 && n*u.size < 1<<62 {
			return int64(n * u.size), nil
		}
	}
	return 0, fmt.Errorf("%q is not an amount of memory such as 512MiB or 4GiB", text)
}
