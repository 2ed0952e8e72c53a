package netgpu

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// world is what a conversation talks to: one module, its devices, and processes
// and descriptors by name.
type world struct {
	module    *Module
	devices   map[int]*Device
	processes map[string]*Process
	process   *Process // who makes the system calls
	fds       map[string]FD
	kept      map[string]*IfQueue // what a driver still points at, by name
	observed  map[outcome]bool    // what operations have answered
	ring      *Ring[uint64]
	producer  Producer[uint64]
	consumer  Consumer[uint64]
}

func newWorld(v Variant) *world {
	return &world{
		module: NewModule(v), devices: map[int]*Device{}, processes: map[string]*Process{},
		fds: map[string]FD{}, kept: map[string]*IfQueue{}, observed: map[outcome]bool{},
	}
}

// arguments of a command: positional ones and key=value ones.
type arguments struct {
	t     *testing.T
	line  string
	words []string
	named map[string]string
}

func parse(t *testing.T, line string) *arguments {
	a := &arguments{t: t, line: line, named: map[string]string{}}
	for _, word := range strings.Fields(line) {
		if k, v, ok := strings.Cut(word, "="); ok {
			a.named[k] = v
		} else {
			a.words = append(a.words, word)
		}
	}
	return a
}

// text returns the ith positional argument; the command itself is number 0.
func (a *arguments) text(i int) string {
	a.t.Helper()
	if i >= len(a.words) {
		a.t.Fatalf("%q: argument %d is missing", a.line, i)
	}
	return a.words[i]
}

func (a *arguments) parseNumber(s string) uint64 {
	a.t.Helper()
	shift := 0
	for suffix, bits := range map[string]int{"K": 10, "M": 20, "G": 30} {
		if strings.HasSuffix(s, suffix) {
			s, shift = strings.TrimSuffix(s, suffix), bits
		}
	}
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return uint64(n) << shift
	}
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		a.t.Fatalf("%q: %v", a.line, err)
	}
	return n << shift
}

func (a *arguments) number(i int) uint64 { a.t.Helper(); return a.parseNumber(a.text(i)) }

// option returns a key=value argument.
func (a *arguments) option(key string, otherwise uint64) uint64 {
	a.t.Helper()
	if s, ok := a.named[key]; ok {
		return a.parseNumber(s)
	}
	return otherwise
}

// pages returns page numbers from argument i on: "3", "0-7".
func (a *arguments) pages(i int) []PageID {
	a.t.Helper()
	var ids []PageID
	for ; i < len(a.words); i++ {
		first, last, ok := strings.Cut(a.words[i], "-")
		if !ok {
			last = first
		}
		for id := a.parseNumber(first); id <= a.parseNumber(last); id++ {
			ids = append(ids, PageID(id))
		}
	}
	return ids
}

func (a *arguments) memType(i int) MemType {
	for t := range memTypeCount {
		if t.String() == a.text(i) {
			return t
		}
	}
	return MemType(a.number(i))
}

// fd returns the descriptor that a name stands for; a number is taken as it is.
func (w *world) fd(a *arguments, i int) FD {
	if fd, ok := w.fds[a.text(i)]; ok {
		return fd
	}
	return FD(int32(a.number(i)))
}

func (w *world) queue(a *arguments, i int) *IfQueue {
	a.t.Helper()
	if q := w.kept[a.text(i)]; q != nil {
		return q
	}
	q := w.process.IfQueueAt(w.fd(a, i))
	if q == nil {
		a.t.Fatalf("%q: %s is not an open interface queue", a.line, a.text(i))
	}
	return q
}

func (w *world) socket(a *arguments, i int) *Socket {
	a.t.Helper()
	s := w.process.SocketAt(w.fd(a, i))
	if s == nil {
		a.t.Fatalf("%q: %s is not an open socket", a.line, a.text(i))
	}
	return s
}

