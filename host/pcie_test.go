package host_test

import (
	"strings"
	"testing"

	"netgpusim/host"
	"netgpusim/pcie"
)

// Bytes on PCIe of one frame of 1514 bytes, MPS 256 (docs/models/pcie.md: 24 bytes
// around the data of each write, data in whole DWs).
const (
	headerTLP  = 96 + 24          // the 94 bytes up to the split
	payloadTLP = 1420 + 6*24      // the rest, in six writes
	cqeTLP     = 64 + 24          // its completion
	eventTLP   = 64 + 24 + 4 + 24 // of an interrupt: EQE and MSI-X
	requestTLP = 24               // a read
)

// bulk runs one clean stream into GPU memory from the start, whose every frame but
// for the edges is full.
func bulk(t *testing.T, sets ...string) *host.World {
	t.Helper()
	w, _ := ran(t, "rfc-base", append([]string{"run.warmup=0ns", "run.duration=10ms", "receiver.netgpu.memory=gpu"}, sets...)...)
	return w
}

func pcieLink(t *testing.T, h *host.Host, name string) pcie.LinkReport {
	t.Helper()
	for _, l := range h.PCIe() {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("%s has no PCIe link %s", h.Name, name)
	return pcie.LinkReport{}
}

// TestEveryFrameTakesItsPCIeBudget counts what the receiver's links carried over a
// run against the sum over everything that happened.
func TestEveryFrameTakesItsPCIeBudget(t *testing.T) {
	w := bulk(t)
	h := w.Hosts[receiving]
	n := h.NICTotals()
	if full := n.RxPackets * 1514; float64(n.RxBytes) < 0.995*float64(full) || n.RxBytes > full {
		t.Fatalf("%d frames of %d bytes: not all are full", n.RxPackets, n.RxBytes)
	}
	acks := n.TxPackets
	fetches := n.RxPackets / 4          // receive WQEs are read in fours
	own := acks * (requestTLP + cqeTLP) // WQE and completion of each ACK
	interrupts := n.RxInterrupts + n.TxInterrupts
	toHost := n.RxPackets*(headerTLP+cqeTLP) + fetches*requestTLP + own + interrupts*eventTLP
	toGPU := n.RxPackets * payloadTLP

	within(t, "bytes from the NIC", float64(pcieLink(t, h, "nic").Up.TotalBytes), float64(toHost+toGPU), 0.002)
	within(t, "bytes to the root port", float64(pcieLink(t, h, "root").Up.TotalBytes), float64(toHost), 0.01)
	within(t, "bytes to the GPU", float64(pcieLink(t, h, "gpu").Down.TotalBytes), float64(toGPU), 0.002)
	if up := pcieLink(t, h, "gpu").Up.TotalBytes; up != 0 {
		t.Errorf("the GPU sent %d bytes although nothing reads it", up)
	}
}

// TestHostBusIsMostlyIdleUnderASwitch is the RFC's observation in its GPU runs.
func TestHostBusIsMostlyIdleUnderASwitch(t *testing.T) {
	w := bulk(t, "nic.mtu=9000")
	h := w.Hosts[receiving]
	root, gpu := pcieLink(t, h, "root"), pcieLink(t, h, "gpu")
	payload := w.Conns[0].Received()
	if root.Up.TotalBytes > payload/10 || root.Down.TotalBytes > payload/10 {
		t.Errorf("%d bytes of payload put %d up and %d down the root port", payload, root.Up.TotalBytes, root.Down.TotalBytes)
	}
	if gpu.Down.PayloadBytes < payload {
		t.Errorf("the GPU's link carried %d bytes, %d were received", gpu.Down.PayloadBytes, payload)
	}

	// Without a switch everything the NIC writes crosses its root port.
	w = bulk(t, "nic.mtu=9000", "pcie.profile=gen3-root")
	h = w.Hosts[receiving]
	payload = w.Conns[0].Received()
	for _, l := range h.PCIe() {
		if l.Name == "root" {
			t.Error("there is a link above a switch that is not there")
		}
	}
	if up := pcieLink(t, h, "nic").Up.PayloadBytes; up < payload {
		t.Errorf("the NIC's root port carried %d bytes, %d were received", up, payload)
	}

	// With host memory it is the GPU's link that carries nothing.
	w = bulk(t, "nic.mtu=9000", "receiver.netgpu.memory=host")
	h = w.Hosts[receiving]
	if gpu := pcieLink(t, h, "gpu"); gpu.Down.TotalBytes+gpu.Up.TotalBytes != 0 {
		t.Errorf("the GPU's link carried %d bytes into host memory", gpu.Down.TotalBytes+gpu.Up.TotalBytes)
	}
	if up := pcieLink(t, h, "root").Up.PayloadBytes; up < w.Conns[0].Received() {
		t.Errorf("the root port carried %d bytes, %d were received", up, w.Conns[0].Received())
	}
}

// TestTransmitReadsPayloadWhereItLies: one read per skb, from the GPU's aperture or
// from host memory, and no byte more than is sent.
func TestTransmitReadsPayloadWhereItLies(t *testing.T) {
	for _, memory := range []string{"host", "gpu"} {
		w := bulk(t, "sender.netgpu.memory="+memory)
		h := w.Hosts[sending]
		n := h.NICTotals()
		payload := n.TxBytes - 94*n.TxPackets
		gpu := pcieLink(t, h, "gpu").Up.PayloadBytes
		if memory == "gpu" && gpu != payload || memory == "host" && gpu != 0 {
			t.Errorf("%s memory: %d bytes of payload were sent and %d read from the GPU", memory, payload, gpu)
		}
		if down := pcieLink(t, h, "nic").Down.PayloadBytes; down < payload {
			t.Errorf("%s memory: the NIC read %d bytes and sent %d of payload", memory, down, payload)
		}
	}
}

// Whole runs on both PCIe engines, with the wire, the cores and a narrow PCIe link as the
// limit, receiving and sending. The two part ways when a packet comes a nanosecond later, so
// only what a user reads can be compared, and how much work that was, which depends on how
// the sender cut its stream. Receiving over a narrow PCIe link is left out: the NIC drops
// frames then, and which, and whether TCP gets over it without a timeout, is chance.
func TestBothPCIeEnginesGiveTheSameRun(t *testing.T) {
	for _, c := range []struct {
		name string
		sets []string
	}{
		{"rfc-v2-gpu-rx", nil},
		{"rfc-v2-gpu-rx", []string{"link.rate=100Gbps", "nic.mtu=9000"}},
		{"rfc-v2-gpu-rx", []string{"link.rate=100Gbps", "nic.mtu=1500"}},
		{"rfc-v2-gpu-tx", []string{"link.rate=100Gbps", "sender.pcie.nic_lanes=4"}},
		{"copy-rx", []string{"link.rate=100Gbps"}},
		{"bidirectional", nil},
		{"copy-tx", []string{"pcie.iommu=true", "pcie.host_window=64MiB"}},
	} {
		of := map[string]*host.World{}
		for _, engine := range []string{pcie.EngineFast, pcie.EngineExact} {
			of[engine], _ = ran(t, c.name, append([]string{"pcie.engine=" + engine, "run.warmup=2ms", "run.duration=8ms"}, c.sets...)...)
		}
		fast, exact := of[pcie.EngineFast], of[pcie.EngineExact]
		what := c.name + " " + strings.Join(c.sets, " ")
		within(t, what+": goodput", goodput(fast), goodput(exact), 0.01)
		for i, h := range fast.Hosts {
			within(t, what+": bytes on the NIC's link", float64(pcieLink(t, h, "nic").Up.TotalBytes), float64(pcieLink(t, exact.Hosts[i], "nic").Up.TotalBytes), 0.02)
			within(t, what+": busy time of the cores", busy(fast, i), busy(exact, i), 0.1)
		}
	}
}

// busy is the time that a host's cores worked, in seconds.
func busy(w *host.World, i int) (sum float64) {
	for _, u := range w.CoreUses(i) {
		sum += u.Busy.Seconds()
	}
	return sum
}

// A tree that the fast engine is known to get wrong is simulated exactly, unless told
// otherwise.
func TestATreeThatNeedsItGetsTheExactEngine(t *testing.T) {
	for _, c := range []struct {
		sets  []string
		exact bool
	}{
		{nil, false},
		{[]string{"pcie.iommu=true"}, false},
		{[]string{"pcie.iommu=true", "pcie.ats=true"}, true},
		{[]string{"pcie.acs_redirect=true"}, true},
		{[]string{"pcie.acs_redirect=true", "pcie.profile=gen3-root"}, false},
		{[]string{"pcie.acs_redirect=true", "pcie.engine=fast"}, false},
		{[]string{"pcie.engine=exact"}, true},
	} {
		w, s := ran(t, "smoke", append([]string{"run.duration=500us"}, c.sets...)...)
		if got := s.Receiver.PCIe.Exactly(); got != c.exact {
			t.Errorf("%v: exactly %v", c.sets, got)
		}
		want := pcie.EngineFast
		if c.exact {
			want = pcie.EngineExact
		}
		other, _ := ran(t, "smoke", append(append([]string{"run.duration=500us"}, c.sets...), "pcie.engine="+want)...)
		if w.Engine().Digest() != other.Engine().Digest() {
			t.Errorf("%v: not the run of engine %s", c.sets, want)
		}
	}
}
