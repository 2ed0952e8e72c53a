package explore

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"netgpusim/netgpu"
)

// expected are the root causes that each case of rfc-v2 shows. They come out of the
// search; the table is there to be reviewed, and to notice when one is lost.
var expected = map[string][]string{
	"delivery":         {"batch-overwritten", "rx-ring-no-rekick"},
	"delivery-wide":    {"batch-overwritten", "rx-ring-no-rekick"},
	"page-cache":       {"batch-overwritten", "cache-stale-next", "refill-starved", "rx-ring-no-rekick"},
	"page-cache-small": {"batch-overwritten", "cache-stale-next", "refill-starved", "rx-ring-no-rekick"},
	"alloc-failure":    {"batch-overwritten", "cache-chunk-alloc-failed", "refill-starved", "rx-ring-no-rekick"},
	"jumbo":            {"batch-overwritten", "livelock", "rx-ring-no-rekick"},
	"bulk":             {"batch-overwritten", "rx-ring-no-rekick"},
	"header-split":     {"batch-overwritten", "payload-in-header-buffer", "rx-ring-no-rekick"},
	"transmit":         {"modified-in-flight", "tx-past-region"},
	"echo":             {"batch-overwritten", "recycled-in-flight", "rx-ring-no-rekick"},
	"echo-reset":       {"batch-overwritten", "recycled-in-flight", "rx-ring-no-rekick"},
	"echo-early":       {"batch-overwritten", "rx-ring-no-rekick", "undelivered-still-referenced"},
	"overfill":         {"batch-overwritten", "recycle-through-null", "rx-ring-no-rekick"},
	"teardown":         {"batch-overwritten", "page-outlives-queue", "rx-ring-no-rekick", "socket-close-not-reclaimed"},
	"teardown-echo":    {"recycled-in-flight", "socket-close-not-reclaimed"},
	"revoke":           {"bad-fill-entry", "batch-overwritten", "cached-page-revoked", "revoked-while-held", "revoked-while-posted", "rx-ring-no-rekick"},
	"revoke-send":      {"bad-fill-entry", "modified-in-flight", "revoked-while-held", "revoked-while-posted", "revoked-while-sending"},
	"revoke-echo":      {"bad-fill-entry", "batch-overwritten", "cached-page-revoked", "recycled-in-flight", "revoked-while-held", "revoked-while-posted", "revoked-while-sending", "rx-ring-no-rekick"},
	"bogus":            {"bad-fill-entry", "batch-overwritten", "rx-ring-no-rekick"},
	"hostile":          {"bad-fill-entry", "index-out-of-range", "page-held-twice"},
	"hostile-twice":    {"bad-fill-entry", "index-out-of-range", "page-held-twice", "posted-over-data"},
	"hostile-teardown": {"bad-fill-entry", "index-out-of-range", "page-held-twice", "page-outlives-queue", "socket-close-not-reclaimed"},
	"shared-area":      {"page-held-twice", "posted-over-data", "posted-twice"},
}

// slow cases are left to the long suite.
var slow = []string{"page-cache", "page-cache-small", "alloc-failure", "echo-early", "jumbo", "hostile-twice"}

func causes(r Report) []string {
	list := []string{}
	for _, v := range r.Violations {
		list = append(list, v.Cause)
	}
	slices.Sort(list)
	return list
}

func explored(t *testing.T, c Case, v netgpu.Variant, o Options) Report {
	t.Helper()
	r, err := Explore(context.Background(), c, v, o)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Complete {
		t.Fatalf("%s %v: stopped by %s", c.Name, v, r.Stopped)
	}
	return r
}

func checkRFCv2(t *testing.T, c Case) {
	t.Helper()
	r := explored(t, c, netgpu.RFCv2(), Options{})
	if got := causes(r); !slices.Equal(got, expected[c.Name]) {
		t.Errorf("%s: found %v, expected %v", c.Name, got, expected[c.Name])
	}
	for _, v := range r.Violations {
		// How near a livelock is shows only when all states are known.
		if !v.Shortest && v.Cause != Livelock.String() || len(v.Steps) == 0 || v.What == "" {
			t.Errorf("%s: %s: shortest %v, %d steps, %q", c.Name, v.Cause, v.Shortest, len(v.Steps), v.What)
		}
	}
}

func checkFixed(t *testing.T, c Case) {
	t.Helper()
	r := explored(t, c, netgpu.Fixed(), Options{})
	for _, v := range r.Violations {
		t.Errorf("%s: the repaired variant violates %v/%s: %s", c.Name, v.Invariant, v.Cause, v.What)
	}
}

