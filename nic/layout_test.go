package nic

import (
	"strings"
	"testing"

	"netgpusim/pcie"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// The scatter lists of RFC patch 17: 94 bytes, then entries of at most 4096 until
// MTU + 14 + 4 + 4 bytes are covered. Linux rounds the WQE up to a power of two.
func TestReceiveWQEsCoverTheMTUInThePublishedLayout(t *testing.T) {
	for _, c := range []struct {
		mtu      sim.Bytes
		entries  []int64
		stride   int64
		longest  int64 // frame without FCS that fits
		ordinary int64 // stride of a queue without netgpu pages
	}{
		{576, []int64{94, 504}, 32, 594, 16},
		{1500, []int64{94, 1428}, 32, 1518, 16},
		{4096, []int64{94, 4024}, 32, 4114, 16},
		{4168, []int64{94, 4096}, 32, 4186, 16},
		{4169, []int64{94, 4096, 1}, 64, 4187, 16},
		{9000, []int64{94, 4096, 4096, 736}, 64, 9018, 16},
		{9978, []int64{94, 4096, 4096, 1714}, 64, 9996, 16},
	} {
		spec := testSpec()
		spec.MTU = c.mtu
		var total int64
		for _, n := range c.entries {
			total += n
		}
		if got := spec.PayloadPages(); got != len(c.entries)-1 || total != int64(c.mtu)+22 {
			t.Errorf("MTU %d: %d payload pages for %v", c.mtu, got, c.entries)
		}
		r := newRig(t, spec, 25*sim.Gbps)
		q, plain := r.nic.AddRQ(57, 0, true, pcie.PeerGPU), r.nic.AddRQ(0, 0, false, pcie.HostMemory)
		if q.stride != c.stride || plain.stride != c.ordinary {
			t.Errorf("MTU %d: strides %d and %d, want %d and %d", c.mtu, q.stride, plain.stride, c.stride, c.ordinary)
		}
		r.nic.Steer(0, q)
		r.post(q)
		r.nic.Receive(0, dataFrame(0, int(c.longest)-94))
		if q.Unpolled() != 1 || r.nic.Counters.RxOversize != 0 {
			t.Errorf("MTU %d: a frame of %d bytes does not fit", c.mtu, c.longest)
		}
		if used := q.cqe(0).Used; int(used) != len(c.entries)-1 && c.longest-94 > int64(len(c.entries)-2)*4096 {
			t.Errorf("MTU %d: the longest frame uses %d pages of %v", c.mtu, used, c.entries)
		}
		r.nic.Receive(0, dataFrame(0, int(c.longest)-93))
		if q.Unpolled() != 1 || r.nic.Counters.RxOversize != 1 {
			t.Errorf("MTU %d: a frame of %d bytes fits", c.mtu, c.longest+1)
		}
	}
}

// Linux 5.8 mlx5e_sq_xmit: control and Ethernet segment, the inlined header of a
// GSO skb (2 of its bytes lie in the Ethernet segment), a data segment per fragment
// and, where nothing is inlined, one for the header.
func TestSendWQEsHaveTheSizesOfMlx5(t *testing.T) {
	for _, c := range []struct {
		what    string
		payload uint32
		header  uint16
		frags   uint8
		bytes   int64
		blocks  int
	}{
		{"64 KB zero-copy skb of 16 pages", 63900, 94, 16, 384, 6},
		{"64 KB zero-copy skb of 17 pages", 63900, 94, 17, 400, 7},
		{"copied skb of 2 compound pages", 63900, 94, 2, 160, 3},
		{"GSO skb over IPv4", 63900, 74, 16, 368, 6},
		{"GSO skb with a VLAN tag", 63900, 98, 16, 384, 6},
		{"GSO skb with a longer header", 63900, 99, 16, 400, 7},
		{"pure ACK", 0, 94, 0, 48, 1},
		{"one frame in one page", 1420, 94, 1, 64, 1},
		{"one frame across two pages", 1420, 94, 2, 80, 2},
	} {
		w := TxWQE{Seg: tcp.Segment{Len: c.payload, MSS: 1420}, Header: c.header, Frags: c.frags}
		if w.bytes() != c.bytes || w.BasicBlocks() != c.blocks {
			t.Errorf("%s: %d bytes in %d basic blocks, want %d in %d", c.what, w.bytes(), w.BasicBlocks(), c.bytes, c.blocks)
		}
	}
}

func TestSpecificationsThatNoQueueCanHaveAreRefused(t *testing.T) {
	for _, c := range []struct {
		change func(*Spec)
		want   []string
	}{
		{func(s *Spec) { s.CQEntries = 512 }, []string{"nic.cq_entries", "512", "1024"}},
		{func(s *Spec) { s.Fragment = 8192 }, []string{"nic.fragment", "8192", "4096"}},
		{func(s *Spec) { s.Fragment = 256 }, []string{"nic.fragment", "256", "6 payload entries", "3"}},
		{func(s *Spec) { s.MTU, s.Fragment = 9000, 2048 }, []string{"nic.fragment", "2048", "9000", "5 payload entries"}},
	} {
		spec := testSpec()
		c.change(&spec)
		e := sim.NewEngine()
		port, err := pcie.Open(e, "host", testPCIe(), 64, testGPU(0))
		if err != nil {
			t.Fatal(err)
		}
		n, err := New(e, "nic", &spec, port, &Memory{}, &cable{engine: e}, sim.Gbps, &rig{})
		if err == nil || n != nil {
			t.Errorf("%v: accepted", c.want)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
	}
}
