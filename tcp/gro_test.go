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

// listGRO is GRO told as the kernel's functions tell it, with lists: the twin that
// GRO is compared with.
type listGRO struct {
	lists [8][]listBundle // youngest first
	up    []groBundle
	ip    int
}

type listBundle struct {
	groBundle
	size uint32 // gso_size
	age  sim.Time
}

func (g *listGRO) receive(now sim.Time, flow uint32, seg Segment) (into uint32) {
	list := &g.lists[groHash(flow)%8]
	flush := seg.Segs > 1 // skb_is_gso
	found := slices.IndexFunc(*list, func(b listBundle) bool { return b.flow == flow })
	merged, mss, done := false, uint32(1), -1
	if found >= 0 {
		p := &(*list)[found]
		differs := flush || seg.Flags&CWR != 0 || (seg.Flags^p.seg.Flags)&^(CWR|FIN|PSH) != 0 ||
			seg.OptLen != p.seg.OptLen || seg.Window != p.seg.Window || seg.Ack != p.seg.Ack ||
			seg.TSVal != p.seg.TSVal || seg.TSEcr != p.seg.TSEcr || seg.NSACK != p.seg.NSACK ||
			!slices.Equal(seg.SACK[:seg.NSACK], p.seg.SACK[:p.seg.NSACK])
		differs = differs || seg.Len-1 >= p.size // unsigned: also without payload
		differs = differs || p.seg.Seq+p.seg.Len != seg.Seq
		length := g.ip + 20 + int(p.seg.OptLen) + int(p.seg.Len)
		if merged = !differs && length+int(seg.Len) < 65536; merged {
			mss = p.size
			into = p.seg.Handle
			p.seg.Len += seg.Len
			p.seg.Segs++
			p.seg.Flags |= seg.Flags & (FIN | PSH)
		}
	}
	last := seg.Len < mss || seg.Flags&(URG|PSH|RST|SYN|FIN) != 0
	if found >= 0 && (!merged || last) {
		done = found
	}
	if done >= 0 {
		g.up = append(g.up, (*list)[done].groBundle)
		*list = slices.Delete(*list, done, done+1)
	}
	switch {
	case merged:
		return into
	case flush || last:
		g.up = append(g.up, groBundle{seg, flow})
		return seg.Handle
	}
	if len(*list) >= 8 {
		g.up = append(g.up, (*list)[7].groBundle)
		*list = (*list)[:7]
	}
	size := seg.Len
	seg.MSS, seg.Segs = uint16(size), 1
	*list = slices.Insert(*list, 0, listBundle{groBundle{seg, flow}, size, now})
	return seg.Handle
}

func (g *listGRO) flush(before sim.Time) {
	for i := range g.lists {
		list := &g.lists[i]
		for n := len(*list); n > 0 && (*list)[n-1].age < before; n-- {
			g.up = append(g.up, (*list)[n-1].groBundle)
			*list = (*list)[:n-1]
		}
	}
}

// TestGROAgreesWithItsTwin offers random frames of many flows, most of them in
// sequence, to both, and checks that every frame comes up exactly once and in order
// within its flow.
func TestGROAgreesWithItsTwin(t *testing.T) {
	for seed := range uint64(20) {
		random := sim.NewRand(seed, "gro")
		spec := Spec{IPVersion: 6, VLAN: seed%3 == 0}
		ip := 40
		if seed%2 == 0 {
			spec.IPVersion, ip = 4, 20
		}
		if spec.VLAN {
			ip += 4
		}
		g, twin := NewGRO(&spec), listGRO{ip: ip}
		flows := make([]Segment, 1+random.Intn(150))
		order := make([][]Segment, len(flows)) // what was offered and has not come up
		now := sim.Time(0)
		for i := range flows {
			flows[i] = Segment{Seq: -uint32(random.Intn(1 << 20)), Flags: ACK, OptLen: 20, Segs: 1,
				MSS: uint16(1 + random.Intn(9000))}
		}
		check := func() {
			for i := 0; ; i++ {
				flow, seg, ok := g.Pop()
				if ok != (i < len(twin.up)) {
					t.Fatalf("seed %d: %d segments up, twin has %d", seed, i, len(twin.up))
				}
				if !ok {
					break
				}
				if want := twin.up[i]; want.flow != flow || want.seg != seg {
					t.Fatalf("seed %d: flow %d: %+v, twin has flow %d: %+v", seed, flow, seg, want.flow, want.seg)
				}
				first := order[flow][0]
				if seg.Handle != first.Handle || seg.Seq != first.Seq {
					t.Fatalf("seed %d: flow %d: %d came up at seq %d, expected %d at seq %d",
						seed, flow, seg.Handle, seg.Seq, first.Handle, first.Seq)
				}
				for sum := uint32(0); ; {
					sum += order[flow][0].Len
					order[flow] = order[flow][1:]
					if sum == seg.Len {
						break
					}
				}
			}
			twin.up = twin.up[:0]
		}
		// From packets that take turns, which overflow the buckets, to whole TSO bursts.
		burst, longest, flow := 0, 1+int(seed*seed), uint32(0)
		for handle := range uint32(20000) {
			now += sim.Time(random.Intn(int(10 * sim.Microsecond)))
			if burst--; burst < 0 {
				burst, flow = random.Intn(longest), uint32(random.Intn(len(flows)))
			}
			next := &flows[flow]
			seg := *next
			seg.Handle = handle + 1
			seg.Len = uint32(seg.MSS)
			switch random.Intn(200) {
			case 0:
				seg.Len = uint32(random.Intn(9000))
			case 1:
				seg.Flags |= PSH
			case 2:
				seg.Flags |= Flags(random.Intn(256))
			case 3:
				next.Ack++
				seg.Ack = next.Ack
			case 4:
				next.TSVal++
				seg.TSVal = next.TSVal
			case 5:
				seg.Seq += uint32(random.Intn(3000))
			case 6:
				seg.Window = 5
			case 7:
				seg.NSACK, seg.OptLen = 1, 24
				seg.SACK[0].Left = uint32(random.Intn(2))
			case 8:
				seg.Len, seg.Segs = seg.Len*2, 2
			case 9:
				seg.Len = 0
			case 10:
				next.MSS = uint16(1 + random.Intn(9000))
			case 13:
				next.TSEcr++
				seg.TSEcr = next.TSEcr
			case 14:
				seg.OptLen = 24
			case 15:
				seg.NSACK = 1 // in place of padding
			case 11:
				g.FlushAll()
				twin.flush(sim.Never)
				check()
			case 12:
				before := now - sim.Time(random.Intn(int(sim.Millisecond)))
				g.FlushOlder(before)
				twin.flush(before)
				check()
			}
			next.Seq = seg.Seq + seg.Len
			order[flow] = append(order[flow], seg)
			if got, want := g.Offer(now, flow, &seg), twin.receive(now, flow, seg); got != want {
				t.Fatalf("seed %d: frame %+v went into %d, twin put it into %d", seed, seg, got, want)
			}
			check()
		}
		g.FlushAll()
		twin.flush(sim.Never)
		check()
		for flow := range order {
			if len(order[flow]) > 0 {
				t.Fatalf("seed %d: flow %d: %d frames never came up", seed, flow, len(order[flow]))
			}
		}
	}
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
