package netgpu

import (
	"fmt"
	"testing"
)

// repaired commands are the calls that only repairs give a meaning.
func (w *world) repaired(a *arguments) (string, bool) {
	switch a.text(0) {
	case "rearm":
		return yesNo(w.socket(a, 1).Rearm()), true
	case "kick":
		return yesNo(w.socket(a, 1).Kick()), true
	case "failed":
		return yesNo(w.socket(a, 1).Failed()), true
	case "acknowledge":
		return each(a.pages(2), w.socket(a, 1).ReleaseTx)
	case "completion":
		token, ok := w.socket(a, 1).TakeCompletion()
		if !ok {
			return "none", true
		}
		return fmt.Sprintf("token %d", token), true
	}
	return "", false
}

func TestVariantSurvivesItsText(t *testing.T) {
	all := Variants()
	for _, r := range Repairs() {
		all = append(all, Fixed().Without(r), RFCv2().With(r), RFCv1().With(r).With(SpareNext))
	}
	all = append(all, Fixed().Without(SpareNext).Without(RxRekick))
	for _, v := range all {
		got, err := ParseVariant(v.String())
		if err != nil || got != v {
			t.Errorf("%v is read as %v, %v", v, got, err)
		}
	}
}

func TestRepairsHaveNamesAndReasons(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Repairs() {
		if seen[r.String()] || r.String() == "?" || r.Reason() == "" || r.Patch() < 0 || r.Patch() > 21 {
			t.Errorf("repair %d: %q, patch %d, %q", r, r, r.Patch(), r.Reason())
		}
		seen[r.String()] = true
		if got, ok := RepairByName(r.String()); !ok || got != r {
			t.Errorf("%v is found as %v, %v", r, got, ok)
		}
	}
}
