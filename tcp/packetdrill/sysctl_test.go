package packetdrill

import (
	"net/netip"
	"testing"

	"netgpusim/tcp/stack"
)

// What the host has as a variable is never looked up among the inert ones.
func TestInertVariablesAreNotTheHosts(t *testing.T) {
	host, err := stack.New(stack.Config{Spec: stack.DefaultSpec(), Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, MTU: 1500})
	if err != nil {
		t.Fatal(err)
	}
	for name := range inertVariables {
		if _, err := host.Sysctl(name); err == nil {
			t.Errorf("%s is a variable of the host", name)
		}
	}
}
