package packetdrill

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"netgpusim/sim"
	"netgpusim/tcp"
)

// mutation changes one expectation of an event; false if it has none of the kind.
type mutation struct {
	name   string
	change func(e *Event) bool
}

var mutations = []mutation{
	{"sequence number", outbound(func(k *Packet) bool { k.Seq += 1460; return !k.Flags.Has(tcp.SYN) })},
	{"length", outbound(func(k *Packet) bool { k.Len++; return true })},
	{"acknowledgement", outbound(func(k *Packet) bool { k.Ack++; return k.HasAck && k.Flags.Has(tcp.ACK) })},
	{"PSH", outbound(func(k *Packet) bool { k.Flags ^= tcp.PSH; return true })},
	{"FIN", outbound(func(k *Packet) bool { k.Flags ^= tcp.FIN; return true })},
	{"window", outbound(func(k *Packet) bool { k.Window--; return k.Window > 0 })},
	{"ECN", outbound(func(k *Packet) bool { k.ECN = CE; return true })},
	{"one more option", outbound(func(k *Packet) bool {
		k.Options = append(append([]Option{}, k.Options...), Option{Kind: OptNOP})
		return !k.AnyOptions
	})},
	{"one option less", outbound(func(k *Packet) bool {
		if len(k.Options) == 0 {
			return false
		}
		k.Options = k.Options[1:]
		return true
	})},
	{"time", func(e *Event) bool {
		if e.Packet == nil || e.Packet.Inbound || e.Time.Kind == AnyTime {
			return false
		}
		later := 30 * sim.Millisecond
		if e.Time.Until > e.Time.At {
			later += e.Time.Until - e.Time.At // past the end of a range
		}
		e.Time.At += later
		e.Time.Until += later
		return true
	}},
	{"result", func(e *Event) bool {
		if e.Call == nil || e.Call.Result.Kind != Integer || makesDescriptor[e.Call.Name] {
			return false
		}
		e.Call.Result.Int += 7
		return true
	}},
	{"errno", func(e *Event) bool {
		if e.Call == nil || e.Call.Errno == "" {
			return false
		}
		e.Call.Errno = "EDOM"
		return true
	}},
}

// makesDescriptor names calls whose result the script numbers as it likes.
var makesDescriptor = map[string]bool{"socket": true, "accept": true, "accept4": true, "open": true, "epoll_create": true, "epoll_create1": true}

func outbound(change func(k *Packet) bool) func(e *Event) bool {
	return func(e *Event) bool {
		if e.Packet == nil || e.Packet.Inbound {
			return false
		}
		k := *e.Packet
		e.Packet = &k
		return change(&k)
	}
}

// TestMutatedScriptsFail changes one expectation at a time in every script: the run must
// fail, and at that line.
func TestMutatedScriptsFail(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	tried := map[string]int{}
	all := scripts(t)
	for _, file := range slices.Sorted(maps.Keys(all)) {
		script, err := Parse(file, all[file])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mutations {
			i := random.IntN(len(script.Events))
			for range script.Events {
				changed := *script
				changed.Events = append([]Event{}, script.Events...)
				e := &changed.Events[i]
				if e.Call != nil {
					c := *e.Call
					e.Call = &c
				}
				if m.change(e) {
					tried[m.name]++
					r := changed.Run(Options{})
					if r.Err == nil || r.Err.Kind != Failed || !near(r.Err.Line, e.Line, script) {
						t.Errorf("%s:%d: another %s makes %v", file, e.Line, m.name, r.Err)
					}
					break
				}
				i = (i + 1) % len(script.Events)
			}
		}
	}
	for _, m := range mutations {
		if tried[m.name] < 5 {
			t.Errorf("%s: only %d scripts have one to change", m.name, tried[m.name])
		}
	}
}

// near says whether a failure is at a changed event or the one behind: segments that a
// longer packet swallows are missed there.
func near(line, at int, s *Script) bool {
	for i := range s.Events {
		if s.Events[i].Line == at {
			return line >= at && (i+1 >= len(s.Events) || line <= s.Events[i+1].Line+strings.Count(s.Events[i].Source, "\n"))
		}
	}
	return false
}
