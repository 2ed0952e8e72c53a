package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgpusim/predict"
	"netgpusim/reports"
	"netgpusim/scenarios"
)

// runFlags are the flags of the run command.
type runFlags struct {
	sets    []string
	format  string
	output  string
	noBand  bool
	whatIf  bool
	quiet   bool
	verbose bool
	jobs    int
	pcap    string
	snaplen int
	trace   string
	save    string
	saveAt  string
	resume  string
}

var formats = []string{"text", "json", "csv", "iperf3"}

func (c *console) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run SCENARIO...",
		Short: "Simulate scenarios and report throughput and what limits it",
		Long: `Simulate scenarios and report what iperf3 would measure, what limits it and how
far the next limit is; of microbenchmarks (kind: pcie-bench) every figure and what
bounds it. A scenario is the name of a built-in (see 'scenario list') or the path
of a YAML file.

The exit status is 1 if an expectation of a scenario does not hold or a run stalls
where the scenario does not expect it, 2 if a scenario is wrong.`,
		Example: `  netgpusim run rfc-v2-gpu-rx
  netgpusim run rfc-v2-gpu-rx --what-if --set link.rate=100Gbps --set nic.mtu=9000
  netgpusim run rfc-v2-gpu-rx copy-rx --format csv > results.csv
  netgpusim run smoke --pcap smoke.pcapng
  netgpusim run smoke --protocol-trace smoke.ndjson
  netgpusim run mine.yaml --save state --save-at 500ms    and after an interruption:
  netgpusim run --resume state`,
		ValidArgsFunction: completeScenario,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), &f, args)
		},
	}
	flags := cmd.Flags()
	setFlag(cmd, &f.sets)
	flags.StringVarP(&f.format, "format", "f", "text", "output format: "+strings.Join(formats, ", "))
	flags.StringVarP(&f.output, "output", "o", "", "write the result to this file instead of standard output")
	flags.BoolVar(&f.noBand, "no-band", false, "leave out the scenario's band over plausible settings")
	flags.BoolVar(&f.whatIf, "what-if", false, "leave out what belongs to the scenario as written: measurements, expectations and band")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "more detail: NIC counters, every function, every resource")
	flags.IntVarP(&f.jobs, "jobs", "j", runtime.NumCPU(), "simulations at the same time (results do not depend on it)")
	flags.StringVar(&f.pcap, "pcap", "", "write every frame of the run to this pcapng file")
	flags.IntVar(&f.snaplen, "snaplen", 128, "bytes kept of each frame with --pcap")
	flags.StringVar(&f.trace, "protocol-trace", "", "write what the receiver's netgpu module did to this file, for check trace")
	flags.StringVar(&f.save, "save", "", "save the state of the run to this file, then go on")
	flags.StringVar(&f.saveAt, "save-at", "", "simulated time at which --save takes the state (default: the end of the warm-up)")
	flags.StringVar(&f.resume, "resume", "", "go on from a state written by --save; the scenario is in the file")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return cmd
}

// check refuses flags that contradict each other or the arguments.
func (f *runFlags) check(args []string) error {
	if !slices.Contains(formats, f.format) {
		return fmt.Errorf("--format %q: allowed are %s", f.format, strings.Join(formats, ", "))
	}
	switch {
	case f.jobs < 1:
		return fmt.Errorf("--jobs %d: allowed are 1 and more", f.jobs)
	case f.snaplen < 0 || f.snaplen > 65535:
		return fmt.Errorf("--snaplen %d: allowed are 0 to 65535", f.snaplen)
	case f.resume != "" && (len(args) > 0 || len(f.sets) > 0 || f.save != ""):
		return fmt.Errorf("--resume takes the scenario from the state file: give neither scenarios nor --set nor --save with it")
	case f.resume == "" && len(args) == 0:
		return fmt.Errorf("give at least one scenario: the name of a built-in ('netgpusim scenario list') or a path")
	case len(args) > 1 && f.writesOne() != "":
		return fmt.Errorf("%s goes with one scenario (%d given)", f.writesOne(), len(args))
	case f.saveAt != "" && f.save == "":
		return fmt.Errorf("--save-at goes with --save")
	}
	return nil
}

