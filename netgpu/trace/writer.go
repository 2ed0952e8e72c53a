package trace

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"

	"netgpusim/netgpu"
)

// Writer writes a trace. Use it from one goroutine. The first error is kept and
// returned by Flush; what comes after it is dropped.
type Writer struct {
	out  *bufio.Writer
	line []byte
	name map[string][]byte // of a ring, as JSON
	err  error
}

// NewWriter writes the header and returns the writer for the events. Format is filled
// in. It refuses a header that Check would refuse.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	h.Format = Format
	if h.Regions == nil {
		h.Regions = []RegionSpec{}
	}
	if h.Rings == nil {
		h.Rings = []RingSpec{}
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	line, err := json.Marshal(&h)
	if err != nil {
		return nil, err
	}
	t := &Writer{out: bufio.NewWriterSize(w, 1<<18), line: make([]byte, 0, 512), name: map[string][]byte{}}
	_, err = t.out.Write(append(line, '\n'))
	return t, err
}

// Event writes one line. It does not allocate, except when it meets a ring for the
// first time.
func (w *Writer) Event(e *Event) {
	if w.err != nil || e.Op >= opCount {
		return
	}
	need := ops[e.Op].needs
	if e.Err != netgpu.OK {
		need = ops[e.Op].failed
		if e.Op == Get && e.Err == netgpu.EINVAL {
			need |= keyIndex | keyAddr
		}
	}
	b := append(w.line[:0], `{"t":`...)
	b = strconv.AppendInt(b, e.Time, 10)
	if e.Op != Gap {
		b = append(b, `,"actor":"`...)
		b = append(b, e.Actor.String()...)
		b = append(b, '"')
	}
	if need&keyRing != 0 {
		b = append(b, `,"ring":`...)
		b = append(b, w.quoted(e.Ring)...)
	}
	b = append(b, `,"op":"`...)
	b = append(b, e.Op.String()...)
	b = append(b, '"')
	b = number(b, need&keyIndex != 0, `,"index":`, uint64(e.Index))
	b = number(b, need&keyAddr != 0, `,"addr":`, e.Addr)
	b = number(b, need&keyLen != 0, `,"len":`, e.Len)
	b = number(b, need&keyContext != 0, `,"context":`, uint64(e.Context))
	b = number(b, need&keyEntries != 0, `,"entries":`, uint64(e.Entries))
	b = number(b, e.Op == Gap && e.Lost > 0, `,"lost":`, e.Lost)
	b = text(b, need&keyKind != 0, `,"kind":"`, e.Kind.String())
	b = text(b, need&keyMemory != 0, `,"memory":"`, e.Memory.String())
	if e.Err != netgpu.OK {
		b = text(b, true, `,"err":"`, e.Err.Error())
	}
	w.line = append(b, '}', '\n')
	_, w.err = w.out.Write(w.line)
}

func number(b []byte, write bool, key string, v uint64) []byte {
	if !write {
		return b
	}
	return strconv.AppendUint(append(b, key...), v, 10)
}

func text(b []byte, write bool, key, v string) []byte {
	if !write {
		return b
	}
	return append(append(append(b, key...), v...), '"')
}

// quoted is the name of a ring as JSON.
func (w *Writer) quoted(name string) []byte {
	if q, ok := w.name[name]; ok {
		return q
	}
	q, err := json.Marshal(name)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.name[name] = q
	return q
}

// Flush writes what is buffered and returns the first error of the trace.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}
