// Package trace reads, writes and checks protocol traces: what one netgpu kernel
// module, its NIC and its application did, one operation a line. docs/trace.md
// describes the format ("netgpu trace 1"), which a driver or a library can produce
// from its own tracepoints.
//
// NewWriter writes a trace. Check reads one and holds it against the reference model:
// it makes a netgpu.Module with the regions, queues and sockets of the trace, gives it
// the trace's operations one after the other, and reports where the two part or where
// the model says that an invariant is broken.
//
// There are two ways to be held against the model. A trace of a variant that the model
// knows (rfc-v2, rfc-v1) has to make the model's choices, too: which cached page is
// taken next, when a refill starts, when a ring is found full. A trace of any other
// implementation (variant "any") only has to keep the invariants; see shelf.go for how
// the model is made to follow its choices.
//
// An actor that the trace does not have is played by the checker (absent.go), and what
// lost events leave unknown is learned again from what is seen next (gap.go).
package trace
