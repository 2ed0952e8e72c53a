package tcp

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"netgpusim/sim"
)

const statesFile = "testdata/states.txt"

// TestStates holds every state against every event: the state that follows, what is sent
// and the socket's error stand in testdata/states.txt, with the rules. LISTEN is missing
// because a listener is no Endpoint.
func TestStates(t *testing.T) {
	text, err := os.ReadFile(statesFile)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "\n\n")
	var b strings.Builder
	b.WriteString(head + "\n")
	for _, state := range stateCases {
		fmt.Fprintf(&b, "\n%s\n", state.name)
		for _, event := range stateEvents {
			fmt.Fprintf(&b, "  %-22s %s\n", event.name, strings.TrimSpace(outcome(t, state, event)))
		}
	}
	if *update {
		if err := os.WriteFile(statesFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(text) {
		t.Errorf("%s: the endpoint now says\n%s", statesFile, firstDifference(b.String(), string(text)))
	}
}

// stateCase leads to a state; 100 bytes have gone in both directions if there were any.
type stateCase struct {
	name string
	end  State
	make func(w *stateWorld)
}

var stateCases = []stateCase{
	{"CLOSED", Closed, func(w *stateWorld) { w.established(); w.e.Abort(w.now, &w.seg) }},
	{"SYN-SENT", SynSent, (*stateWorld).connect},
	{"SYN-RECEIVED, passive", SynReceived, (*stateWorld).accept},
	{"SYN-RECEIVED, Fast Open, 100 bytes wait to be sent", SynReceived, (*stateWorld).acceptFast},
	{"SYN-RECEIVED, simultaneous open", SynReceived, func(w *stateWorld) { w.connect(); w.input(SYN, 0, 0, 0); w.output() }},
	{"ESTABLISHED", Established, (*stateWorld).established},
	{"FIN-WAIT-1", FinWait1, (*stateWorld).finWait1},
	{"FIN-WAIT-1, no process", FinWait1, func(w *stateWorld) { w.established(); w.e.Close(w.now); w.output() }},
	{"FIN-WAIT-2", FinWait2, (*stateWorld).finWait2},
	{"FIN-WAIT-2, no process", FinWait2, func(w *stateWorld) { w.finWait2(); w.e.Close(w.now) }},
	{"CLOSE-WAIT", CloseWait, (*stateWorld).closeWait},
	{"CLOSING", Closing, func(w *stateWorld) { w.finWait1(); w.input(FIN|ACK, 101, 101, 0); w.output() }},
	{"LAST-ACK", LastAck, func(w *stateWorld) { w.closeWait(); w.e.Shutdown(w.now); w.output() }},
	{"TIME-WAIT", TimeWait, func(w *stateWorld) { w.finWait2(); w.input(FIN|ACK, 101, 102, 0); w.output() }},
}

type stateEvent struct {
	name string
	do   func(w *stateWorld)
}

var stateEvents = []stateEvent{
	{"close", func(w *stateWorld) { w.e.Close(w.now) }},
	{"shutdown", func(w *stateWorld) { w.e.Shutdown(w.now) }},
	{"SYN", func(w *stateWorld) { w.input(SYN, 0, 0, 0) }},
	{"SYN of a new ISS", func(w *stateWorld) { w.input(SYN, 1000, 0, 0) }},
	{"SYN-ACK", func(w *stateWorld) { w.input(SYN|ACK, 0, 1, 0) }},
	{"ACK of all", func(w *stateWorld) { w.input(ACK, w.expected(), w.sent(), 0) }},
	{"ACK of too little", func(w *stateWorld) { w.input(ACK, w.expected(), w.sent()-60, 0) }},
	{"ACK of too much", func(w *stateWorld) { w.input(ACK, w.expected(), w.sent()+1000, 0) }},
	{"data, ACK of all", func(w *stateWorld) { w.input(ACK, w.expected(), w.sent(), 50) }},
	{"data seen before", func(w *stateWorld) { w.input(ACK, 51, w.sent(), 50) }},
	{"FIN, ACK of all", func(w *stateWorld) { w.input(FIN|ACK, w.expected(), w.sent(), 0) }},
	{"FIN seen before", func(w *stateWorld) { w.input(FIN|ACK, w.expected()-1, w.sent(), 0) }},
	{"RST expected", func(w *stateWorld) { w.input(RST|ACK, w.expected(), w.sent(), 0) }},
	{"RST in the window", func(w *stateWorld) { w.input(RST|ACK, w.expected()+500, w.sent(), 0) }},
	{"RST out of the window", func(w *stateWorld) { w.input(RST|ACK, w.expected()-500, w.sent(), 0) }},
	{"timestamp of the past", func(w *stateWorld) { w.ts = 1; w.input(ACK, w.expected(), w.sent(), 50) }},
	{"neither ACK nor SYN", func(w *stateWorld) { w.input(0, w.expected(), 0, 50) }},
	{"next timer", func(w *stateWorld) {
		if at := w.e.Deadline(); at != sim.Never {
			w.now = at
			w.e.Timer(w.now)
		}
	}},
}

// outcome is what an event does in a state.
func outcome(t *testing.T, state stateCase, event stateEvent) string {
	w := &stateWorld{t: t, now: sim.Second}
	w.ts = timestamp(w.now) // later segments come 10 ms later
	state.make(w)
	if w.e.State() != state.end {
		t.Fatalf("%s: the way there leads to %v", state.name, w.e.State())
	}
	w.e.TakeErr()
	w.now += 10 * sim.Millisecond
	w.ts = timestamp(w.now)
	event.do(w)
	sent := w.output()
	if err := verify(w.e); err != nil {
		t.Errorf("%s, %s: %v", state.name, event.name, err)
	}
	text := fmt.Sprintf("%-13s %s", w.e.State(), sent)
	if err := w.e.Err(); err != 0 {
		text = fmt.Sprintf("%-36s %v", text, err)
	}
	return text
}

// stateWorld is an endpoint and its peer. Sequence numbers count from the ISS of either
// side: the first byte is 1.
type stateWorld struct {
	t   *testing.T
	e   *Endpoint
	now sim.Time
	ts  uint32
	seg Segment
}

var stateConfig = Config{MTU: 1500, LocalISS: 5000, RemoteISS: 90_000}

func (w *stateWorld) begin(e *Endpoint, err error) {
	if err != nil {
		w.t.Fatal(err)
	}
	w.e = e
}

func (w *stateWorld) connect() {
	w.begin(Connect(testSpec(), stateConfig, w.now))
	w.output()
}

func (w *stateWorld) accept() {
	syn := w.segment(SYN, 0, 0, 0)
	w.begin(Accept(testSpec(), stateConfig, w.now, &syn))
	w.output()
}

func (w *stateWorld) acceptFast() {
	syn := w.segment(SYN, 0, 0, 100)
	w.begin(AcceptFastOpen(testSpec(), stateConfig, w.now, &syn))
	w.output()
	w.e.Consumed(w.now, 100)
	w.e.Write(w.now, 100, 4096)
}

func (w *stateWorld) established() {
	w.accept()
	w.input(ACK, 1, 1, 100)
	w.e.Consumed(w.now, 100)
	w.e.Write(w.now, 100, 4096)
	w.output()
	w.input(ACK, 101, 101, 0)
	w.output()
}

func (w *stateWorld) finWait1() {
	w.established()
	w.e.Shutdown(w.now)
	w.output()
}

func (w *stateWorld) finWait2() {
	w.finWait1()
	w.input(ACK, 101, 102, 0)
}

func (w *stateWorld) closeWait() {
	w.established()
	w.input(FIN|ACK, 101, 101, 0)
	w.now += sim.Second // the ACK may have been delayed
	w.e.Timer(w.now)
	w.output()
}

// expected and sent are what the endpoint expects next and has sent so far.
func (w *stateWorld) expected() uint32 { return uint32(w.e.rcv.nxt) + 1 }
func (w *stateWorld) sent() uint32     { return uint32(w.e.snd.nxt) + 1 }

func (w *stateWorld) segment(f Flags, seq, ack uint32, n uint32) Segment {
	seg := Segment{Flags: f, Seq: stateConfig.RemoteISS + seq, Len: n, Segs: 1, MSS: 1440, Window: 60_000, Opts: OptTimestamps, TSVal: w.ts}
	if f.Has(ACK) {
		seg.Ack = stateConfig.LocalISS + ack
	}
	if f.Has(SYN) {
		seg.Opts |= OptMSS | OptSACKPermitted | OptScale
		seg.Scale = 7
	}
	if w.e != nil && f.Has(ACK) {
		seg.TSEcr = timestamp(sim.Second)
	}
	return seg
}

func (w *stateWorld) input(f Flags, seq, ack, n uint32) {
	seg := w.segment(f, seq, ack, n)
	w.e.Input(w.now, &seg)
	for ok := true; ok; {
		_, ok = w.e.NextDelivery()
	}
}

// output is what is sent now.
func (w *stateWorld) output() string {
	var parts []string
	for {
		if _, ok := w.e.Output(w.now, &w.seg); !ok {
			break
		}
		s := &w.seg
		w.e.Sent(w.now, int(s.Len))
		text := ""
		for i, letter := range "FSRP.UEW" {
			if s.Flags&(1<<i) != 0 {
				text += string(letter)
			}
		}
		if s.Seq == 0 {
			text += " 0"
		} else {
			text += fmt.Sprintf(" %d", int32(s.Seq-stateConfig.LocalISS))
		}
		if s.Len > 0 {
			text += fmt.Sprintf("+%d", s.Len)
		}
		if s.Flags.Has(ACK) {
			text += fmt.Sprintf(" ack %d", s.Ack-stateConfig.RemoteISS)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
