package tcp

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"netgpusim/sim"
)

var update = flag.Bool("update", false, "rewrite the expected answers of testdata/endpoint")

// TestConversations runs testdata/endpoint/*.txt: blocks of a command, "----" and the
// expected answer, each file against one endpoint. Positions are stream offsets, in
// both directions; k is 1000 bytes, m a million. The commands are
//
//	spec [congestion=] [mtu=] [initial_window=] [receive_buffer=] [send_buffer=] [pad=] [sack=off] [timestamps=off] [peer_window=]
//	     [buffers=linear|built|split] [any key of Spec=]
//	at TIME                     go to a point in time (200ms, 40us)
//	write BYTES [fragment=] [more] [eor] [oob]  one sendmsg; fragments of 4096 bytes if not said; oob is MSG_OOB
//	input [seq=] [len=] [ack=] [win=] [sack=L-R,…] [ts=] [ecr=] [flags=] [urg=] [ecn=ect0|ce] [mss= of its frames] [options= bytes]
//	output                      everything that is sent now
//	read BYTES                  the reader takes so much
//	sent BYTES                  the NIC has completed so much
//	wait                        until the deadline, then the timer and what is sent
//	stats NAME…                 fields of Stats
//
// and those of conversation_conn_test.go, with the settings of conversation_giveup_test.go.
//
// input without ack= repeats the last one, and answers what is to be done with the
// buffer (numbered from 1) and the round trip measured. An ACK that is due shows in
// the next output.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/endpoint/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations found (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := replay(string(text))
			if err != nil {
				t.Fatalf("%s:%v", file, err)
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s: the endpoint now says\n%s", file, firstDifference(got, string(text)))
			}
		})
	}
}

// replay returns the text with the answers that the endpoint gives.
func replay(text string) (string, error) {
	talk := conversation{spec: *testSpec(), cfg: Config{MTU: 1500, LocalISS: 1<<32 - 5000, RemoteISS: 7}, window: maxUnscaledWindow}
	var b strings.Builder
	answering := false
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case line == "":
			answering = false
		case answering:
			continue
		case line == "----":
			answering = true
			answer, err := talk.command()
			if err != nil {
				return "", fmt.Errorf("%d: %w", i+1, err)
			}
			b.WriteString("----\n")
			b.WriteString(answer)
			continue
		case line[0] != '#':
			talk.words = strings.Fields(line)
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// firstDifference shows the lines around where two texts part.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	cut := func(s []string) string { return strings.Join(s[max(0, min(i-6, len(s))):min(i+8, len(s))], "\n") }
	return fmt.Sprintf("(line %d)\n%s\n\nwant:\n%s", i+1, cut(g), cut(w))
}

// conversation is an endpoint and the rest of the world.
type conversation struct {
	spec   Spec
	cfg    Config
	ep     *Endpoint
	now    sim.Time
	words  []string
	handle uint32
	acked  uint64
	seq    uint64
	window uint32

	fastNIC bool
}

func (c *conversation) command() (string, error) {
	if len(c.words) == 0 {
		return "", fmt.Errorf("no command before ----")
	}
	name, args := c.words[0], c.words[1:]
	if c.ep == nil && name != "spec" && name != "at" && name != "connect" && name != "accept" {
		ep, err := New(&c.spec, c.cfg)
		if err != nil {
			return "", err
		}
		c.ep = ep
	}
	if answer, known, err := c.connection(name, args); known || err != nil {
		return answer, err
	}
	if answer, known, err := c.books(name, args); known || err != nil {
		return answer, err
	}
	switch name {
	case "spec":
		return "", c.configure(args)
	case "at":
		t, err := parseTime(args)
		c.now = t
		return "", err
	case "write":
		return c.write(args)
	case "input":
		return c.input(args)
	case "output":
		return c.output(), nil
	case "read":
		n, err := parseBytes(args[0])
		c.ep.Consumed(c.now, int(n))
		return "", err
	case "sent":
		n, err := parseBytes(args[0])
		c.ep.Sent(c.now, int(n))
		return "", err
	case "wait":
		at := c.ep.Deadline()
		if at == sim.Never {
			return "no timer runs\n", nil
		}
		c.now = max(at, c.now)
		c.ep.Timer(c.now)
		return fmt.Sprintf("%v\n", c.now) + c.output(), nil
	case "stats":
		return c.stats(args)
	}
	if known, err := c.recovery(name, args); known {
		return "", err
	}
	return "", fmt.Errorf("unknown command %q", name)
}

