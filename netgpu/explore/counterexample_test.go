package explore

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"netgpusim/netgpu"
)

// written are counterexamples of a few cases, as files.
func written(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"delivery", "header-split", "transmit", "revoke", "shared-area"} {
		c, _ := CaseByName(name)
		r, err := Explore(context.Background(), c, netgpu.RFCv2(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range r.Violations {
			var b bytes.Buffer
			if err := NewCounterexample(c, netgpu.RFCv2(), v).Write(&b); err != nil {
				t.Fatal(err)
			}
			files[name+"/"+v.Cause] = b.String()
		}
	}
	return files
}

func TestCounterexampleSurvivesItsFile(t *testing.T) {
	for name, text := range written(t) {
		c, err := ReadCounterexample(strings.NewReader(text), name)
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := c.Write(&again); err != nil || !strings.HasPrefix(strings.ReplaceAll(text, "\r", ""), again.String()[:40]) {
			t.Errorf("%s: written again:\n%s\n%v", name, again.String(), err)
		}
		r, err := c.Replay()
		if err != nil || !r.AsWritten || r.Violation == nil {
			t.Errorf("%s: replayed: %q, %v", name, r.Differs, err)
			continue
		}
		if !reflect.DeepEqual(r.Steps, c.Steps) {
			t.Errorf("%s: other steps", name)
		}
	}
}

// On the repaired implementation the way does not lead to the violation.
func TestCounterexampleIsATestOfARepair(t *testing.T) {
	for name, text := range written(t) {
		c, err := ReadCounterexample(strings.NewReader(text), name)
		if err != nil {
			t.Fatal(err)
		}
		c.Variant = netgpu.Fixed()
		if r, err := c.Replay(); err != nil || r.Violation != nil || r.Differs == "" {
			t.Errorf("%s: on fixed: violation %v, differs %q, %v", name, r.Violation, r.Differs, err)
		}
		// With what happens there it is a test that holds.
		c.Violates = ""
		r, _ := c.Replay()
		c.Steps = r.Steps
		if r, err := c.Replay(); err != nil || !r.AsWritten {
			t.Errorf("%s: as a test of fixed: %q, %v", name, r.Differs, err)
		}
	}
}

func TestChangedCounterexampleIsNoticed(t *testing.T) {
	text := written(t)["transmit/modified-in-flight"]
	for _, c := range []struct{ old, new, says string }{
		{"tx-stability/modified-in-flight", "conservation/page-lost", "expected is a violation of conservation/page-lost"},
		{"sends)", "sends of)", "step 2"},
		{"   3  sender      write", "   3  sender      sendmsg", "step 3, sendmsg of sender, is not possible"},
	} {
		if !strings.Contains(text, c.old) {
			t.Fatalf("no %q in\n%s", c.old, text)
		}
		x, err := ReadCounterexample(strings.NewReader(strings.Replace(text, c.old, c.new, 1)), "x")
		if err != nil {
			t.Fatal(err)
		}
		if r, err := x.Replay(); err != nil || r.AsWritten || !strings.Contains(r.Differs, c.says) {
			t.Errorf("%s: as written %v, %q, %v", c.new, r.AsWritten, r.Differs, err)
		}
	}
}

const head = counterexampleMagic + "\nvariant rfc-v2\nbounds pages=2 chunk=1 fill=2 rx=2 cq=1 rq=1 bulk=1 per-wqe=1 batch=1\nviolates nothing\n"

func TestMalformedCounterexampleIsRefusedWithItsLine(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", `the line "variant" is missing`},
		{"something else", "x:1: given"},
		{counterexampleMagic + "\nvariant linux", `x:2: variant "linux" is not known; there are rfc-v2, rfc-v1, fixed`},
		{counterexampleMagic + "\nvariant rfc-v2 plus spare-next", `given "plus"`},
		{counterexampleMagic + "\nvariant fixed without spare", `given "spare"`},
		{counterexampleMagic + "\nbounds pages=2 pagess=3", `there is no bound "pagess"`},
		{counterexampleMagic + "\nbounds pages=x", `given "x", allowed are 1 to 120`},
		{counterexampleMagic + "\nbounds pages=2", "chunk=0: allowed are 1 to 63"},
		{head + "variant fixed", "x:5: \"variant\" is given twice"},
		{head + "steps 3", `x:5: given "steps"`},
		{head + "2 nic receive", "x:5: step 2 follows step 0"},
		{head + "1 nic", "x:5: step 1: given \"nic\""},
		{head + "1 nic fly", `x:5: step 1: there is no operation "fly" of an actor "nic"; it has receive`},
		{head + "1 bird fly", "actors are nic, softirq"},
	} {
		_, err := ReadCounterexample(strings.NewReader(c.text), "x")
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %q", c.text, err, c.says)
		}
	}
	if _, err := ReadCounterexample(failing{}, "x"); err == nil {
		t.Error("a reader that fails is not noticed")
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no") }

func FuzzReadCounterexample(f *testing.F) {
	for _, text := range written(f) {
		f.Add(text)
	}
	f.Add(head + "1 softirq can-refill\n2 softirq get-page")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadCounterexample(strings.NewReader(text), "x")
		if err != nil || len(c.Steps) > 1000 {
			return
		}
		if _, err := c.Replay(); err != nil {
			t.Errorf("accepted and not replayable: %v", err)
		}
	})
}
