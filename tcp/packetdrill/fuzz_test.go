package packetdrill

import (
	"strings"
	"testing"
)

// FuzzScript: whatever the text, reading and playing it ends, with a result, and the
// model does not panic.
func FuzzScript(f *testing.F) {
	for _, text := range scripts(f) {
		f.Add(text)
	}
	f.Add("0 %{ if 1: print(2) }%")
	f.Add("0 %{ for i in range(3): print(f'{i:3d}' '{}'.format(i), end='') }%")
	f.Add("0 `echo ${PPID`")
	f.Add("0 `a && \"b' ; > /proc/sys/x`")
	f.Fuzz(func(t *testing.T, text string) {
		script, err := Parse("fuzz.pkt", text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without text")
			}
			return
		}
		if r := script.Run(Options{}); r.Err != nil && strings.Contains(r.Err.Message, "panicked") {
			t.Error(r.Err)
		}
	})
}
