package pcie

import "fmt"

// Audit says what is wrong with an engine that has nothing left to do: a transaction
// that is not done, a TLP that has not arrived, a credit, tag or place that has not
// come home. It is nil if everything has.
func (x *Exact) Audit() error {
	for i := range x.transactions {
		if t := &x.transactions[i]; t.left != 0 || t.unsent != 0 || !t.result.Done {
			return fmt.Errorf("pcie: transaction %d (%+v): %d bytes not sent, %d not done", i, t.request, t.unsent, t.left)
		}
	}
	if under := len(x.tlps) - len(x.free); under != 0 {
		return fmt.Errorf("pcie: %d TLPs have not arrived", under)
	}
	if n := len(x.requests) - len(x.freeTags); n != 0 {
		return fmt.Errorf("pcie: %d tags have not come home", n)
	}
	for i := range x.channels {
		c := &x.channels[i]
		if c.room != c.limit {
			return fmt.Errorf("pcie: channel %d: credits %+v, of %+v", i, c.room, c.limit)
		}
		if c.busy || len(c.dllps) != 0 {
			return fmt.Errorf("pcie: channel %d is still busy", i)
		}
	}
	r := &x.root
	if r.reading != 0 || r.walking != 0 || len(r.walks) != 0 || len(r.iotlb.pending) != 0 {
		return fmt.Errorf("pcie: root complex: %d reads, %d walks under way, %d waiting", r.reading, r.walking, len(r.walks))
	}
	return nil
}
