package explore

import (
	"fmt"
	"math/bits"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// shrink leaves out steps of a way as long as what remains leads to the same
// violation: halves, then quarters, down to single steps (delta debugging). Steps
// that are not possible any more are left out on the way.
func shrink(c Case, v netgpu.Variant, path []search.Action, code search.Code) (Violation, error) {
	k, err := newWalker(c.Config, v)
	if err != nil {
		return Violation{}, err
	}
	path, ok := k.leadsTo(path, code)
	if !ok {
		_, cause := nameOf(code)
		return Violation{}, fmt.Errorf("case %s: the walk to %s leads elsewhere when it is repeated", c.Name, cause)
	}
	for size := len(path) / 2; size > 0; {
		smaller := false
		for at := 0; at+size <= len(path); {
			shorter := append(append([]search.Action(nil), path[:at]...), path[at+size:]...)
			if shorter, ok := k.leadsTo(shorter, code); ok {
				path, smaller = shorter, true
				continue
			}
			at += size
		}
		if !smaller || size > len(path) {
			size /= 2
		}
	}
	return describe(c, v, false, search.Found{Code: code, Path: path, Depth: len(path), Count: 1})
}

// leadsTo takes a way, without the steps that are not possible, and says whether it
// leads to a violation: the steps that were taken until then.
func (k *walker) leadsTo(path []search.Action, code search.Code) ([]search.Action, bool) {
	w := k.world
	w.decode(k.initial)
	k.state = append(k.state[:0], k.initial...)
	var taken []search.Action
	for _, a := range path {
		w.actions = w.enabled(w.actions[:0])
		possible := false
		for _, b := range w.actions {
			possible = possible || a == b
		}
		if !possible {
			continue
		}
		taken = append(taken, a)
		if c := k.take(a); c != 0 {
			return taken, c == code
		}
	}
	return taken, w.stuckIn(k.state) && w.stuckCode(k.state) == code
}

// actorOf numbers the actors of the actions.
var actorOf = func() (numbers [actionCount]uint) {
	known := map[string]uint{}
	for a, n := range actionNames {
		if _, ok := known[n[0]]; !ok {
			known[n[0]] = uint(len(known))
		}
		numbers[a] = known[n[0]]
	}
	return numbers
}()

func ones(mask uint32) int { return bits.OnesCount32(mask) }

// nth is the position of the nth bit that is set.
func nth(mask uint32, n int) uint {
	for range n {
		mask &= mask - 1
	}
	return uint(bits.TrailingZeros32(mask))
}
