package packetdrill

import (
	"net/netip"
	"testing"

	"netgpusim/tcp/stack"
)

// What the host has as a variable is never looked up among the fixed ones.
func TestFixedVariablesAreNotTheHosts(t *testing.T) {
	host, err := stack.New(stack.Config{Spec: stack.DefaultSpec(), Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, MTU: 1500})
	if err != nil {
		t.Fatal(err)
	}
	for name := range fixed {
		if _, err := host.Sysctl(name); err == nil {
			t.Errorf("%s is a variable of the host", name)
		}
	}
}
