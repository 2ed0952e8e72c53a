// Package microbench measures the PCIe and GPU models the way hardware is measured:
// one device, one kind of access, sizes and parallelism in a list, a figure for each.
// Its rows stand beside published measurements.
//
// How to use it:
//
//  1. Take the pcie.Spec and gpu.Spec of the platform from their profiles.
//  2. Fill a Spec: which test, which sizes, how much at once.
//  3. Call Run. Each Row has its figure and what bound it.
//
// The requester, the device under test, is at the NIC's link of the tree. Tests of a
// DMA engine put a device of a DeviceSpec there, with the link that the platform gives
// the NIC. Tests of a GPU's own accesses to host memory (copy engine, SM loads and
// stores) and a core's accesses to BAR1 put the GPU there, with the link that the
// platform gives the GPU. Peer-to-peer tests have both.
//
// docs/models/microbench.md has the tests, the equations and the comparison with
// measurements.
package microbench
