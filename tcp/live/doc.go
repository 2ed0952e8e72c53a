// Package live joins a stack.Host to the TCP of the kernel that it runs on: a TUN
// device carries IP packets between the two, with seeded loss, reordering and
// duplication in between, in real time.
//
//	link, err := live.Open(live.LinkConfig{MTU: 1500})   // a network namespace of its own
//	sum, err := link.Exchange(live.Transfer{...})         // data both ways, hashed at both ends
//	link.Close()
//
// The device lives in a network namespace that nobody else sees and that goes with the
// process, so nothing of the machine's own network is touched. Opening one needs
// CAP_NET_ADMIN and CAP_SYS_ADMIN; Open returns ErrUnavailable where it cannot be had.
//
// Unlike everything else in the simulator a run here is not repeatable: seeds repeat
// the faults, by packet number, but not the time.
package live
