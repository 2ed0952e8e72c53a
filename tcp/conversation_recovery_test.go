package tcp

import (
	"fmt"
	"strconv"

	"netgpusim/sim"
)

// configureRecovery takes the settings of recovery and congestion control:
//
//	recovery=linux|rfc6675, ecn=0|1|2, frto=, dsack=, probe= (tail loss probes) and
//	idle= (slow start after idle) on|off; nic=fast: what is sent has left the NIC at once
func (c *conversation) configureRecovery(key, value string) error {
	on := value == "on"
	var err error
	switch key {
	case "recovery":
		c.spec.Recovery = value
	case "ecn":
		c.spec.ECN, err = strconv.Atoi(value)
	case "frto":
		c.spec.FRTO = on
	case "dsack":
		c.spec.DSACK = on
	case "probe":
		c.spec.TailLossProbe = on
	case "nic":
		c.fastNIC = value == "fast"
	case "idle":
		c.spec.SlowStartAfterIdle = on
	default:
		err = fmt.Errorf("unknown setting %q", key)
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
