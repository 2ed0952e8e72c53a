package memory

import "fmt"

// Model is a memory model: which accesses of one thread may take effect out of
// program order. All three are multi-copy atomic: a store becomes visible to all
// other threads at once.
type Model uint8

// The models, from the strongest to the weakest: what one can do, the next can.
const (
	// SC is sequential consistency: program order (Lamport 1979).
	SC Model = iota
	// TSO is x86-TSO (Sewell et al. 2010): a store may take effect after loads
	// that follow it, which see it all the same if they are of the same thread.
	TSO
	// Weak is the model of Armv8 as simplified by Pulte et al. (2018), without
	// its acquire and release instructions: what barriers, dependencies and
	// coherence do not order may take effect in any order, loads behind a branch
	// that is not yet decided included. It is stronger than Armv8 in one point:
	// loads of one location take effect in order even if they read one store.
	Weak

	modelCount
)

var modelNames = [modelCount]string{"sc", "x86-tso", "weak"}

// Models returns all models, strongest first.
func Models() []Model { return []Model{SC, TSO, Weak} }

// String returns the name that results use: "sc", "x86-tso" or "weak".
func (m Model) String() string {
	if m < modelCount {
		return modelNames[m]
	}
	return fmt.Sprintf("model(%d)", uint8(m))
}

// ModelByName is the inverse of String.
func ModelByName(name string) (Model, error) {
	for _, m := range Models() {
		if m.String() == name {
			return m, nil
		}
	}
	return 0, fmt.Errorf("memory model %q: must be one of %q", name, modelNames)
}

// order is what has to wait: kept while walking a thread's instructions in program
// order, it says whether an access at this point may take effect although some
// before it have not.
type order struct {
	pendingLoads, pendingStores int // before this point, not yet in effect

	holdLoads, holdStores bool // nothing of the kind may take effect yet
}

// fence notes a barrier. What it orders is what Linux promises of smp_rmb, smp_wmb
// and smp_mb, and no more.
func (o *order) fence(k kind) {
	loads, stores := o.pendingLoads > 0, o.pendingStores > 0
	switch k {
	case readBarrier:
		o.holdLoads = o.holdLoads || loads
	case writeBarrier:
		o.holdStores = o.holdStores || stores
	case fullBarrier:
		o.holdLoads = o.holdLoads || loads || stores
		o.holdStores = o.holdStores || loads || stores
	}
}

// undecided notes a branch whose condition is not known. A store cannot be taken
// back, so none takes effect on a guess; loads do.
func (o *order) undecided() { o.holdStores = true }

// access notes a load or store of which inEffect and addressKnown tell how far it
// is, and what the model itself orders behind it.
func (o *order) access(m Model, k kind, inEffect, addressKnown bool) {
	if inEffect {
		return
	}
	if k == load {
		o.pendingLoads++
	} else {
		o.pendingStores++
	}
	switch {
	case m == SC, m == TSO && k == load:
		o.holdLoads, o.holdStores = true, true
	case m == TSO:
		o.holdStores = true
	case !addressKnown:
		o.holdStores = true // it might turn out to be to the same address, or to fault
	}
}
