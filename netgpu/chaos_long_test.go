//go:build long

package netgpu

import "testing"

// TestNoCallBreaksAnotherContextInTheLongRun is TestNoCallBreaksAnotherContext with
// 2·10^7 calls.
func TestNoCallBreaksAnotherContextInTheLongRun(t *testing.T) {
	variants := []Variant{RFCv2(), RFCv1(), Fixed()}
	for _, v := range variants {
		t.Run(v.Name, func(t *testing.T) {
			attack(t, v, 32, 2e7/len(variants), map[outcome]int{}, map[Cause]bool{})
		})
	}
}
