package memory

import (
	"fmt"
	"slices"
)

// Barrier is a barrier of a program, or a dependency that serves as one.
type Barrier struct {
	Name   string // "submit: write barrier"
	Thread string // who executes it
}

// BarrierSet is a set of barriers by name. The zero BarrierSet is empty.
type BarrierSet struct{ names []string }

// Without returns the set of the barriers named.
func Without(names ...string) BarrierSet {
	names = slices.Clone(names)
	slices.Sort(names)
	return BarrierSet{slices.Compact(names)}
}

// Names returns the names in the set, sorted.
func (s BarrierSet) Names() []string { return slices.Clone(s.names) }

func (s BarrierSet) has(name string) bool { return slices.Contains(s.names, name) }

// Barriers returns the barriers of a program in the order of its code.
func Barriers(p Program) ([]Barrier, error) {
	m, err := p.build(SC, BarrierSet{})
	if err != nil {
		return nil, err
	}
	return m.barriers(), nil
}

func (m *machine) barriers() []Barrier {
	var list []Barrier
	for i := range m.threads {
		for _, in := range m.threads[i].code {
			b := Barrier{Name: in.barrier, Thread: m.threads[i].name}
			if in.barrier != "" && !slices.Contains(list, b) {
				list = append(list, b)
			}
		}
	}
	return list
}

// checkRemoved refuses names that the program does not have.
func (m *machine) checkRemoved(p Program, removed BarrierSet) error {
	var names []string
	for _, b := range m.barriers() {
		names = append(names, b.Name)
	}
	for _, name := range removed.names {
		if !slices.Contains(names, name) {
			return fmt.Errorf("program %s: barrier %q: must be one of %q", p.Name, name, names)
		}
	}
	return nil
}
