package tcp

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The names of the schema, of CongestionControls and of startCongestion are the same.
func TestCongestionControlsAreThoseOfTheSpec(t *testing.T) {
	field, _ := reflect.TypeFor[Spec]().FieldByName("Congestion")
	enum := strings.Split(field.Tag.Get("enum"), "|")
	slices.Sort(enum)
	if !slices.Equal(enum, CongestionControls) {
		t.Errorf("the schema has %v, the endpoint %v", enum, CongestionControls)
	}
	seen := map[reflect.Type]string{}
	for _, name := range CongestionControls {
		spec := testSpec()
		spec.Congestion, spec.ECN = name, 1
		e, err := New(spec, Config{MTU: 1500})
		if err != nil {
			t.Fatal(err)
		}
		kind := reflect.TypeOf(e.snd.cc)
		if other, ok := seen[kind]; ok {
			t.Errorf("%s and %s are both a %v", name, other, kind)
		}
		seen[kind] = name
	}
}
