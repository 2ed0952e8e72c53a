package tcp

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"netgpusim/sim"
)

// TestGROConversations runs testdata/gro/*.txt: blocks of a command, "----" and the
// expected answer, each file against one GRO. The commands are
//
//	offer [n=COUNT] [flow=] [seq=] [len=] [ack=] [win=] [ts=] [ecr=] [opt=] [sack=] [segs=] [flags=ACK,…] [at=MS]
//	flush [before=MS]
//	spec [ip=4|6] [vlan]
//
// offer with n= repeats with seq moved on. Handles count from 1. The answer to an
// offer is the handle that took the frame's payload, and to everything what came up.
func TestGROConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/gro/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations found (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			runGROConversation(t, file)
		})
	}
}

func runGROConversation(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var g GRO
	var handle uint32
	var command, want []string
	at, line, answering := 0, 0, false
	check := func() {
		if len(command) == 0 {
			return
		}
		got, err := groCommand(&g, &handle, command)
		if err != nil {
			t.Fatalf("%s:%d: %v", file, at, err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:%d: %s\ngot:\n%s\nwant:\n%s", file, at, strings.Join(command, " "),
				strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		command, want, answering = nil, nil, false
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line++
		text := strings.TrimSpace(lines.Text())
		switch {
		case text == "":
			check()
		case strings.HasPrefix(text, "#"):
		case text == "----":
			answering = true
		case answering:
			want = append(want, text)
		default:
			if command != nil {
				t.Fatalf("%s:%d: one command per block", file, line)
			}
			at, command = line, strings.Fields(text)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	check()
}

func groCommand(g *GRO, handle *uint32, words []string) (answer []string, err error) {
	seg := Segment{Len: 1420, OptLen: 20, Flags: ACK, Segs: 1, MSS: 1420}
	var flow uint32
	count, now, before := 1, sim.Time(0), sim.Never
	spec := Spec{IPVersion: 6}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		n, bad := strconv.Atoi(value)
		switch key {
		case "flags":
			seg.Flags, bad = parseFlags(value)
		case "vlan":
			spec.VLAN, bad = true, nil
		case "n":
			count = n
		case "flow":
			flow = uint32(n)
		case "seq":
			seg.Seq = uint32(n)
		case "len":
			seg.Len = uint32(n)
		case "ack":
			seg.Ack = uint32(n)
		case "win":
			seg.Window = uint32(n)
		case "ts":
			seg.TSVal = uint32(n)
		case "ecr":
			seg.TSEcr = uint32(n)
		case "opt":
			seg.OptLen = uint8(n)
		case "sack":
			seg.NSACK, seg.SACK[0] = 1, SACKBlock{Left: uint32(n), Right: uint32(n + 1)}
		case "segs":
			seg.Segs = uint16(n)
		case "at":
			now = sim.Time(n) * sim.Millisecond
		case "before":
			before = sim.Time(n) * sim.Millisecond
		case "ip":
			spec.IPVersion = n
		default:
			bad = fmt.Errorf("unknown word")
		}
		if bad != nil {
			return nil, fmt.Errorf("%q: %w", word, bad)
		}
	}
	switch words[0] {
	case "offer":
		var into, last uint32
		repeats := 0
		report := func() {
			if repeats > 0 {
				answer = append(answer, fmt.Sprintf("%d into %d", repeats, last))
			}
		}
		for range count {
			*handle++
			seg.Handle = *handle
			into = g.Offer(now, flow, &seg)
			if into != last {
				report()
				repeats, last = 0, into
			}
			repeats++
			seg.Seq += seg.Len
		}
		report()
	case "flush":
		if before == sim.Never {
			g.FlushAll()
		} else {
			g.FlushOlder(before)
		}
	case "spec":
		*g = NewGRO(&spec)
	default:
		return nil, fmt.Errorf("unknown command %q", words[0])
	}
	for {
		flow, s, ok := g.Pop()
		if !ok {
			return answer, nil
		}
		answer = append(answer, fmt.Sprintf("up: flow %d, %d: seq %d len %d segs %d mss %d %s",
			flow, s.Handle, s.Seq, s.Len, s.Segs, s.MSS, flagNames(s.Flags)))
	}
}

var flagOrder = []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}

func parseFlags(text string) (flags Flags, err error) {
	for _, name := range strings.Split(text, ",") {
		i := slices.Index(flagOrder, name)
		if i < 0 {
			return 0, fmt.Errorf("unknown flag %q", name)
		}
		flags |= 1 << i
	}
	return flags, nil
}

func flagNames(flags Flags) string {
	var names []string
	for i, name := range flagOrder {
		if flags&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// TestGROBundlesAsManyFramesAsFit checks the length limit: the largest number of
// frames with headers and payload below 65536 bytes.
func TestGROBundlesAsManyFramesAsFit(t *testing.T) {
	for _, version := range []int{4, 6} {
		for _, mtu := range []sim.Bytes{576, 1500, 4096, 9000} {
			spec := Spec{IPVersion: version, Timestamps: true, PadOptions: 20}
			g := NewGRO(&spec)
			mss := MSS(&spec, mtu)
			headers := networkLen(&spec) + tcpHeader + OptionLen(&spec, 0)
			want := (65535 - headers) / mss
			seg := Segment{Len: uint32(mss), MSS: uint16(mss), Flags: ACK, OptLen: uint8(OptionLen(&spec, 0)), Segs: 1}
			n := 0
			for ; ; n++ {
				seg.Handle = uint32(n)
				if g.Offer(0, 1, &seg) != 0 {
					break
				}
				seg.Seq += seg.Len
			}
			_, up, ok := g.Pop()
			if n != want || !ok || int(up.Segs) != want || int(up.Len) != want*mss {
				t.Errorf("IPv%d, MTU %d: bundle of %d frames (%d merged), want %d", version, mtu, up.Segs, n, want)
			}
		}
	}
}

func TestGRODoesNotAllocate(t *testing.T) {
	var g GRO
	offer := groTrain(&g, 4)
	offer(1000)
	if n := testing.AllocsPerRun(10, func() { offer(1000) }); n != 0 {
		t.Errorf("%v allocations per 1000 frames", n)
	}
}

// groTrain returns a function that offers n frames of 1420 bytes, 45 per burst with
// PSH on the last, flows taking turns by burst, and pops what comes up.
func groTrain(g *GRO, flows uint32) func(n int) {
	seg := Segment{Len: 1420, MSS: 1420, Flags: ACK, OptLen: 20, Segs: 1}
	seq := make([]uint32, flows)
	i, flow := 0, uint32(0)
	return func(n int) {
		for range n {
			seg.Handle++
			seg.Flags = ACK
			if i++; i == 45 {
				seg.Flags |= PSH
			}
			seg.Seq = seq[flow]
			seq[flow] += seg.Len
			g.Offer(0, flow, &seg)
			if i == 45 {
				i, flow = 0, (flow+1)%flows
				for _, _, ok := g.Pop(); ok; _, _, ok = g.Pop() {
				}
			}
		}
	}
}

func BenchmarkGROOffer(b *testing.B) {
	for _, flows := range []uint32{1, 8, 64} {
		b.Run(fmt.Sprintf("flows=%d", flows), func(b *testing.B) {
			var g GRO
			offer := groTrain(&g, flows)
			b.ReportAllocs()
			b.ResetTimer()
			offer(b.N)
		})
	}
}

// BenchmarkGROACKs offers pure acknowledgements, which GRO passes by.
func BenchmarkGROACKs(b *testing.B) {
	var g GRO
	seg := Segment{Flags: ACK, OptLen: 20, Segs: 1}
	b.ReportAllocs()
	for b.Loop() {
		seg.Ack += 63900
		g.Offer(0, 1, &seg)
		g.Pop()
	}
}
