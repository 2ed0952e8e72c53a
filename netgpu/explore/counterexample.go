package explore

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// Counterexample is a way to a violation as a text file holds it: enough to take it
// again, in this version or a later one, on the same implementation or another. With
// Violates empty it is a test that nothing is violated on the way.
type Counterexample struct {
	Case     string
	Variant  netgpu.Variant
	Config   Config
	Violates string // "invariant/cause"; "" for a way on which all is well
	What     string
	Steps    []Step
}

const counterexampleMagic = "netgpusim counterexample 1"

// nothing is what a file says of a way on which all is well.
const nothing = "nothing"

// NewCounterexample is what Explore or Fuzz has found, ready to be written.
func NewCounterexample(c Case, v netgpu.Variant, found Violation) Counterexample {
	return Counterexample{Case: c.Name, Variant: v, Config: c.Config,
		Violates: fmt.Sprintf("%v/%s", found.Invariant, found.Cause), What: found.What, Steps: found.Steps}
}

// Write writes the file.
func (c Counterexample) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	violates := c.Violates
	if violates == "" {
		violates = nothing
	}
	fmt.Fprintf(b, "%s\ncase      %s\nvariant   %v\nbounds    %v\nviolates  %s\n", counterexampleMagic, c.Case, c.Variant, c.Config, violates)
	if c.What != "" {
		fmt.Fprintf(b, "# %s\n", c.What)
	}
	fmt.Fprintln(b)
	for i, s := range c.Steps {
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("%4d  %-10s  %-20s  %s", i+1, s.Actor, s.Operation, s.Effect), " "))
	}
	return b.Flush()
}

// ReadCounterexample reads a file that Write has written or a person has changed; name
// is for messages. A step needs its number, actor and operation; the effect may be
// left out, then a replay does not compare it.
func ReadCounterexample(r io.Reader, name string) (Counterexample, error) {
	var c Counterexample
	in := bufio.NewScanner(r)
	seen := map[string]bool{}
	for line := 1; in.Scan(); line++ {
		text := strings.TrimRight(in.Text(), " \t\r")
		if line == 1 {
			if text != counterexampleMagic {
				return c, fmt.Errorf("%s:1: given %q, a counterexample begins with %q", name, clip(text), counterexampleMagic)
			}
			continue
		}
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := c.line(text, seen); err != nil {
			return c, fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
	if err := in.Err(); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	for _, key := range [...]string{"variant", "bounds", "violates"} {
		if !seen[key] {
			return c, fmt.Errorf("%s: the line %q is missing", name, key)
		}
	}
	return c, nil
}

// line reads one line of a file.
func (c *Counterexample) line(text string, seen map[string]bool) (err error) {
	key, rest, _ := strings.Cut(strings.TrimLeft(text, " \t"), " ")
	rest = strings.TrimSpace(rest)
	if _, e := strconv.Atoi(key); e == nil {
		return c.step(key, rest)
	}
	if seen[key] {
		return fmt.Errorf("%q is given twice", key)
	}
	seen[key] = true
	switch key {
	case "case":
		c.Case = rest
	case "variant":
		c.Variant, err = netgpu.ParseVariant(rest)
	case "bounds":
		c.Config, err = parseConfig(rest)
	case "violates":
		if rest != nothing {
			c.Violates = rest
		}
	default:
		err = fmt.Errorf("given %q, allowed are case, variant, bounds, violates, a numbered step, or # and a comment", clip(key))
	}
	return err
}

func (c *Counterexample) step(number, rest string) error {
	if n, _ := strconv.Atoi(number); n != len(c.Steps)+1 {
		return fmt.Errorf("step %s follows step %d", number, len(c.Steps))
	}
	f := strings.Fields(rest)
	if len(f) < 2 {
		return fmt.Errorf("step %s: given %q, wanted are actor and operation", number, clip(rest))
	}
	if _, ok := actionOf(f[0], f[1]); !ok {
		return fmt.Errorf("step %s: there is no operation %q of an actor %q; %s", number, clip(f[1]), clip(f[0]), operationsOf(f[0]))
	}
	_, effect, _ := strings.Cut(rest, f[1])
	c.Steps = append(c.Steps, Step{f[0], f[1], strings.TrimSpace(effect)})
	return nil
}

// clip keeps a message short whatever the input is.
func clip(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

func actionOf(actor, operation string) (search.Action, bool) {
	for a, n := range actionNames {
		if n[0] == actor && n[1] == operation {
			return search.Action(a), true
		}
	}
	return 0, false
}

// operationsOf lists what an actor can do, or the actors.
func operationsOf(actor string) string {
	var operations, actors []string
	for _, n := range actionNames {
		if n[0] == actor {
			operations = append(operations, n[1])
		}
		if len(actors) == 0 || actors[len(actors)-1] != n[0] {
			actors = append(actors, n[0])
		}
	}
	if len(operations) > 0 {
		return "it has " + strings.Join(operations, ", ")
	}
	return "actors are " + strings.Join(actors, ", ")
}

// Replayed is what came of taking a way again.
type Replayed struct {
	// Violation is where it led to, nil if nothing is violated.
	Violation *Violation
	// AsWritten says that it led where the file says, and that every effect in the
	// file is what happened.
	AsWritten bool
	// Differs says what was otherwise, and at which step; "" if nothing was.
	Differs string
	Steps   []Step
}

// Replay takes the way again. A step that is not possible ends it: then the
// implementation is another than the one the file was written for, and Differs says
// where. The error is for a configuration that cannot be built.
func (c Counterexample) Replay() (Replayed, error) {
	p, err := newPlayer(c.Config, c.Variant, false)
	if err != nil {
		return Replayed{}, err
	}
	var r Replayed
	for i, s := range c.Steps {
		a, _ := actionOf(s.Actor, s.Operation)
		if !p.play(a) {
			r.Differs = fmt.Sprintf("step %d, %s of %s, is not possible", i+1, s.Operation, s.Actor)
			break
		}
		if got := p.steps[i].Effect; s.Effect != "" && s.Effect != got && r.Differs == "" {
			r.Differs = fmt.Sprintf("step %d, %s of %s: expected %q, got %q", i+1, s.Operation, s.Actor, s.Effect, got)
		}
		if p.code != 0 {
			if rest := len(c.Steps) - i - 1; rest > 0 && r.Differs == "" {
				r.Differs = fmt.Sprintf("the violation comes at step %d, %d before the end", i+1, rest)
			}
			break
		}
	}
	if p.code == 0 && p.world.stuckIn(p.state) {
		p.stuck()
	}
	r.Steps = p.steps
	got := ""
	if p.code != 0 {
		v := p.violation(1)
		r.Violation = &v
		got = fmt.Sprintf("%v/%s", v.Invariant, v.Cause)
	}
	if got != c.Violates && r.Differs == "" {
		r.Differs = fmt.Sprintf("expected is a violation of %s, got %s", orNothing(c.Violates), orNothing(got))
	}
	r.AsWritten = r.Differs == ""
	return r, nil
}

func orNothing(s string) string {
	if s == "" {
		return nothing
	}
	return s
}
