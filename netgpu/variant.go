package netgpu

// Variant names an implementation and switches the points in which
// implementations differ. Every switch is a decision of one patch, so that a
// repaired variant is the original with named switches changed. The zero Variant
// is no implementation: take one from RFCv2, RFCv1 or VariantByName.
type Variant struct {
	Name string

	// MemoryObjects: regions are registered with a memory area (/dev/netgpu_mem)
	// and attached to contexts, several of which may share them (v2 patches 6
	// and 10). Without it, a region is registered through the context that uses
	// it and belongs to that context alone (v1).
	MemoryObjects bool

	// SocketsShareDevice: any number of sockets receive through one device, each
	// with an rx ring of its own (v2 patches 10 and 14). Without it, one socket
	// per device (v1).
	SocketsShareDevice bool
}

// RFCv2 is the series of 27 July 2020 as it was posted, faults included.
func RFCv2() Variant {
	return Variant{Name: "rfc-v2", MemoryObjects: true, SocketsShareDevice: true}
}

// RFCv1 is the series of 18 June 2020 as far as its differences are known: one
// socket per device and no memory objects. The rest behaves as RFCv2.
func RFCv1() Variant {
	return Variant{Name: "rfc-v1"}
}

// VariantByName returns the variant that scenarios call name, and whether there is
// one.
func VariantByName(name string) (Variant, bool) {
	for _, v := range [...]Variant{RFCv2(), RFCv1()} {
		if v.Name == name {
			return v, true
		}
	}
	return Variant{}, false
}
