package stack

import (
	"fmt"
	"testing"
)

// Every variable takes back what it shows, and refuses what is beside its bounds.
func TestEveryVariable(t *testing.T) {
	for name, v := range variables {
		h := newNetwork(t, nil).host[0]
		value, err := h.Sysctl(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.SetSysctl(name, value); err != nil {
			t.Errorf("%s does not take its default back: %v", name, err)
		}
		if again, _ := h.Sysctl(name); again != value {
			t.Errorf("%s was %q and is %q", name, value, again)
		}
		if v.setWord != nil {
			if h.SetSysctl(name, "nonsense") == nil {
				t.Errorf("%s took nonsense", name)
			}
			continue
		}
		for _, beyond := range []int64{v.lo - 1, v.hi + 1} {
			if h.SetSysctl(name, fmt.Sprint(beyond)) == nil {
				t.Errorf("%s took %d", name, beyond)
			}
		}
		if v.count != 0 {
			continue
		}
		if err := h.SetSysctl(name, fmt.Sprint(v.hi)); err != nil {
			t.Errorf("%s does not take its largest value: %v", name, err)
		}
	}
}

// A variable holds for the connections that begin later.
func TestVariablesReachEndpoints(t *testing.T) {
	h := newNetwork(t, nil).host[0]
	before := h.spec4
	if err := h.SetSysctl("net.ipv4.tcp_sack", "0"); err != nil {
		t.Fatal(err)
	}
	if !before.SACK || h.spec4.SACK || h.spec6.SACK {
		t.Errorf("before %v, now %v and %v", before.SACK, h.spec4.SACK, h.spec6.SACK)
	}
}
