package pcie

import (
	"math/bits"

	"netgpusim/sim"
)

// Sizes of TLPs in bytes. Around its header and data a TLP has 8 bytes in every
// generation up to 5: STP, sequence number, LCRC and END in Gen1 and Gen2, STP token
// and LCRC from Gen3 on; none in the FLITs of Gen6. No ECRC. Every memory request has
// the 4-DW header of 64-bit addressing, to host memory as well as to the GPU's BAR: a
// server's buffers lie above 4 GiB.
const (
	framingBytes      = 8
	writeHeader       = 16 // MWr, 4-DW header
	requestHeader     = 16 // MRd, 4-DW header, no data
	completionHeader  = 12 // CplD, 3-DW header
	interruptBytes    = 4  // MSI-X: a posted write of one DW
	translationBytes  = 8  // completion of an ATS translation request: one entry
	referenceRead     = 64 // the read that Spec.HostReadRTT is about
	referenceWrite    = 64 // the write that Spec.HostWrite is about
	referenceDoorbell = 8  // the store that Spec.MMIOWrite is about
	storeShift        = 6  // log2 of the largest TLP that a core's stores become
	lineBytes         = 64 // a cache line
	creditBytes       = 16 // one posted data credit (PCIe base specification 2.6.1)
)

// dataBytes is what n bytes occupy in the data field of TLPs: whole DWs, and one
// DW even for a transaction of no bytes (zero-length, no byte enabled).
func dataBytes(n int64) int64 { return max(4, (n+3)&^3) }

// split divides n bytes into pieces of a power of two.
func split(n int64, shift uint) (pieces int64, body sizes) {
	full := int64(1) << shift
	pieces = (n + full - 1) >> shift
	return pieces, sizes{full: full, tail: n - (pieces-1)<<shift, all: n}
}

// largest is the bytes of a full piece, or of the only one.
func (z sizes) largest() int64 { return min(z.full, z.all) }

// framed is the sizes of so many TLPs with these bodies and headers on the wire of
// a link.
func (d *direction) framed(z sizes, tlps, header int64) sizes {
	overhead := d.framing + header
	return sizes{z.full + overhead, z.tail + overhead, z.all + tlps*overhead}
}

// shiftOf is the base-2 logarithm of a power of two.
func shiftOf(b sim.Bytes) uint { return uint(bits.TrailingZeros64(uint64(b))) }

// answers is how a read's data come back. A read that starts on a completion
// boundary is assumed, which holds for pages and for queue entries.
type answers struct {
	asked    sizes // request by request, data only
	body     sizes // TLP by TLP, data only
	requests int64
	tlps     int64
	perFull  int64 // TLPs of every request but the last
	perTail  int64 // and of the last
}

// wired is the answers on the wire of a link.
type wired struct {
	request    sizes // request by request: all completions that answer it
	tlp        sizes // TLP by TLP
	afterFirst int64 // bytes of the first request's answer behind its first TLP
}

// on works out the answers on the wire of a link.
func (a *answers) on(d *direction) wired {
	overhead := d.framing + completionHeader
	w := wired{
		request: sizes{
			full: a.asked.full + a.perFull*overhead,
			tail: a.asked.tail + a.perTail*overhead,
			all:  a.asked.all + a.tlps*overhead,
		},
		tlp: d.framed(a.body, a.tlps, completionHeader),
	}
	if a.requests > 1 {
		w.afterFirst = w.request.full - w.tlp.full
	} else if a.tlps > 1 {
		w.afterFirst = w.tlp.all - w.tlp.full
	}
	return w
}
