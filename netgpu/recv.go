package netgpu

// RecvFragment is the part of recv(2) that copies one fragment of a received skb into
// the application's buffer. EFAULT if the fragment is in a registered page: wherever
// such an skb has come to (a socket without queues, UDP, a read beside the rx ring),
// the kernel refuses to copy from it, since it cannot read a GPU's memory (section 5
// of the reference). The fragment stays where it is. Payload in ordinary memory is
// copied as always.
func (s *Socket) RecvFragment(id PageID) Errno {
	if r := s.module.regionOf(id); r != nil && !r.gone {
		return EFAULT
	}
	return OK
}
