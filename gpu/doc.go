// Package gpu models a GPU as its PCIe peers see it: device memory, the BAR1
// aperture through which peers reach it, pinning in GPU pages, and the rates and
// latencies of peer access. It computes nothing.
//
// The rules are those that the netgpu module meets in patch 21: memory from
// cudaMalloc is pinned through the GPU driver's peer-to-peer interface in GPU pages
// (64 KiB in practice), each presented as 4 KiB pages; the DMA address of an
// address is the bus address of its GPU page plus the offset within it; the driver
// may take the pages back at any time; the CPU never maps them.
//
// How to use it:
//
//  1. Make a Device with New; give its Target to pcie.New.
//  2. Alloc device memory (cudaMalloc) and Pin what the NIC shall reach.
//  3. Ask the Mapping for DMA addresses.
//  4. Unpin and Free. Free revokes what is still pinned and says what that was.
package gpu
