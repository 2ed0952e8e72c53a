package stack

// readable is how many bytes a read of n can take now: up to the urgent mark.
func (s *socket) readable(n int) int { return min(n, s.rx.bytes) }

// skipUrgent is the bytes in front of the queue that a read passes over.
func (s *socket) skipUrgent() int { return 0 }

// urgent says whether there is an urgent byte to be read out of line.
func (s *socket) urgent() bool { return false }

// atMark is SIOCATMARK.
func (s *socket) atMark() bool { return false }

// receiveUrgent is recv with MSG_OOB (tcp_recv_urg).
func (s *socket) receiveUrgent(m *Message, flags int) (int, Errno) { return -1, EINVAL }
