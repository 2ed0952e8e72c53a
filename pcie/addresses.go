package pcie

import (
	"math/bits"

	"netgpusim/sim"
)

// addresses says where in host memory the transactions go: at random in a window,
// each on a boundary of its own size rounded up to a power of two, from a cache line
// to a page. The stream depends on nothing but the number of the transaction, so two
// engines that are given the same transactions see the same addresses.
type addresses struct {
	rand   sim.Rand
	window int64 // bytes; 0: one page
	page   int64 // bytes
	reach  int64 // bytes from the window's start that the LLC holds
}

const (
	addressAlignMin = lineBytes
	addressAlignMax = 4096 // the boundary that no TLP may cross (PCIe base specification 2.2.7)
)

func newAddresses(s *Spec) addresses {
	return addresses{
		rand:   sim.NewRand(0, "pcie/addresses"),
		window: int64(s.HostWindow),
		page:   int64(max(s.IOMMUPage, addressAlignMax)),
		reach:  int64(s.LLCReach),
	}
}

// next is the address of a transaction of n bytes.
func (a *addresses) next(n int64) int64 {
	if a.window == 0 {
		return 0
	}
	align := int64(addressAlignMin)
	if n > addressAlignMin {
		align = min(int64(1)<<bits.Len64(uint64(n-1)), addressAlignMax)
	}
	places := max(1, a.window/align)
	return int64(a.rand.Intn(int(places))) * align
}

// misses says whether the LLC does not hold what is at an address.
func (a *addresses) misses(at int64) bool { return a.window > a.reach && at >= a.reach }
