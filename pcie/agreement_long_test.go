//go:build long

package pcie

import "testing"

// More trees, and other ones.
func TestBothEnginesAgreeOnMoreTrees(t *testing.T) {
	for i := range families {
		t.Run(families[i].name, func(t *testing.T) { families[i].hold(t, 2, 300) })
	}
}
