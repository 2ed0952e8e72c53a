// Package live lets the shared queue of patch 5 run between processes: it lays
// netgpu's Ring over a real memory mapping, byte for byte as a program has it that
// was compiled against the RFC's header. The other end can be such a program, or a
// kernel.
//
// How to use it:
//
//  1. Get the mapping: Create makes one in anonymous memory, to be handed to
//     another process by its File; Map takes one that somebody else has made. Any
//     other bytes will do for Attach, such as an mmap of a netgpu descriptor.
//  2. Attach gives the ring of the mapping. Exactly one side calls
//     netgpu.NewProducer on it, the other netgpu.NewConsumer.
//  3. The operations are those of the model: Reserve or Avail and GetPtr, then
//     Submit; Peek and Advance or PeekBatchAdvance and Slot, then Complete. Batch
//     gives its slots back before they have been read: do not use it here, unless
//     to see what happens.
//  4. Close the mapping when neither ring nor slots are used any more.
//
// What the other side writes is not checked, as in the patches: a wild index leads
// to stale entries, never out of the mapping.
//
// This package is the only place where Go pointers lead into foreign memory.
package live
