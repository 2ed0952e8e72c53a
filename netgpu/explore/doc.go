// Package explore gives the reference model of netgpu every interleaving: of an
// application, softirq, the NIC's DMA, processes that free sockets, the GPU driver,
// and an application that writes what it likes into its rings. A World is one
// bounded configuration of them, all driving the same netgpu types that a simulation
// drives; Explore visits all of its states, Fuzz walks at random through a large one,
// and both return the shortest way they know to each violation.
//
// What is wrong is decided by invariants that walk the structures of a state
// (netgpu.Census, invariants.go) and do not know where the faults are, and by traps
// where the kernel would touch memory that is not there. The model's own diagnosis,
// if it has one, gives the violation its name.
package explore
