package memory

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

func mustCheck(t *testing.T, p Program, model Model, removed BarrierSet, o search.Options) Report {
	t.Helper()
	r, err := Check(context.Background(), p, model, removed, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// faulty says whether a program is wrong whatever its barriers.
func faulty(p Program) bool { return p.Name == "rx-cons-batch" }

// table writes the steps of a counterexample.
func (v *Violation) table() string {
	var b strings.Builder
	for i, s := range v.Steps {
		fmt.Fprintf(&b, "%2d  %-9s %-28s %s\n", i+1, s.Actor, s.Operation, s.Effect)
	}
	return b.String()
}

// variations returns a program with other rings and starts: small and larger rings,
// indices that wrap at once, in the middle, or not at all.
func variations(p Program) []Program {
	var list []Program
	for _, c := range []struct{ slots, start uint32 }{
		{1, 1<<32 - 1}, {2, 1<<32 - 1}, {4, 1<<32 - 1}, {2, 0}, {2, 1<<32 - 3},
	} {
		v := p
		v.Slots, v.Start = c.slots, c.start
		if v.validate() == nil {
			list = append(list, v)
		}
	}
	return list
}

func TestAllBarriersAreEnoughUnderEveryModel(t *testing.T) {
	for _, p := range Programs() {
		if faulty(p) {
			continue
		}
		for _, v := range variations(p) {
			var last Report
			for _, model := range Models() {
				r := mustCheck(t, v, model, BarrierSet{}, search.Options{Workers: 1, Progress: true})
				if r.Violation != nil {
					t.Errorf("%s, %d slots from %d, under %s: %s\n%s", v.Name, v.Slots, v.Start, model, r.Violation.Cause, r.Violation.table())
				}
				if !r.Complete {
					t.Errorf("%s, %d slots from %d, under %s: not exhaustive: %s", v.Name, v.Slots, v.Start, model, r.Stopped)
				}
				if r.States < last.States {
					t.Errorf("%s, %d slots from %d: %d states under %s, fewer than the %d of a stronger model",
						v.Name, v.Slots, v.Start, r.States, model, last.States)
				}
				last = r
			}
		}
	}
}

func TestPublishingBeforeReadingIsUnsafeUnderEveryModel(t *testing.T) {
	p, err := ProgramByName("rx-cons-batch")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variations(p) {
		for _, model := range Models() {
			r := mustCheck(t, v, model, BarrierSet{}, search.Options{Workers: 1})
			if r.Violation == nil || r.Violation.Invariant != netgpu.RingSafety {
				t.Errorf("%d slots from %d under %s: %+v; a slot is overwritten before it is read", v.Slots, v.Start, model, r.Violation)
				continue
			}
			for _, want := range []string{"slot-written-unread", "torn-read"} {
				if !slices.Contains(r.Causes, want) {
					t.Errorf("%d slots from %d under %s: found %q, not %s", v.Slots, v.Start, model, r.Causes, want)
				}
			}
		}
	}
}

// need says who needs a barrier, what it orders, and what goes wrong without it.
type need struct {
	barrier string
	models  []Model
	causes  []string // the nearest is one of these
	why     string
}

// Under SC nothing is out of order, so nobody needs any.
var necessity = []need{
	{submitBarrier, []Model{Weak}, []string{"slot-read-unpublished", "torn-read"},
		"store slot → store prod; TSO keeps stores in order"},
	{loadProdBarrier, []Model{Weak}, []string{"slot-read-unpublished", "torn-read"},
		"load prod → load slot; the branch between them does not hold back loads; TSO keeps loads in order"},
	{completeBarrier, []Model{Weak}, []string{"slot-written-unread", "torn-read"},
		"load slot → store cons; nothing depends on what was read, TSO keeps a store behind earlier loads"},
	{loadConsControl, []Model{Weak}, []string{"slot-written-unread", "torn-read", "index-out-of-range"},
		"load cons → store slot, store prod; TSO keeps a store behind earlier loads"},
	{stopBarrier, []Model{TSO, Weak}, []string{"lost-wakeup"},
		"store stopped → load cons; a store before a load, which TSO lets wait"},
	{kickBarrier, []Model{TSO, Weak}, []string{"lost-wakeup"},
		"store cons → load stopped; the other half"},
	{sleepBarrier, []Model{TSO, Weak}, []string{"lost-wakeup"},
		"store sleeping → load prod"},
	{wakeBarrier, []Model{TSO, Weak}, []string{"lost-wakeup"},
		"store prod → load sleeping"},
}

// sizes returns the programs on rings of 1, 2 and 4 slots, which the entries overfill.
func sizes() []Program {
	var list []Program
	for _, p := range Programs() {
		for _, slots := range []uint32{1, 2, 4} {
			p.Slots, p.Entries = slots, slots+2
			if !faulty(p) && p.validate() == nil {
				list = append(list, p)
			}
		}
	}
	return list
}

func TestEachBarrierIsNeededExactlyWhereTheTableSays(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range sizes() {
		err := Survey(context.Background(), p, search.Options{Workers: 1, StopAt: 1}, func(f Finding) {
			if f.Removed == "" {
				return
			}
			i := slices.IndexFunc(necessity, func(n need) bool { return n.barrier == f.Removed })
			if i < 0 {
				t.Fatalf("%s: barrier %q is not in the table", p.Name, f.Removed)
			}
			n := necessity[i]
			seen[n.barrier] = true
			want := slices.Contains(n.models, f.Model)
			switch v := f.Report.Violation; {
			case f.Needed() != want:
				t.Errorf("%s, %d slots, under %s without %q (%s): needed is %v, the table says %v", p.Name, p.Slots, f.Model, f.Removed, n.why, f.Needed(), want)
			case v != nil && !slices.Contains(n.causes, v.Cause):
				t.Errorf("%s under %s without %q: %s, want one of %q\n%s", p.Name, f.Model, f.Removed, v.Cause, n.causes, v.table())
			case v == nil && !f.Report.Complete:
				t.Errorf("%s under %s without %q: not exhaustive: %s", p.Name, f.Model, f.Removed, f.Report.Stopped)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range necessity {
		if !seen[n.barrier] {
			t.Errorf("no program has %q", n.barrier)
		}
	}
}

// The consumer of rx-wakeup completes all at once. If it completed after every entry,
// as here, the barrier of complete would do the work of the kick's, but on a ring of
// one slot, and the survey would call that one unneeded.
func TestCompletingEveryEntryHidesTheNeedForTheBarrierOfKick(t *testing.T) {
	p, err := ProgramByName("rx-wakeup")
	if err != nil {
		t.Fatal(err)
	}
	p.consume = func(s *side) {
		s.label("again")
		s.done("end")
		s.polls(s.peekBatch(1, "again"))
		s.readBatch()
		s.advance()
		s.complete()
		s.wakeOther(kickBarrier, "kick", "stopped")
		s.jump("again")
		s.label("end")
		s.end()
	}
	for _, model := range []Model{TSO, Weak} {
		for slots, want := range map[uint32]bool{1: true, 2: false} {
			p.Slots = slots
			r := mustCheck(t, p, model, Without(kickBarrier), search.Options{Workers: 1})
			if !r.Complete || (r.Violation != nil) != want {
				t.Errorf("%d slots under %s: found %q, complete %v; lost wake-up expected: %v", slots, model, r.Causes, r.Complete, want)
			}
		}
	}
}

// A larger window lets a machine look further ahead. What is found must not hang on
// the number that Programs chose.
func TestLookingFurtherAheadChangesNoVerdict(t *testing.T) {
	for _, p := range Programs() {
		near := mustCheck(t, p, Weak, BarrierSet{}, search.Options{Workers: 1})
		wide := p
		wide.Window = p.Window + 2
		far := mustCheck(t, wide, Weak, BarrierSet{}, search.Options{Workers: 1})
		if !near.Complete || !far.Complete || (near.Violation == nil) != (far.Violation == nil) {
			t.Errorf("%s: causes %q with a window of %d, %q with %d", p.Name, near.Causes, p.Window, far.Causes, wide.Window)
		}
	}
}

func TestAReportDoesNotDependOnWorkers(t *testing.T) {
	p, err := ProgramByName("fill-single")
	if err != nil {
		t.Fatal(err)
	}
	for _, removed := range []BarrierSet{{}, Without(completeBarrier), Without(loadConsControl, submitBarrier)} {
		one := mustCheck(t, p, Weak, removed, search.Options{Workers: 1})
		for _, workers := range []int{2, 3} {
			if other := mustCheck(t, p, Weak, removed, search.Options{Workers: workers}); !reflect.DeepEqual(one, other) {
				t.Errorf("without %q: %+v with 1 worker, %+v with %d", removed.Names(), one, other, workers)
			}
		}
	}
}

func TestACounterexampleIsAStoryOfAccesses(t *testing.T) {
	p, err := ProgramByName("fill-single")
	if err != nil {
		t.Fatal(err)
	}
	v := mustCheck(t, p, Weak, Without(submitBarrier), search.Options{Workers: 1}).Violation
	const want = ` 1  app       submit: store prod           prod = 0; ahead of 1 of its accesses
 2  kernel    peek: store cons             cons = 4294967295
 3  kernel    peek: load prod              prod is 0
 4  kernel    read: load slot              slot 1 is never written
`
	if v == nil || v.table() != want || v.Cause != "slot-read-unpublished" || v.Invariant != netgpu.RingSafety {
		t.Errorf("got %+v\n%s\nwant slot-read-unpublished by\n%s", v, v.table(), want)
	}
}

// The document shows two counterexamples and the table of needs: as found here.
func TestTheDocumentShowsWhatIsFound(t *testing.T) {
	text, err := os.ReadFile("../../../docs/models/memory-model.md")
	if err != nil {
		t.Fatal(err)
	}
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	document := squeeze(string(text))
	for _, c := range []struct {
		program string
		model   Model
		barrier string
	}{{"fill-single", Weak, submitBarrier}, {"poll-sleep", TSO, sleepBarrier}} {
		p, err := ProgramByName(c.program)
		if err != nil {
			t.Fatal(err)
		}
		p.Start = 0
		v := mustCheck(t, p, c.model, Without(c.barrier), search.Options{Workers: 1, StopAt: 1}).Violation
		if v == nil || !strings.Contains(document, squeeze(v.table())) {
			t.Errorf("%s under %s without %q is not in the document: %+v", c.program, c.model, c.barrier, v)
		}
	}
	for _, n := range necessity {
		var cells []string
		for _, m := range Models() {
			cells = append(cells, map[bool]string{true: "needed", false: "–"}[slices.Contains(n.models, m)])
		}
		orders, _, _ := strings.Cut(n.why, ";")
		row := fmt.Sprintf("| `%s` | %s | %s |", n.barrier, orders, strings.Join(cells, " | "))
		if !strings.Contains(document, row) {
			t.Errorf("the document has no row %s", row)
		}
	}
	for _, p := range Programs() {
		if !strings.Contains(document, "| `"+p.Name+"` |") {
			t.Errorf("the document does not list %s", p.Name)
		}
	}
}

// Whatever is asked for is refused or explored; with any barriers removed, and up to
// the largest rings and windows.
func FuzzAnyProgramIsExploredOrRefused(f *testing.F) {
	f.Add(uint8(0), uint8(2), uint8(2), uint8(6), uint32(defaultStart), uint8(8), uint8(0))
	f.Add(uint8(4), uint8(2), uint8(8), uint8(64), uint32(1<<31), uint8(16), uint8(255))
	f.Add(uint8(7), uint8(1), uint8(1), uint8(3), uint32(0), uint8(1), uint8(0b101))
	f.Add(uint8(8), uint8(9), uint8(3), uint8(0), uint32(7), uint8(99), uint8(2))
	f.Fuzz(func(t *testing.T, which, model, slots, entries uint8, start uint32, window, removed uint8) {
		p := Programs()[int(which)%len(Programs())]
		barriers, err := Barriers(p)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for i, b := range barriers {
			if removed>>i&1 != 0 {
				names = append(names, b.Name)
			}
		}
		p.Slots, p.Entries, p.Start, p.Window = uint32(slots), uint32(entries), start, int(window)
		o := search.Options{Workers: 1, MaxStates: 500}
		r, err := Check(context.Background(), p, Model(model), Without(names...), o)
		if err != nil {
			return
		}
		if r.States == 0 || r.Complete != (r.Stopped == "") {
			t.Errorf("%+v", r)
		}
		if v := r.Violation; v != nil && len(v.Steps) == 0 {
			t.Errorf("%s without steps", v.Cause)
		}
	})
}

func TestWhatCannotBeCheckedIsRefusedWithWhatIsAllowed(t *testing.T) {
	good, err := ProgramByName("fill-avail")
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*Program)) Program { p := good; f(&p); return p }
	for _, c := range []struct {
		p       Program
		model   Model
		removed BarrierSet
		o       search.Options
		want    string
	}{
		{p: Program{Name: "own"}, want: `program "own": must be one that Programs returns`},
		{p: change(func(p *Program) { p.Slots = 3 }), want: "program fill-avail: slots 3: must be a power of two, 2 to 8"},
		{p: change(func(p *Program) { p.Slots = 1 }), want: "program fill-avail: slots 1: must be a power of two, 2 to 8"},
		{p: change(func(p *Program) { p.Slots = 16 }), want: "slots 16: must be"},
		{p: change(func(p *Program) { p.Entries = 3 }), want: "entries 3: must be 1 to 64, a multiple of 2"},
		{p: change(func(p *Program) { p.Entries = 66 }), want: "entries 66: must be"},
		{p: change(func(p *Program) { p.Window = 0 }), want: "window 0: must be 1 to 16"},
		{p: good, model: modelCount, want: "memory model 3: must be one of"},
		{p: good, removed: Without("submit"), want: `program fill-avail: barrier "submit": must be one of ["load-acquire cons: control dependency"`},
		{p: good, o: search.Options{Workers: -1}, want: "program fill-avail under sc: search: Options.Workers is -1"},
	} {
		_, err := Check(context.Background(), c.p, c.model, c.removed, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want an error with %q", err, c.want)
		}
	}
	if _, err := ProgramByName("none"); err == nil || !strings.Contains(err.Error(), `program "none": must be one of ["fill-single"`) {
		t.Errorf("ProgramByName: %v", err)
	}
	if _, err := ModelByName("alpha"); err == nil || err.Error() != `memory model "alpha": must be one of ["sc" "x86-tso" "weak"]` {
		t.Errorf("ModelByName: %v", err)
	}
}

func TestNamesFindWhatTheyName(t *testing.T) {
	for _, p := range Programs() {
		if got, err := ProgramByName(p.Name); err != nil || got.About != p.About {
			t.Errorf("ProgramByName(%q) = %q, %v", p.Name, got.Name, err)
		}
		barriers, err := Barriers(p)
		if err != nil || len(barriers) < 4 {
			t.Errorf("Barriers(%s) = %v, %v; the queue alone has four", p.Name, barriers, err)
		}
	}
	for _, m := range Models() {
		if got, err := ModelByName(m.String()); err != nil || got != m {
			t.Errorf("ModelByName(%q) = %v, %v", m, got, err)
		}
	}
}

func TestASearchThatIsCutShortSaysSo(t *testing.T) {
	p := Programs()[0]
	if r := mustCheck(t, p, Weak, BarrierSet{}, search.Options{Workers: 1, MaxStates: 50}); r.Complete || r.Stopped != search.StopMaxStates {
		t.Errorf("complete %v, stopped %q; want max-states", r.Complete, r.Stopped)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := Check(ctx, p, Weak, BarrierSet{}, search.Options{Workers: 1})
	if err != nil || r.Complete || r.Stopped != search.StopInterrupted {
		t.Errorf("complete %v, stopped %q, %v; want interrupted", r.Complete, r.Stopped, err)
	}
}
