package trace

import "netgpusim/netgpu"

// fifo is the order in which fragments entered a socket's receive queue: what the
// delivery invariant is about and the model leaves to its driver. It holds no more
// than the pages that are in receive queues.
type fifo struct {
	pages []netgpu.PageID
	head  int
}

func (f *fifo) push(id netgpu.PageID) {
	if f.head > 64 && f.head > len(f.pages)/2 {
		n := copy(f.pages, f.pages[f.head:])
		f.pages, f.head = f.pages[:n], 0
	}
	f.pages = append(f.pages, id)
}

// front is the next page, NoPage if there is none.
func (f *fifo) front() netgpu.PageID {
	if f.head == len(f.pages) {
		return netgpu.NoPage
	}
	return f.pages[f.head]
}

// remove takes a page out, wherever it is.
func (f *fifo) remove(id netgpu.PageID) {
	for i := f.head; i < len(f.pages); i++ {
		if f.pages[i] == id {
			copy(f.pages[f.head+1:i+1], f.pages[f.head:i])
			f.head++
			return
		}
	}
}
