package explore

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// player carries out actions one at a time, as a search does: the World is brought
// into the canonical form of its state after each. That gives pages other numbers,
// so the player keeps the names that they had at first.
type player struct {
	world *World
	state []byte
	names []int // by PageID: what a page was called in the initial state
	rings ringBases
	steps []Step
	code  search.Code // of the violation that the last step led to; 0: none
	what  string
}

// ringBases are the indices at which the consumers of the rings stand; in a World
// they stand at the same index in every state.
type ringBases struct{ fill, rx uint32 }

func newPlayer(c Config, v netgpu.Variant, blind bool) (*player, error) {
	w, err := newWorld(c, v)
	if err != nil {
		return nil, err
	}
	w.blind = blind
	p := &player{world: w}
	for id := range w.codec.Tags {
		p.names = append(p.names, id)
	}
	p.settle()
	p.rings = ringBases{} // this is where they begin
	return p, nil
}

// settle brings the World into the canonical form of its state.
func (p *player) settle() {
	w := p.world
	if w.queueOpen() {
		p.rings.fill += w.queue.FillIndices().ConsumerCons - netgpu.CodecIndex
	}
	if w.socketOpen() {
		p.rings.rx += w.socket.RxIndices().ConsumerCons - netgpu.CodecIndex
	}
	p.state, _ = w.encode(p.state[:0])
	names := make([]int, len(p.names))
	for id, name := range p.names {
		names[w.codec.Number(netgpu.PageID(id))] = name
	}
	p.names = names
	w.decode(p.state)
}

// play carries out one action. False if it is not enabled.
func (p *player) play(a search.Action) bool {
	w := p.world
	enabled := false
	for _, b := range w.enabled(nil) {
		enabled = enabled || a == b
	}
	if !enabled {
		return false
	}
	before := p.facts()
	w.verdict.broken = false
	w.step(a)
	after := p.facts()
	_, census := w.encode(nil)
	w.judge(census)
	p.steps = append(p.steps, Step{actionNames[a][0], actionNames[a][1], difference(before, after)})
	p.code, p.what = w.violation(), p.explain()
	if p.code == 0 {
		p.settle()
	}
	return true
}

// stuckIn says whether nothing goes on in a state, which is the present one: whatever
// the actors do by themselves changes nothing.
func (w *World) stuckIn(state []byte) bool {
	if !w.pending() {
		return false
	}
	for _, a := range w.enabled(nil) {
		if environment(a) {
			continue
		}
		w.step(a)
		next, _ := w.encode(nil)
		w.decode(state)
		if !bytes.Equal(next, state) {
			return false
		}
	}
	return true
}

// stuck judges a state in which a search found that nothing goes on.
func (p *player) stuck() {
	w := p.world
	p.code = w.stuckCode(p.state)
	p.what = p.explain()
}

// explain is what the violation says of itself, with the names of the pages.
func (p *player) explain() string {
	w := p.world
	text := w.verdict.what
	if all := w.module.Violations(); len(all) > 0 && p.code < signCode {
		text = all[0].What
	} else if w.verdict.broken && w.verdict.page != netgpu.NoPage {
		text += fmt.Sprintf(" (page %d)", w.verdict.page)
	}
	return pageNumber.ReplaceAllStringFunc(text, func(s string) string {
		n, err := strconv.Atoi(strings.TrimPrefix(s, "page "))
		if err != nil || n >= len(p.names) {
			return s
		}
		return fmt.Sprintf("page %d", p.names[n])
	})
}

var pageNumber = regexp.MustCompile(`page \d+`)

// describe replays what a search has found.
func describe(c Case, v netgpu.Variant, blind bool, f search.Found) (Violation, error) {
	p, err := replay(c, v, blind, f.Path)
	if err != nil {
		return Violation{}, err
	}
	if f.Code == livelockCode {
		p.code, p.what = livelockCode, "whatever the actors do from here on, without new packets some data never reaches the application, or the NIC never gets buffers"
	}
	if p.code == 0 {
		p.stuck()
	}
	if p.code != f.Code {
		_, want := nameOf(f.Code)
		return Violation{}, fmt.Errorf("case %s: the way to %s leads elsewhere when it is replayed", c.Name, want)
	}
	return p.violation(f.Count), nil
}

// replay takes a way that a search has found.
func replay(c Case, v netgpu.Variant, blind bool, path []search.Action) (*player, error) {
	p, err := newPlayer(c.Config, v, blind)
	if err != nil {
		return nil, err
	}
	for i, a := range path {
		if !p.play(a) {
			return nil, fmt.Errorf("case %s: step %d, %s of %s, cannot be replayed", c.Name, i+1, actionNames[a][1], actionNames[a][0])
		}
	}
	return p, nil
}

// violation is where the player has come to.
func (p *player) violation(count uint64) Violation {
	invariant, cause := nameOf(p.code)
	return Violation{Invariant: invariant, Cause: cause, What: p.what, Count: count, Steps: p.steps, code: p.code}
}

// fact is something about a state that a step may change.
type fact struct{ name, value string }

// facts lists what a reader wants to see change: where pages are, ring indices, the
// page cache, flags.
func (p *player) facts() []fact {
	w := p.world
	m := w.module
	all := make([]fact, len(p.names))
	for id, name := range p.names {
		place := m.Place(netgpu.PageID(id))
		text := place.String()
		if n := m.InFlight(netgpu.PageID(id)); n > 0 {
			text += fmt.Sprintf(" (%d sends)", n)
		}
		all[name] = fact{fmt.Sprintf("page %d", name), text}
	}
	add := func(name string, value any) { all = append(all, fact{name, fmt.Sprint(value)}) }
	if w.queueOpen() {
		all = ringFacts(all, "fill", w.queue.FillIndices(), p.rings.fill, "app", "kernel")
		napi, any := w.queue.Cached()
		add("napi count", napi)
		add("any count", any)
	} else {
		add("queue", "closed")
	}
	if w.socketOpen() {
		all = ringFacts(all, "rx", w.socket.RxIndices(), p.rings.rx, "kernel", "app")
		add("unread", w.socket.Unread())
		add("delivery stopped", w.socket.Stopped())
		add("failed", w.socket.Failed())
	} else {
		add("socket", "gone")
	}
	add("app asleep", w.state.app.asleep)
	add("in flight", len(w.state.flight))
	return all
}

// ringFacts lists the indices of a ring, counted from its beginning.
func ringFacts(all []fact, ring string, i netgpu.Indices, base uint32, producer, consumer string) []fact {
	for _, x := range [...]struct {
		name string
		at   uint32
	}{
		{"prod", i.Prod}, {"cons", i.Cons},
		{producer + "'s cached_prod", i.ProducerProd}, {producer + "'s cached_cons", i.ProducerCons},
		{consumer + "'s cached_prod", i.ConsumerProd}, {consumer + "'s cached_cons", i.ConsumerCons},
	} {
		all = append(all, fact{ring + " " + x.name, strconv.FormatInt(int64(int32(x.at-netgpu.CodecIndex+base)), 10)})
	}
	return all
}

// difference lists the facts that have changed.
func difference(before, after []fact) string {
	was := map[string]string{}
	for _, f := range before {
		was[f.name] = f.value
	}
	var changes []string
	for _, f := range after {
		old, known := was[f.name]
		switch {
		case !known:
			changes = append(changes, f.name+" "+f.value)
		case old != f.value:
			changes = append(changes, f.name+" "+old+" → "+f.value)
		}
	}
	return strings.Join(changes, "; ")
}
