package scenarios

import (
	"testing"

	"netgpusim/sim"
)

func TestEveryProfileGivesEveryKeyWithSourceAndTag(t *testing.T) {
	builtin, err := builtinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range profileKinds {
		names := profileNames(kind, builtin)
		if len(names) == 0 {
			t.Errorf("kind %s has no profile", kind)
		}
		for _, name := range names {
			params, p := flatten(kind, name, nil)
			if p != nil {
				t.Errorf("%s/%s: %+v", kind, name, *p)
				continue
			}
			for _, target := range profileTargets[kind] {
				v := params[target.key]
				switch {
				case v == nil:
					t.Errorf("%s/%s: no value for %s", kind, name, target.key)
				case v.source == "" || v.tag == "":
					t.Errorf("%s/%s: %s has no source or tag", kind, name, target.key)
				case v.ranged && (less(v.value, v.low) || less(v.high, v.value)):
					t.Errorf("%s/%s: %s is outside its range", kind, name, target.key)
				}
			}
		}
	}
}

func TestBuiltinProfilesHaveTheNamesOfTheirFiles(t *testing.T) {
	builtin, err := builtinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	for id, p := range builtin {
		file := "profiles/" + id + ".yaml"
		if p.kind == defaultsKind {
			file = "profiles/" + p.name + ".yaml"
		}
		if _, err := embedded.ReadFile(file); err != nil {
			t.Errorf("profile %s is not in %s", id, file)
		}
	}
}

func TestSlowAndFastProcessorsEncloseTheNominalOne(t *testing.T) {
	nominal, _ := flatten("cpu", "xeon-2020", nil)
	slow, _ := flatten("cpu", "xeon-2020-slow", nil)
	fast, _ := flatten("cpu", "xeon-2020-fast", nil)
	costs := 0
	for _, target := range profileTargets["cpu"] {
		n, s, f := nominal[target.key], slow[target.key], fast[target.key]
		if n == nil || s == nil || f == nil {
			t.Fatalf("%s: missing", target.key)
		}
		low, high := f.value.whole, s.value.whole
		switch target.kind {
		case kindRate:
			low, high = high, low
		case kindTime:
		default:
			continue
		}
		if s == n {
			continue // a kernel setting, not a cost
		}
		costs++
		if low != n.low.whole || high != n.high.whole {
			t.Errorf("%s: ends %d and %d are not those of the nominal range, %d and %d", target.key, low, high, n.low.whole, n.high.whole)
		}
	}
	if costs < 25 {
		t.Errorf("only %d costs differ", costs)
	}
}

// The published per-packet budgets that the split into steps has to add up to: 35 to
// 45 Gbit/s per core at MTU 1500.
func TestNominalReceiveCostIsWithinThePublishedBudget(t *testing.T) {
	s := mustLoad(t, "rfc-v2-host-rx")
	c := &s.Receiver.CPU
	const segmentsPerBundle = 45 // a 64 KiB TSO burst at MSS 1420
	perPacket := c.RxCQE + c.RxSKB + c.RxMisses + c.RxHeaderPage + c.PageRefill + c.GROMerge + c.Deliver + c.AppIovec +
		(c.TCPReceive+c.ACKTransmit)/segmentsPerBundle
	if perPacket < 250*sim.Nanosecond || perPacket > 320*sim.Nanosecond {
		t.Errorf("a packet costs %v, want 250ns to 320ns", perPacket)
	}
}

// Linux refuses routes below TCP_MIN_MSS (88): no MTU that the bounds allow gets there.
func TestSmallestMTULeavesRoomForSegments(t *testing.T) {
	mtu := root.field("nic").elem.field("mtu").low
	options := root.field("tcp").elem.field("pad_options").high
	if mss := mtu - ipv6Bytes - tcpBytes - options; mss < 88 {
		t.Errorf("MTU %d leaves an MSS of %d", mtu, mss)
	}
}
