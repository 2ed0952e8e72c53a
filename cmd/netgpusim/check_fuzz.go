package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"netgpusim/check"
	"netgpusim/netgpu"
	"netgpusim/reports"
)

// fuzzFlags are the flags of check fuzz.
type fuzzFlags struct {
	outputFlags
	variant variantFlags
	sets    []string
	seed    uint64
	walks   int
	steps   int
	workers int
	expect  []string
	save    string
}

func (c *console) checkFuzz() *cobra.Command {
	var f fuzzFlags
	cmd := &cobra.Command{
		Use:   "fuzz [WALK...]",
		Short: "Walk at random through configurations too large to explore",
		Long: `Walk at random through configurations with a hundred pages and full-size rings:
allocations fail, applications stall, write bogus and duplicate addresses and
indices, connections are reset, memory is revoked in mid-flight. What is found is
shrunk to a way from which no step can be left out.

The outcome depends on the seed, the number of walks and their length alone: there
is no limit by time, so a result can be had again on any machine.`,
		Example: `  netgpusim check fuzz --variant fixed
  netgpusim check fuzz --variant fixed --seed 7 --walks 1000 --steps 100000
  netgpusim check fuzz walk-hostile --save found`,
		ValidArgsFunction: completeCase(reports.CheckWalk, reports.CheckExplore),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.fuzz(cmd.Context(), &f, args)
		},
	}
	f.outputFlags.add(cmd)
	f.variant.add(cmd, netgpu.RFCv2().Name, "implementation: rfc-v2, rfc-v1 or fixed")
	flags := cmd.Flags()
	flags.StringArrayVar(&f.sets, "set", nil, "change a bound of the walks named, such as pages=50; may be repeated")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of all walks")
	flags.IntVar(&f.walks, "walks", 20, "walks through each configuration")
	flags.IntVar(&f.steps, "steps", 10_000, "steps of a walk at most")
	flags.IntVar(&f.workers, "workers", runtime.NumCPU(), "walks at the same time (results do not depend on it)")
	flags.StringSliceVar(&f.expect, "expect", nil, "succeed if exactly these causes are found")
	flags.StringVar(&f.save, "save", "", "write a counterexample file for each violation into this folder")
	_ = cmd.RegisterFlagCompletionFunc("expect", completeCause) // the flag exists
	return cmd
}

// most bounds numbers whose product has to fit an int, with room.
const mostWalks, mostSteps = 10_000_000, 100_000_000

func (f *fuzzFlags) request(names []string) (z check.Fuzzing, err error) {
	if err := f.outputFlags.check(); err != nil {
		return z, err
	}
	z = check.Fuzzing{Seed: f.seed, Walks: f.walks, Steps: f.steps, Workers: f.workers, SaveTo: f.save}
	switch {
	case f.walks < 1 || f.walks > mostWalks:
		return z, fmt.Errorf("--walks %d: allowed are 1 to %d", f.walks, mostWalks)
	case f.steps < 1 || f.steps > mostSteps:
		return z, fmt.Errorf("--steps %d: allowed are 1 to %d", f.steps, mostSteps)
	case f.workers < 1:
		return z, fmt.Errorf("--workers %d: allowed are 1 and more", f.workers)
	case len(f.sets) > 0 && len(names) == 0:
		return z, fmt.Errorf("--set %s: name the walks whose bounds are to change", f.sets[0])
	}
	if err := check.CheckCauses(f.expect); err != nil {
		return z, fmt.Errorf("--expect: %w", err)
	}
	if z.Variant, err = f.variant.apply(netgpu.RFCv2()); err != nil {
		return z, err
	}
	if z.Cases, err = check.Select(names, reports.CheckWalk, reports.CheckExplore); err != nil {
		return z, err
	}
	if len(names) == 0 {
		z.Cases = check.Profile(z.Variant, reports.CheckWalk)
	}
	for i := range z.Cases {
		for _, setting := range f.sets {
			if err := z.Cases[i].Set(setting); err != nil {
				return z, fmt.Errorf("--set: %w", err)
			}
		}
		if err := z.Cases[i].Check(z.Variant); err != nil {
			return z, err
		}
	}
	return z, nil
}

func (c *console) fuzz(ctx context.Context, f *fuzzFlags, names []string) error {
	z, err := f.request(names)
	if err != nil {
		return err
	}
	line := c.statusLine(f.quiet)
	z.Progress = line.progress()
	r, err := check.Fuzz(ctx, z)
	line.stop()
	if err != nil {
		return internal(err)
	}
	check.Judge(&r, check.Verdict{Expect: f.expect, Complete: true})
	return c.finish(&f.outputFlags, r)
}