// opened remembers a descriptor under a name.
func (w *world) opened(name string, fd FD, err Errno) string {
	if err == OK {
		w.fds[name] = fd
	}
	return err.Error()
}

// command carries out one line and returns the answer, "" for none.
func (w *world) command(t *testing.T, line string) string {
	t.Helper()
	a := parse(t, line)
	for _, group := range [...]func(*arguments) (string, bool){w.setup, w.syscall, w.dataPath, w.repaired, w.inspect, w.ringCommand} {
		if answer, ok := group(a); ok {
			w.observe(a, answer)
			return answer
		}
	}
	t.Fatalf("unknown command %q", line)
	return ""
}

// setup commands build the machine.
func (w *world) setup(a *arguments) (string, bool) {
	m := w.module
	switch a.text(0) {
	case "module":
		v, err := ParseVariant(strings.Join(a.words[1:], " "))
		if err != nil {
			a.t.Fatalf("%q: %v", a.line, err)
		}
		v.ChunkSlots = int(a.option("chunk", uint64(v.ChunkSlots)))
		observed := w.observed
		*w = *newWorld(v)
		w.observed = observed
	case "device":
		d, err := m.AddDevice(int(a.number(1)), int(a.option("channels", 1)))
		if err != OK {
			return err.Error(), true
		}
		w.devices[int(a.number(1))] = d
	case "plugin":
		return m.LoadPlugin(a.memType(1), a.text(2) == "on").Error(), true
	case "xsk":
		return w.devices[int(a.number(1))].SetXSK(int(a.number(2)), a.text(3) == "on").Error(), true
	case "process":
		account := &Account{LimitPages: int64(a.option("limit", 1<<20))}
		w.process = m.NewProcess(account, a.option("privileged", 0) != 0)
		w.processes[a.text(1)] = w.process
	case "as":
		w.process = w.processes[a.text(1)]
	case "fail":
		n := Countdown(int32(a.number(2)))
		switch a.text(1) {
		case "chunk":
			m.Faults.ChunkAlloc = n
		case "object":
			m.Faults.ObjectAlloc = n
		case "dma":
			m.Faults.DMAMap = n
		}
	case "standard":
		w.standard(a)
	case "keep":
		w.kept[a.text(1)] = w.queue(a, 2)
	case "stamp":
		m.Stamp = int64(a.number(1))
	default:
		return "", false
	}
	return "", true
}

// standard is the set-up that setup.txt goes through step by step, for the
// conversations that are about something else.
func (w *world) standard(a *arguments) {
	memory, pages := "host", a.option("pages", 16)
	mapping := fmt.Sprintf("map-host 1M %d", pages*PageSize)
	if a.named["memory"] == "cuda" {
		memory, mapping = "cuda", fmt.Sprintf("cuda-malloc 1M %d contiguous=%d", pages*PageSize, a.option("contiguous", 0))
	}
	for _, line := range []string{
		"device 2 channels=4",
		"plugin cuda on",
		"process app",
		mapping,
		"open-ctx ctx",
		"attach-dev ctx 2",
		"open-mem mem",
		fmt.Sprintf("add-region mem 1M %d %s", pages*PageSize, memory),
		"attach-region ctx mem 1",
		fmt.Sprintf("bind q ctx entries=%d", a.option("fill", 16)),
		"socket s tcp6",
		"zerocopy s",
		fmt.Sprintf("attach-queues s ctx rx=%d", a.option("rx", 8)),
	} {
		switch answer := w.command(a.t, line); answer[max(0, len(answer)-len("ENOMEM")):] {
		case "ENOMEM", "EINVAL", "EFAULT":
			a.t.Fatalf("%q: %s: %s", a.line, line, answer)
		}
	}
}

