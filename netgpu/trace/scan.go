package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"netgpusim/netgpu"
)

// record is a line of a trace: the event, the bytes of its ring's name and the keys
// that it has. The bytes are valid until the next line is read.
type record struct {
	Event
	ring []byte
	has  keys
}

// value is a JSON value that is not an object or a list.
type value struct {
	kind valueKind
	text []byte // of a string, without quotes and escapes; of a number, its digits
}

type valueKind uint8

const (
	stringValue valueKind = iota
	numberValue
	otherValue // true, false, null
)

var valueNames = [...]string{"a string", "a number", "true, false or null"}

// scan decodes a line. It knows the form that writers write: one flat object of
// strings without escapes and of whole numbers. Whatever else it meets is left to
// encoding/json, which says what is wrong with the line or that it is only unusual.
func (r *record) scan(line []byte) error {
	r.reset()
	i, n := skipSpace(line, 0), len(line)
	if i >= n || line[i] != '{' {
		return r.scanSlow(line)
	}
	i++
	for {
		var key []byte
		var v value
		i = skipSpace(line, i)
		if key, i = plainString(line, i); i < 0 {
			return r.scanSlow(line)
		}
		if i = skipSpace(line, i); i >= n || line[i] != ':' {
			return r.scanSlow(line)
		}
		i = skipSpace(line, i+1)
		if v, i = plainValue(line, i); i < 0 {
			return r.scanSlow(line)
		}
		// Nobody may believe a value before it is known to be one: "12" of 12.5.
		if i = skipSpace(line, i); i >= n || line[i] != ',' && line[i] != '}' {
			return r.scanSlow(line)
		}
		if err := r.set(key, v); err != nil {
			return err
		}
		if line[i] == '}' {
			if skipSpace(line, i+1) != n {
				return r.scanSlow(line)
			}
			return r.complete()
		}
		i++
	}
}

func (r *record) reset() {
	r.Event = Event{}
	r.ring = nil
	r.has = 0
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// plainString reads a string of printable ASCII without escapes at i and returns it
// with the index behind it; -1 if there is none.
func plainString(b []byte, i int) ([]byte, int) {
	if i >= len(b) || b[i] != '"' {
		return nil, -1
	}
	start := i + 1
	for i = start; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return b[start:i], i + 1
		case c < ' ' || c > '~' || c == '\\':
			return nil, -1
		}
	}
	return nil, -1
}

// plainValue reads a plain string or the digits of a whole number at i.
func plainValue(b []byte, i int) (value, int) {
	if i < len(b) && b[i] == '"' {
		s, end := plainString(b, i)
		return value{stringValue, s}, end
	}
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == start || b[start] == '0' && i > start+1 {
		return value{}, -1
	}
	return value{numberValue, b[start:i]}, i
}

// scanSlow is scan by encoding/json.
func (r *record) scanSlow(line []byte) error {
	r.reset()
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return notJSON(err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		name, ok := key.(string)
		if !ok {
			return notJSON(nil)
		}
		token, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		var v value
		switch x := token.(type) {
		case string:
			v = value{stringValue, []byte(x)}
		case json.Number:
			v = value{numberValue, []byte(x)}
		case json.Delim:
			return fmt.Errorf("key %q: an event is a flat object, without objects or lists in it", name)
		default:
			v = value{kind: otherValue}
		}
		if err := r.set([]byte(name), v); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return notJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value in the line")
	}
	return r.complete()
}

func notJSON(err error) error {
	if err == nil {
		return errors.New("not a JSON object")
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("not a JSON object: the line ends too early")
	}
	return fmt.Errorf("not a JSON object: %w", err)
}

// keyOf returns the key of a name, 0 for one that is not the format's.
func keyOf(name []byte) keys {
	switch string(name) {
	case "t":
		return keyTime
	case "actor":
		return keyActor
	case "ring":
		return keyRing
	case "op":
		return keyOp
	case "index":
		return keyIndex
	case "addr":
		return keyAddr
	case "len":
		return keyLen
	case "err":
		return keyErr
	case "context":
		return keyContext
	case "entries":
		return keyEntries
	case "memory":
		return keyMemory
	case "kind":
		return keyKind
	case "lost":
		return keyLost
	}
	return 0
}

