package tcp

import (
	"fmt"
	"strconv"

	"netgpusim/sim"
)

// configureMore sets what has a short name here: ip, probe (tail loss probes) and idle (slow
// start after idle), nic=fast (what is sent has left the NIC at once); or else any key of Spec.
func (c *conversation) configureMore(key, value string) (err error) {
	switch key {
	case "ip":
		c.spec.IPVersion, err = strconv.Atoi(value)
	case "probe":
		c.spec.TailLossProbe = value == "on"
	case "idle":
		c.spec.SlowStartAfterIdle = value == "on"
	case "nic":
		c.fastNIC = value == "fast"
	default:
		err = setSpec(&c.spec, key, value)
	}
	return err
}

// recovery runs its own commands:
//
//	max_rate BYTES              SetMaxPacingRate
//	nodelay                     SetNoDelay
func (c *conversation) recovery(name string, args []string) (known bool, err error) {
	switch name {
	case "nodelay":
		c.ep.SetNoDelay(c.now, true)
		return true, nil
	case "max_rate":
	default:
		return false, nil
	}
	rate, err := parseBytes(args[0])
	c.ep.SetMaxPacingRate(rate)
	return true, err
}

// recoveryStats prints where recovery stands.
func (c *conversation) recoveryStats(name string) (string, error) {
	s := &c.ep.snd
	st := c.ep.Stats()
	switch name {
	case "ca":
		return fmt.Sprintf("%v, cwnd %d, ssthresh %d, in flight %d\n", s.ca, s.cwnd.size, st.Ssthresh/int64(c.ep.mss), s.inFlight()), nil
	case "undo":
		return fmt.Sprintf("undone %d, duplicates reported %d, spurious timeouts %d\n", st.Undos, st.DSACKs, c.ep.stats.spuriousRTOs), nil
	case "reordering":
		return fmt.Sprintf("reordering %d, seen %d, window %v\n", s.reordering, s.reorderSeen, s.reorderWindow()), nil
	case "alpha":
		return fmt.Sprintf("alpha %d of 1024\n", s.dctcp.alpha), nil
	case "deadline":
		if at := c.ep.Deadline(); at != sim.Never {
			return fmt.Sprintf("deadline %v\n", at), nil
		}
		return "no timer runs\n", nil
	}
	return "", fmt.Errorf("unknown figure %q", name)
}

// parseECN reads the ECN field of the IP header.
func parseECN(text string) (ECN, error) {
	switch text {
	case "ect0":
		return ECT0, nil
	case "ce":
		return CE, nil
	}
	return 0, fmt.Errorf("ecn=%s: ect0 or ce", text)
}

// describeECN prints what a segment says of congestion.
func describeECN(seg *Segment) string {
	text := ""
	if seg.Flags.Has(ECE) {
		text += " ECE"
	}
	if seg.Flags.Has(CWR) {
		text += " CWR"
	}
	if seg.ECN != NotECT {
		text += " ECT"
	}
	return text
}