func TestRFCv2ShowsItsFaultsAndFixedHasNone(t *testing.T) {
	for _, c := range Cases() {
		if !slices.Contains(slow, c.Name) {
			checkRFCv2(t, c)
			checkFixed(t, c)
		}
	}
}

// What the structures of the states show, with the model's own diagnosis left out.
func TestStructuresAloneShowTheFaults(t *testing.T) {
	signs := map[string]bool{}
	for _, name := range []string{"delivery", "header-split", "transmit", "overfill", "teardown", "shared-area"} {
		c, _ := CaseByName(name)
		for _, v := range explored(t, c, netgpu.RFCv2(), Options{Blind: true}).Violations {
			signs[v.Cause] = true
		}
		if r := explored(t, c, netgpu.Fixed(), Options{Blind: true}); len(r.Violations) > 0 {
			t.Errorf("%s: fixed shows %v", name, causes(r))
		}
	}
	for _, want := range []Sign{PageLost, PagePostedTwice, ChangedInFlight, Stuck} {
		if !signs[want.String()] {
			t.Errorf("nothing shows %v", want)
		}
	}
}

// showing is a case in which each repair is missed if it is not there. Where a small
// one exists it is preferred.
var showing = map[netgpu.Repair]string{
	netgpu.SpareNext:            "page-cache",
	netgpu.CacheOverflow:        "alloc-failure",
	netgpu.RefillCountsAll:      "alloc-failure",
	netgpu.SkipBadEntry:         "bogus",
	netgpu.OwnerCheck:           "shared-area",
	netgpu.IndexCheck:           "hostile",
	netgpu.RxRekick:             "delivery",
	netgpu.CompleteAfterRead:    "delivery",
	netgpu.RecycleCheck:         "overfill",
	netgpu.NonZCError:           "header-split",
	netgpu.LastReference:        "echo-early",
	netgpu.TxRegionEnd:          "transmit",
	netgpu.RevokeWaits:          "revoke",
	netgpu.QueueOutlivesPackets: "teardown",
	netgpu.ReclaimRxRing:        "teardown",
	netgpu.TxCompletion:         "transmit",
}

func checkNeeded(t *testing.T, r netgpu.Repair) {
	t.Helper()
	c, ok := CaseByName(showing[r])
	if !ok {
		t.Fatalf("no case shows what %v is for", r)
	}
	report, err := Explore(context.Background(), c, netgpu.Fixed().Without(r), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Violations) == 0 {
		t.Errorf("without %v, %s still violates nothing", r, c.Name)
	}
}

func TestEveryRepairIsNeeded(t *testing.T) {
	for _, r := range netgpu.Repairs() {
		if !slices.Contains(slow, showing[r]) {
			checkNeeded(t, r)
		}
	}
}

// reductionCases are small enough for the full search, and have between them every
// step that the reduction takes alone or puts off.
func reductionCases() []Case {
	var list []Case
	for _, change := range []func(*Config){
		func(c *Config) { c.Pages = 4 },
		func(c *Config) { c.Pages, c.Control, c.Duplicate = 4, true, true },
		func(c *Config) { c.Pages, c.Reset, c.RQ = 3, true, 1 },
		func(c *Config) { c.Pages, c.Chunk, c.Reset, c.RQ = 3, 1, true, 1 },
		func(c *Config) { c.Pages, c.Reset, c.AllocFails, c.RQ = 3, true, 1, 1 },
		func(c *Config) { c.Pages, c.Bulk, c.Duplicate = 3, 2, true },
		func(c *Config) { c.Pages, c.PerWQE, c.Short, c.RQ = 4, 2, true, 1 },
		func(c *Config) { c.Pages, c.Echo, c.Impatient, c.Reset, c.RQ = 2, true, true, true, 1 },
		func(c *Config) { c.Pages, c.Sends, c.RQ = 2, true, 1 },
		func(c *Config) { c.Fill, c.Overfill = 2, true },
	} {
		list = append(list, Case{Name: "reduction", Config: with(change)})
	}
	return list
}

