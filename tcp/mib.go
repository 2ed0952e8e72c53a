package tcp

// MIB counts events under the names that Linux's nstat gives them (TcpExt). Counts are
// since New.
type MIB struct {
	DelayedACKs      int64 // delayed ACKs that a timer sent
	TCPAckCompressed int64 // ACKs that a later one has stood for
	TCPHPHits        int64 // segments with payload that header prediction took
	TCPRcvCoalesce   int64 // segments whose payload joined an skb that was queued
	TCPOFOQueue      int64 // segments queued out of order

	PruneCalled       int64 // times the receive buffer was found overcommitted
	RcvCollapsed      int64 // skbs copied together
	RcvPruned         int64 // times nothing helped
	OfoPruned         int64 // times the out-of-order queue was cut
	TCPRcvQDrop       int64 // segments in order dropped for want of memory
	TCPOFODrop        int64 // segments out of order dropped for want of memory
	TCPZeroWindowDrop int64 // segments that came although the window was closed

	TCPFromZeroWindowAdv int64 // windows opened
	TCPToZeroWindowAdv   int64 // windows closed
	TCPWantZeroWindowAdv int64 // windows that would have been closed, had they not been promised
}

// MIB returns the counts so far.
func (e *Endpoint) MIB() MIB { return e.mib }
