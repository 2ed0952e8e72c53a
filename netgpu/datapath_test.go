package netgpu

import (
	"fmt"
	"strings"
)

// each applies a driver operation to several pages.
func each(ids []PageID, do func(PageID)) (string, bool) {
	for _, id := range ids {
		do(id)
	}
	return "", true
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// dataPath commands are the steps of a page's way, by library, driver and TCP.
func (w *world) dataPath(a *arguments) (string, bool) {
	m := w.module
	switch a.text(0) {
	case "populate":
		return yesNo(w.queue(a, 1).Populate(a.number(2), uint32(a.number(3)))), true
	case "recycle":
		var out []string
		for i := 2; i < len(a.words); i++ {
			out = append(out, yesNo(w.queue(a, 1).Recycle(a.number(i))))
		}
		return strings.Join(out, " "), true
	case "recycle-batch":
		var iovs []Iovec
		for i := 2; i < len(a.words); i++ {
			iovs = append(iovs, Iovec{Base: a.number(i)})
		}
		return yesNo(w.queue(a, 1).RecycleBatch(iovs)), true
	case "submit-fill":
		w.queue(a, 1).SubmitFill()
		return "", true
	case "scribble-fill":
		fill := w.queue(a, 1).Fill()
		prod, cons := fill.Shared()
		if _, ok := a.named["slot"]; ok {
			*fill.Slot(uint32(a.option("slot", 0))) = a.option("value", 0)
		}
		fill.StoreProd(uint32(a.option("prod", uint64(prod))))
		fill.StoreCons(uint32(a.option("cons", uint64(cons))))
		return "", true
	case "scribble-rx":
		rx := w.socket(a, 1).Rx()
		prod, cons := rx.Shared()
		rx.StoreProd(uint32(a.option("prod", uint64(prod))))
		rx.StoreCons(uint32(a.option("cons", uint64(cons))))
		return "", true
	case "can-refill":
		return yesNo(w.queue(a, 1).CanRefill(int32(a.number(2)))), true
	case "get":
		return w.get(w.queue(a, 1), int(a.option("count", 1))), true
	case "post":
		return each(a.pages(2), w.queue(a, 1).Post)
	case "complete-fill":
		w.queue(a, 1).FillComplete()
		return "", true
	case "receive":
		return each(a.pages(2), w.queue(a, 1).Receive)
	case "put-napi":
		return each(a.pages(2), w.queue(a, 1).PutNapi)
	case "drop":
		return each(a.pages(1), m.DropFragment)
	case "queue":
		return each(a.pages(2), w.socket(a, 1).Queue)
	case "deliver":
		var out []string
		for _, id := range a.pages(2) {
			out = append(out, yesNo(w.socket(a, 1).Deliver(id, uint32(a.option("offset", 0)), uint32(a.option("length", PageSize)))))
		}
		return strings.Join(out, " "), true
	case "submit":
		w.socket(a, 1).Submit()
		return "", true
	case "deliver-linear":
		return w.socket(a, 1).DeliverLinear(uint32(a.number(2))).Error(), true
	case "batch":
		return fmt.Sprint(w.socket(a, 1).Batch(uint32(a.number(2)))), true
	case "take":
		return iovecs(w.socket(a, 1).Take, int(a.option("count", 1))), true
	case "peek":
		return iovecs(w.socket(a, 1).PeekIovec, 1), true
	case "advance":
		return yesNo(w.socket(a, 1).AdvanceIovec()), true
	case "complete-rx":
		w.socket(a, 1).CompleteRx()
		return "", true
	case "scatter-gather":
		w.socket(a, 1).ScatterGather = a.text(2) == "on"
		return "", true
	case "send":
		return w.send(a), true
	case "release":
		return each(a.pages(1), m.ReleaseTx)
	case "app-write":
		return each(a.pages(1), m.AppWrite)
	case "app-read":
		return each(a.pages(1), m.AppRead)
	case "cpu-access":
		return each(a.pages(1), m.CPUAccess)
	case "quiescent":
		m.CheckQuiescent()
		return "", true
	}
	return "", false
}

// get takes pages until the count is reached or one fails.
func (w *world) get(q *IfQueue, count int) string {
	var got []PageID
	for range count {
		id, err := q.GetPage()
		if err != OK {
			return strings.TrimSpace(pageList(got) + " " + err.Error())
		}
		got = append(got, id)
	}
	return pageList(got)
}

func pageList(ids []PageID) string {
	var out []string
	for i := 0; i < len(ids); {
		step, n := 1, 1
		if i+1 < len(ids) && ids[i+1] == ids[i]-1 {
			step = -1
		}
		for i+n < len(ids) && int64(ids[i+n]) == int64(ids[i])+int64(step*n) {
			n++
		}
		if n > 2 {
			out = append(out, fmt.Sprintf("%d..%d", ids[i], ids[i+n-1]))
		} else {
			n = 1
			out = append(out, fmt.Sprint(ids[i]))
		}
		i += n
	}
	return strings.Join(out, " ")
}

func iovecs(next func() (Iovec, bool), count int) string {
	var out []string
	for range count {
		iov, ok := next()
		if !ok {
			out = append(out, "none")
			break
		}
		out = append(out, fmt.Sprintf("%#x+%d", iov.Base, iov.Len))
	}
	return strings.Join(out, " ")
}

// send fills skbs until the iovec is used up or one fails, and shows each skb.
func (w *world) send(a *arguments) string {
	s := w.socket(a, 1)
	iov := Iovec{a.number(2), a.number(3)}
	fragments := make([]TxFragment, a.option("room", MaxFragments))
	var out []string
	for {
		n, bytes, err := s.AttachPages(iov, fragments)
		if err != OK {
			return strings.Join(append(out, err.Error()), "\n")
		}
		var ids []PageID
		for _, f := range fragments[:n] {
			ids = append(ids, f.Page)
		}
		skb := fmt.Sprintf("skb: %d bytes, %d fragments", bytes, n)
		if n > 0 {
			skb += fmt.Sprintf(", pages %s, first offset %d, last length %d", pageList(ids), fragments[0].Offset, fragments[n-1].Len)
		}
		out = append(out, skb)
		iov.Base, iov.Len = iov.Base+bytes, iov.Len-bytes
		if iov.Len == 0 {
			return strings.Join(out, "\n")
		}
	}
}

// inspect commands look and change nothing.
func (w *world) inspect(a *arguments) (string, bool) {
	m := w.module
	switch a.text(0) {
	case "places":
		var out []string
		for place, n := range m.Counts() {
			if n > 0 && Place(place) != Unregistered {
				out = append(out, fmt.Sprintf("%v %d", Place(place), n))
			}
		}
		if m.Lost() > 0 || m.Duplicated() > 0 {
			out = append(out, fmt.Sprintf("(lost %d, duplicated %d)", m.Lost(), m.Duplicated()))
		}
		if len(out) == 0 {
			return "no pages", true
		}
		return strings.Join(out, ", "), true
	case "place":
		var out []string
		for _, id := range a.pages(1) {
			out = append(out, m.Place(id).String())
		}
		return strings.Join(out, " "), true
	case "violations":
		var out []string
		for _, v := range m.Violations() {
			out = append(out, fmt.Sprintf("%v/%v x%d: %s", v.Cause.Invariant(), v.Cause, v.Count, v.What))
		}
		if len(out) == 0 {
			return "none", true
		}
		return strings.Join(out, "\n"), true
	case "cached":
		napi, anyCount := w.queue(a, 1).Cached()
		return fmt.Sprintf("napi %d any %d", napi, anyCount), true
	case "locked":
		return fmt.Sprintf("%d pages", w.process.account.LockedPages), true
	case "references":
		return fmt.Sprint(w.process.ContextAt(w.fd(a, 1)).References()), true
	case "held":
		var out []string
		for _, id := range a.pages(1) {
			out = append(out, fmt.Sprintf("%d (tx %d)", m.References(id), m.InFlight(id)))
		}
		return strings.Join(out, " "), true
	case "dma":
		var out []string
		for _, id := range a.pages(2) {
			addr, ok := w.process.ContextAt(w.fd(a, 1)).DMA(id)
			if !ok {
				return "not mapped", true
			}
			out = append(out, fmt.Sprintf("%#x", addr))
		}
		return strings.Join(out, " "), true
	case "stopped":
		return yesNo(w.socket(a, 1).Stopped()), true
	case "slot":
		return fmt.Sprintf("%#x", *w.queue(a, 1).Fill().Slot(uint32(a.number(2)))), true
	case "occupancy":
		if s := w.process.SocketAt(w.fd(a, 1)); s != nil {
			return fmt.Sprint(s.Rx().Occupancy()), true
		}
		return fmt.Sprint(w.queue(a, 1).Fill().Occupancy()), true
	}
	return "", false
}

// ringCommand commands work on one ring, both sides of it, without the rest.
func (w *world) ringCommand(a *arguments) (string, bool) {
	switch a.text(0) {
	case "ring":
		w.ring = NewRing[uint64](uint32(a.number(1)))
		at := uint32(a.option("at", 0))
		w.ring.StoreProd(at)
		w.ring.StoreCons(at)
		w.producer = Producer[uint64]{ring: w.ring, cachedProd: at, cachedCons: at}
		w.consumer = Consumer[uint64]{ring: w.ring, cachedProd: at, cachedCons: at}
		return "", true
	case "ring-entries":
		n, err := RingEntries(uint32(a.number(1)), uint32(a.option("element", 8)), uint32(a.option("wanted", 8)))
		if err != OK {
			return err.Error(), true
		}
		return fmt.Sprint(n), true
	case "p.load-cons":
		w.producer.LoadCons()
	case "p.submit":
		w.producer.Submit()
	case "p.space":
		return fmt.Sprint(w.producer.Space()), true
	case "p.avail":
		return yesNo(w.producer.Avail(uint32(a.number(1)))), true
	case "p.reserve":
		var out []string
		for i := 1; i < len(a.words); i++ {
			slot := w.producer.Reserve()
			if slot != nil {
				*slot = a.number(i)
			}
			out = append(out, yesNo(slot != nil))
		}
		return strings.Join(out, " "), true
	case "p.get-ptr":
		*w.producer.GetPtr() = a.number(1)
	case "c.load-prod":
		w.consumer.LoadProd()
	case "c.complete":
		w.consumer.Complete()
	case "c.ready":
		return fmt.Sprint(w.consumer.Ready()), true
	case "c.avail":
		return yesNo(w.consumer.Avail(uint32(a.number(1)))), true
	case "c.peek":
		slot := w.consumer.Peek()
		if slot == nil {
			return "none", true
		}
		return fmt.Sprint(*slot), true
	case "c.advance":
		w.consumer.Advance()
	case "c.peek-batch", "c.peek-batch-advance", "c.batch":
		take := map[string]func(uint32) (uint32, uint32){
			"c.peek-batch": w.consumer.PeekBatch, "c.peek-batch-advance": w.consumer.PeekBatchAdvance, "c.batch": w.consumer.Batch,
		}[a.text(0)]
		first, count := take(uint32(a.number(1)))
		out := []string{fmt.Sprint(count)}
		for i := range count {
			out = append(out, fmt.Sprint(*w.consumer.Slot(first + i)))
		}
		return strings.Join(out, " "), true
	case "show":
		prod, cons := w.ring.Shared()
		pp, pc := w.producer.Cached()
		cp, cc := w.consumer.Cached()
		return fmt.Sprintf("shared %d/%d producer %d/%d consumer %d/%d", prod, cons, pp, pc, cp, cc), true
	default:
		return "", false
	}
	return "", true
}
