package pcie

import "netgpusim/sim"

// Listen implements Port. From then on Result knows nothing of transactions that are
// done, so that a run takes no more memory the longer it is.
func (x *Exact) Listen(r Requester) { x.requester = r }

// Read implements Port.
func (x *Exact) Read(now sim.Time, src Target, n int64, about Notice) {
	x.access(now, src, ReadRequest, n, about)
}

// Write implements Port.
func (x *Exact) Write(now sim.Time, dst Target, n int64, about Notice) {
	x.access(now, dst, WriteRequest, n, about)
}

// access begins a transaction of the NIC where the fast engine would have it.
func (x *Exact) access(now sim.Time, target Target, kind RequestKind, n int64, about Notice) {
	r := Request{From: AtNIC, To: AtGPU, Kind: kind, Bytes: n, About: about}
	if target == HostMemory {
		r.To, r.Address = AtHost, x.root.addresses.next(n)
	}
	x.begin(now, r)
}

// Store implements Port.
func (x *Exact) Store(now sim.Time, n int64, about Notice) {
	x.begin(now, Request{From: AtHost, To: AtNIC, Bytes: n, About: about})
}

// Interrupt implements Port.
func (x *Exact) Interrupt(now sim.Time, about Notice) {
	x.begin(now, Request{From: AtNIC, To: AtHost, Bytes: interruptBytes, Interrupt: true, About: about})
}