// writesOne is the flag given that writes a file about one transfer, "" if there is
// none.
func (f *runFlags) writesOne() string {
	switch {
	case f.pcap != "":
		return "--pcap"
	case f.save != "":
		return "--save"
	case f.trace != "":
		return "--protocol-trace"
	}
	return ""
}

func (c *console) run(ctx context.Context, f *runFlags, args []string) (err error) {
	if err := f.check(args); err != nil {
		return err
	}
	jobs, err := c.prepare(f, args)
	if err != nil {
		return err
	}
	defer func() {
		for _, j := range jobs {
			if e := j.close(); err == nil {
				err = e
			}
		}
	}()
	out := c.out
	if f.output != "" {
		file, err := os.Create(f.output)
		if err != nil {
			return err
		}
		defer func() {
			if e := file.Close(); err == nil {
				err = e
			}
		}()
		out = file
	}
	results, err := c.simulate(ctx, f, jobs)
	if err != nil {
		return err
	}
	if err := c.render(out, f, results); err != nil {
		return internalError{err}
	}
	for i := range results {
		for _, e := range results[i].Expect {
			if !e.OK {
				return errExpectation
			}
		}
	}
	return nil
}

// job is one scenario to run with what belongs to it.
type job struct {
	scenario *scenarios.Scenario
	options  predict.Options
	closers  []io.Closer
}

func (j *job) close() error {
	for _, closer := range j.closers {
		if err := closer.Close(); err != nil {
			return err
		}
	}
	return nil
}

// prepare loads every scenario before the first one runs, so that a mistake in the
// last file does not cost the time of the others.
func (c *console) prepare(f *runFlags, args []string) ([]*job, error) {
	if f.resume != "" {
		j, err := resumeJob(f)
		if err != nil {
			return nil, err
		}
		if err := j.addCapture(f); err != nil {
			return nil, err
		}
		return []*job{j}, j.addTrace(f)
	}
	var jobs []*job
	for _, name := range args {
		s, err := load(name, f.sets)
		if err != nil {
			return nil, err
		}
		if f.whatIf {
			s.Measured, s.Expect, s.Band = nil, nil, nil
		}
		if s.Kind == scenarios.KindBench && f.writesOne() != "" {
			return nil, fmt.Errorf("%s goes with a transfer: %s is a %s", f.writesOne(), s.Name, scenarios.KindBench)
		}
		j := &job{scenario: s, options: predict.Options{Band: !f.noBand}}
		if err := j.addSave(f); err != nil {
			return nil, err
		}
		if err := j.addCapture(f); err != nil {
			return nil, err
		}
		if err := j.addTrace(f); err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, f.checkKinds(jobs)
}

// checkKinds refuses flags that the kinds of the scenarios cannot honour.
func (f *runFlags) checkKinds(jobs []*job) error {
	bench, transfer := "", ""
	for _, j := range jobs {
		if j.scenario.Kind == scenarios.KindBench {
			bench = j.scenario.Name
		} else {
			transfer = j.scenario.Name
		}
	}
	switch {
	case bench == "":
	case f.format == "iperf3":
		return fmt.Errorf("--format iperf3: %s is a %s, which transfers nothing between hosts; allowed are text, json, csv", bench, scenarios.KindBench)
	case f.format == "csv" && transfer != "":
		return fmt.Errorf("--format csv: %s is a %s, whose columns are not those of %s: run them apart", bench, scenarios.KindBench, transfer)
	}
	return nil
}

func (c *console) render(out io.Writer, f *runFlags, results []reports.Result) error {
	switch f.format {
	case "json":
		return reports.JSON(out, results)
	case "csv":
		return reports.CSV(out, results)
	case "iperf3":
		return reports.Iperf3(out, results)
	}
	terminal := c.outTTY && f.output == ""
	return reports.Text(out, results, reports.TextOptions{
		Width: c.width, Color: terminal && c.env("NO_COLOR") == "", Verbose: f.verbose})
}
