//lint:file-ignore U1000 snapshots reach these fields by reflection

package sim

import (
	"bytes"
	"fmt"
	"math"
	"testing"
)

// The model of these tests is a small queueing network, made of everything that a
// world of the simulator is made of: actors in structs and in slices, timers, random
// streams, gauges, a ring buffer by value, jobs linked by pointers, a map, an
// interface that changes its concrete type, and pointers that move.

type network struct {
	engine   *Engine
	sources  []source // actors inside a slice
	stations []*station
	busiest  *station `snapshot:"ref"`
	watchdog *Watchdog
	done     map[string]uint64 // jobs by source
	trace    []string          `snapshot:"-"`
	arrivals *int64            // into a source
}

// source sends jobs at exponentially distributed intervals.
type source struct {
	net    *network
	id     ActorID
	name   string `snapshot:"-"`
	rand   Rand
	mean   Time
	sent   int64
	served bool
}

type job struct {
	from    *source
	next    *job
	arrived Time
	visits  int8
}

// discipline says which waiting job is next.
type discipline interface{ pick(s *station) *job }

type fifo struct{ picked int }

type lifo struct {
	picked int64
	last   *job
}

// station serves jobs one by one; a job that waits too long gives up.
type station struct {
	net     *network
	id      ActorID
	rand    Rand
	queue   discipline
	head    *job
	tail    *job
	waiting Gauge
	sojourn Histogram
	batch   Batches
	credits Window
	server  Server
	history Series
	recent  [4]Time
	ring    []uint32
	at      int
	serving *job
	timeout Timer
	free    *job
	given   int
}

const (
	kindDone = iota
	kindTimeout
)

func (f *fifo) pick(s *station) *job {
	f.picked++
	j := s.head
	s.head = j.next
	if s.head == nil {
		s.tail = nil
	}
	return j
}

func (l *lifo) pick(s *station) *job {
	l.picked++
	prev := (*job)(nil)
	j := s.head
	for j.next != nil {
		prev, j = j, j.next
	}
	if prev == nil {
		s.head = nil
	} else {
		prev.next = nil
	}
	s.tail = prev
	l.last = j
	return j
}

func exponential(r *Rand, mean Time) Time {
	return Time(-math.Log(1-r.Float64())*float64(mean)) + 1
}

func newNetwork(seed uint64) *network {
	n := &network{engine: NewEngine(), done: map[string]uint64{}}
	n.sources = make([]source, 3)
	for i := range n.sources {
		s := &n.sources[i]
		s.net, s.name, s.mean = n, fmt.Sprint("source ", i), Time(9+i)*Microsecond
		s.rand = NewRand(seed, s.name)
		s.id = n.engine.Register(s.name, s)
		n.engine.Schedule(exponential(&s.rand, s.mean), Event{Actor: s.id})
	}
	for i := range 4 {
		s := &station{net: n, rand: NewRand(seed, fmt.Sprint("station ", i)), credits: NewWindow(3), history: NewSeries(8)}
		s.queue = &fifo{}
		s.ring = make([]uint32, 8)
		s.id = n.engine.Register(fmt.Sprint("station ", i), s)
		s.timeout.Init(Event{Actor: s.id, Kind: kindTimeout})
		s.waiting.Start(0, 0, 5)
		n.stations = append(n.stations, s)
	}
	n.busiest = n.stations[0]
	n.arrivals = &n.sources[0].sent
	n.watchdog = NewWatchdog(n.engine, 100*Microsecond, 2, n)
	return n
}

func (n *network) Progress() uint64 { return uint64(n.sources[0].sent) }

func (n *network) Stalled(now, since Time) { n.engine.Mix(uint64(now - since)) }

func (s *source) Handle(now Time, _ Event) {
	s.sent++
	s.net.trace = append(s.net.trace, s.name)
	s.net.stations[s.rand.Intn(len(s.net.stations))].accept(now, s)
	s.net.engine.Schedule(now+exponential(&s.rand, s.mean), Event{Actor: s.id})
}

func (s *station) accept(now Time, from *source) {
	j := s.free
	if j == nil {
		j = &job{}
	} else {
		s.free = j.next
	}
	*j = job{from: from, arrived: now}
	if s.tail == nil {
		s.head = j
	} else {
		s.tail.next = j
	}
	s.tail = j
	s.waiting.Add(now, 1)
	s.history.Add(now, float64(s.waiting.Level()))
	if s.waiting.Level() > s.net.busiest.waiting.Level() {
		s.net.busiest = s
		s.net.arrivals = &from.sent
	}
	s.timeout.Set(s.net.engine, now+30*Microsecond)
	if s.serving == nil {
		s.start(now)
	}
}

func (s *station) start(now Time) {
	if s.head == nil {
		return
	}
	s.serving = s.queue.pick(s)
	s.waiting.Add(now, -1)
	admitted := s.credits.Admit(now, 1)
	_, end := s.server.Book(admitted, exponential(&s.rand, 8*Microsecond))
	s.credits.Hold(1, end+20*Microsecond)
	s.net.engine.Schedule(end, Event{Actor: s.id, Kind: kindDone})
}

