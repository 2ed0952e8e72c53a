// Package gpu models a GPU on PCIe: device memory, the BAR1 aperture through which
// peers reach it, pinning in GPU pages, the rates and latencies of peer access, and
// what the GPU does itself: copy engines, and loads and stores of host memory by its
// streaming multiprocessors (SMs). It computes nothing.
//
// The rules of pinning are those that the netgpu module meets in patch 21: memory from
// cudaMalloc is pinned through the GPU driver's peer-to-peer interface in GPU pages
// (64 KiB in practice), each presented as 4 KiB pages; the DMA address of an
// address is the bus address of its GPU page plus the offset within it; the driver
// may take the pages back at any time; the CPU never maps them.
//
// How to use it, as the peer of a NIC:
//
//  1. Make a Device with New; give its Target to pcie.New.
//  2. Alloc device memory (cudaMalloc) and Pin what the NIC shall reach.
//  3. Ask the Mapping for DMA addresses. Visibility and Flush say what device code
//     may rely on.
//  4. Unpin and Free. Free revokes what is still pinned and says what that was.
//
// As the requester: make a pcie.Tree whose NIC link has the GPU's generation and lanes,
// then a CopyEngine or a HostAccess on it. Package microbench does.
//
// docs/models/gpu.md has the equations, parameters and sources.
package gpu
