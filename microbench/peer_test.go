package microbench_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"netgpusim/microbench"
	"netgpusim/sim"
)

// l2fwd-nv of NVIDIA (its README): a ConnectX-6 Dx at 100 Gbit/s and a V100 under one PLX
// PEX8747 switch forward frames out of CPU memory or out of GPU memory. Under a switch
// the GPU's memory is as fast as the host's, so both are the line's: payload that is
// written and read again, at most what 100 Gbit/s of frames with 20 bytes of preamble and
// gap carry. 64-byte frames are bound by the eight cores; only the ratio can be compared.
func TestGPUMemoryBehindASwitchIsAsFastAsHostMemory(t *testing.T) {
	const line, between = 100.0, 20
	for _, c := range []struct {
		frame     int64
		host, gpu float64 // Gbit/s
		coreBound bool
	}{{64, 25, 24, true}, {512, 95, 96, false}, {1024, 99, 98, false}} {
		host := 8 * run(t, "plx-v100", microbench.DMAReadWrite, c.frame, 1)[0].Value
		gpu := 8 * run(t, "plx-v100", microbench.P2PBoth, c.frame, 1)[0].Value
		carried := line * float64(c.frame) / float64(c.frame+between)
		host, gpu = min(host, carried), min(gpu, carried)
		t.Logf("%d B: host %.1f Gbit/s, GPU %.1f; measured %.0f and %.0f", c.frame, host, gpu, c.host, c.gpu)
		if ratio, measured := gpu/host, c.gpu/c.host; math.Abs(ratio/measured-1) > 0.05 {
			t.Errorf("%d B: GPU memory %.2f times host memory, measured %.2f", c.frame, ratio, measured)
		}
		for _, v := range [][2]float64{{host, c.host}, {gpu, c.gpu}} {
			if !c.coreBound && math.Abs(v[0]/v[1]-1) > 0.03 || c.coreBound && v[0] < v[1] {
				t.Errorf("%d B: %.1f Gbit/s, measured %.0f", c.frame, v[0], v[1])
			}
		}
	}
}

// Where the root complex forwards slower than the link, that is what peers get, and host
// memory keeps the link.
func TestTheRootComplexBoundsPeersNotHostMemory(t *testing.T) {
	peer := run(t, "p40", microbench.P2PWrite, 1<<20, 1)[0]
	host := run(t, "p40", microbench.DMAWrite, 1<<20, 1)[0]
	if peer.Limit != "root complex: peer_write_limit" || host.Value < 1.5*peer.Value {
		t.Errorf("peer %.1f GB/s, bound by %s; host %.1f GB/s", peer.Value, peer.Limit, host.Value)
	}
}

// A CQE in host memory can be seen before its payload in GPU memory; the flush that
// software starts when it sees the CQE takes longer than the lag.
func TestACQEIsSeenBeforeItsPayloadAndAFlushMakesUpForIt(t *testing.T) {
	rows := run(t, "plx-v100", microbench.P2PLag, 4096, 1)
	lag, flush := rows[0], rows[1]
	if lag.Metric != "lag" || flush.Metric != "flush" || lag.Value <= 0 || flush.Value <= lag.Value {
		t.Errorf("lag %.0f ns, flush %.0f ns", lag.Value, flush.Value)
	}
	none := run(t, "plx-v100", microbench.P2PLag, 4096, 1, "gpu.write_visibility=0", "pcie.host_write=1us")
	if none[0].Value != 0 {
		t.Errorf("a GPU that shows writes at once lags by %.0f ns behind a slow host", none[0].Value)
	}
}

// Writes through BAR1 are posted, reads wait for a round trip: GDRCopy measures a factor
// of twelve on a K40m.
func TestACoreWritesGPUMemoryMuchFasterThanItReadsIt(t *testing.T) {
	write := run(t, "k40", microbench.BAR1Write, 65536, 1)[0].Value
	read := run(t, "k40", microbench.BAR1Read, 65536, 1)[0].Value
	if ratio := write / read; ratio < 10 || ratio > 14 {
		t.Errorf("writes %.1f times as fast as reads, measured %.1f", ratio, 9.79/0.79)
	}
}