func (s *station) Handle(now Time, ev Event) {
	if ev.Kind == kindTimeout {
		if s.timeout.Due(s.net.engine) {
			s.given++
			if s.given%2 == 1 {
				s.queue = &lifo{picked: int64(s.given)}
			} else {
				s.queue = &fifo{}
			}
		}
		return
	}
	j := s.serving
	s.serving = nil
	s.sojourn.Record(now - j.arrived)
	s.net.engine.Mix(uint64(now - j.arrived))
	s.net.done[j.from.name]++
	s.ring[s.at%len(s.ring)] = uint32(now)
	s.recent[s.at%4] = now
	if s.at++; s.at%64 == 0 {
		s.batch.Add(s.sojourn.Mean().Seconds())
	}
	j.next, j.from, s.free = s.free, nil, j
	s.start(now)
}

// stateOf returns the bytes of a snapshot.
func stateOf(t testing.TB, roots ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Save(&b, roots...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// newSeenNetwork is a network that has held every concrete type an interface of
// it may hold, so that Restore knows them.
func newSeenNetwork(seed uint64) *network {
	n := newNetwork(seed)
	n.stations[3].queue = &lifo{}
	return n
}

func TestSaveRebuildRestoreRunEqualsRun(t *testing.T) {
	const end = 5 * Millisecond
	straight := newSeenNetwork(7)
	straight.engine.Run(end)
	want, digest := stateOf(t, straight), straight.engine.Digest()
	if straight.engine.Events() < 2000 || straight.stations[1].given == 0 {
		t.Fatalf("the model does too little to test: %d events, %d time-outs", straight.engine.Events(), straight.stations[1].given)
	}
	for _, at := range []Time{0, 1, 17 * Microsecond, 300 * Microsecond, Millisecond, 2345678901, end - 1, end} {
		first := newSeenNetwork(7)
		first.engine.Run(at)
		saved := stateOf(t, first)

		// A rebuilt world need not be virgin: Restore has to overwrite all of it.
		second := newSeenNetwork(7)
		second.engine.Run(at / 3)
		if err := Restore(bytes.NewReader(saved), second); err != nil {
			t.Fatalf("at %v: %v", at, err)
		}
		if got := stateOf(t, second); !bytes.Equal(got, saved) {
			t.Errorf("at %v: the restored state differs from the saved one", at)
		}
		second.engine.Run(end)
		if got := second.engine.Digest(); got != digest {
			t.Errorf("saved at %v: digest %016x, straight run %016x", at, got, digest)
		}
		if !bytes.Equal(stateOf(t, second), want) {
			t.Errorf("saved at %v: final state differs from that of a straight run", at)
		}
		if got, want := second.stations[2].sojourn.Mean(), straight.stations[2].sojourn.Mean(); got != want {
			t.Errorf("saved at %v: mean sojourn %v, straight run %v", at, got, want)
		}
	}
}

func TestRestoreFillsTheObjectsOfTheRebuiltWorld(t *testing.T) {
	first := newSeenNetwork(3)
	first.engine.Run(Millisecond)
	saved := stateOf(t, first)

	second := newSeenNetwork(3)
	engine, station, sources := second.engine, second.stations[2], &second.sources[0]
	if err := Restore(bytes.NewReader(saved), second); err != nil {
		t.Fatal(err)
	}
	if second.engine != engine || second.stations[2] != station || &second.sources[0] != sources {
		t.Error("Restore replaced objects of the rebuilt world")
	}
	if second.engine.actors[1] != Actor(&second.sources[1]) {
		t.Error("an actor that lies in a slice is registered under another address")
	}
	if second.arrivals != &second.sources[0].sent && second.arrivals != &second.sources[1].sent && second.arrivals != &second.sources[2].sent {
		t.Error("a pointer into the middle of a source no longer points there")
	}
	if second.sources[1].name != "source 1" {
		t.Error("a skipped field did not keep what the rebuilt world has")
	}
}

func TestStatesThatDifferGiveBytesThatDiffer(t *testing.T) {
	n := newSeenNetwork(3)
	n.engine.Run(Millisecond)
	before := stateOf(t, n)
	n.stations[1].rand.Uint64()
	if bytes.Equal(before, stateOf(t, n)) {
		t.Error("one random draw more is not in the snapshot")
	}
}

func BenchmarkSave(b *testing.B) {
	n := newSeenNetwork(1)
	n.engine.Run(Millisecond)
	size := len(stateOf(b, n))
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		if err := Save(&out, n); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	n := newSeenNetwork(1)
	n.engine.Run(Millisecond)
	saved := stateOf(b, n)
	b.SetBytes(int64(len(saved)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Restore(bytes.NewReader(saved), n); err != nil {
			b.Fatal(err)
		}
	}
}
