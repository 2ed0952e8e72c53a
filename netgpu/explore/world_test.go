package explore

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// implementations are what most tests run: the RFC, the repaired one, and the repaired
// one with each fault put back.
func implementations() []netgpu.Variant {
	all := []netgpu.Variant{netgpu.RFCv2(), netgpu.Fixed()}
	for _, r := range netgpu.Repairs() {
		all = append(all, netgpu.Fixed().Without(r))
	}
	return all
}

// A World that goes on for ever with the pages, indices, stale slots and chunks that it
// has, and one that is written and read back after each step, must be told apart by
// nothing. If the codec left out anything that matters, or merged states that differ,
// they would part ways.
func TestWritingAndReadingAStateChangesNothing(t *testing.T) {
	steps := 400
	if testing.Short() {
		steps = 100
	}
	for _, c := range append(Cases(), Walks()...) {
		if c.Config.Hostile > 2 {
			// An application that has spoilt its rings over and over has pages that differ
			// in ways that it cannot know of; which of them it gives next is not the same
			// page under other numbers.
			continue
		}
		for i, v := range []netgpu.Variant{netgpu.RFCv2(), netgpu.Fixed()} {
			for seed := range uint64(4) {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				live, canonical := testWorld(t, c.Config, v), testWorld(t, c.Config, v)
				state := canonical.Initial(nil)
				canonical.decode(state)
				for step := range steps {
					enabled := canonical.enabled(nil)
					if got := live.enabled(nil); !slices.Equal(got, enabled) {
						t.Fatalf("%s %v seed %d step %d: enabled are %v, after writing and reading %v", c.Name, v, seed, step, namesOf(got), namesOf(enabled))
					}
					if len(enabled) == 0 {
						break
					}
					a := enabled[r.IntN(len(enabled))]
					code, next := outcome(live, a)
					wantCode, want := outcome(canonical, a)
					if code != wantCode || !bytes.Equal(next, want) {
						t.Fatalf("%s %v seed %d step %d, %v: code %d, state %x; after writing and reading code %d, state %x",
							c.Name, v, seed, step, actionNames[a], code, next, wantCode, want)
					}
					if code != 0 {
						break
					}
					state = want
					canonical.decode(state)
				}
			}
		}
	}
}

func testWorld(t *testing.T, c Config, v netgpu.Variant) *World {
	t.Helper()
	w, err := newWorld(c, v)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// outcome carries out an action and returns the violation and the state.
func outcome(w *World, a search.Action) (search.Code, []byte) {
	w.verdict.broken = false
	w.module.ForgetViolations() // as reading a state does
	w.step(a)
	state, census := w.encode(nil)
	w.judge(census)
	return w.violation(), state
}

func namesOf(actions []search.Action) (list [][2]string) {
	for _, a := range actions {
		list = append(list, actionNames[a])
	}
	return list
}

// In a correct run the ledger, which follows every move, and the census, which looks
// at the structures, say the same of every page.
func TestLedgerAndStructuresAgree(t *testing.T) {
	for _, c := range Cases() {
		if c.Config.Hostile > 0 || c.Config.SharedArea || c.Config.Impatient {
			continue // there the ledger keeps the latest claim
		}
		k, err := newWalker(c.Config, netgpu.Fixed())
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(7, 7))
		w := k.world
		w.decode(k.initial)
		for step := range 3000 {
			before := w.module.Counts()
			w.decode(append([]byte(nil), w.mustEncode(t)...))
			if after := w.module.Counts(); before != after {
				t.Fatalf("%s step %d: the ledger counts %v, the structures hold %v", c.Name, step, before, after)
			}
			enabled := w.enabled(nil)
			if len(enabled) == 0 {
				break
			}
			a := enabled[r.IntN(len(enabled))]
			if ends(a) && r.IntN(50) > 0 {
				continue
			}
			w.step(a)
		}
	}
}

func (w *World) mustEncode(t *testing.T) []byte {
	t.Helper()
	state, census := w.encode(nil)
	if census != nil {
		t.Fatalf("census %+v", census)
	}
	return state
}

// Pages that have changed roles are the same pages to the protocol.
func TestStatesThatDifferInPageNumbersAreOne(t *testing.T) {
	states := map[string]bool{}
	for _, first := range []int{0, 1, 2} {
		c := small
		c.Pages, c.Fill = 3, 4
		w := testWorld(t, c, netgpu.Fixed())
		// Take the pages out, and give them back in another order.
		for range 3 {
			id, _ := w.queue.GetPage()
			w.queue.Post(id)
			w.queue.Receive(id)
			w.socket.Queue(id)
			if w.socket.KnownSpace() == 0 {
				w.socket.Batch(2)
				for w.socket.Unread() > 0 {
					w.socket.Take()
				}
			}
			w.socket.Deliver(id, 0, 1)
			w.socket.Submit()
		}
		w.queue.FillComplete()
		w.socket.Batch(2)
		for w.socket.Unread() > 0 {
			w.socket.Take()
		}
		for i := range 3 {
			w.queue.Recycle(w.address(w.first + netgpu.PageID((first+i)%3)))
		}
		w.queue.SubmitFill()
		states[string(w.mustEncode(t))] = true
	}
	if len(states) != 1 {
		t.Errorf("%d states for one", len(states))
	}
}
