// Package tcp is a TCP endpoint as Linux 5.8 runs it, with the option padding of
// netgpu's patch 13: a pure state machine without clock, socket or goroutine. Time,
// segments and the application's calls go in; segments, deliveries and a deadline
// come out. Payload is symbolic: a byte is its offset in the stream.
//
// How to drive an Endpoint:
//
//  1. New makes one end of an established connection (there is no handshake and no
//     close yet); give the peer the two initial sequence numbers the other way round.
//  2. Write offers bytes. Input takes a segment that has arrived; afterwards
//     NextDelivery, until it says false, names the buffers to hand to the reader or to
//     free, and Consumed says how much the reader has taken.
//  3. After any of these, and after Sent (the NIC has completed a transmission), call
//     Output until it says false and transmit what it fills in.
//  4. Then arm a timer for Deadline. When it is due, call Timer, and Output again.
//
// Time must not run backwards between calls. An Endpoint is plain data, allocates
// nothing once its queues have grown, and gives the same answers on every machine.
//
// Around the endpoint: GRO bundles frames on their way up, Frames and Frame cut
// super-segments on their way down, and wire.go turns segments into real bytes.
//
// docs/models/tcp.md has the rules, their sources, and what is simpler than Linux.
package tcp
