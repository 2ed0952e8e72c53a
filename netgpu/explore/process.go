package explore

import (
	"netgpusim/netgpu"
	"netgpusim/netgpu/explore/search"
)

// processNext is what runs in process context beside the loops of the application:
// connections that end, descriptors that are closed, the GPU driver.
func (w *World) processNext(dst []search.Action) []search.Action {
	s := &w.state
	if len(s.freeing) > 0 {
		dst = append(dst, procFree)
	} else if w.config.Reset && len(s.queue) > 0 && s.locked == unlocked && !s.closing {
		dst = append(dst, procReset)
	}
	if w.config.Teardown {
		dst = w.teardownNext(dst)
	}
	if w.config.Revoke {
		dst = w.revokeNext(dst)
	}
	return dst
}

func (w *World) teardownNext(dst []search.Action) []search.Action {
	s := &w.state
	if s.app.at != appIdle || len(s.app.hand) > 0 {
		return dst
	}
	p := w.process
	if !s.closing && s.locked == unlocked {
		dst = append(dst, appCloseSocket)
	}
	if s.closing && len(s.freeing) == 0 && len(s.flight) == 0 && s.locked == unlocked && p.SocketAt(w.socketFD) != nil {
		dst = append(dst, procDestruct)
	}
	if s.irq.at == irqIdle && p.IfQueueAt(w.queueFD) != nil {
		dst = append(dst, appCloseQueue)
	}
	if p.ContextAt(w.contextFD) != nil {
		dst = append(dst, appCloseContext)
	}
	if p.MemoryAt(w.memoryFD) {
		dst = append(dst, appCloseMemory)
	}
	return dst
}

func (w *World) revokeNext(dst []search.Action) []search.Action {
	s := &w.state
	if s.revoked {
		return dst
	}
	held := len(s.rq)+len(s.cq)+len(s.queue)+len(s.freeing)+len(s.flight) > 0 || s.irq.at != irqIdle
	if !s.revoking {
		dst = append(dst, gpuRevoke)
	} else if !held {
		dst = append(dst, gpuAgain)
	}
	if s.revoking && s.irq.at == irqIdle && len(s.rq) > 0 {
		dst = append(dst, gpuFlush)
	}
	if s.revoking && s.locked == unlocked && len(s.queue) > 0 && len(s.freeing) == 0 {
		dst = append(dst, gpuReset)
	}
	return dst
}

func (w *World) processStep(a search.Action) {
	s := &w.state
	switch a {
	case procReset, gpuReset:
		w.endConnection()
	case procFree:
		w.module.DropFragment(s.freeing[0])
		s.freeing = pop(s.freeing)
	case appCloseSocket:
		s.closing = true
		w.endConnection()
	case procDestruct:
		w.process.Close(w.socketFD)
	case appCloseQueue:
		w.flush()
		for _, x := range s.cq {
			for _, id := range x.pages[:w.config.PerWQE] {
				w.queue.PutNapi(id)
			}
		}
		s.cq = s.cq[:0]
		w.process.Close(w.queueFD)
	case appCloseContext:
		w.process.Close(w.contextFD)
	case appCloseMemory:
		w.process.Close(w.memoryFD)
	case gpuRevoke, gpuAgain:
		if w.process.CudaFree(regionBase) == netgpu.OK {
			s.revoked, s.revoking = true, false
		} else {
			s.revoking = true
		}
	case gpuFlush:
		w.flush()
	}
}

// endConnection takes the receive queue away, to be freed fragment by fragment. The
// data behind it gets other numbers: it is that of the next connection.
func (w *World) endConnection() {
	s := &w.state
	gone := uint8(len(s.queue))
	s.freeing = append(s.freeing, s.queue...)
	s.queue = s.queue[:0]
	s.sent -= gone
	for _, x := range s.cq {
		w.renumber(x.kind, x.pages[:x.used], gone)
	}
	if s.irq.at == irqGotPacket {
		w.renumber(s.irq.kind, s.irq.pages, gone)
	}
}

func (w *World) renumber(kind uint8, pages []netgpu.PageID, gone uint8) {
	if kind != packetData && kind != packetLinear {
		return
	}
	for _, id := range pages {
		w.codec.Tags[id] -= gone
	}
}

// flush is mlx5e_close_rq: posted WQEs are given up.
func (w *World) flush() {
	for _, id := range w.state.rq {
		w.queue.PutNapi(id)
	}
	w.state.rq = w.state.rq[:0]
}

// queueOpen says whether the interface queue exists.
func (w *World) queueOpen() bool {
	return !w.config.Teardown || w.process.IfQueueAt(w.queueFD) != nil
}

// socketOpen says whether the socket exists.
func (w *World) socketOpen() bool {
	return !w.config.Teardown || w.process.SocketAt(w.socketFD) != nil
}

// allClosed says whether nothing of the application's descriptors is left, and
// nothing on its way.
func (w *World) allClosed() bool {
	s := &w.state
	p := w.process
	return w.config.Teardown && len(s.freeing) == 0 && len(s.flight) == 0 && s.irq.at == irqIdle &&
		p.SocketAt(w.socketFD) == nil && p.IfQueueAt(w.queueFD) == nil &&
		p.ContextAt(w.contextFD) == nil && !p.MemoryAt(w.memoryFD)
}
