package packetdrill

import "testing"

// TestEveryMemberOfTCPInfoHasAName: a script can ask for all that Linux 5.8 has.
func TestEveryMemberOfTCPInfoHasAName(t *testing.T) {
	for _, name := range infoNames {
		if _, ok := infoFields["tcpi_"+name]; !ok {
			t.Errorf("tcpi_%s: tcp.Info has no such field", name)
		}
	}
	if _, ok := infoFields["tcpi_delivery_rate_app_limited"]; !ok {
		t.Error("tcpi_delivery_rate_app_limited is missing")
	}
}
