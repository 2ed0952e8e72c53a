package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgpusim/predict"
	"netgpusim/tcp/packetdrill"
)

// drillFlags are the flags of netgpusim packetdrill.
type drillFlags struct {
	format, junit, profile, version string
	pshLax, strict, verbose         bool
	workers                         int
	defines, options                []string
}

// errNotInterpreted is the error of scripts that could not be interpreted.
var errNotInterpreted = errors.New("some scripts could not be interpreted")

func (c *console) packetdrillCommand() *cobra.Command {
	f := &drillFlags{}
	cmd := &cobra.Command{
		Use:   "packetdrill FILE|DIRECTORY...",
		Short: "Run packetdrill scripts against the TCP model, in virtual time",
		Long: `Run scripts in packetdrill's language against the TCP of the model. A script says
what an application calls, what packets its peer sends, and what packets must come
of it, and when. Of a directory, every *.pkt in it and below is run. Time is
virtual: a script that waits for an hour takes no longer than others.

A script, complete:

     0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
    +0 bind(3, ..., ...) = 0
    +0 listen(3, 1) = 0
    +0 < S 0:0(0) win 32792 <mss 1460>
    +0 > S. 0:0(0) ack 1 <mss 1460>
    +0.1 < . 1:1(0) ack 1 win 257
    +0 accept(3, ..., ...) = 4
    +0 write(4, ..., 1000) = 1000
    +0 > P. 1:1001(1000) ack 1
    +0 %{ assert tcpi_snd_cwnd == 10 }%

"<" is a packet of the peer, ">" one that must come. When one does not, the script's
line, what was expected, what came and all packets until then are shown; --verbose
shows them as they happen. docs/packetdrill.md describes the language.

Exit status: 0 all pass, 1 an expectation does not hold, 2 a script has something that
is not understood or not modelled: it is named with its line, never skipped.`,
		Example: `  netgpusim packetdrill close.pkt --verbose
  netgpusim packetdrill scripts/ --ip-version ipv6
  netgpusim packetdrill scripts/ --format json | jq '.scripts[] | select(.verdict != "pass")'
  netgpusim packetdrill scripts/ --junit results.xml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("packetdrill needs at least one script or directory (see 'netgpusim packetdrill --help')")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.packetdrill(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.format, "format", "f", "text", "output format: "+strings.Join(checkFormats, ", "))
	flags.StringVar(&f.junit, "junit", "", "also write the results to this file as JUnit's XML")
	flags.StringVar(&f.profile, "profile", string(packetdrill.Linux), "whose TCP is tested: "+strings.Join(packetdrill.Profiles, ", "))
	flags.StringVar(&f.version, "ip-version", "", "how connections are addressed, in place of what scripts say: "+strings.Join(packetdrill.IPVersions, ", "))
	flags.BoolVar(&f.pshLax, "psh-lax", false, "let PSH be there or not on packets of the host")
	flags.BoolVar(&f.strict, "strict-segments", false, "expect every segment by itself, as on the wire, and join none")
	flags.StringArrayVarP(&f.defines, "define", "D", nil, "let NAME in scripts stand for VALUE: NAME=VALUE (may be repeated)")
	flags.StringArrayVar(&f.options, "option", nil, "an option line for every script, in place of its own: NAME=VALUE such as mtu=1520 or tolerance_usecs=10000 (may be repeated)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show packets and calls as they happen (one script after the other)")
	flags.IntVarP(&f.workers, "workers", "j", runtime.NumCPU(), "scripts to run at once")
	complete := func(name string, values []string) {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	}
	complete("format", checkFormats)
	complete("profile", packetdrill.Profiles)
	complete("ip-version", packetdrill.IPVersions)
	return cmd
}

// options checks the flags.
func (f *drillFlags) settings() (packetdrill.Options, error) {
	for _, v := range [...]struct {
		name, value string
		allowed     []string
	}{
		{"format", f.format, checkFormats}, {"profile", f.profile, packetdrill.Profiles},
		{"ip-version", f.version, append([]string{""}, packetdrill.IPVersions...)},
	} {
		if !slices.Contains(v.allowed, v.value) {
			return packetdrill.Options{}, fmt.Errorf("--%s %q: allowed are %s", v.name, v.value, strings.TrimPrefix(strings.Join(v.allowed, ", "), ", "))
		}
	}
	if f.workers < 1 {
		return packetdrill.Options{}, fmt.Errorf("--workers %d: at least 1", f.workers)
	}
	defines := map[string]string{}
	for _, d := range f.defines {
		name, value, ok := strings.Cut(d, "=")
		if !ok || name == "" || value == "" {
			return packetdrill.Options{}, fmt.Errorf("--define %q: allowed is NAME=VALUE", d)
		}
		defines[name] = value
	}
	o := packetdrill.Options{IPVersion: packetdrill.IPVersion(f.version), Profile: packetdrill.Profile(f.profile),
		PSHLax: f.pshLax, StrictSegments: f.strict, Defines: defines}
	for _, line := range f.options {
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "--"), "=")
		o.Flags = append(o.Flags, packetdrill.Flag{Pos: packetdrill.Pos{Line: 1}, Name: strings.ReplaceAll(name, "-", "_"), Value: value})
	}
	return o, o.Check()
}

func (c *console) packetdrill(ctx context.Context, f *drillFlags, paths []string) error {
	options, err := f.settings()
	if err != nil {
		return err
	}
	files, err := packetdrill.Find(paths)
	if err != nil {
		return err
	}
	report := packetdrill.NewReport(options)
	warned := map[string]bool{}
	add := func(r packetdrill.Result) {
		report.Add(r)
		if f.format == "text" {
			c.drillResult(&r, warned)
		}
	}
	if f.verbose {
		options.Trace, options.Print = c.err, c.err
		for _, file := range files {
			if ctx.Err() != nil {
				break
			}
			fmt.Fprintln(c.err, file)
			add(packetdrill.RunFile(file, options))
		}
	} else {
		packetdrill.RunFiles(files, options, f.workers, ctx.Done(), add)
	}
	if ctx.Err() != nil {
		return predict.ErrInterrupted
	}
	if err := c.drillReport(f, report); err != nil {
		return err
	}
	switch {
	case report.Failed > 0:
		return errExpectation
	case report.Unsupported > 0:
		return errNotInterpreted
	}
	return nil
}

// drillResult prints a result that is not a pass, and warnings, but a message that many
// scripts share only once.
func (c *console) drillResult(r *packetdrill.Result, warned map[string]bool) {
	for _, w := range r.Warned {
		_, message, _ := strings.Cut(w, ": ")
		if !warned[message] {
			warned[message] = true
			fmt.Fprintf(c.out, "%s (not fatal)\n", w)
		}
	}
	if r.Err == nil {
		return
	}
	fmt.Fprintln(c.out, r.Err)
	for _, line := range r.History {
		fmt.Fprintln(c.out, "    "+line)
	}
}

// drillReport prints the sum of it, and writes the files.
func (c *console) drillReport(f *drillFlags, r *packetdrill.Report) error {
	if f.junit != "" {
		if err := writeJUnit(f.junit, r); err != nil {
			return err
		}
	}
	if f.format == "json" {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	lax := ""
	if r.PSHLax {
		lax = " (PSH was not compared)"
	}
	_, err := fmt.Fprintf(c.out, "%d passed, %d failed, %d unsupported%s\n", r.Passed, r.Failed, r.Unsupported, lax)
	return err
}

// junitSuite is JUnit's XML.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(path string, r *packetdrill.Report) error {
	suite := junitSuite{Name: "packetdrill", Tests: len(r.Scripts), Failures: r.Failed, Errors: r.Unsupported}
	for _, s := range r.Scripts {
		k := junitCase{Name: s.File, Class: "packetdrill"}
		m := &junitMessage{Message: fmt.Sprintf("line %d: %s", s.Line, s.Message), Text: strings.Join(s.History, "\n")}
		switch s.Verdict {
		case packetdrill.Fail:
			k.Failure = m
		case packetdrill.NotInterpreted:
			k.Error = m
		}
		suite.Cases = append(suite.Cases, k)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return internalError{err}
	}
	return os.WriteFile(path, append([]byte(xml.Header), append(text, '\n')...), 0o666)
}
