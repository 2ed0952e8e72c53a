// Package tcp is one end of a TCP connection as Linux 5.8 runs it, from SYN to
// TIME-WAIT, with the option padding of netgpu's patch 13: a pure state machine without
// clock, socket or goroutine. Time, segments and the application's calls go in;
// segments, deliveries and a deadline come out. Payload is symbolic: a byte is its
// offset in the stream.
//
// How to drive an Endpoint:
//
//  1. Connect makes one that opens a connection, Accept one that answers a SYN; New
//     makes one that is established already. The two ends of New need each other's
//     initial sequence numbers.
//  2. Write offers bytes. Input takes a segment that has arrived; afterwards
//     NextDelivery, until it says false, names the buffers to hand to the reader or to
//     free, and Consumed says how much the reader has taken.
//  3. Shutdown sends a FIN behind what was written, Close says that the process has
//     gone, Abort resets. State says how far both directions have come, Err what ended
//     the connection.
//  4. After any of these, and after Sent (the NIC has completed a transmission), call
//     Output until it says false and transmit what it fills in.
//  5. Then arm a timer for Deadline. When it is due, call Timer, and Output again.
//
// Time must not run backwards between calls. An Endpoint is plain data, allocates
// nothing once its queues have grown, and gives the same answers on every machine.
//
// Around the endpoint: GRO bundles frames on their way up, Frames and Frame cut
// super-segments on their way down, and wire.go turns segments into real bytes. Ports,
// listeners and descriptors are package stack's.
//
// docs/models/tcp.md has the rules, their sources, and what is simpler than Linux.
package tcp
