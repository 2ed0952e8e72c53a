// Package packetdrill interprets scripts in packetdrill's language: system calls of the
// host under test and packets of its peer, with the times at which they happen and the
// packets that the host must send. The host is a tcp/stack Host, the peer is the script,
// the clock is virtual.
//
//	script, err := packetdrill.Parse("close.pkt", text)
//	result := script.Run(packetdrill.Options{})
//
// Parse knows the syntax, Run the meaning. What is not understood is an *Error with the
// line, never passed over.
package packetdrill
