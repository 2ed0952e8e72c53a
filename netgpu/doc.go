// Package netgpu is an executable reference model of the netgpu kernel module
// (RFC PATCH v2, July 2020) and of the userspace library that drives it: shared
// queues, pages and page caches, regions and memory areas, contexts, interface
// queues and socket queues, with the errors and the faults of the patches.
//
// The model is pure. It has no clock, no goroutine and no I/O: every operation of
// the protocol is one method with explicit effects, so that an event engine can
// give it time and an explorer can give it every interleaving. Payload is not
// stored; a page is a number.
//
// How to use it, in the order the library does:
//
//  1. Make a Module with NewModule, add network devices with AddDevice, and make
//     a Process with NewProcess.
//  2. Give the process memory: MapHost or CudaMalloc.
//  3. Make the system calls: OpenContext, AttachDev, OpenMemory, AddRegion,
//     AttachRegion, BindQueue, then Socket, SetZeroCopy and AttachQueues. Each
//     returns an Errno; OK is zero.
//  4. Take the objects for the data path with IfQueueAt and SocketAt. Application
//     side: IfQueue.Populate, Recycle, SubmitFill, Socket.Batch, Take. Driver side:
//     IfQueue.CanRefill, GetPage, Post, FillComplete, Receive, PutNapi. TCP side:
//     Socket.Queue, Deliver, Submit, Module.DropFragment, Socket.AttachPages,
//     Module.ReleaseTx.
//  5. Ask the ledger what is wrong: Module.Counts, Lost, Duplicated, Violations.
//
// The data path allocates nothing, looks nothing up in a map and calls nothing
// through an interface. All state is plain data reachable from the Module.
//
// docs/protocol.md tells the protocol as a story and lists the faults that the
// variant rfc-v2 keeps.
package netgpu
