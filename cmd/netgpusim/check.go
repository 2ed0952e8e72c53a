package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgpusim/check"
	"netgpusim/netgpu"
	"netgpusim/predict"
	"netgpusim/reports"
)

func (c *console) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Prove or break the invariants of the protocol",
		Long: `Give the reference model of netgpu every interleaving, or a recorded trace, and look
for broken invariants: pages lost or held twice, ring slots overwritten, data that
is never delivered, buffers that change while TCP sends from them, and so on.

An implementation is a variant: rfc-v2 (the series as it was posted, its faults
included), rfc-v1, or fixed (every fault repaired). Each repair is a switch of its
own: --variant rfc-v2 --with rx-rekick, or --variant fixed --without owner-check.

The exit status is 0 if nothing is violated (or exactly what --expect names), 1 if
something is, 2 for wrong usage or a damaged file, 130 after an interruption.`,
		Example: `  netgpusim check explore                         the RFC's second version, all cases
  netgpusim check explore --variant fixed         the same cases with all faults repaired
  netgpusim check explore page-cache --set pages=7 --save found
  netgpusim check replay found/*.txt              take what was found again
  netgpusim check fuzz --seed 7                   random walks through larger worlds
  netgpusim check trace mydriver.ndjson           what a driver's tracepoints wrote`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.checkList(), c.checkExplore(), c.checkFuzz(), c.checkTrace(), c.checkReplay(), c.checkFindings())
	return cmd
}

// outputFlags are those of every check that has a result.
type outputFlags struct {
	format  string
	output  string
	junit   string
	quiet   bool
	verbose bool
}

var checkFormats = []string{"text", "json"}

func (f *outputFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.format, "format", "f", "text", "output format: "+strings.Join(checkFormats, ", "))
	flags.StringVarP(&f.output, "output", "o", "", "write the result to this file instead of standard output")
	flags.StringVar(&f.junit, "junit", "", "also write the result as JUnit XML to this file, for CI")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress line")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "every violation of every case, coverage, barriers")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(checkFormats, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
}

func (f *outputFlags) check() error {
	if !slices.Contains(checkFormats, f.format) {
		return fmt.Errorf("--format %q: allowed are %s", f.format, strings.Join(checkFormats, ", "))
	}
	return nil
}

// variantFlags choose an implementation.
type variantFlags struct {
	name          string
	with, without []string
}

func (f *variantFlags) add(cmd *cobra.Command, standard, doc string) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "variant", standard, doc)
	flags.StringSliceVar(&f.with, "with", nil, "repair this fault of the variant; may be repeated")
	flags.StringSliceVar(&f.without, "without", nil, "leave this fault in; may be repeated")
	variants := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, v := range netgpu.Variants() {
			names = append(names, v.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	repairs := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, r := range netgpu.Repairs() {
			names = append(names, r.String()+"\t"+r.Reason())
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	for flag, complete := range map[string]cobra.CompletionFunc{"variant": variants, "with": repairs, "without": repairs} {
		_ = cmd.RegisterFlagCompletionFunc(flag, complete) // the flag exists
	}
}

// given says whether anything was chosen.
func (f *variantFlags) given() bool { return f.name != "" || len(f.with)+len(f.without) > 0 }

// apply returns v, or the variant that was named, with the repairs switched.
func (f *variantFlags) apply(v netgpu.Variant) (netgpu.Variant, error) {
	if f.name != "" {
		var err error
		if v, err = netgpu.ParseVariant(f.name); err != nil {
			return v, fmt.Errorf("--variant: %w", err)
		}
	}
	for _, x := range [...]struct {
		flag   string
		names  []string
		has    bool
		change func(netgpu.Variant, netgpu.Repair) netgpu.Variant
	}{{"--with", f.with, false, netgpu.Variant.With}, {"--without", f.without, true, netgpu.Variant.Without}} {
		for _, name := range x.names {
			r, ok := netgpu.RepairByName(name)
			if !ok {
				var all []string
				for _, r := range netgpu.Repairs() {
					all = append(all, r.String())
				}
				return v, fmt.Errorf("%s %q: allowed are %s", x.flag, name, strings.Join(all, ", "))
			}
			if v.Repairs.Has(r) != x.has {
				return v, fmt.Errorf("%s %s: changes nothing, as the variant is %v", x.flag, name, v)
			}
			v = x.change(v, r)
		}
	}
	return v, nil
}

// finish prints a result wherever it is wanted and turns its verdict into an error for
// the exit status.
func (c *console) finish(f *outputFlags, r reports.Check) error {
	r.Version = predict.Version
	if f.junit != "" {
		if err := writeFile(f.junit, func(w io.Writer) error { return reports.JUnit(w, r) }); err != nil {
			return err
		}
	}
	print := func(w io.Writer) error {
		if f.format == "json" {
			return reports.CheckJSON(w, r)
		}
		terminal := c.outTTY && f.output == ""
		return reports.CheckText(w, r, reports.TextOptions{Width: c.width, Color: terminal && c.env("NO_COLOR") == "", Verbose: f.verbose})
	}
	var err error
	if f.output != "" {
		err = writeFile(f.output, print)
	} else {
		err = print(c.out)
	}
	switch {
	case err != nil:
		return err
	case r.Interrupted:
		return predict.ErrInterrupted
	case !r.OK:
		return errExpectation
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	return write(file)
}

// internal marks the errors of package check that no input should be able to cause.
func internal(err error) error {
	var fault *check.InternalError
	if errors.As(err, &fault) {
		return internalError{err}
	}
	return err
}

// completeCase completes names of cases of some kinds.
func completeCase(kinds ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, given []string, prefix string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, k := range check.Cases() {
			if slices.Contains(kinds, k.Kind) && strings.HasPrefix(k.Name, prefix) && !slices.Contains(given, k.Name) {
				names = append(names, k.Name+"\t"+k.Title)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func (c *console) checkFindings() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use:   "findings",
		Short: "Write what rfc-v2 does wrong as a document",
		Long: `Explore rfc-v2 in all cases and write what was found as Markdown: each root cause
with its shortest way, what it means for a user, and the repair that removes it,
which is verified by exploring the case again with that repair alone.`,
		Example: `  netgpusim check findings > docs/findings.md`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			line := c.statusLine(quiet)
			defer line.stop()
			text, err := check.Findings(cmd.Context(), check.FindingsCases(), line.progress())
			if errors.Is(err, context.Canceled) {
				return predict.ErrInterrupted
			}
			if err != nil {
				return internal(err)
			}
			line.stop()
			_, err = io.WriteString(c.out, text)
			return err
		},
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress line")
	return cmd
}
