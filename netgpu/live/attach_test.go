package live

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"netgpusim/netgpu"
)

// aligned returns size bytes of Go memory on a 64-byte line. Unlike an mmap the race
// detector watches them.
func aligned(size int64) []byte {
	mem := make([]byte, size+lineBytes)
	past := int64(uintptr(unsafe.Pointer(unsafe.SliceData(mem))) % lineBytes)
	return mem[(lineBytes-past)%lineBytes:][:size:size]
}

func TestTheMappingHasTheLayoutOfPatch5(t *testing.T) {
	mem := aligned(Size[netgpu.Iovec](4))
	ring, err := Attach[netgpu.Iovec](mem, 4)
	if err != nil {
		t.Fatal(err)
	}
	p, c := netgpu.NewProducer(ring), netgpu.NewConsumer(ring)
	for i := range uint64(4) {
		*p.Reserve() = netgpu.Iovec{Base: 0x1000 + i, Len: 0x2000 + i}
	}
	p.Submit()
	c.PeekBatchAdvance(3)
	c.Complete()

	want := make([]byte, 128+4*16)
	binary.NativeEndian.PutUint32(want[0:], 4)
	binary.NativeEndian.PutUint32(want[64:], 3)
	for i := range uint64(4) {
		binary.NativeEndian.PutUint64(want[128+16*i:], 0x1000+i)
		binary.NativeEndian.PutUint64(want[128+16*i+8:], 0x2000+i)
	}
	if string(mem) != string(want) {
		t.Errorf("the mapping holds\n% x, want\n% x", mem, want)
	}
}

func TestBothEndsAttachedToOneMappingAreOneRing(t *testing.T) {
	mem := aligned(Size[uint64](8))
	attach := func() *netgpu.Ring[uint64] {
		r, err := Attach[uint64](mem, 8)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	start(attach(), math.MaxUint32-2)
	p := netgpu.NewProducer(attach())
	for i := range uint64(8) {
		*p.Reserve() = i
	}
	if p.Reserve() != nil {
		t.Error("a ninth slot could be reserved of eight")
	}
	p.Submit()
	c := netgpu.NewConsumer(attach()) // comes later, and finds what is there
	for i := range uint64(8) {
		if slot := c.Peek(); slot == nil || *slot != i {
			t.Fatalf("entry %d: %v", i, slot)
		}
		c.Advance()
	}
	if c.Peek() != nil { // which publishes cons
		t.Error("a ninth entry came of eight")
	}
	if p.Reserve() == nil {
		t.Error("no slot is free although all have been consumed")
	}
}

func TestAttachRefusesWhatCannotHoldTheRing(t *testing.T) {
	mem := aligned(Size[netgpu.Iovec](1024))
	for _, c := range []struct {
		name    string
		mem     []byte
		entries uint32
		want    string
	}{
		{"no entries", mem, 0, "0 entries: the number must be a power of two"},
		{"entries between powers", mem, 12, "12 entries: the number must be a power of two"},
		{"more than 32 bits of size", mem, 1 << 31, "need 34359738496 bytes: a mapping of at most 4294967295 is allowed"},
		{"one byte short", mem[:len(mem)-1], 1024, "has 16511 bytes: 1024 entries need at least 16512"},
		{"no memory", nil, 1, "has 0 bytes: 1 entries need at least 144"},
		{"off its line", mem[8:], 512, "begins 8 bytes behind a multiple of 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ring, err := Attach[netgpu.Iovec](c.mem, c.entries)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if ring != nil {
				t.Error("there is a ring beside the error")
			}
		})
	}
	if _, err := Attach[netgpu.Iovec](mem, 1024); err != nil {
		t.Errorf("a mapping of exactly the size is refused: %v", err)
	}
}

// TestTwoGoroutinesShareARing is for the race detector: the operations alone order
// the accesses to slots.
func TestTwoGoroutinesShareARing(t *testing.T) {
	for _, w := range []workload{{1, 1, 2e4}, {4, 1, 5e4}, {8, 3, 1e5}, {1024, 32, 3e5}} {
		t.Run(fmt.Sprintf("%v", w), func(t *testing.T) {
			betweenGoroutines[uint64](t, w)
			betweenGoroutines[netgpu.Iovec](t, w)
		})
	}
}

func betweenGoroutines[T Element](t *testing.T, w workload) {
	t.Helper()
	ring, err := Attach[T](aligned(Size[T](w.entries)), w.entries)
	if err != nil {
		t.Fatal(err)
	}
	start(ring, uint32(-int32(w.count/2)))
	failed := make(chan struct{})
	idle := func() error {
		select {
		case <-failed:
			return fmt.Errorf("the other side gave up")
		default:
			runtime.Gosched()
			return nil
		}
	}
	produced := make(chan error, 1)
	go func() { produced <- produce(ring, w, idle) }()
	consumed := consume(ring, w, func() error { runtime.Gosched(); return nil })
	if consumed != nil {
		close(failed)
		t.Error(consumed)
	}
	if err := <-produced; err != nil {
		t.Error(err)
	}
}

// FuzzAttach attaches to memory with anything in it and works both ends: what the
// other side may have written must not lead out of the mapping.
func FuzzAttach(f *testing.F) {
	f.Add([]byte{}, uint32(1), uint32(0), uint32(0), []byte("r"))
	f.Add(make([]byte, 128+8*8), uint32(8), uint32(3), uint32(0), []byte("rsarpcdbkR"))
	f.Add(make([]byte, 200), uint32(4), uint32(0), uint32(math.MaxUint32), []byte("AgAgspdPdc"))
	f.Add(make([]byte, 130), uint32(1<<31), uint32(7), uint32(9), []byte("x"))
	f.Fuzz(func(t *testing.T, content []byte, entries, prod, cons uint32, operations []byte) {
		mem := aligned(int64(len(content)))
		copy(mem, content)
		ring, err := Attach[uint64](mem, entries)
		if fits := entries > 0 && entries&(entries-1) == 0 && 128+8*uint64(entries) <= uint64(len(mem)); fits != (err == nil) {
			t.Fatalf("%d entries in %d bytes: %v", entries, len(mem), err)
		}
		if err != nil {
			return
		}
		ring.StoreProd(prod)
		ring.StoreCons(cons)
		p, c := netgpu.NewProducer(ring), netgpu.NewConsumer(ring)
		for i, op := range operations {
			operate(ring, &p, &c, op, uint32(i)*prod+cons)
		}
	})
}

// operate does one operation of either side, or overwrites a shared word.
func operate(ring *netgpu.Ring[uint64], p *netgpu.Producer[uint64], c *netgpu.Consumer[uint64], op byte, n uint32) {
	switch op {
	case 'r':
		if slot := p.Reserve(); slot != nil {
			*slot = uint64(n)
		}
	case 'a':
		p.Avail(n)
	case 'g':
		*p.GetPtr() = uint64(n)
	case 's':
		p.Submit()
	case 'p':
		if slot := c.Peek(); slot != nil {
			*slot++
		}
	case 'd':
		c.Advance()
	case 'c':
		c.Complete()
	case 'b', 'k':
		take := c.Batch
		if op == 'k' {
			take = c.PeekBatchAdvance
		}
		first, count := take(n)
		for i := range min(count, 64) {
			*c.Slot(first + i)++
		}
	case 'A':
		ring.StoreProd(n)
	case 'P':
		ring.StoreCons(n)
	}
}
