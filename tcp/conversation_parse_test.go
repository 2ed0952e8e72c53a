package tcp

import (
	"fmt"
	"strconv"
	"strings"

	"netgpusim/sim"
)

// parseBytes reads a number with an optional k (1000) or m (1000000). Nothing is 0.
func parseBytes(text string) (uint64, error) {
	scale := uint64(1)
	if rest, ok := strings.CutSuffix(text, "k"); ok {
		text, scale = rest, 1000
	} else if rest, ok := strings.CutSuffix(text, "m"); ok {
		text, scale = rest, 1_000_000
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n * scale, err
}

func parseTime(args []string) (sim.Time, error) {
	for _, unit := range []struct {
		name string
		size sim.Time
	}{{"us", sim.Microsecond}, {"ms", sim.Millisecond}, {"s", sim.Second}} {
		if rest, ok := strings.CutSuffix(args[0], unit.name); ok {
			n, err := strconv.ParseInt(rest, 10, 64)
			return sim.Time(n) * unit.size, err
		}
	}
	return 0, fmt.Errorf("time %q has no unit", args[0])
}

func parseSACK(seg *Segment, text string, iss uint32) error {
	for part := range strings.SplitSeq(text, ",") {
		left, right, _ := strings.Cut(part, "-")
		l, err := parseBytes(left)
		if err != nil {
			return err
		}
		r, err := parseBytes(right)
		if err != nil {
			return err
		}
		seg.SACK[seg.NSACK] = SACKBlock{seqOf(iss, l), seqOf(iss, r)}
		seg.NSACK++
	}
	return nil
}
