package memory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A litmus test is a few threads of a few accesses, written as in the literature:
//
//	Wx1        store 1 to x
//	Rx         load x, into the thread's next register
//	mb wmb rmb barriers
//	.a0 .d0    behind an access: its address, or its data, depends on register 0
//	.c0        behind an access: a branch on register 0 stands before it
type litmus []string

// access is one access of a litmus test and what stands before it.
type access struct {
	store            bool
	loc              location
	value            uint32 // store
	dst              int    // load: register
	addr, data, ctrl int    // register that it depends on, -1 for none
	fences           []kind // between the access before and this one
}

func (l litmus) parse() [][]access {
	var threads [][]access
	for _, text := range l {
		var list []access
		var fences []kind
		loads := 0
		for _, word := range strings.Fields(text) {
			if k, ok := map[string]kind{"mb": fullBarrier, "wmb": writeBarrier, "rmb": readBarrier}[word]; ok {
				fences = append(fences, k)
				continue
			}
			a := access{store: word[0] == 'W', loc: location(word[1] - 'x'), addr: -1, data: -1, ctrl: -1, fences: fences}
			rest := word[2:]
			if a.store {
				a.value, rest = uint32(rest[0]-'0'), rest[1:]
			} else {
				a.dst = loads
				loads++
			}
			for ; rest != ""; rest = rest[3:] {
				on := int(rest[2] - '0')
				switch rest[1] {
				case 'a':
					a.addr = on
				case 'd':
					a.data = on
				case 'c':
					a.ctrl = on
				}
			}
			list, fences = append(list, a), nil
		}
		threads = append(threads, list)
	}
	return threads
}

func dependency(on int) regSet {
	if on < 0 {
		return 0
	}
	return regsOf(reg(on))
}

// machine writes the test for the machine. Dependencies do not change values. A
// branch always goes one way; the other holds a store that must never be seen, so
// that a guess that goes there has to be undone.
func (l litmus) machine(model Model) *machine {
	m := &machine{model: model, window: 16, locations: []place{{name: "x"}, {name: "y"}, {name: "z"}}}
	for t, list := range l.parse() {
		a := newAssembler()
		var outcome []reg
		for i, acc := range list {
			for _, f := range acc.fences {
				a.fence(f, "")
			}
			if acc.ctrl >= 0 {
				on := reg(acc.ctrl)
				cont, wrong := fmt.Sprint("go on", i), fmt.Sprint("wrong", i)
				goes := (t+i)%2 == 0
				a.when("", regsOf(on), func(r *registers) bool { return (r[on] < 50) == goes }, map[bool]string{true: cont, false: wrong}[goes])
				if !goes {
					a.jump(cont)
				}
				a.label(wrong)
				a.storeConst("", acc.loc, 99)
				a.label(cont)
			}
			in := instruction{at: acc.loc, addrUses: dependency(acc.addr), uses: dependency(acc.data)}
			if acc.store {
				in.kind, in.value = store, func(*registers) uint32 { return acc.value }
			} else {
				in.kind, in.dst, in.defs = load, reg(acc.dst), regsOf(reg(acc.dst))
				outcome = append(outcome, in.dst)
			}
			a.add(in)
		}
		a.end(outcome...)
		m.threads = append(m.threads, a.thread(fmt.Sprint(t), BarrierSet{}))
	}
	m.current, m.next = m.newState(), m.newState()
	return m
}

