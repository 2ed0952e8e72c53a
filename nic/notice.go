package nic

import (
	"netgpusim/pcie"
	"netgpusim/sim"
)

// subject is what a transaction of the NIC is about.
type subject uint8

const (
	aboutRxPayload subject = 1 + iota // of a receive queue's completion
	aboutRxCQE                        // that completion
	aboutRxArm                        // the doorbell that arms a receive queue; completions polled until then
	aboutDoorbell                     // of a send queue; its producer index
	aboutWQE                          // of a send queue
	aboutTxHeader                     // of a send queue's WQE
	aboutTxPayload                    // of a send queue's WQE
	aboutTxCQE                        // of a send queue
	aboutTxArm                        // the doorbell that arms a send queue; completions polled until then
	aboutInterrupt                    // of a channel
)

// notice is the NIC's name for a transaction: its subject, a queue or channel, and a
// number that counts through that queue.
func notice(s subject, queue int, number uint32) pcie.Notice {
	return pcie.Notice(s)<<56 | pcie.Notice(queue)<<32 | pcie.Notice(number)
}

func parse(about pcie.Notice) (s subject, queue int, number uint32) {
	return subject(about >> 56), int(about >> 32 & 0xffffff), uint32(about)
}

// Arrived implements pcie.Requester.
func (n *NIC) Arrived(about pcie.Notice, bytes int64, first, last sim.Time) {
	s, queue, number := parse(about)
	q := n.sqs[queue]
	switch s {
	case aboutWQE:
		q.wqeArrived(number, bytes, last)
	case aboutTxHeader:
		n.headerArrived(q, number, bytes, last)
	case aboutTxPayload:
		n.payloadArrived(q, number, bytes, first, last)
	}
}

// Sent implements pcie.Requester.
func (n *NIC) Sent(about pcie.Notice, at sim.Time) {
	switch s, queue, number := parse(about); s {
	case aboutRxCQE:
		n.rqs[queue].written(number, at)
	case aboutTxCQE:
		n.sqs[queue].written(number, at)
	}
}

// Visible implements pcie.Requester.
func (n *NIC) Visible(about pcie.Notice, at sim.Time) {
	switch s, queue, number := parse(about); s {
	case aboutRxPayload:
		n.rqs[queue].payloadVisible(number, at)
	case aboutRxCQE:
		n.rqs[queue].cqeVisible(number, at)
	case aboutRxArm:
		n.rqs[queue].armed(number, at)
	case aboutDoorbell:
		n.sqs[queue].doorbellSeen(number, at)
	case aboutTxCQE:
		n.sqs[queue].cqeVisible(number, at)
	case aboutTxArm:
		n.sqs[queue].armed(number, at)
	case aboutInterrupt:
		n.engine.Schedule(at, sim.Event{Actor: n.id, Kind: evInterrupt, A: uint32(queue)})
	}
}
