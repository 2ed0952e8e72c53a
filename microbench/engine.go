package microbench

import (
	"netgpusim/pcie"
	"netgpusim/sim"
)

// engine is the DMA engine of a device with operations of one size queued without end.
type engine struct {
	spec   *DeviceSpec
	tree   *pcie.Tree
	target pcie.Target
	size   int64

	readBusy, writeBusy sim.Time // engine time of an operation
	both                sim.Time // of a read and a write together
	shared              bool     // both is more than either

	slots    []sim.Time // when each read operation in flight is done: a ring
	next     int
	readFree sim.Time // when the engine has moved the data of the reads before on

	writeFree sim.Time // when the engine can take the next write
	sent      sim.Time // when the write before has left
	visible   sim.Time // and when it can be seen

	reads, writes int // operations so far
}

func newEngine(spec *DeviceSpec, tree *pcie.Tree, target pcie.Target, size int64, pairs bool) *engine {
	e := &engine{
		spec: spec, tree: tree, target: target, size: size,
		readBusy:  spec.ReadSetup + spec.ReadRate.Pace().Time(size),
		writeBusy: spec.WriteSetup + spec.WriteRate.Pace().Time(size),
		slots:     make([]sim.Time, spec.Outstanding),
	}
	if pairs && spec.SharedRate > 0 && size <= int64(spec.SharedMax) {
		e.both = spec.SharedRate.Pace().Time(2 * size)
		e.shared = e.both > e.readBusy && e.both > e.writeBusy
		e.readBusy, e.writeBusy = max(e.readBusy, e.both), max(e.writeBusy, e.both)
	}
	return e
}

// read does the next read operation, whose command was given before now, and returns when
// it is done. The data arrive, the engine moves them on after those of the operation
// before, and then the operation's place is free.
func (e *engine) read(now sim.Time) (done sim.Time) {
	e.reads++
	slot := &e.slots[e.next]
	e.next = (e.next + 1) % len(e.slots)
	start := max(now, *slot)
	_, arrived := e.tree.Read(start, e.target, e.size)
	moved := max(arrived, e.readFree) + e.readBusy
	e.readFree = moved
	*slot = moved + e.spec.Finish
	return *slot
}

// write does the next write operation and returns when it has left. The engine takes the
// data of one operation while the one before leaves.
func (e *engine) write(now sim.Time) (sent sim.Time) {
	e.writes++
	ready := max(now, e.writeFree) + e.writeBusy
	e.writeFree = max(ready, e.sent)
	e.sent, e.visible = e.tree.Write(e.writeFree, e.target, e.size)
	return e.sent
}

// pair does reads until it is a write's turn, does that, and returns when the write has left. The
// two directions run on their own, but neither is more operations ahead of the other than
// the engine keeps reads in flight.
func (e *engine) pair() (sent sim.Time) {
	for {
		oldest, free := e.slots[e.next], max(e.writeFree, e.sent)
		switch ahead := e.reads - e.writes; {
		case ahead >= len(e.slots):
			return e.write(oldest)
		case -ahead >= len(e.slots):
			e.read(free)
		case oldest <= free:
			e.read(0)
		default:
			return e.write(0)
		}
	}
}
