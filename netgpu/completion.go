package netgpu

// The planned notification of transmit completion (cover letter of v2; repair
// TxCompletion): one u64 in the socket's completion ring per completed send, in the
// order of the sends. A send is completed when TCP holds none of its fragments any
// more. So that no notification can be lost, a send is accepted only if there is
// room for its entry.

// completionQueue is what kernel and library have of a socket's completion ring.
type completionQueue struct {
	producer Producer[uint64] // kernel
	consumer Consumer[uint64] // library
	sends    []send           // accepted and not completed, oldest first
}

// send is one sendmsg.
type send struct {
	token     uint64 // what the completion carries: the library's name of the buffer
	fragments uint32 // that TCP holds
	open      bool   // sendmsg has not returned
}

// StartSend begins a sendmsg whose completion will carry token. EAGAIN if the
// completion ring has no room for it; OK, and nothing else, without TxCompletion.
func (s *Socket) StartSend(token uint64) Errno {
	if !s.attached() || !s.module.repaired(TxCompletion) {
		return OK
	}
	c := &s.completion
	c.producer.LoadCons()
	free := c.producer.cachedSpace()
	if free > s.completions.Entries() || uint32(len(c.sends)) >= free {
		return EAGAIN
	}
	c.sends = append(c.sends, send{token: token, open: true})
	return OK
}

// EndSend is the return of that sendmsg: what AttachPages has attached since
// StartSend is all of it.
func (s *Socket) EndSend() {
	if c := &s.completion; len(c.sends) > 0 {
		c.sends[len(c.sends)-1].open = false
		s.complete()
	}
}

// attachedPages counts n fragments for the send that is being made.
func (s *Socket) attachedPages(n int) {
	if c := &s.completion; len(c.sends) > 0 {
		c.sends[len(c.sends)-1].fragments += uint32(n)
	}
}

// ReleaseTx drops the oldest transmit fragment of the socket: its bytes are
// acknowledged, or the connection is gone. The send that it belongs to may be
// completed by that.
func (s *Socket) ReleaseTx(id PageID) {
	s.module.ReleaseTx(id)
	c := &s.completion
	for i := range c.sends {
		if c.sends[i].fragments > 0 {
			c.sends[i].fragments--
			break
		}
	}
	s.complete()
}

// complete posts a completion for each send at the front that is over.
func (s *Socket) complete() {
	c := &s.completion
	n := 0
	for n < len(c.sends) && c.sends[n].fragments == 0 && !c.sends[n].open {
		*c.producer.GetPtr() = c.sends[n].token // StartSend has seen to it that there is room
		n++
	}
	if n > 0 {
		c.producer.Submit()
		c.sends = c.sends[:copy(c.sends, c.sends[n:])]
	}
}

// TakeCompletion takes the next completion off the ring: the token of a send whose
// memory the application may change again. False if there is none.
func (s *Socket) TakeCompletion() (token uint64, ok bool) {
	if !s.attached() {
		return 0, false
	}
	c := &s.completion.consumer
	slot := c.Peek()
	if slot == nil {
		return 0, false
	}
	token = *slot
	c.Advance()
	c.Complete()
	return token, true
}
