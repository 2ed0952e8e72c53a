package check

import "netgpusim/netgpu"

// consequence is what a root cause of rfc-v2 means to somebody who runs it, and the
// repair that takes it away. The words are ours; that the repair does is verified
// (findings.go).
type consequence struct {
	repair netgpu.Repair
	text   string
}

// consequences has every root cause that the cases find in rfc-v2.
var consequences = map[string]consequence{
	"batch-overwritten": {netgpu.CompleteAfterRead,
		"The application reads the address and length of a later packet in place of an earlier one. Data is delivered out of order or twice, other data never, and the buffer of the packet that was overwritten is leaked. Nothing reports it: to the application it looks like a corrupt stream. It takes no more than an rx ring that is full when a batch is taken."},
	"torn-read": {netgpu.CompleteAfterRead,
		"The same fault seen load by load: address and length of an iovec come from different packets, so the application reads too much or too little of a buffer. It happens under sequential consistency, so no barrier helps; the order of the program is wrong."},
	"rx-ring-no-rekick": {netgpu.RxRekick,
		"A connection hangs with data in the kernel: the application was slow once, the rx ring filled up, and after it has been emptied the rest arrives only if the peer sends more. A peer that waits for an answer never does. The usual sight is a request that times out under load."},
	"cache-stale-next": {netgpu.SpareNext,
		"Up to 63 pages of the page cache are lost at a time, and chunks that are reached through the stale pointer give out pages that somebody else has. Throughput falls as the pool shrinks until the receive queue starves; received data may be overwritten by later packets. It needs frees in softirq and in process context on one queue: resets or short connections under load."},
	"refill-starved": {netgpu.RefillCountsAll,
		"The NIC has no buffers and gets none, although the kernel has pages: they are in a part of the cache that the test before a refill does not count. Every packet for the queue is dropped (rx_out_of_buffer) unless the application has spare buffers to put into the fill ring."},
	"livelock": {netgpu.RxRekick,
		"Data waits in the receive queue for ever while refill goes on and on: nothing looks stuck, softirq burns a core, and the connection does not move. It is the fault of rx-ring-no-rekick where a WQE takes more pages than are left."},
	"cache-chunk-alloc-failed": {netgpu.CacheOverflow,
		"Each failed atomic allocation loses a page for good. On a machine that is short of memory the pool shrinks, quickly when it matters most, and never grows again before the application restarts."},
	"undelivered-still-referenced": {netgpu.LastReference,
		"An application that sends from receive buffers loses those of a connection that ends while TCP still holds them. The pool shrinks by a few pages per connection, until the queue starves."},
	"payload-in-header-buffer": {netgpu.NonZCError,
		"One packet whose headers are shorter than the fixed split (another TCP option length, IPv4 in place of IPv6) ends delivery on its connection for good. The error goes to softirq, so the application waits without a sign. A peer can bring that about at will."},
	"recycle-through-null": {netgpu.RecycleCheck,
		"The application crashes: the library's single recycle writes through a null pointer when the fill ring has no free slot, which happens as soon as there are more buffers than slots."},
	"modified-in-flight": {netgpu.TxCompletion,
		"An application has no way to know when TCP no longer needs a buffer. If it reuses one too early, a retransmission carries other data than the first transmission: the peer receives a corrupt stream with right checksums."},
	"recycled-in-flight": {netgpu.TxCompletion,
		"A server that sends back what it received gives the buffer to the NIC for reception while TCP may still retransmit from it: another connection's data can go out in its place. That is a leak between connections, and it cannot be avoided, as nobody is told when a transmission is over."},
	"tx-past-region": {netgpu.TxRegionEnd,
		"A send that runs past the end of a host region reads one entry past an array of page pointers, and the NIC sends from whatever that points to: a crash, or kernel memory on the wire. Any application can do it."},
	"index-out-of-range": {netgpu.IndexCheck,
		"An application that writes nonsense into an index of its own rings makes the kernel act on entries that were never written: it posts pages that the application or the NIC has, or delivers over slots that were not read. A mistake in one process becomes DMA into memory in use."},
	"bad-fill-entry": {netgpu.SkipBadEntry,
		"One bad address in the fill ring, by mistake or after memory was revoked, stops the queue: nothing behind it is ever used, the receive queue runs dry and every connection on the queue stops."},
	"posted-twice": {netgpu.OwnerCheck,
		"The same page is posted to the NIC twice, so two packets are written over each other and both are delivered. A buffer that is recycled twice, or given to two contexts that share an area, is enough."},
	"posted-over-data": {netgpu.OwnerCheck,
		"The NIC writes a new packet into a page whose data the application has not got yet. The application reads the later packet at the earlier one's place in the stream."},
	"page-held-twice": {netgpu.OwnerCheck,
		"A page is with kernel or NIC twice after an application entered a buffer that was not its own. From then on packets overwrite each other, also those of well-behaved connections on the queue."},
	"socket-close-not-reclaimed": {netgpu.ReclaimRxRing,
		"Every connection that is closed with data unread leaks the buffers that its rx ring describes. A server with many short connections runs out of buffers."},
	"page-outlives-queue": {netgpu.QueueOutlivesPackets,
		"A packet that is freed after its interface queue was closed is put back into memory that is gone: a use after free in the kernel. It takes a process that exits, or is killed, while data waits in a socket."},
	"revoked-while-posted": {netgpu.RevokeWaits,
		"cudaFree, or a process that dies, takes memory away that the NIC still has buffers in: later packets are written into GPU memory that belongs to somebody else by then."},
	"revoked-while-held": {netgpu.RevokeWaits,
		"Packets in a receive queue, or on their way to one, point at memory that the GPU driver has taken back. What reads them later follows pointers to page structures that are gone: a crash, or another process's data in the stream."},
	"revoked-while-sending": {netgpu.RevokeWaits,
		"cudaFree takes memory away that TCP may still send from: a retransmission reads GPU memory that belongs to somebody else by then, and puts it on the wire."},
	"cached-page-revoked": {netgpu.RevokeWaits,
		"After cudaFree the page cache still has pages of the region. The next refill looks up a DMA address that is not there any more and uses the missing answer: a crash of the kernel."},
}
