package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"netgpusim/netgpu"
)

// patience bounds a test whose other end hangs; no result depends on it.
const patience = 5 * time.Minute

// buildPeer compiles testdata/peer.c.
func buildPeer(t testing.TB) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CC"), "cc", "gcc", "clang"} {
		compiler, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		peer := filepath.Join(t.TempDir(), "peer")
		out, err := exec.Command(compiler, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror",
			"-o", peer, filepath.Join("testdata", "peer.c")).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return peer
	}
	t.Skip("no C compiler (CC, cc, gcc, clang): the other end of the ring cannot be built")
	return ""
}

// peer is a running peer.c.
type peer struct {
	done chan struct{} // closed when it has ended
	err  error         // of its end, with what it wrote to stderr; valid after done
}

// startPeer runs the program on a mapping: mode is produce or consume.
func startPeer[T Element](t testing.TB, program, mode string, m *Mapping, w workload) *peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	var element T
	const inherited = 3 // the first of ExtraFiles
	cmd := exec.CommandContext(ctx, program, mode, fmt.Sprint(inherited), fmt.Sprint(unsafe.Sizeof(element)),
		fmt.Sprint(w.entries), fmt.Sprint(w.count), fmt.Sprint(w.batch))
	cmd.ExtraFiles = []*os.File{m.File()}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &peer{done: make(chan struct{})}
	go func() {
		if err := cmd.Wait(); err != nil {
			p.err = fmt.Errorf("the C side: %w: %s", err, strings.TrimSpace(stderr.String()))
		}
		close(p.done)
	}()
	return p
}

func (p *peer) wait() error {
	<-p.done
	return p.err
}

// idle gives the CPU away, to the other process if need be. It ends the waiting if
// the peer has failed; one that has ended well may have left entries to take.
func (p *peer) idle() error {
	select {
	case <-p.done:
		return p.err
	default:
		_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		return nil
	}
}

// mapped is a ring over a new mapping.
func mapped[T Element](t testing.TB, entries uint32) (*Mapping, *netgpu.Ring[T]) {
	t.Helper()
	m, err := Create(Size[T](entries))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	ring, err := Attach[T](m.Bytes(), entries)
	if err != nil {
		t.Fatal(err)
	}
	return m, ring
}

// toC sends a workload to the C program, which checks it.
func toC[T Element](t testing.TB, program string, w workload, at uint32) error {
	m, ring := mapped[T](t, w.entries)
	start(ring, at)
	p := startPeer[T](t, program, "consume", m, w)
	err := produce(ring, w, p.idle)
	return errors.Join(err, p.wait(), endsAt(ring, at+uint32(w.count)))
}

// fromC checks what the C program sends.
func fromC[T Element](t testing.TB, program string, w workload, at uint32) error {
	m, ring := mapped[T](t, w.entries)
	start(ring, at)
	p := startPeer[T](t, program, "produce", m, w)
	err := consume(ring, w, p.idle)
	if err != nil {
		return err // the peer may wait for space; it ends with the test
	}
	return errors.Join(p.wait(), endsAt(ring, at+uint32(w.count)))
}

// endsAt is an error unless all has been produced and consumed up to an index.
func endsAt[T Element](r *netgpu.Ring[T], want uint32) error {
	if prod, cons := r.Shared(); prod != want || cons != want {
		return fmt.Errorf("the ring ends with prod %d and cons %d, want %d for both", prod, cons, want)
	}
	return nil
}

// bothWays runs a workload in both directions with both kinds of element.
func bothWays(t *testing.T, program string, w workload, at uint32) {
	for name, run := range map[string]func(testing.TB, string, workload, uint32) error{
		"u64 to C": toC[uint64], "u64 from C": fromC[uint64],
		"iovec to C": toC[netgpu.Iovec], "iovec from C": fromC[netgpu.Iovec],
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t, program, w, at); err != nil {
				t.Errorf("%v from index %d: %v", w, at, err)
			}
		})
	}
}

