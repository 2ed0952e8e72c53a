package explore

import (
	"testing"

	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// A panic of the model must not end the program on a goroutine of the search: it is kept
// for the caller. A state that is cut short makes the codec panic.
func TestPanicInAStepIsKeptForTheCaller(t *testing.T) {
	w := testWorld(t, small, netgpu.Fixed())
	state := w.Initial(nil)
	w.Expand(state[:len(state)/2], new(search.Successors))
	if w.crash == nil {
		t.Error("nothing is kept")
	}
}
