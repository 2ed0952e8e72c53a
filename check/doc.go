// Package check takes a request to the checker of the reference model to a result
// that reports can set: which cases, which implementation, which bounds; then what was
// found, and whether that is what was to be found.
//
//	cases, _ := check.Select([]string{"page-cache"}, netgpu.RFCv2())
//	r, err := check.Explore(ctx, check.Exploration{Variant: netgpu.RFCv2(), Cases: cases})
//	check.Judge(&r, check.Verdict{})
//
// Explore visits every state of the cases, Fuzz walks through large ones, Trace holds
// recorded traces against the model, Replay takes counterexamples again, and Findings
// writes what rfc-v2 does wrong as a document.
package check