// TestACProgramIsTheOtherEnd sends 2 million entries in each direction, half of each
// kind of element, through rings whose indices wrap.
func TestACProgramIsTheOtherEnd(t *testing.T) {
	program := buildPeer(t)
	const limit = math.MaxUint32
	for _, c := range []struct {
		workload
		at uint32
	}{
		// Small rings change hands often, each time at the scheduler's mercy.
		{workload{1, 1, 1_000}, limit - 500},
		{workload{2, 2, 1_000}, limit},
		{workload{4, 1, 5_000}, limit - 3},
		{workload{16, 5, 20_000}, limit - 10_000},
		{workload{1024, 1, 273_000}, limit - 100_000},
		{workload{1024, 32, 350_000}, limit - 1_000},
		{workload{1 << 17, 256, 350_000}, limit - 300_000}, // of iovecs, the most that patch 10 can allocate
	} {
		t.Run(c.String(), func(t *testing.T) { bothWays(t, program, c.workload, c.at) })
	}
}

func TestTheCProgramTellsAWrongEntry(t *testing.T) {
	program := buildPeer(t)
	w := workload{16, 4, 100}
	m, ring := mapped[netgpu.Iovec](t, w.entries)
	for i := range w.entries {
		*ring.Slot(i) = entry[netgpu.Iovec](uint64(i))
	}
	ring.Slot(11).Len++
	ring.StoreProd(w.entries)
	p := startPeer[netgpu.Iovec](t, program, "consume", m, w)
	if err := p.wait(); err == nil || !strings.Contains(err.Error(), "entry 11 word 1: found ") {
		t.Errorf("the C side ends with %v, want the complaint about entry 11", err)
	}
}

// TestABatchThatIsPublishedFirstIsOverwritten: the library's batch call gives its
// slots back before they have been read. Here the C side is quick enough to fill
// them again before that.
func TestABatchThatIsPublishedFirstIsOverwritten(t *testing.T) {
	program := buildPeer(t)
	const entries = 8
	at := uint32(math.MaxUint32 - 3) // so that the second lap is behind the wrap
	for _, c := range []struct {
		name string
		take func(*netgpu.Consumer[uint64], uint32) (first, count uint32)
		lap  uint64 // that the slots hold when they are read
	}{
		{"published, then read", (*netgpu.Consumer[uint64]).Batch, 1},
		{"read, then published", (*netgpu.Consumer[uint64]).PeekBatchAdvance, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, ring := mapped[uint64](t, entries)
			start(ring, at)
			p := startPeer[uint64](t, program, "produce", m, workload{entries, entries, 2 * entries})
			until := func(prod uint32) {
				for have, _ := ring.Shared(); have != prod; have, _ = ring.Shared() {
					if err := p.idle(); err != nil {
						t.Fatal(err)
					}
				}
			}
			until(at + entries)
			consumer := netgpu.NewConsumer(ring)
			first, count := c.take(&consumer, entries)
			if count != entries {
				t.Fatalf("the batch has %d entries, want %d", count, entries)
			}
			if c.lap > 0 {
				until(at + 2*entries)
			}
			for i := range count {
				if got, want := *consumer.Slot(first + i), entry[uint64](uint64(i)+c.lap*entries); got != want {
					t.Errorf("slot of entry %d: found %x, want %x (lap %d)", i, got, want, c.lap)
				}
			}
			consumer.Complete()
			if err := p.wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// BenchmarkC reports the rate between a Go and a C process, per entry. The start of
// the C process is in it: read it at a -benchtime of seconds.
func BenchmarkC(b *testing.B) {
	program := buildPeer(b)
	for _, batch := range []uint32{1, 32} {
		for _, c := range []struct {
			name string
			run  func(testing.TB, string, workload, uint32) error
		}{
			{"u64-to-C", toC[uint64]}, {"u64-from-C", fromC[uint64]},
			{"iovec-to-C", toC[netgpu.Iovec]}, {"iovec-from-C", fromC[netgpu.Iovec]},
		} {
			b.Run(fmt.Sprintf("%s/batch=%d", c.name, batch), func(b *testing.B) {
				if err := c.run(b, program, workload{1024, batch, uint64(b.N)}, math.MaxUint32); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(b.N)/1e6/b.Elapsed().Seconds(), "Mentries/s")
			})
		}
	}
}
