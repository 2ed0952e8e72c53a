package stack

import "netgpusim/sim"

// timerHeap is the sockets with a timer, earliest first; ties go to the older stream.
type timerHeap struct{ items []*socket }

func (t *timerHeap) next() sim.Time {
	if len(t.items) == 0 {
		return sim.Never
	}
	return t.items[0].deadline
}

// set moves a socket's timer; sim.Never stops it.
func (t *timerHeap) set(s *socket, at sim.Time) {
	switch {
	case at == sim.Never:
		t.remove(s)
		return
	case s.index < 0:
		s.deadline = at
		s.index = len(t.items)
		t.items = append(t.items, s)
		t.up(s.index)
		return
	}
	s.deadline = at
	t.up(s.index)
	t.down(s.index)
}

// pop takes out the earliest.
func (t *timerHeap) pop() *socket {
	s := t.items[0]
	t.remove(s)
	return s
}

func (t *timerHeap) remove(s *socket) {
	i := s.index
	if i < 0 {
		return
	}
	last := len(t.items) - 1
	t.swap(i, last)
	t.items[last] = nil
	t.items = t.items[:last]
	s.index, s.deadline = -1, sim.Never
	if i < last {
		moved := t.items[i]
		t.up(i)
		t.down(moved.index)
	}
}

func (t *timerHeap) less(i, j int) bool {
	a, b := t.items[i], t.items[j]
	return a.deadline < b.deadline || a.deadline == b.deadline && a.stream < b.stream
}

func (t *timerHeap) swap(i, j int) {
	t.items[i], t.items[j] = t.items[j], t.items[i]
	t.items[i].index, t.items[j].index = i, j
}

func (t *timerHeap) up(i int) {
	for i > 0 && t.less(i, (i-1)/2) {
		t.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (t *timerHeap) down(i int) {
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(t.items) && t.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		t.swap(i, least)
		i = least
	}
}
