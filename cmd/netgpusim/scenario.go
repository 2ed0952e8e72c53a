package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"netgpusim/reports"
	"netgpusim/scenarios"
)

func (c *console) scenarioCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scenario",
		Short: "List, show, check and start scenario files",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.scenarioList(), c.scenarioShow(), c.scenarioValidate(), c.scenarioSchema(), c.scenarioNew())
	return cmd
}

func (c *console) scenarioList() *cobra.Command {
	var names bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the built-in scenarios",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if names || !c.outTTY {
				for _, s := range scenarios.Builtin() {
					fmt.Fprintf(c.out, "%s\t%s\t%s\n", s.Name, s.Group, s.Title)
				}
				return nil
			}
			group := ""
			for _, s := range scenarios.Builtin() {
				if s.Group == scenarios.GroupBase {
					continue
				}
				if s.Group != group {
					group = s.Group
					fmt.Fprintf(c.out, "%s\n", group)
				}
				fmt.Fprintf(c.out, "  %-20s %s\n", s.Name, s.Title)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&names, "plain", false, "tab-separated name, group and title, as printed when the output is not a terminal")
	return cmd
}

func (c *console) scenarioShow() *cobra.Command {
	var sets []string
	cmd := &cobra.Command{
		Use:   "show SCENARIO",
		Short: "Print a scenario with every value resolved, and where each comes from",
		Example: `  netgpusim scenario show rfc-v2-gpu-rx
  netgpusim scenario show mine.yaml --set nic.mtu=9000 | grep mtu`,
		Args:              exactlyOne("a scenario: the name of a built-in or a path"),
		ValidArgsFunction: completeScenario,
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := load(args[0], sets)
			if err != nil {
				return err
			}
			_, err = c.out.Write(s.YAML())
			return err
		},
	}
	setFlag(cmd, &sets)
	return cmd
}

func (c *console) scenarioValidate() *cobra.Command {
	var sets []string
	cmd := &cobra.Command{
		Use:   "validate SCENARIO...",
		Short: "Check scenario files without running them",
		Long: `Check scenario files without running them. Every mistake is reported with file,
line, key, what was given and what is allowed; the exit status is 2 if there is one.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("give at least one scenario: the name of a built-in or a path")
			}
			return nil
		},
		ValidArgsFunction: completeScenario,
		RunE: func(_ *cobra.Command, args []string) error {
			var wrong []string
			for _, name := range args {
				s, err := load(name, sets)
				if err != nil {
					wrong = append(wrong, err.Error())
					continue
				}
				fmt.Fprintf(c.out, "%s: ok (%s)\n", name, s.Name)
				for _, w := range s.Warnings {
					fmt.Fprintf(c.out, "%s: warning: %s\n", name, w)
				}
			}
			if len(wrong) > 0 {
				return fmt.Errorf("%s", strings.Join(wrong, "\n"))
			}
			return nil
		},
	}
	setFlag(cmd, &sets)
	return cmd
}

func (c *console) scenarioSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenario files, for editors",
		Long: `Print the JSON Schema (draft 2020-12) of scenario files. Editors with a YAML
language server check and complete a file whose first line is
  # yaml-language-server: $schema=netgpusim.schema.json`,
		Example: `  netgpusim scenario schema > netgpusim.schema.json`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(scenarios.JSONSchema())
			return err
		},
	}
}

func (c *console) scenarioNew() *cobra.Command {
	return &cobra.Command{
		Use:     "new NAME",
		Short:   "Print a commented scenario file to start from",
		Example: `  netgpusim scenario new mine > mine.yaml && netgpusim run mine.yaml`,
		Args:    exactlyOne("the new scenario's name"),
		RunE: func(_ *cobra.Command, args []string) error {
			data := scenarios.Template(args[0])
			if _, err := scenarios.LoadBytes(args[0], data, nil); err != nil {
				return err
			}
			_, err := c.out.Write(data)
			return err
		},
	}
}

// load reads a scenario and checks that the metrics it names exist.
func load(name string, sets []string) (*scenarios.Scenario, error) {
	s, err := scenarios.Load(name, sets)
	if err != nil {
		return nil, err
	}
	return s, s.CheckMetrics(reports.CheckMetric)
}

func exactlyOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("give %s (%d arguments given)", what, len(args))
		}
		return nil
	}
}

func setFlag(cmd *cobra.Command, sets *[]string) {
	cmd.Flags().StringArrayVar(sets, "set", nil, "override a setting, such as nic.mtu=9000 or receiver.cpu.irq_core=2; may be repeated")
}

// completeScenario completes names of built-ins and lets the shell complete paths.
func completeScenario(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range scenarios.Builtin() {
		if strings.HasPrefix(s.Name, prefix) {
			names = append(names, s.Name+"\t"+s.Title)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}
