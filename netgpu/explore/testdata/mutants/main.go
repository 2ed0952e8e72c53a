// Command mutants carries out one check of the repaired variant and prints the causes
// that it finds, a line each: invariant/cause, nearest first. The last line is
// "complete", or what stopped the search. The test of the mutants builds it over a
// model with a fault in it, so it stands outside the tests of the package.
//
//	mutants explore CASE [BOUND...] [progress]
//	mutants walk CASE [BOUND...]
package main

import (
	"context"
	"fmt"
	"os"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore"
)

// maxStates bounds a search that does not end because of the fault.
const maxStates = 300_000

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(check []string) error {
	if len(check) > 1 {
		switch check[0] {
		case "explore":
			return exploreCase(check[1], check[2:])
		case "walk":
			return walk(check[1], check[2:])
		}
	}
	return fmt.Errorf("given %q, a check is explore or walk and the name of a case", check)
}

// caseOf is the case called name as bounds change it. What option takes is none.
func caseOf(name string, bounds []string, option func(word string) bool) (explore.Case, error) {
	c, ok := explore.CaseByName(name)
	if !ok {
		return c, fmt.Errorf("there is no case %q", name)
	}
	for _, word := range bounds {
		if option(word) {
			continue
		}
		if err := c.Config.Set(word); err != nil {
			return c, err
		}
	}
	return c, nil
}

func exploreCase(name string, bounds []string) error {
	o := explore.Options{Workers: 1, MaxStates: maxStates}
	c, err := caseOf(name, bounds, func(word string) bool {
		o.Progress = o.Progress || word == "progress"
		return word == "progress"
	})
	if err != nil {
		return err
	}
	r, err := explore.Explore(context.Background(), c, netgpu.Fixed(), o)
	if err != nil {
		return err
	}
	tell(r.Violations, string(r.Stopped))
	return nil
}

func walk(name string, bounds []string) error {
	c, err := caseOf(name, bounds, func(string) bool { return false })
	if err != nil {
		return err
	}
	r, err := explore.Fuzz(context.Background(), c, netgpu.Fixed(), explore.FuzzOptions{Seed: 1, Walks: 20, Steps: 2000})
	if err != nil {
		return err
	}
	tell(r.Violations, "")
	return nil
}

// tell prints what was found, and why the search stopped, "" if it did not.
func tell(found []explore.Violation, stopped string) {
	for _, v := range found {
		fmt.Printf("%v/%s\n", v.Invariant, v.Cause)
	}
	if stopped == "" {
		stopped = "complete"
	}
	fmt.Println(stopped)
}