// outcomes explores a litmus test, naively, and returns what its ends look like:
// the registers of each thread and memory.
func (l litmus) outcomes(t *testing.T, model Model) []string {
	m := l.machine(model)
	ends := map[string]bool{}
	first := string(m.Initial(nil))
	seen, queue := map[string]bool{first: true}, []string{first}
	for len(queue) > 0 {
		encoded := queue[0]
		queue = queue[1:]
		m.decode(&m.current, []byte(encoded))
		if again := string(m.encode(nil, &m.current)); again != encoded {
			t.Fatalf("%q under %s: state % x is % x after decoding and encoding", l, model, encoded, again)
		}
		moves := m.findMoves(&m.current)
		if _, done := m.judgeState(&m.current); done {
			ends[m.outcome(&m.current)] = true
		} else if len(moves) == 0 {
			t.Fatalf("%q under %s: stuck", l, model)
		}
		for i := range moves {
			m.next.copyFrom(&m.current)
			if m.apply(&m.next, &moves[i]).impossible {
				t.Fatalf("%q under %s: a store rested on a wrong guess", l, model)
			}
			if next := string(m.encode(nil, &m.next)); !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return slices.Sorted(maps.Keys(ends))
}

// outcome writes an end as "0:0=1 1:0=0 x=1 y=1 z=0 ": thread:register, memory.
func (m *machine) outcome(s *state) string {
	var b strings.Builder
	for i := range s.threads {
		t := &s.threads[i]
		m.threads[i].live[t.pc].each(func(r reg) { fmt.Fprintf(&b, "%d:%d=%d ", i, r, t.regs[r]) })
	}
	for i, v := range s.memory {
		fmt.Fprintf(&b, "%s=%d ", m.locations[i].name, v)
	}
	return b.String()
}

// allows says whether an outcome with all of the conditions is among outcomes.
func allows(outcomes []string, conditions string) bool {
	return slices.ContainsFunc(outcomes, func(o string) bool {
		for _, c := range strings.Fields(conditions) {
			if !strings.Contains(o, c+" ") {
				return false
			}
		}
		return true
	})
}

// What is known of the classical tests, from Sewell et al. (2010), table of x86
// litmus tests, and Maranget, Sarkar, Sewell, "A Tutorial Introduction to the ARM and
// POWER Relaxed Memory Models" (2012), read for a multi-copy atomic machine. weakest
// is the strongest model that allows the outcome; never: none does.
const never = modelCount

var classical = []struct {
	name    string
	test    litmus
	ask     string
	weakest Model
}{
	{"SB", litmus{"Wx1 Ry", "Wy1 Rx"}, "0:0=0 1:0=0", TSO},
	{"SB+mbs", litmus{"Wx1 mb Ry", "Wy1 mb Rx"}, "0:0=0 1:0=0", never},
	{"SB+mb+po", litmus{"Wx1 mb Ry", "Wy1 Rx"}, "0:0=0 1:0=0", TSO},
	{"SB+wmb+rmb", litmus{"Wx1 wmb Ry", "Wy1 rmb Rx"}, "0:0=0 1:0=0", TSO},
	{"SB+rfi", litmus{"Wx1 Rx Ry", "Wy1 Ry Rx"}, "0:0=1 0:1=0 1:0=1 1:1=0", TSO},
	{"MP", litmus{"Wx1 Wy1", "Ry Rx"}, "1:0=1 1:1=0", Weak},
	{"MP+wmb+po", litmus{"Wx1 wmb Wy1", "Ry Rx"}, "1:0=1 1:1=0", Weak},
	{"MP+po+rmb", litmus{"Wx1 Wy1", "Ry rmb Rx"}, "1:0=1 1:1=0", Weak},
	{"MP+wmb+rmb", litmus{"Wx1 wmb Wy1", "Ry rmb Rx"}, "1:0=1 1:1=0", never},
	{"MP+wmb+addr", litmus{"Wx1 wmb Wy1", "Ry Rx.a0"}, "1:0=1 1:1=0", never},
	{"MP+wmb+ctrl", litmus{"Wx1 wmb Wy1", "Ry Rx.c0"}, "1:0=1 1:1=0", Weak},
	{"MP+mb+rmb", litmus{"Wx1 mb Wy1", "Ry rmb Rx"}, "1:0=1 1:1=0", never},
	{"MP+rmb+rmb", litmus{"Wx1 rmb Wy1", "Ry rmb Rx"}, "1:0=1 1:1=0", Weak},
	{"MP+wmb+wmb", litmus{"Wx1 wmb Wy1", "Ry wmb Rx"}, "1:0=1 1:1=0", Weak},
	// PPOCA and PPOAA: a store that is speculated, or not, forwards to a load.
	{"PPOCA", litmus{"Wx1 wmb Wy1", "Ry Wz1.c0 Rz Rx.a1"}, "1:0=1 1:1=1 1:2=0", Weak},
	{"PPOAA", litmus{"Wx1 wmb Wy1", "Ry Wz1.a0 Rz Rx.a1"}, "1:0=1 1:1=1 1:2=0", never},
	// The same where the address of an earlier load of the location is late.
	{"PPOCA+addr", litmus{"Wz1 wmb Wy1", "Ry Rx.a0 Wx1 Rx Rz.a2"}, "1:0=1 1:2=1 1:3=0", Weak},
	{"MP+wmb+addr-po", litmus{"Wx1 wmb Wy1", "Ry Rz.a0 Rx"}, "1:0=1 1:2=0", Weak},
	{"LB", litmus{"Rx Wy1", "Ry Wx1"}, "0:0=1 1:0=1", Weak},
	{"LB+data+po", litmus{"Rx Wy1.d0", "Ry Wx1"}, "0:0=1 1:0=1", Weak},
	{"LB+datas", litmus{"Rx Wy1.d0", "Ry Wx1.d0"}, "0:0=1 1:0=1", never},
	{"LB+addrs", litmus{"Rx Wy1.a0", "Ry Wx1.a0"}, "0:0=1 1:0=1", never},
	{"LB+ctrls", litmus{"Rx Wy1.c0", "Ry Wx1.c0"}, "0:0=1 1:0=1", never},
	{"LB+addr-pos", litmus{"Rx Rz.a0 Wy1", "Ry Rz.a0 Wx1"}, "0:0=1 1:0=1", never},
	{"LB+mbs", litmus{"Rx mb Wy1", "Ry mb Wx1"}, "0:0=1 1:0=1", never},
	{"LB+rmbs", litmus{"Rx rmb Wy1", "Ry rmb Wx1"}, "0:0=1 1:0=1", Weak}, // smp_rmb orders loads only
	{"S", litmus{"Wx2 Wy1", "Ry Wx1"}, "1:0=1 x=2", Weak},
	{"S+wmb+po", litmus{"Wx2 wmb Wy1", "Ry Wx1"}, "1:0=1 x=2", Weak},
	{"S+wmb+data", litmus{"Wx2 wmb Wy1", "Ry Wx1.d0"}, "1:0=1 x=2", never},
	{"S+wmb+ctrl", litmus{"Wx2 wmb Wy1", "Ry Wx1.c0"}, "1:0=1 x=2", never},
	{"R", litmus{"Wx1 Wy1", "Wy2 Rx"}, "y=2 1:0=0", TSO},
	{"R+wmb+mb", litmus{"Wx1 wmb Wy1", "Wy2 mb Rx"}, "y=2 1:0=0", never},
	{"R+po+mb", litmus{"Wx1 Wy1", "Wy2 mb Rx"}, "y=2 1:0=0", Weak},
	{"2+2W", litmus{"Wx2 Wy1", "Wy2 Wx1"}, "x=2 y=2", Weak},
	{"2+2W+wmbs", litmus{"Wx2 wmb Wy1", "Wy2 wmb Wx1"}, "x=2 y=2", never},
	{"IRIW", litmus{"Wx1", "Wy1", "Rx Ry", "Ry Rx"}, "2:0=1 2:1=0 3:0=1 3:1=0", Weak},
	// Multi-copy atomic: with the loads in order, all see the stores in one order.
	{"IRIW+addrs", litmus{"Wx1", "Wy1", "Rx Ry.a0", "Ry Rx.a0"}, "2:0=1 2:1=0 3:0=1 3:1=0", never},
	{"IRIW+rmbs", litmus{"Wx1", "Wy1", "Rx rmb Ry", "Ry rmb Rx"}, "2:0=1 2:1=0 3:0=1 3:1=0", never},
	{"WRC", litmus{"Wx1", "Rx Wy1", "Ry Rx"}, "1:0=1 2:0=1 2:1=0", Weak},
	{"WRC+data+addr", litmus{"Wx1", "Rx Wy1.d0", "Ry Rx.a0"}, "1:0=1 2:0=1 2:1=0", never},
	{"CoRR", litmus{"Wx1", "Rx Rx"}, "1:0=1 1:1=0", never},
	{"CoWW", litmus{"Wx1 Wx2"}, "x=1", never},
	{"CoRW1", litmus{"Rx Wx1"}, "0:0=1", never},
	{"CoRW2", litmus{"Wx2", "Rx Wx1"}, "1:0=2 x=2", never},
	{"CoWR", litmus{"Wx1 Rx", "Wx2"}, "0:0=0", never},
	// A load that went ahead of an access to an address not known yet, which turns
	// out to be the same, is taken back.
	{"CoRR+addr", litmus{"Wy1 Wx1", "Rx Ry.a0 Ry"}, "1:1=1 1:2=0", never},
	{"CoWR+addr", litmus{"", "Rx Wy1.a0 Ry"}, "1:1=0", never},
}

func TestClassicalLitmusTests(t *testing.T) {
	for _, c := range classical {
		for _, model := range Models() {
			outcomes := c.test.outcomes(t, model)
			if got, want := allows(outcomes, c.ask), model >= c.weakest; got != want {
				t.Errorf("%s %q under %s: %s allowed is %v, known is %v", c.name, c.test, model, c.ask, got, want)
			}
			if got, want := strings.Join(outcomes, "\n"), strings.Join(c.test.axiomatic(model), "\n"); got != want {
				t.Errorf("%s %q under %s: machine\n%s\naxioms\n%s", c.name, c.test, model, got, want)
			}
		}
	}
}
