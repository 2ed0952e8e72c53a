package nic

import (
	"netgpusim/sim"
	"netgpusim/tcp"
)

// Frame is one Ethernet frame, payload symbolic. It is a value: links and queues
// copy it.
type Frame struct {
	Seg    tcp.Segment
	Flow   uint32 // connection the frame belongs to
	Header uint16 // bytes from the Ethernet header to the end of the TCP options
}

// Length is the frame as it lies in memory: headers and payload without FCS.
func (f *Frame) Length() int64 { return int64(f.Header) + int64(f.Seg.Len) }

// Wire is the cable as the sending NIC sees it.
type Wire interface {
	// Send puts a frame that is complete at time ready on the wire behind what is
	// already there and returns when its last bit has left. f is the NIC's again when
	// Send returns: the wire copies what it keeps.
	Send(ready sim.Time, f *Frame) (departed sim.Time)
	// FreeAt is when everything sent so far will have left.
	FreeAt() sim.Time
}

// Extent names the payload bytes a page holds: Len bytes of stream Stream from
// stream position Offset on, Start bytes into the page.
type Extent struct {
	Offset uint64
	Stream uint32
	Start  uint16
	Len    uint16
}

// Memory is what DMA has written into the registered pages of a host, by page
// number: the content that integrity checks compare with what was sent.
type Memory struct {
	Pages []Extent
}
