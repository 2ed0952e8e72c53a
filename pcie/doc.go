// Package pcie models the PCIe tree around one host's NIC and GPU: what each
// transaction puts on which link, and when it arrives.
//
// The unit of work is the transaction: the NIC posts n bytes, or reads n bytes.
// Tree books a whole transaction arithmetically on the link directions it crosses
// ("this direction is free at ...") and returns its times at once, without events
// and without allocation. Within a transaction the TLPs are followed by three
// representatives, the first, the last but one and the last: in a tandem of
// first-in-first-out stages with TLPs of equal size, no other is ever what the last
// has to wait for.
//
// Exact is the same tree TLP by TLP, as an actor of a sim.Engine: queues, credits, tags
// and the passing rules are there as such, any device can be a requester, and ACK and
// UpdateFC DLLPs can be sent one by one. It is the reference that the tests hold Tree to.
//
// How to use it in a run, on whichever engine Spec.Engine says:
//
//  1. Open a Port, giving it the specification, the number of reads the NIC keeps in
//     flight, and what sits behind the GPU's link (gpu.Device.Target); Listen.
//  2. Call Write, Read, Store and Interrupt with the time of the event, or, except Read,
//     with a time ahead of it. Requester's methods tell what becomes of them. On the fast
//     engine reads wait in the port for what they need, so that what is asked for
//     meanwhile can go before them.
//  3. Call Restart when warm-up ends and Links for the counters.
//
// A requester that does one thing after another, as the microbenchmarks' do, can have a
// Tree alone (New): its Read books what waits for tags ahead, and returns its times at
// once. Later calls for earlier times take the gaps before. Times that most calls have
// left behind are booked safely, only less exactly.
//
// The ordering rules of the PCIe base specification (table "Ordering Rules
// Summary") that a booking keeps, unless Spec sets relaxed or ID-based ordering:
//
//   - A posted write does not pass one that was ready before it on any link they
//     share, so visibility is monotone for each destination. Different destinations
//     diverge at the switch or root complex: a CQE in host memory can be visible
//     before the payload in GPU memory.
//   - A read request, and a completion, does not pass a posted write that was ready
//     for the link before it.
//   - A posted write passes read requests that wait for a tag, and completions
//     that are booked but not yet due.
//   - With relaxed ordering the NIC's writes do not wait for each other in the root
//     complex, and the completions of its reads pass posted writes.
//
// docs/models/pcie.md has the equations, parameters and sources.
package pcie