func TestReductionFindsWhatTheFullSearchFinds(t *testing.T) {
	saved := 0
	for i, c := range reductionCases() {
		for _, v := range implementations() {
			if testing.Short() && i > 2 {
				continue
			}
			full := explored(t, c, v, Options{Full: true, Progress: true})
			reduced := explored(t, c, v, Options{Progress: true})
			if !reduced.Reduced || full.Reduced {
				t.Fatalf("%v: reduced %v, full search reduced %v", c.Config, reduced.Reduced, full.Reduced)
			}
			if got, want := causes(reduced), causes(full); !slices.Equal(got, want) {
				t.Errorf("%v, %v: the reduced search finds %v, the full one %v", c.Config, v, got, want)
			}
			if reduced.States > full.States {
				t.Errorf("%v, %v: %d states reduced, %d in full", c.Config, v, reduced.States, full.States)
			}
			for k, x := range reduced.Violations {
				if k >= len(full.Violations) || full.Violations[k].Cause != x.Cause {
					continue // reported
				}
				if n := len(full.Violations[k].Steps); x.Shortest && len(x.Steps) != n {
					t.Errorf("%v, %v: %s in %d steps is said to be shortest, but %d do", c.Config, v, x.Cause, len(x.Steps), n)
				}
			}
			saved += full.States - reduced.States
		}
	}
	if saved == 0 {
		t.Error("the reduction reduces nothing")
	}
}

// Delivery that nobody resumes, while refill goes on and on because it counts pages and
// a WQE takes two: nothing stands still, and nothing gets on.
func TestActorsThatGoRoundInCirclesAreNoticed(t *testing.T) {
	c, _ := CaseByName("jumbo")
	c.Config.Pages = 5
	for _, full := range []bool{false, true} {
		r := explored(t, c, netgpu.RFCv2().With(netgpu.CompleteAfterRead), Options{Full: full})
		if !slices.Contains(causes(r), "livelock") {
			t.Errorf("full %v: found %v", full, causes(r))
		}
		if r = explored(t, c, netgpu.Fixed(), Options{Full: full}); len(r.Violations) > 0 {
			t.Errorf("full %v: fixed has %v", full, causes(r))
		}
	}
}

func TestResultDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	for _, name := range []string{"delivery", "teardown-echo", "hostile"} {
		c, _ := CaseByName(name)
		want := explored(t, c, netgpu.RFCv2(), Options{Workers: 1})
		for _, workers := range []int{2, 3} {
			got := explored(t, c, netgpu.RFCv2(), Options{Workers: workers})
			got.Bytes = want.Bytes // of the workers' own
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %d workers: %+v, one: %+v", name, workers, got, want)
			}
		}
	}
}

// v1 differs in how memory is registered and in who may share a device; its rings and
// caches are those of v2, and so are their faults.
func TestRFCv1HasTheFaultsOfItsRings(t *testing.T) {
	for _, c := range Cases() {
		if slices.Contains(slow, c.Name) {
			continue
		}
		if why := c.Impossible(netgpu.RFCv1()); why != "" {
			if _, err := Explore(context.Background(), c, netgpu.RFCv1(), Options{}); err == nil || c.Name != "shared-area" {
				t.Errorf("%s: %s, but %v", c.Name, why, err)
			}
			continue
		}
		if got := causes(explored(t, c, netgpu.RFCv1(), Options{})); !slices.Equal(got, expected[c.Name]) {
			t.Errorf("%s: found %v, expected %v", c.Name, got, expected[c.Name])
		}
	}
}

func TestBoundsThatStopASearchAreNamed(t *testing.T) {
	c, _ := CaseByName("delivery")
	for _, o := range []Options{{MaxStates: 1000}, {MaxDepth: 10}, {MaxBytes: 1 << 16}} {
		r, err := Explore(context.Background(), c, netgpu.Fixed(), o)
		if err != nil || r.Complete || r.Stopped == "" {
			t.Errorf("%+v: complete %v, stopped %q, %v", o, r.Complete, r.Stopped, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err := Explore(ctx, c, netgpu.Fixed(), Options{}); err != nil || r.Complete || r.Stopped != "interrupted" {
		t.Errorf("interrupted: complete %v, stopped %q, %v", r.Complete, r.Stopped, err)
	}
}

func TestEveryActionIsSomewhereCarriedOut(t *testing.T) {
	seen := map[[2]string]bool{}
	for _, c := range Cases() {
		if slices.Contains(slow, c.Name) && c.Name != "jumbo" && c.Name != "alloc-failure" {
			continue
		}
		for _, v := range []netgpu.Variant{netgpu.RFCv2(), netgpu.Fixed()} {
			r, err := Explore(context.Background(), c, v, Options{MaxStates: 60_000})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range r.Coverage {
				seen[[2]string{x.Actor, x.Operation}] = true
			}
		}
	}
	for a, n := range actionNames {
		if !seen[n] {
			t.Errorf("no case carries out %v (action %d)", n, a)
		}
	}
}
