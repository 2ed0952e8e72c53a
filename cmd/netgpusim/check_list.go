package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgpusim/check"
	"netgpusim/reports"
)

// listed is a case as programs read the list.
type listed struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Title  string `json:"title"`
	Bounds string `json:"bounds"`
}

func (c *console) checkList() *cobra.Command {
	var plain bool
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the cases that there are, with their bounds",
		Long: `List the cases by name: what they are about, and their bounds, which --set changes.
Sizes are numbers (pages, slots of rings, WQEs); a word means that something may
happen (reset: connections end; hostile=2: two writes of anything into own rings).`,
		Example: `  netgpusim check list
  netgpusim check list --plain | cut -f1
  netgpusim check list --format json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if !slices.Contains(checkFormats, format) {
				return fmt.Errorf("--format %q: allowed are %s", format, strings.Join(checkFormats, ", "))
			}
			return c.list(plain, format)
		},
	}
	cmd.Flags().BoolVar(&plain, "plain", false, "tab-separated name, kind, title and bounds, as printed when the output is not a terminal")
	cmd.Flags().StringVarP(&format, "format", "f", "text", "output format: "+strings.Join(checkFormats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(checkFormats, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return cmd
}

func (c *console) list(plain bool, format string) error {
	var all []listed
	for _, k := range check.Cases() {
		all = append(all, listed{k.Name, k.Kind, k.Title, k.Bounds()})
	}
	switch {
	case format == "json":
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(map[string][]listed{"cases": all})
	case plain || !c.outTTY:
		for _, k := range all {
			fmt.Fprintf(c.out, "%s\t%s\t%s\t%s\n", k.Name, k.Kind, k.Title, k.Bounds)
		}
		return nil
	}
	var cases []reports.CheckCase
	for _, k := range all {
		cases = append(cases, reports.CheckCase{Name: k.Name, Kind: k.Kind, Title: k.Title, Bounds: k.Bounds})
	}
	return reports.CheckList(c.out, cases, reports.TextOptions{Width: c.width, Color: c.env("NO_COLOR") == ""})
}
