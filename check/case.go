package check

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore"
	"netgpusim/netgpu/explore/memory"
	"netgpusim/reports"
)

// Case is something that can be checked under a name: a bounded world to explore, a
// large one to walk through, or the shared queue under the memory models.
type Case struct {
	Name  string
	Title string
	Kind  string // reports.CheckExplore, CheckWalk or CheckMemory

	world   explore.Case
	program memory.Program
}

// memoryPrefix sets the names of memory cases apart from others.
const memoryPrefix = "memory-"

// Cases lists all cases in the order in which a check goes through them.
func Cases() []Case {
	var all []Case
	for _, c := range explore.Cases() {
		all = append(all, Case{c.Name, c.Title, reports.CheckExplore, c, memory.Program{}})
	}
	for _, p := range memory.Programs() {
		all = append(all, Case{memoryPrefix + p.Name, p.About, reports.CheckMemory, explore.Case{}, p})
	}
	for _, c := range explore.Walks() {
		all = append(all, Case{c.Name, c.Title, reports.CheckWalk, c, memory.Program{}})
	}
	return titled(all)
}

// titled completes titles that go on from the one before ("... twice").
func titled(all []Case) []Case {
	const goesOn = "... "
	before := ""
	for i := range all {
		if rest, ok := strings.CutPrefix(all[i].Title, goesOn); ok {
			all[i].Title = before + ", " + rest
		} else {
			before = all[i].Title
		}
	}
	return all
}

// Profile lists the cases of one of the kinds that belong to an implementation: what
// is checked if nothing is named. The memory cases show the library's batch call as
// the implementation has it, and the kick of a full rx ring only if there is one.
func Profile(v netgpu.Variant, kinds ...string) []Case {
	return slices.DeleteFunc(Cases(), func(c Case) bool {
		if !slices.Contains(kinds, c.Kind) {
			return true
		}
		switch c.program.Name {
		case "rx-cons-batch":
			return v.Repairs.Has(netgpu.CompleteAfterRead)
		case "rx-cons-batch-repaired":
			return !v.Repairs.Has(netgpu.CompleteAfterRead)
		case "rx-wakeup":
			return !v.Repairs.Has(netgpu.RxRekick)
		}
		return false
	})
}

// Select returns the cases of the given names; a case named twice comes once. The
// error names the nearest ones that there are.
func Select(names []string, kinds ...string) ([]Case, error) {
	var list []Case
	for _, name := range names {
		c, err := byName(name, kinds)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(k Case) bool { return k.Name == c.Name }) {
			list = append(list, c)
		}
	}
	return list, nil
}

func byName(name string, kinds []string) (Case, error) {
	var allowed []string
	for _, c := range Cases() {
		fits := slices.Contains(kinds, c.Kind)
		if strings.EqualFold(c.Name, name) {
			if !fits {
				return Case{}, fmt.Errorf("case %s is of kind %s; allowed here are %s", c.Name, c.Kind, strings.Join(kinds, ", "))
			}
			return c, nil
		}
		if fits {
			allowed = append(allowed, c.Name)
		}
	}
	return Case{}, fmt.Errorf("there is no case %q; the nearest are %s ('netgpusim check list' has all)", name, strings.Join(nearest(name, allowed), ", "))
}

// nearest returns the three names that resemble given most.
func nearest(given string, names []string) []string {
	names = slices.Clone(names)
	distance := func(name string) int {
		if strings.Contains(name, given) {
			return 1
		}
		const longest = 80 // names beyond it resemble nothing
		return levenshtein.ComputeDistance(strings.ToLower(given[:min(len(given), longest)]), name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return distance(a) - distance(b) })
	return names[:min(3, len(names))]
}

// Bounds lists the sizes of the case: "pages=6 chunk=2 reset".
func (c Case) Bounds() string {
	if c.Kind != reports.CheckMemory {
		return c.world.Config.String()
	}
	var words []string
	for _, b := range memoryBounds {
		words = append(words, b.name+"="+strconv.FormatUint(b.get(&c.program), 10))
	}
	return strings.Join(words, " ")
}

// memoryBounds are the numbers of a memory case. What a program can do with them is
// for the program to say.
var memoryBounds = [...]struct {
	name string
	bits int
	get  func(*memory.Program) uint64
	set  func(*memory.Program, uint64)
}{
	{"slots", 32, func(p *memory.Program) uint64 { return uint64(p.Slots) }, func(p *memory.Program, n uint64) { p.Slots = uint32(n) }},
	{"entries", 32, func(p *memory.Program) uint64 { return uint64(p.Entries) }, func(p *memory.Program, n uint64) { p.Entries = uint32(n) }},
	{"start", 32, func(p *memory.Program) uint64 { return uint64(p.Start) }, func(p *memory.Program, n uint64) { p.Start = uint32(n) }},
	{"window", 16, func(p *memory.Program) uint64 { return uint64(p.Window) }, func(p *memory.Program, n uint64) { p.Window = int(n) }},
}

// Set changes a bound: "pages=7", "reset=false", "slots=4". The error says what was
// given and what is allowed.
func (c *Case) Set(setting string) error {
	if c.Kind != reports.CheckMemory {
		if err := c.world.Config.Set(setting); err != nil {
			return fmt.Errorf("case %s: %w", c.Name, err)
		}
		return nil
	}
	name, value, _ := strings.Cut(setting, "=")
	var names []string
	for _, b := range memoryBounds {
		names = append(names, b.name)
		if b.name != name {
			continue
		}
		n, err := strconv.ParseUint(value, 10, b.bits)
		if err != nil {
			return fmt.Errorf("case %s: %s: given %q, wanted is a number", c.Name, setting, value)
		}
		b.set(&c.program, n)
		return nil
	}
	return fmt.Errorf("case %s: %s: there is no bound %q; there are %s", c.Name, setting, name, strings.Join(names, ", "))
}

// impossible says why an implementation cannot have the case; "" if it can.
func (c Case) impossible(v netgpu.Variant) string {
	return strings.TrimPrefix(c.world.Impossible(v), c.Name+": ")
}

// Check says what is wrong with the bounds of the case; a case that an implementation
// cannot have at all is right, and skipped.
func (c Case) Check(v netgpu.Variant) error {
	var err error
	if c.Kind == reports.CheckMemory {
		_, err = memory.Barriers(c.program)
	} else if c.world.Impossible(v) == "" {
		// A search that is over before it begins still builds its world.
		over, cancel := context.WithCancel(context.Background())
		cancel()
		_, err = explore.Explore(over, c.world, v, explore.Options{Workers: 1})
	}
	if err != nil && c.Kind == reports.CheckMemory {
		return fmt.Errorf("case %s: %w", c.Name, err)
	}
	return err // of a world it begins with the case already
}
