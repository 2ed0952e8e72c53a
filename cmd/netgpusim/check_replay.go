package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"netgpusim/check"
	"netgpusim/netgpu/explore"
	"netgpusim/predict"
	"netgpusim/reports"
)

// replayFlags are the flags of check replay.
type replayFlags struct {
	outputFlags
	variant variantFlags
	nothing bool
	rewrite bool
}

func (c *console) checkReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Take counterexamples again, here or on another implementation",
		Long: `Take the ways in counterexample files again, step by step. The exit status is 0 if
each file does what it says: it leads where it led, and every effect in it is what
happens; 1 if not, and then it says what differs.

With --variant, --with or --without the way is taken on another implementation. A
repaired one may not have every step of it; there the way ends. --expect-nothing
succeeds if nothing is violated on the way. --rewrite prints the file as a test for
that implementation: that nothing is violated, and with the effects that the steps
have there.`,
		Example: `  netgpusim check explore delivery --save found
  netgpusim check replay found/delivery-rx-ring-no-rekick.txt
  netgpusim check replay found/*.txt --variant fixed --expect-nothing
  netgpusim check replay found/delivery-rx-ring-no-rekick.txt --with rx-rekick --rewrite > test.txt`,
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.replay(cmd.Context(), &f, args)
		},
	}
	f.outputFlags.add(cmd)
	f.variant.add(cmd, "", "take the way on this implementation: rfc-v2, rfc-v1 or fixed (default: the file's)")
	flags := cmd.Flags()
	flags.BoolVar(&f.nothing, "expect-nothing", false, "succeed if nothing is violated, whatever the file says")
	flags.BoolVar(&f.rewrite, "rewrite", false, "print the file as a test that nothing is violated")
	return cmd
}

func (f *replayFlags) check(files []string) error {
	switch {
	case len(files) == 0:
		return fmt.Errorf("give at least one counterexample file ('check explore --save' writes them)")
	case f.rewrite && len(files) > 1:
		return fmt.Errorf("--rewrite goes with one file (%d given)", len(files))
	case f.rewrite && (f.nothing || f.format != "text" || f.junit != ""):
		return fmt.Errorf("--rewrite prints a counterexample file: it goes with none of --expect-nothing, --format, --junit")
	}
	return f.outputFlags.check()
}

// maxCounterexample bounds what is read of a file, in bytes: a way of a million steps.
const maxCounterexample = 256 << 20

func (c *console) replay(ctx context.Context, f *replayFlags, files []string) error {
	if err := f.check(files); err != nil {
		return err
	}
	p := check.Replaying{ExpectNothing: f.nothing}
	if f.variant.given() {
		p.Change = f.variant.apply
	}
	r := reports.Check{Command: "replay"}
	for i, name := range files {
		x, err := readCounterexample(name)
		if err != nil {
			return err
		}
		if f.rewrite {
			return c.rewrite(ctx, f, p, name, x)
		}
		if err := p.Check(ctx, &r, name, x); errors.Is(err, context.Canceled) {
			r.Interrupted, r.NotRun = true, files[i:]
			break
		} else if err != nil {
			return err
		}
	}
	return c.finish(&f.outputFlags, r)
}

func readCounterexample(name string) (explore.Counterexample, error) {
	info, err := os.Stat(name)
	if err != nil {
		return explore.Counterexample{}, err
	}
	if info.Size() > maxCounterexample {
		return explore.Counterexample{}, fmt.Errorf("%s: %d bytes; a counterexample has at most %d", name, info.Size(), maxCounterexample)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return explore.Counterexample{}, err
	}
	return explore.ReadCounterexample(bytes.NewReader(data), name)
}

// rewrite prints a file as a test for the implementation that was chosen.
func (c *console) rewrite(ctx context.Context, f *replayFlags, p check.Replaying, name string, x explore.Counterexample) error {
	x, err := p.Rewrite(ctx, name, x)
	if errors.Is(err, context.Canceled) {
		return predict.ErrInterrupted
	}
	var still *check.StillViolated
	if errors.As(err, &still) {
		fmt.Fprintf(c.err, "netgpusim: %v\n", err)
		return errExpectation
	}
	if err != nil {
		return err
	}
	if f.output != "" {
		return writeFile(f.output, x.Write)
	}
	return x.Write(c.out)
}
