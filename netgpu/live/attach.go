package live

import (
	"fmt"
	"math"
	"unsafe"

	"netgpusim/netgpu"
)

// Element is what a ring of netgpu can hold (patch 6): a u64, which is the address
// of a page, or an iovec. Neither holds a pointer that the garbage collector would
// have to see.
type Element interface {
	uint64 | netgpu.Iovec
}

// lineBytes is what a mapping must be aligned to. Words on the wrong line would
// work, but slowly; an mmap is never so.
const lineBytes = 64

// Size is the number of bytes that a mapping needs for a ring of entries slots.
// Patch 10 rounds it up to whole pages; a mapping may be longer.
func Size[T Element](entries uint32) int64 {
	var element T
	return netgpu.DataOffset + int64(entries)*int64(unsafe.Sizeof(element))
}

// Attach returns the ring that lies in mem, with the indices and entries that are
// there: zeroed memory is an empty ring. An error if entries is not a power of two,
// if the ring would need more than 32 bits of size (patch 10), or if mem is too
// short for it or not on a 64-byte line.
//
// mem must stay mapped, and must not move, as long as the ring or a pointer that it
// returned is in use.
func Attach[T Element](mem []byte, entries uint32) (*netgpu.Ring[T], error) {
	if entries == 0 || entries&(entries-1) != 0 {
		return nil, fmt.Errorf("live ring: %d entries: the number must be a power of two (netgpu.RingEntries rounds up to one)", entries)
	}
	size := Size[T](entries)
	if size > math.MaxUint32 {
		return nil, fmt.Errorf("live ring: %d entries need %d bytes: a mapping of at most %d is allowed", entries, size, uint32(math.MaxUint32))
	}
	if int64(len(mem)) < size {
		return nil, fmt.Errorf("live ring: the mapping has %d bytes: %d entries need at least %d", len(mem), entries, size)
	}
	base := unsafe.Pointer(unsafe.SliceData(mem))
	if past := uintptr(base) % lineBytes; past != 0 {
		return nil, fmt.Errorf("live ring: the mapping begins %d bytes behind a multiple of %d: it must begin at one", past, lineBytes)
	}
	slots := unsafe.Slice((*T)(unsafe.Add(base, netgpu.DataOffset)), int(entries))
	return netgpu.RingOver((*netgpu.RingHeader)(base), slots), nil
}
