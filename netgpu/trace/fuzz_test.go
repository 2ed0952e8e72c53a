package trace

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// FuzzCheck: whatever the input, a check ends with a report or a format error, the same
// each time.
func FuzzCheck(f *testing.F) {
	files, err := filepath.Glob("testdata/*.ndjson")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		in, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(in, true)
		f.Add(in, false)
	}
	f.Add(machineTrace(f, 1, 60), true)
	f.Add([]byte("\x1f\x8b"), true)
	f.Add([]byte(""), true)
	f.Fuzz(func(t *testing.T, in []byte, all bool) {
		for _, variant := range []string{"", AnyVariant} {
			o := Options{All: all, Variant: variant, MaxPages: 1 << 10}
			r, err := Check(context.Background(), bytes.NewReader(in), o)
			var format *FormatError
			if err != nil && !errors.As(err, &format) {
				t.Fatalf("%T: %v", err, err)
			}
			if len(r.Divergences) > DefaultMax || !all && len(r.Divergences) > 1 {
				t.Fatalf("%d divergences", len(r.Divergences))
			}
			if again, err2 := Check(context.Background(), bytes.NewReader(in), o); !reflect.DeepEqual(r, again) || (err == nil) != (err2 == nil) {
				t.Fatalf("%v, %v; again: %v, %v", r, err, again, err2)
			}
		}
	})
}

// FuzzScan: the quick reader of lines and encoding/json agree on every line, and what
// they accept is the same after it has been written.
func FuzzScan(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.ndjson")
	for _, file := range files {
		in, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range bytes.Split(in, []byte("\n"))[1:] {
			f.Add(line)
		}
	}
	f.Add([]byte(`{"t":00,"op":"gap"}`))
	f.Add([]byte(`{"t":1,"op":"gap",}`))
	f.Add([]byte("{\"t\":1,\"op\":\"gap\",\"x\":\"\xff\"}"))
	f.Add([]byte(`{"t":1,"op":"gap","lost":-1}`))
	f.Add([]byte(`{"t":1e3,"op":"gap"}`))
	f.Add([]byte(`{"T":1,"t":2,"op":"gap"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n") {
			return // no line
		}
		var quick, slow record
		e1, e2 := quick.scan(line), slow.scanSlow(line)
		if (e1 == nil) != (e2 == nil) || e1 != nil && e1.Error() != e2.Error() {
			t.Fatalf("quick: %v; encoding/json: %v", e1, e2)
		}
		if e1 != nil {
			return
		}
		if quick.Event != slow.Event || !bytes.Equal(quick.ring, slow.ring) || quick.has != slow.has {
			t.Fatalf("quick: %+v; encoding/json: %+v", quick, slow)
		}
		written(t, &quick)
	})
}

// written writes an event and reads it back.
func written(t *testing.T, r *record) {
	var b bytes.Buffer
	w, err := NewWriter(&b, Header{Variant: "rfc-v2", Actors: []string{"app"}})
	if err != nil {
		t.Fatal(err)
	}
	e := r.Event
	e.Ring = string(r.ring)
	w.Event(&e)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	line := bytes.Split(b.Bytes(), []byte("\n"))[1]
	var back record
	if err := back.scan(line); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	need := ops[e.Op].needs
	if e.Err != 0 {
		need = ops[e.Op].failed
	}
	if need&keyRing != 0 && !bytes.Equal(back.ring, bytes.ToValidUTF8(r.ring, []byte("\ufffd"))) {
		t.Fatalf("%s: ring %q, not %q", line, back.ring, r.ring)
	}
	for _, c := range []struct {
		key  keys
		same bool
	}{{keyTime, back.Time == e.Time}, {keyOp, back.Op == e.Op}, {keyIndex, back.Index == e.Index}, {keyAddr, back.Addr == e.Addr},
		{keyLen, back.Len == e.Len}, {keyContext, back.Context == e.Context}, {keyEntries, back.Entries == e.Entries},
		{keyMemory, back.Memory == e.Memory}, {keyKind, back.Kind == e.Kind}} {
		if (need|keyTime|keyOp)&c.key != 0 && !c.same {
			t.Fatalf("%s: %v differs from %+v", line, c.key, e)
		}
	}
	if back.Err != e.Err {
		t.Fatalf("%s: err %v", line, back.Err)
	}
}
