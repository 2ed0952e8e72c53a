package nic

import (
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// landing is where the bytes of one frame are found after the split.
type landing struct {
	used                             int
	payloadInHeader, headerInPayload int
	pages                            [MaxPages]Extent
}

// splitByByte is the split without arithmetic: it takes a frame byte by byte. The
// first 94 go to the host page, whatever they are, the others into pages of 4096.
func splitByByte(f *Frame) (l landing) {
	for i := range int(f.Length()) {
		header := i < int(f.Header)
		if i < 94 {
			if !header {
				l.payloadInHeader++
			}
			continue
		}
		page, position := (i-94)/4096, (i-94)%4096
		l.used = page + 1
		p := &l.pages[page]
		switch {
		case header:
			l.headerInPayload++
		case p.Len == 0:
			*p = Extent{Stream: f.Flow, Offset: f.Seg.Offset + uint64(i-int(f.Header)), Start: uint16(position), Len: 1}
		default:
			p.Len++
		}
	}
	return l
}

func TestSplitAgreesWithAByteByByteTwin(t *testing.T) {
	spec := testSpec()
	spec.MTU = 9200 // every frame of 134 + 9000 bytes fits
	r := newRig(t, spec, 25*sim.Gbps)
	q := r.nic.AddRQ(57, 0, true, pcie.PeerGPU)
	const flow = 3
	r.nic.Steer(flow, q)
	free := make([]uint32, rigPages)
	for i := range free {
		free[i] = uint32(i)
	}
	untouched := Extent{Offset: 1 << 60, Stream: 99, Start: 7, Len: 7}
	check := func(header uint16, payload int) {
		var w RxWQE
		for i := range MaxPages {
			j := i + r.rand.Intn(len(free)-i)
			free[i], free[j] = free[j], free[i]
			w.Pages[i] = free[i]
			r.memory.Pages[free[i]] = untouched
		}
		w.N = MaxPages
		now := r.engine.Now()
		q.PostRx(now, w)
		f := Frame{Flow: flow, Header: header, Seg: tcp.Segment{Offset: r.rand.Uint64() >> 20, Len: uint32(payload)}}
		r.nic.Receive(now, &f)
		c := q.cqe(q.head - 1)
		want := splitByByte(&f)
		if c.Frame != f || c.WQE != w {
			t.Fatalf("header %d, payload %d: completion of another frame or WQE", header, payload)
		}
		if int(c.Used) != want.used || int(c.PayloadInHeader) != want.payloadInHeader || int(c.HeaderInPayload) != want.headerInPayload {
			t.Fatalf("header %d, payload %d: %d pages used, %d payload bytes in the header, %d header bytes in the payload; twin %+v",
				header, payload, c.Used, c.PayloadInHeader, c.HeaderInPayload, want)
		}
		for i := range MaxPages {
			got := r.memory.Pages[w.Pages[i]]
			switch {
			case i >= want.used:
				if got != untouched {
					t.Fatalf("header %d, payload %d: unused page %d was written: %+v", header, payload, i, got)
				}
			case want.pages[i].Len == 0:
				if got.Len != 0 {
					t.Fatalf("header %d, payload %d: page %d holds %+v, but only header bytes came", header, payload, i, got)
				}
			case got != want.pages[i]:
				t.Fatalf("header %d, payload %d: page %d holds %+v, twin %+v", header, payload, i, got, want.pages[i])
			}
		}
		r.until(now + 2*sim.Microsecond) // the CQE is visible
		if r.poll(q, 1) != 1 {
			t.Fatalf("header %d, payload %d: no completion", header, payload)
		}
	}
	for header := uint16(54); header <= 134; header++ {
		for _, edge := range []int{0, 94, 94 + 4096, 94 + 2*4096, 9000 + int(header)} {
			for d := -2; d <= 2; d++ {
				if payload := edge - int(header) + d; payload >= 0 && payload <= 9000 {
					check(header, payload)
				}
			}
		}
		check(header, 0)
		for range 20 {
			check(header, r.rand.Intn(9001))
		}
	}
}

// The cases that the protocol reference names, without a twin in between.
func TestNamedPacketsMeetTheSplitAsDocumented(t *testing.T) {
	for _, c := range []struct {
		what    string
		header  uint16
		payload int
		want    landing
	}{
		{"padded IPv6 data", 94, 1420, landing{used: 1}},
		{"padded IPv6 acknowledgement", 94, 0, landing{}},
		{"RST", 74, 0, landing{}},
		{"acknowledgement with one SACK block", 98, 0, landing{used: 1, headerInPayload: 4}},
		{"data behind a VLAN tag", 98, 1420, landing{used: 1, headerInPayload: 4}},
		{"padded IPv4 data", 74, 1440, landing{used: 1, payloadInHeader: 20}},
		{"timestamps only", 86, 1428, landing{used: 1, payloadInHeader: 8}},
		{"short IPv4 segment", 74, 10, landing{payloadInHeader: 10}},
	} {
		r := newRig(t, testSpec(), 25*sim.Gbps)
		q := r.nic.AddRQ(57, 0, true, pcie.PeerGPU)
		r.nic.Steer(0, q)
		r.post(q)
		r.nic.Receive(0, &Frame{Header: c.header, Seg: tcp.Segment{Len: uint32(c.payload)}})
		done := q.cqe(0)
		if int(done.Used) != c.want.used || int(done.PayloadInHeader) != c.want.payloadInHeader || int(done.HeaderInPayload) != c.want.headerInPayload {
			t.Errorf("%s: used %d, payload in header %d, header in payload %d", c.what, done.Used, done.PayloadInHeader, done.HeaderInPayload)
		}
	}
}