const stringKeys = keyActor | keyRing | keyOp | keyErr | keyMemory | keyKind

// set takes a key with its value. Keys that are not the format's are the producer's
// own and ignored.
func (r *record) set(name []byte, v value) error {
	key := keyOf(name)
	if key == 0 {
		return nil
	}
	if r.has&key != 0 {
		return fmt.Errorf("key %q is there twice", name)
	}
	r.has |= key
	if key&stringKeys != 0 {
		if v.kind != stringValue {
			return fmt.Errorf("key %q: %s; expected a string", name, valueNames[v.kind])
		}
		return r.setString(key, v.text)
	}
	if v.kind != numberValue {
		return fmt.Errorf("key %q: %s; expected a whole number", name, valueNames[v.kind])
	}
	n, err := whole(v.text)
	if err != nil {
		return fmt.Errorf("key %q: %w", name, err)
	}
	return r.setNumber(key, n)
}

func (r *record) setString(key keys, s []byte) error {
	switch key {
	case keyRing:
		r.ring = s
	case keyOp:
		op, ok := opByName[string(s)]
		if !ok {
			return fmt.Errorf("op %q is not one of the format", s)
		}
		r.Op = op
	case keyActor:
		for a, name := range actorNames {
			if string(s) == name {
				r.Actor = Actor(a)
				return nil
			}
		}
		return fmt.Errorf("actor %q: allowed are app, kernel, nic", s)
	case keyErr:
		e, ok := errnoByName[string(s)]
		if !ok || e == netgpu.OK {
			return fmt.Errorf("err %q is not the name of an error", s)
		}
		r.Err = e
	case keyMemory:
		t, ok := memoryByName(string(s))
		if !ok {
			return fmt.Errorf("memory %q: allowed are host, cuda", s)
		}
		r.Memory = t
	case keyKind:
		k, ok := kindByName(string(s))
		if !ok {
			return fmt.Errorf("kind %q: allowed are fill, rx", s)
		}
		r.Kind = k
	}
	return nil
}

// whole is the value of a run of digits, refused beyond 64 bits.
func whole(digits []byte) (uint64, error) {
	if len(digits) == 0 {
		return 0, fmt.Errorf("not a number")
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%s is not a whole number", digits)
		}
		d := uint64(c - '0')
		if n > (math.MaxUint64-d)/10 {
			return 0, fmt.Errorf("%s is beyond 64 bits", digits)
		}
		n = n*10 + d
	}
	return n, nil
}

func (r *record) setNumber(key keys, n uint64) error {
	most := uint64(math.MaxUint64)
	switch key {
	case keyTime:
		most = math.MaxInt64
	case keyIndex, keyEntries:
		most = math.MaxUint32
	case keyContext:
		most = MaxContexts - 1
	}
	if n > most {
		return fmt.Errorf("%v %d: allowed are 0 to %d", key, n, most)
	}
	switch key {
	case keyTime:
		r.Time = int64(n)
	case keyIndex:
		r.Index = uint32(n)
	case keyAddr:
		r.Addr = n
	case keyLen:
		r.Len = n
	case keyContext:
		r.Context = int(n)
	case keyEntries:
		r.Entries = uint32(n)
	case keyLost:
		r.Lost = n
	}
	return nil
}

// complete says whether the event has all it needs.
func (r *record) complete() error {
	if r.has&keyOp == 0 {
		return errors.New("key op is missing")
	}
	o := &ops[r.Op]
	need := o.needs | keyTime | keyActor
	if r.Op == Gap {
		need = keyTime
	}
	if r.Err != netgpu.OK {
		if need = o.failed | keyTime | keyActor; r.Op == Get && r.Err == netgpu.EINVAL {
			need |= keyIndex | keyAddr
		}
		allowed := false
		for _, e := range o.allowed {
			allowed = allowed || e == r.Err
		}
		if !allowed {
			return fmt.Errorf("%s cannot fail with %v", o.name, r.Err)
		}
	}
	if missing := need &^ r.has; missing != 0 {
		return fmt.Errorf("%s needs the keys %v; missing: %v", o.name, need|keyOp, missing)
	}
	return nil
}
