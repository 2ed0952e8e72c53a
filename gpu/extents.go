package gpu

import (
	"cmp"
	"slices"

	"netgpusim/sim"
)

// extents hands out contiguous pieces of an address space, lowest address first, so
// that the same calls always give the same layout.
type extents struct {
	size sim.Bytes
	used []extent // by address, disjoint
}

// extent is bytes from offset on.
type extent struct{ offset, length sim.Bytes }

// take finds the lowest gap of n bytes (more than zero). If there is none, ok is
// false and largest is the largest gap.
func (x *extents) take(n sim.Bytes) (offset, largest sim.Bytes, ok bool) {
	for i := 0; i <= len(x.used); i++ {
		end := x.size
		if i < len(x.used) {
			end = x.used[i].offset
		}
		if gap := end - offset; gap >= n {
			x.used = slices.Insert(x.used, i, extent{offset, n})
			return offset, gap, true
		} else if gap > largest {
			largest = gap
		}
		if i < len(x.used) {
			offset = x.used[i].offset + x.used[i].length
		}
	}
	return 0, largest, false
}

// find is the extent that holds offset.
func (x *extents) find(offset sim.Bytes) (extent, bool) {
	i, exact := slices.BinarySearchFunc(x.used, offset, func(e extent, o sim.Bytes) int { return cmp.Compare(e.offset, o) })
	if exact {
		return x.used[i], true
	}
	if i > 0 && offset < x.used[i-1].offset+x.used[i-1].length {
		return x.used[i-1], true
	}
	return extent{}, false
}

// give returns the extent that starts at offset, which must be in use.
func (x *extents) give(offset sim.Bytes) {
	x.used = slices.DeleteFunc(x.used, func(e extent) bool { return e.offset == offset })
}

// total is how much is in use.
func (x *extents) total() sim.Bytes {
	var n sim.Bytes
	for _, e := range x.used {
		n += e.length
	}
	return n
}
