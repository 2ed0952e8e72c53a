package pcie

// ReadsInFlight is how many read requests a device at the NIC's link keeps in flight if
// it has room for outstanding of its own: fewer if the tags of Spec.TagBits, which New
// has accepted, do not tell as many apart.
func ReadsInFlight(spec *Spec, outstanding int) int { return usableTags(spec, outstanding) }