// syscall commands are what an application asks of the kernel.
func (w *world) syscall(a *arguments) (string, bool) {
	p := w.process
	switch a.text(0) {
	case "map-host":
		return p.MapHost(a.number(1), a.number(2)).Error(), true
	case "cuda-malloc":
		return p.CudaMalloc(a.number(1), a.number(2), a.option("contiguous", 0)).Error(), true
	case "cuda-free":
		return p.CudaFree(a.number(1)).Error(), true
	case "open-ctx":
		fd, err := p.OpenContext()
		return w.opened(a.text(1), fd, err), true
	case "open-mem":
		fd, err := p.OpenMemory()
		return w.opened(a.text(1), fd, err), true
	case "pass":
		fd, err := p.Pass(w.fd(a, 2), w.processes[a.text(3)])
		return w.opened(a.text(1), fd, err), true
	case "close":
		return p.Close(w.fd(a, 1)).Error(), true
	case "fill-files":
		n := 0
		for fd, err := p.Socket(TCP4); err == OK; fd, err = p.Socket(TCP4) {
			w.fds["last"] = fd
			n++
		}
		return fmt.Sprintf("%d sockets", n), true
	case "exit":
		p.Exit()
		return "", true
	case "attach-dev":
		return p.AttachDev(w.fd(a, 1), int(a.number(2))).Error(), true
	case "add-region", "add-context-region":
		add := p.AddRegion
		if a.text(0) == "add-context-region" {
			add = p.AddContextRegion
		}
		index, err := add(w.fd(a, 1), Iovec{a.number(2), a.number(3)}, a.memType(4))
		if err != OK {
			return err.Error(), true
		}
		return fmt.Sprintf("index %d", index), true
	case "attach-region":
		return p.AttachRegion(w.fd(a, 1), w.fd(a, 2), int(a.number(3))).Error(), true
	case "bind":
		b := BindParams{
			QueueID:  int32(a.option("queue", 1<<64-1)),
			Reserved: uint32(a.option("reserved", 0)),
			Fill:     QueueParams{uint32(a.option("element", 8)), uint32(a.option("entries", 16))},
		}
		fd, err := p.BindQueue(w.fd(a, 2), &b)
		if w.opened(a.text(1), fd, err); err != OK {
			return err.Error(), true
		}
		return fmt.Sprintf("queue %d entries %d", b.QueueID, b.Fill.Entries), true
	case "socket":
		fd, err := p.Socket(map[string]Protocol{
			"tcp4": TCP4, "tcp6": TCP6, "udp4": UDP4, "udp6": UDP6, "other": OtherProtocol, "tls": TCPWithULP,
		}[a.text(2)])
		return w.opened(a.text(1), fd, err), true
	case "zerocopy":
		return p.SetZeroCopy(w.fd(a, 1), true).Error(), true
	case "attach-queues":
		s := SocketParams{
			Reserved:   uint32(a.option("reserved", 0)),
			Rx:         QueueParams{uint32(a.option("rx-element", 16)), uint32(a.option("rx", 8))},
			Completion: QueueParams{uint32(a.option("cq-element", 8)), uint32(a.option("cq", 8))},
			Context:    w.fd(a, 2),
		}
		if err := p.AttachQueues(w.fd(a, 1), &s); err != OK {
			return err.Error(), true
		}
		return fmt.Sprintf("rx %d cq %d", s.Rx.Entries, s.Completion.Entries), true
	case "start-send":
		return w.socket(a, 1).StartSend(a.number(2)).Error(), true
	case "end-send":
		w.socket(a, 1).EndSend()
		return "", true
	case "recv":
		return w.socket(a, 1).RecvFragment(PageID(a.number(2))).Error(), true
	case "mmap":
		return p.Mmap(w.fd(a, 1), a.number(2), a.number(3)).Error(), true
	case "poll":
		return polled(p.Poll(w.fd(a, 1))), true
	}
	return "", false
}

// polled shows what poll(2) answers.
func polled(readable, writable bool, err Errno) string {
	switch {
	case err != OK:
		return err.Error()
	case readable && writable:
		return "readable writable"
	case readable:
		return "readable"
	case writable:
		return "writable"
	}
	return "nothing"
}