func (c *conversation) configure(args []string) error {
	for _, word := range args {
		key, value, _ := strings.Cut(word, "=")
		n, err := parseBytes(value)
		switch key {
		case "congestion":
			c.spec.Congestion, err = value, nil
		case "mtu":
			c.cfg.MTU = sim.Bytes(n)
		case "peer_window":
			c.cfg.PeerWindow = sim.Bytes(n)
		case "initial_window":
			c.spec.InitialWindow = int(n)
		case "receive_buffer":
			c.spec.ReceiveBuffer = sim.Bytes(n)
		case "send_buffer":
			c.spec.SendBuffer = sim.Bytes(n)
		case "pad":
			c.spec.PadOptions = sim.Bytes(n)
		case "sack":
			c.spec.SACK, err = value == "on", nil
		case "timestamps":
			c.spec.Timestamps, err = value == "on", nil
		case "buffers":
			c.cfg.Buffers, err = parseBuffers(value)
		default:
			err = c.configureMore(key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *conversation) write(args []string) (string, error) {
	fragment := 4096
	var flags WriteFlags
	for _, word := range args[1:] {
		switch value, ok := strings.CutPrefix(word, "fragment="); {
		case ok:
			fragment, _ = strconv.Atoi(value)
		case word == "oob":
			flags |= OutOfBand
		case word == "more":
			flags |= More
		case word == "eor":
			flags |= EndOfRecord
		default:
			return "", fmt.Errorf("unknown flag %q", word)
		}
	}
	n, err := parseBytes(args[0])
	r := c.ep.WriteMsg(c.now, int(n), fragment, flags)
	return fmt.Sprintf("accepted %d, new skbs %d, new fragments %d\n", r.Accepted, r.NewSKBs, r.NewFrags), err
}

func (c *conversation) input(args []string) (string, error) {
	seg := Segment{Flags: ACK, Segs: 1, MSS: uint16(c.ep.MSS()), Window: c.window, Opts: OptTimestamps, TSVal: timestamp(c.now)}
	length, options := uint64(0), -1
	for _, word := range args {
		key, value, _ := strings.Cut(word, "=")
		n, err := parseBytes(value)
		switch key {
		case "mss":
			seg.MSS = uint16(n)
		case "options":
			options = int(n)
		case "seq":
			c.seq = n
		case "len":
			length = n
		case "ack":
			c.acked = n
		case "win":
			c.window, seg.Window = uint32(n), uint32(n)
		case "ts":
			seg.TSVal = uint32(n)
		case "ecr":
			seg.TSEcr = uint32(n)
		case "sack":
			err = parseSACK(&seg, value, c.cfg.LocalISS)
		case "flags":
			seg.Flags, err = parseControl(value)
		case "ecn":
			seg.ECN, err = parseECN(value)
		case "urg": // the pointer, with URG
			seg.Flags |= URG
			seg.Urgent = uint16(n)
		default:
			err = fmt.Errorf("unknown field %q", key)
		}
		if err != nil {
			return "", err
		}
	}
	seg.Offset, seg.Seq, seg.Len = c.seq, seqOf(c.cfg.RemoteISS, c.seq), uint32(length)
	seg.Ack = seqOf(c.cfg.LocalISS, c.acked)
	if options < 0 {
		options = c.ep.optionLen(int(seg.NSACK))
	}
	seg.OptLen = uint8(options)
	if length > 0 {
		c.handle++
		seg.Handle = c.handle
		seg.Segs = uint16((length + uint64(seg.MSS) - 1) / uint64(seg.MSS))
	}
	c.seq += length + uint64(seg.Flags.sequenceLen())
	c.ep.Input(c.now, &seg)
	return c.effects(), verify(c.ep)
}

// effects prints deliveries and the round-trip sample.
func (c *conversation) effects() string {
	var b strings.Builder
	for {
		d, ok := c.ep.NextDelivery()
		if !ok {
			break
		}
		if d.Len == 0 {
			fmt.Fprintf(&b, "free buffer %d\n", d.Handle)
		} else {
			fmt.Fprintf(&b, "deliver %d bytes at %d from buffer %d, skip %d\n", d.Len, d.Offset, d.Handle, d.Skip)
		}
	}
	if rtt, ok := c.ep.LastRTT(); ok {
		fmt.Fprintf(&b, "round trip %v\n", rtt)
	}
	return b.String()
}

func (c *conversation) output() string {
	var b strings.Builder
	var seg Segment
	high := c.ep.snd.nxt
	for {
		frags, ok := c.ep.Output(c.now, &seg)
		if !ok {
			break
		}
		b.WriteString(c.describe(&seg, frags, seg.Len > 0 && seg.Offset < high))
		high = max(high, c.ep.snd.nxt)
		if c.fastNIC {
			c.ep.Sent(c.now, int(seg.Len))
		}
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}

func (c *conversation) describe(seg *Segment, frags int, again bool) string {
	var b strings.Builder
	if seg.Flags&(SYN|RST) != 0 {
		return c.describeControl(seg)
	}
	seq := int64(c.ep.snd.nxt) + seqDistance(seqOf(c.cfg.LocalISS, c.ep.snd.nxt), seg.Seq)
	ack := int64(c.ep.rcv.nxt) + seqDistance(seqOf(c.cfg.RemoteISS, c.ep.rcv.nxt), seg.Ack)
	if seg.Len == 0 {
		fmt.Fprintf(&b, "ack %d", ack)
		if seq != int64(c.ep.snd.nxt) {
			fmt.Fprintf(&b, " seq %d", seq)
		}
	} else {
		what := "data"
		if again {
			what = "again"
		}
		fmt.Fprintf(&b, "%s %d-%d (%d segments, %d fragments) ack %d", what, seq, seq+int64(seg.Len), seg.Segs, frags, ack)
	}
	fmt.Fprintf(&b, " win %d options %d", seg.Window, seg.OptLen)
	for _, s := range seg.SACK[:seg.NSACK] {
		fmt.Fprintf(&b, " sack %d-%d", s.Left-c.cfg.RemoteISS-1, s.Right-c.cfg.RemoteISS-1)
	}
	if seg.Flags.Has(PSH) {
		b.WriteString(" PSH")
	}
	if seg.Flags.Has(FIN) {
		b.WriteString(" FIN")
	}
	b.WriteString(describeECN(seg))
	if seg.Flags.Has(URG) {
		fmt.Fprintf(&b, " URG %d", seg.Urgent)
	}
	return b.String() + "\n"
}

func (c *conversation) stats(names []string) (string, error) {
	st := c.ep.Stats()
	var b strings.Builder
	for _, name := range names {
		switch name {
		case "cwnd":
			fmt.Fprintf(&b, "cwnd %d\n", st.Cwnd)
		case "ssthresh":
			fmt.Fprintf(&b, "ssthresh %d\n", st.Ssthresh)
		case "srtt":
			fmt.Fprintf(&b, "srtt %v\n", st.SRTT)
		case "rto":
			fmt.Fprintf(&b, "rto %v\n", st.RTO)
		case "retransmits":
			fmt.Fprintf(&b, "retransmits %d, timeouts %d, recoveries %d, probes %d\n", st.Retransmits, st.Timeouts, st.Recoveries, st.TailProbes)
		case "unsent":
			fmt.Fprintf(&b, "unsent %d, unacknowledged %d\n", st.Unsent, st.Unacked)
		case "window":
			fmt.Fprintf(&b, "window %d, peer's %d\n", st.Window, st.PeerWindow)
		case "limits":
			fmt.Fprintf(&b, "app %.2f, cwnd %.2f, rwnd %.2f, buffer %.2f, host %.2f\n", st.AppLimited, st.CwndLimited, st.RwndLimited, st.BufferLimited, st.HostLimited)
		default:
			text, err := c.recoveryStats(name)
			if err != nil {
				return "", err
			}
			b.WriteString(text)
		}
	}
	return b.String(), nil
}
