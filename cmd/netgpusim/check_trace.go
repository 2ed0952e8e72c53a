package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgpusim/check"
	"netgpusim/netgpu/trace"
	"netgpusim/reports"
)

// traceFlags are the flags of check trace.
type traceFlags struct {
	outputFlags
	variant string
	all     bool
}

// traceVariants are what a trace can be held against.
var traceVariants = []string{"rfc-v2", "rfc-v1", trace.AnyVariant}

func (c *console) checkTrace() *cobra.Command {
	var f traceFlags
	cmd := &cobra.Command{
		Use:   "trace FILE...",
		Short: "Hold recorded traces against the model",
		Long: `Read traces of what a kernel module, its NIC and its application did (NDJSON,
compressed by gzip or not; docs/trace.md describes the format) and hold them against
the reference model. The first line at which the two part is reported with what was
expected and what was found. "-" is standard input.

A trace of rfc-v2 or rfc-v1 has to make that implementation's choices; one of any
other (any) has to keep the invariants.`,
		Example: `  netgpusim run smoke --protocol-trace smoke.ndjson && netgpusim check trace smoke.ndjson
  netgpusim check trace --variant any mydriver.ndjson.gz
  mytracer | netgpusim check trace -`,
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.traces(cmd.Context(), &f, args)
		},
	}
	f.outputFlags.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.variant, "variant", "", "hold the traces against rfc-v2, rfc-v1 or any instead of what they say themselves")
	flags.BoolVar(&f.all, "all", false, fmt.Sprintf("go on after the first divergence, up to %d of them", trace.DefaultMax))
	_ = cmd.RegisterFlagCompletionFunc("variant", cobra.FixedCompletions(traceVariants, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return cmd
}

func (f *traceFlags) check(files []string) error {
	stdins := 0
	for _, name := range files {
		if name == "-" {
			stdins++
		}
	}
	switch {
	case len(files) == 0:
		return fmt.Errorf("give at least one trace: a file, or - for standard input")
	case stdins > 1:
		return fmt.Errorf("-: standard input can be read once (%d times given)", stdins)
	case f.variant != "" && !slices.Contains(traceVariants, f.variant):
		return fmt.Errorf("--variant %q: allowed are %s", f.variant, strings.Join(traceVariants, ", "))
	}
	return f.outputFlags.check()
}

func (c *console) traces(ctx context.Context, f *traceFlags, files []string) error {
	if err := f.check(files); err != nil {
		return err
	}
	line := c.statusLine(f.quiet)
	r := reports.Check{Command: "trace"}
	t := check.Tracing{Variant: f.variant, All: f.all, Progress: line.progress()}
	var wrong []string
	for i, name := range files {
		if r.Interrupted {
			r.NotRun = files[i:]
			break
		}
		if err := c.trace(ctx, t, &r, name); err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	line.stop()
	check.Judge(&r, check.Verdict{Complete: true})
	err := c.finish(&f.outputFlags, r)
	if len(wrong) > 0 {
		return fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return err
}

// trace checks one file.
func (c *console) trace(ctx context.Context, t check.Tracing, r *reports.Check, name string) error {
	in := check.Trace{Name: name}
	if name == "-" {
		in.Name, in.Reader = "stdin", c.in
		return t.Check(ctx, r, in)
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // read only
	if info, err := file.Stat(); err == nil {
		in.Bytes = info.Size()
	}
	in.Reader = io.Reader(file)
	return t.Check(ctx, r, in)
}
