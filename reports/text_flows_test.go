package reports

import (
	"strings"
	"testing"
)

// TestWaitingForCompletionsIsNotTheApplicationsOwnTime: TCP has nothing to send in
// either case, and a reader must see which one it is.
func TestWaitingForCompletionsIsNotTheApplicationsOwnTime(t *testing.T) {
	line := func(s string) string { return strings.ReplaceAll(s, "_", nbsp) }
	f := Flow{LimitedByApp: 0.96, LimitedByCompletions: 0.9, LimitedByCwnd: 0.02}
	if got, want := heldBack(&f), line("completions_90.0_%, application_6.0_%, cwnd_2.0_%"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	other := Flow{LimitedByApp: 0.5}
	if got, want := heldBack(allFlows([]Flow{f, other})), line("completions_45.0_%, application_28.0_%, cwnd_1.0_%"); got != want {
		t.Errorf("two flows: got %q, want %q", got, want)
	}
}
