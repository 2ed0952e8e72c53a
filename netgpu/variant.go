package netgpu

import (
	"fmt"
	"slices"
	"strings"
)

// Variant names an implementation and switches the points in which
// implementations differ. Every switch is a decision of one patch, so that a
// repaired variant is the original with named switches changed. The zero Variant
// is no implementation: take one from RFCv2, RFCv1, Fixed or VariantByName.
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

	// ChunkSlots is the number of pages in a chunk of the page cache: 63 in the
	// patches (NETGPU_CACHE_COUNT). A checker takes fewer, so that few pages show
	// what a list of chunks does. 1 to 63.
	ChunkSlots int

	// Repairs are the faults of rfc-v2 that this implementation does not have.
	Repairs RepairSet
}

// RFCv2 is the series of 27 July 2020 as it was posted, faults included.
func RFCv2() Variant {
	return Variant{Name: "rfc-v2", MemoryObjects: true, SocketsShareDevice: true, ChunkSlots: maxChunkSlots}
}

// RFCv1 is the series of 18 June 2020 as far as its differences are known: one
// socket per device and no memory objects. The rest behaves as RFCv2.
func RFCv1() Variant {
	return Variant{Name: "rfc-v1", ChunkSlots: maxChunkSlots}
}

// Fixed is RFCv2 with every repair of Repairs, the planned notification of
// transmit completion among them: the smallest changes with which all invariants
// hold.
func Fixed() Variant {
	v := RFCv2()
	v.Name = "fixed"
	for r := range repairCount {
		v.Repairs = v.Repairs.With(r)
	}
	return v
}

// With returns the implementation with a fault repaired.
func (v Variant) With(r Repair) Variant {
	v.Repairs = v.Repairs.With(r)
	return v
}

// Without returns the implementation with a fault left in.
func (v Variant) Without(r Repair) Variant {
	v.Repairs = v.Repairs.Without(r)
	return v
}

// String is the name, and what has been changed: "fixed without spare-next".
func (v Variant) String() string {
	named, _ := VariantByName(v.Name)
	text := v.Name
	for _, part := range [...]struct {
		word string
		set  RepairSet
	}{{" with", v.Repairs &^ named.Repairs}, {" without", named.Repairs &^ v.Repairs}} {
		for r := range repairCount {
			if part.set.Has(r) {
				text += part.word + " " + r.String()
				part.word = ""
			}
		}
	}
	return text
}

// ParseVariant reads what String writes. The error says what is allowed.
func ParseVariant(text string) (Variant, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		words = []string{""}
	}
	v, ok := VariantByName(words[0])
	if !ok {
		return Variant{}, fmt.Errorf("variant %q is not known; there are %s", words[0], names(Variants(), func(v Variant) string { return v.Name }))
	}
	change := Variant.With
	for i, word := range words[1:] {
		switch word {
		case "with":
			change = Variant.With
			continue
		case "without":
			change = Variant.Without
			continue
		}
		r, ok := RepairByName(word)
		if !ok || i == 0 {
			return Variant{}, fmt.Errorf("variant %q: given %q, allowed are \"with\" or \"without\" and repairs: %s", text, word, names(Repairs(), Repair.String))
		}
		v = change(v, r)
	}
	return v, nil
}

func names[T any](all []T, name func(T) string) string {
	var list []string
	for _, x := range all {
		list = append(list, name(x))
	}
	return strings.Join(list, ", ")
}

// Variants are the implementations that have a name.
func Variants() []Variant { return []Variant{RFCv2(), RFCv1(), Fixed()} }

// VariantByName returns the variant that scenarios call name, and whether there is
// one.
func VariantByName(name string) (Variant, bool) {
	all := Variants()
	i := slices.IndexFunc(all, func(v Variant) bool { return v.Name == name })
	if i < 0 {
		return Variant{}, false
	}
	return all[i], true
}
