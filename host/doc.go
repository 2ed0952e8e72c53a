// Package host is where the models meet: two hosts with cores, kernel, driver and
// application around a NIC, a PCIe tree, a GPU, the netgpu module and TCP, joined
// by a link. A World is one simulation of them.
//
// Time on a core is spent by items: a NAPI poll, a batch of the application, a
// system call, an interrupt. An item begins by reading its inputs, takes the sum
// of the costs of what it found, and publishes its outcome when it ends; nothing
// preempts it, and no item is longer than one GRO bundle, one batch or one system
// call. Softirqs run before threads until their budget is used up; then ksoftirqd
// shares the core with them.
//
// Reading order: world.go (assembly), link.go (the wire), core.go (who runs when),
// channel.go (NAPI and the driver's receive side), skb.go, socket.go (TCP input,
// delivery, transmit), ending.go (connections that fail), app.go (iperf3), sendturn.go
// (which buffer is sent from, and when it may be), build.go (set-up in the library's
// order), stall.go (why nothing moves).
package host
