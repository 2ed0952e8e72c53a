// Package stack is the TCP sockets of one host as system calls see them, over the
// endpoints of package tcp: a descriptor table, listeners with their queues,
// TIME-WAIT, options, poll and epoll, with the errors that Linux 5.8 gives.
//
// It is pure: it reads no clock, starts no goroutine and does no I/O. A caller
// moves time on and carries packets:
//
//	h, err := stack.New(stack.Config{Spec: stack.DefaultSpec(), Addrs: addrs, MTU: 1500})
//	fd, errno := h.Socket(stack.AF_INET, stack.SOCK_STREAM, 0)
//	errno = h.Connect(fd, peer)       // Blocked: the handshake is under way
//	for h.Output(&p) { ... }          // to the wire
//	h.Advance(now); h.Input(&p)       // from the wire, then Output again
//	h.Deadline()                      // when Advance is due without either
//
// # Time
//
// Advance(now) moves the host's clock and runs the timers that are due. Everything
// else happens at the time of the last Advance. It may be called as often as one
// likes, but never with an earlier time.
//
// # Blocking
//
// No call waits. One that would block its process returns the error Blocked; the
// caller repeats it, with the same arguments, after the next Advance or Input. A
// write that has taken some bytes and would wait for room returns their number
// together with Blocked: what is repeated is the rest. (Linux would return a short
// count only at a signal or an error; a caller that gives up returns the sum.) On a
// descriptor with O_NONBLOCK and with MSG_DONTWAIT the same calls return EAGAIN,
// EINPROGRESS or the partial count, as Linux does. Timeouts (SO_RCVTIMEO, poll) are
// the caller's: it stops repeating, and Linux then returns EAGAIN, or 0 for poll.
//
// # Bytes
//
// Payload is symbolic unless Config.Bytes is set: byte k that a connection sends is
// byte k of its stream (see tcp.Payload), and only counts travel. A Buf with memory
// that is read into is filled with these bytes, so that both ends can hash what they
// see. With Config.Bytes the host keeps what is written, Output hands it out in
// Packet.Data and Input expects it there.
package stack