// Stores to the other socket hold their buffers for two crossings; enough buffers hide that.
func TestStoresToTheOtherSocketWaitForWriteCombiningBuffers(t *testing.T) {
	near := run(t, "k40", microbench.BAR1Write, 65536, 1)[0]
	host, device := load(t, "gen3-root", "k40", []string{"pcie.remote_memory=true"})
	for _, c := range []struct {
		buffers int
		want    float64 // GB/s
	}{{5, 5 * 64 / 98.54}, {10, 10 * 64 / 98.54}, {32, near.Value}} {
		s := whole(t, microbench.BAR1Write)
		s.Sizes, s.Core.StoreBuffers = []sim.Bytes{64 * sim.KiB}, c.buffers
		rows, err := microbench.Run(&s, host, device)
		if err != nil {
			t.Fatal(err)
		}
		row := rows[0]
		if math.Abs(row.Value/c.want-1) > 0.01 {
			t.Errorf("%d buffers: %.2f GB/s, want %.2f", c.buffers, row.Value, c.want)
		}
		if waits := strings.Contains(row.Limit, "time that they are held"); waits != (row.Value < 0.99*near.Value) {
			t.Errorf("%d buffers: %.2f GB/s bound by %q", c.buffers, row.Value, row.Limit)
		}
	}
}

// What a revocation meets under a stream of writes at the link's rate is that rate for as
// long as the doorbell takes, and the path of a posted write.
func TestARevocationFindsTheWritesOfADoorbellAndAPath(t *testing.T) {
	const size = 4096
	rows := run(t, "plx-v100", microbench.P2PRevoke, size, 1)
	stale, drain := rows[0].Value, rows[1].Value
	rate := run(t, "plx-v100", microbench.P2PWrite, size, 1)[0].Value // GB/s, bytes per ns
	if rows[0].Unit != "bytes" || math.Abs(stale-rate*drain) > 2*size {
		t.Errorf("%.0f bytes over %.0f ns, the link carries %.2f a ns", stale, drain, rate)
	}
	slow := run(t, "plx-v100", microbench.P2PRevoke, size, 1, "pcie.mmio_write=1250ns")
	if more := slow[1].Value - drain; math.Abs(more-1000) > size/rate {
		t.Errorf("a doorbell of 1 µs more lengthens it by %.0f ns", more)
	}
}

func TestAreasFillBAR1(t *testing.T) {
	host, device := load(t, "gen3-switch", "t4", nil)
	s := whole(t, microbench.GPUPin)
	s.Sizes = []sim.Bytes{40_000_000, 64*sim.KiB + 1}
	s.Operations = 1000
	rows, err := microbench.Run(&s, host, device)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		areas float64
		limit string
	}{{6, "BAR1"}, {1000, "operations: BAR1 has room for more"}} {
		if row := rows[3*i+2]; row.Value != c.areas || row.Limit != c.limit {
			t.Errorf("%d B: %g areas, bound by %q, want %g by %q", row.SizeBytes, row.Value, row.Limit, c.areas, c.limit)
		}
		if rows[3*i].Value != device.PinTime.Nanoseconds() || rows[3*i+1].Value != device.UnpinTime.Nanoseconds() {
			t.Errorf("pin %+v, unpin %+v", rows[3*i], rows[3*i+1])
		}
	}
	s.Sizes = []sim.Bytes{sim.GiB}
	var wrong *microbench.SpecError
	if _, err := microbench.Run(&s, host, device); !errors.As(err, &wrong) || wrong.Key != "sizes" {
		t.Errorf("more than BAR1 has: %v", err)
	}
}
