package netgpu

import "fmt"

// MaxFragments is the number of fragments that fit an skb (MAX_SKB_FRAGS with
// 4 KiB pages).
const MaxFragments = 17

// TxFragment is a piece of one registered page in a transmit skb.
type TxFragment struct {
	Page   PageID
	Offset uint32 // bytes
	Len    uint32 // bytes
}

// AttachPages is the part of sendmsg(MSG_NETDMA) that fills one skb (patches 12
// and 15): the pages under the iovec are looked up, referenced and put into
// fragments, one per page, without touching data. It fills fragments from the
// front, at most MaxFragments less what the caller's skb has already, and returns
// how many and the bytes they cover; the caller goes on with the rest of the iovec
// in a new skb. Each fragment holds its page until ReleaseTx.
//
// EFAULT if an address is in no region of the socket's context (the look-up's
// EINVAL, which sendmsg turns into EFAULT) or the route takes no fragments; nothing
// of this skb is attached then. EMSGSIZE if fragments is empty. EOPNOTSUPP if the
// socket lacks SO_ZEROCOPY or a context: the kernel then ignores the flag and
// takes the ordinary path, which is not netgpu's.
func (s *Socket) AttachPages(iov Iovec, fragments []TxFragment) (n int, bytes uint64, err Errno) {
	if !s.zeroCopy || !s.attached() {
		return 0, 0, EOPNOTSUPP
	}
	if iov.Len == 0 {
		return 0, 0, OK
	}
	if !s.ScatterGather {
		return 0, 0, EFAULT
	}
	room := min(len(fragments), MaxFragments)
	if room == 0 {
		return 0, 0, EMSGSIZE
	}
	for n < room && bytes < iov.Len {
		a := s.context.attachmentAt(iov.Base + bytes)
		if a == nil || s.module.dying(a.region) || s.pastRegion(a, iov, bytes, room-n) {
			for _, f := range fragments[:n] {
				s.module.ReleaseTx(f.Page)
			}
			return 0, 0, EFAULT
		}
		n, bytes = s.attachRun(a, iov, n, bytes, fragments[:room])
	}
	s.attachedPages(n)
	return n, bytes, OK
}

// attachRun takes the pages of one region: from byte done of the iovec to its end,
// the region's end or the last fragment.
func (s *Socket) attachRun(a *attachment, iov Iovec, n int, done uint64, fragments []TxFragment) (int, uint64) {
	pages := s.module.pages
	for n < len(fragments) && done < iov.Len {
		at := iov.Base + done - a.start
		if at >= a.size {
			break
		}
		offset := at & pageMask
		length := min(PageSize-offset, iov.Len-done)
		id := a.first + PageID(at>>PageShift)
		pages[id].refs++
		pages[id].tx++
		fragments[n] = TxFragment{Page: id, Offset: uint32(offset), Len: uint32(length)}
		n++
		done += length
	}
	return n, done
}

// pastRegion says whether the look-up for the rest of an iovec, of which done
// bytes are attached, runs past the end of a host region. The plug-in for GPU
// memory ends such a look-up short, and the next one goes on behind it; the one
// for host memory counts one page too many and takes whatever lies behind its
// page array for a page. The model reports that and refuses.
func (s *Socket) pastRegion(a *attachment, iov Iovec, done uint64, room int) bool {
	if a.region.memType != HostMemory || s.module.repaired(TxRegionEnd) {
		return false
	}
	va := iov.Base + done
	rest := min(iov.Len-done, uint64(room)<<PageShift)
	wanted := min((va&pageMask+rest+pageMask)>>PageShift, uint64(room))
	left := (a.size - (va - a.start) + pageMask) >> PageShift
	if wanted <= left {
		return false
	}
	if v := s.module.violate(TxPastRegion, a.first+PageID(a.size>>PageShift)-1); v != nil {
		v.What = fmt.Sprintf("a send of %d bytes at %#x runs past its region, which ends at %#x", iov.Len, iov.Base, a.start+a.size)
	}
	return true
}

// ReleaseTx drops the reference of one transmit fragment: its bytes are
// acknowledged, or the connection is gone. It does not put the page anywhere, unless
// repaired (LastReference), and nobody tells the application (but see
// Socket.ReleaseTx).
func (m *Module) ReleaseTx(id PageID) {
	if int(id) >= len(m.pages) || m.pages[id].tx == 0 {
		if v := m.violate(UnknownPage, id); v != nil {
			v.What = fmt.Sprintf("page %d has no transmit fragment to release", id)
		}
		return
	}
	pg := &m.pages[id]
	pg.refs--
	pg.tx--
	if pg.refs == 0 && pg.flags&pageParked != 0 {
		pg.flags &^= pageParked
		m.putBack(id, SKB)
	}
}

// InFlight is the number of transmit fragments that hold page.
func (m *Module) InFlight(id PageID) int {
	if int(id) >= len(m.pages) {
		return 0
	}
	return int(m.pages[id].tx)
}

// Parked says whether a page that reception has freed waits for a transmission to let
// go of it (LastReference).
func (m *Module) Parked(id PageID) bool {
	return int(id) < len(m.pages) && m.pages[id].flags&pageParked != 0
}

// References is the number of references on page above BaseReferences.
func (m *Module) References(id PageID) int {
	if int(id) >= len(m.pages) {
		return 0
	}
	return int(m.pages[id].refs)
}

// AppWrite records that the application, or its code on the GPU, writes page. It
// is a violation while TCP may still send from the page (TxModified) and while the
// NIC has it (AppWhilePosted).
func (m *Module) AppWrite(id PageID) {
	if n := m.InFlight(id); n > 0 {
		if v := m.violate(TxModified, id); v != nil {
			v.What = fmt.Sprintf("page %d was written with %d transmit fragments in flight", id, n)
		}
	}
	m.AppRead(id)
}

// AppRead records that the application, or its code on the GPU, reads page: a
// violation while the NIC has it (AppWhilePosted).
func (m *Module) AppRead(id PageID) {
	if at := m.Place(id); at == Driver || at == WQE {
		if v := m.violate(AppWhilePosted, id); v != nil {
			v.What = fmt.Sprintf("the application touched page %d, which is in %v", id, at)
		}
	}
}

// CPUAccess records that the CPU reads or writes page: a violation if it is GPU
// memory, which is never mapped for it.
func (m *Module) CPUAccess(id PageID) {
	if m.MemTypeOf(id) != CUDAMemory {
		return
	}
	if v := m.violate(CPUTouchedGPU, id); v != nil {
		v.What = fmt.Sprintf("the CPU touched page %d, which is GPU memory", id)
	}
}
