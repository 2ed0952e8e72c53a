package trace

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"netgpusim/netgpu"
)

// TestFreeCacheOrderIsFollowedForManyPages: a driver that keeps more pages in its cache
// than shelves have files in one process, and takes them out in random order. Each page
// that it takes twice is noticed.
func TestFreeCacheOrderIsFollowedForManyPages(t *testing.T) {
	const pages = (netgpu.MaxFiles + 200) * shelfPages
	header := Header{Variant: AnyVariant, Actors: []string{"kernel"}, Contexts: 1,
		Regions: []RegionSpec{{Addr: 1 << 32, Len: pages * netgpu.PageSize, Memory: "host", Contexts: []int{0}}},
		Rings:   []RingSpec{{"fill", "fill", 0, 1 << 10}}}
	va := func(i int) uint64 { return 1<<32 + uint64(i)*netgpu.PageSize }
	var b bytes.Buffer
	w, err := NewWriter(&b, header)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pages {
		w.Event(&Event{Op: Get, Actor: Kernel, Ring: "fill", Index: uint32(i), Addr: va(i)})
		w.Event(&Event{Op: Complete, Actor: Kernel, Ring: "fill", Index: uint32(i + 1)})
		w.Event(&Event{Op: Put, Actor: Kernel, Ring: "fill", Addr: va(i)})
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(pages)
	for _, i := range order {
		w.Event(&Event{Op: CacheGet, Actor: Kernel, Ring: "fill", Addr: va(i)})
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if r := checked(t, b.Bytes(), Options{}); !r.OK() || r.Unverifiable != 0 {
		t.Fatal(told(&r, nil))
	}
	w.Event(&Event{Op: CacheGet, Actor: Kernel, Ring: "fill", Addr: va(order[7])})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if r := checked(t, b.Bytes(), Options{}); len(r.Divergences) != 1 || r.Divergences[0].Cause != netgpu.PostedTwice.String() {
		t.Error(told(&r, nil))
	}
}

// TestClosingAQueueGivesItsCachedPagesBack, those on shelves, too.
func TestClosingAQueueGivesItsCachedPagesBack(t *testing.T) {
	in := string(machineTrace(t, 1, 0)) +
		`{"t":1,"actor":"app","op":"produce","ring":"fill/9","index":0,"addr":1048576}` + "\n" +
		`{"t":1,"actor":"app","op":"submit","ring":"fill/9","index":1}` + "\n" +
		`{"t":2,"actor":"kernel","op":"get","ring":"fill/9","index":0,"addr":1048576}` + "\n" +
		`{"t":3,"actor":"kernel","op":"put","ring":"fill/9","addr":1048576}` + "\n" +
		`{"t":4,"actor":"kernel","op":"close","ring":"fill/9"}` + "\n" +
		`{"t":5,"actor":"kernel","op":"open","ring":"fill/9","kind":"fill","context":0,"entries":4}` + "\n" +
		`{"t":6,"actor":"app","op":"produce","ring":"fill/9","index":0,"addr":1048576}` + "\n"
	for _, variant := range []string{"rfc-v2", AnyVariant} {
		if r := checked(t, []byte(in), Options{Variant: variant}); !r.OK() {
			t.Error(told(&r, nil))
		}
	}
}
