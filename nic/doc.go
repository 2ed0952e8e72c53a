// Package nic models an mlx5 network interface: receive queues whose WQEs scatter
// a frame over a host page and netgpu pages at a fixed offset, completion queues
// with interrupt moderation, send queues with doorbells, segmentation and
// read-ahead, steering, and the buffer between port and PCIe.
//
// The NIC moves symbolic payload: a byte is (stream, offset), and a page remembers
// which bytes were last written to it (Memory). Everything that crosses PCIe goes
// through a pcie.Port, which tells the NIC what becomes of it, whichever of the two
// engines is behind; the NIC itself is one actor of the engine.
//
// The host's driver uses it in this order: New; AddRQ and AddSQ per queue; Steer
// per flow; PostRx and ArmRx to start receiving. From then on the NIC calls
// Driver.Interrupt, and the driver polls with NextRx and NextTx, posts with PostRx
// and PostTx, and arms again when it has run out of completions.
//
// Sources: Linux 5.8 drivers/net/ethernet/mellanox/mlx5/core, RFC v2 patches 16-20.
package nic
