package stack_test

import (
	"reflect"
	"testing"

	"netgpusim/scenarios"
	"netgpusim/tcp/stack"
)

// The defaults are those of the profile, of which each has its source there.
func TestDefaultsAreTheProfiles(t *testing.T) {
	s, err := scenarios.LoadBytes("defaults.yaml", []byte("netgpusim: 1\nname: defaults\nextends: rfc-host\nsender: {tcp: {profile: linux-5.8}}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := reflect.ValueOf(stack.DefaultSpec()), reflect.ValueOf(s.Sender.TCP)
	for i := range got.NumField() {
		if g, w := got.Field(i).Interface(), want.Field(i).Interface(); g != w {
			t.Errorf("%s is %v, the profile says %v", got.Type().Field(i).Name, g, w)
		}
	}
}
