package tcp

import (
	"fmt"
	"strings"

	"netgpusim/sim"
)

// patience runs the commands about what decides when a connection is given up, and about
// urgent data:
//
//	set keepalive=on|off idle=TIME interval=TIME count= user_timeout=TIME syncnt= defer=
//	    mss= recverr=on linger2=TIME|never
//	icmp type= code= [mtu=] [at=OFFSET] [syn]   quoting the segment at una, at OFFSET, or the SYN
//	lose                                        what Output gives now gets lost unseen
//	urgent                                      the urgent mark and where the byte is
//	take                                        it is read out of band
func (c *conversation) patience(name string, args []string) (answer string, known bool, err error) {
	switch name {
	case "set":
		for _, word := range args {
			key, value, _ := strings.Cut(word, "=")
			if err = c.set(key, value); err != nil {
				break
			}
		}
	case "icmp":
		var m ICMP
		if m, err = c.icmp(args); err == nil {
			c.ep.InputICMP(c.now, m)
			err = verify(c.ep)
		}
	case "lose":
		var seg Segment
		for ok := true; ok; {
			_, ok = c.ep.Output(c.now, &seg)
		}
	case "urgent":
		at, state := c.ep.UrgentMark()
		answer = fmt.Sprintf("%s at %d\n", [...]string{"none", "awaited", "here", "taken"}[state], at)
	case "take":
		c.ep.TakeUrgent()
	default:
		return "", false, nil
	}
	return answer, true, err
}

// set calls the method of a socket option.
func (c *conversation) set(key, value string) error {
	var n uint64
	var t sim.Time
	var err error
	switch key {
	case "count", "syncnt", "defer", "mss":
		n, err = parseBytes(value)
	case "idle", "interval", "user_timeout":
		t, err = parseTime([]string{value})
	case "linger2":
		if t = -1; value != "never" {
			t, err = parseTime([]string{value})
		}
	}
	if err != nil {
		return err
	}
	switch key {
	case "keepalive":
		c.ep.SetKeepAlive(c.now, value == "on")
	case "idle":
		c.ep.SetKeepIdle(c.now, t)
	case "interval":
		c.ep.SetKeepInterval(t)
	case "count":
		c.ep.SetKeepCount(int(n))
	case "user_timeout":
		c.ep.SetUserTimeout(t)
	case "syncnt":
		c.ep.SetSynCount(int(n))
	case "defer":
		c.ep.SetDeferAccept(int(n))
	case "mss":
		c.ep.SetUserMSS(int(n))
	case "recverr":
		c.ep.SetRecvErr(value == "on")
	case "linger2":
		c.ep.SetLinger2(t)
	default:
		return fmt.Errorf("unknown option %q", key)
	}
	return nil
}

// icmp makes an ICMP error.
func (c *conversation) icmp(args []string) (ICMP, error) {
	m := ICMP{Seq: seqOf(c.cfg.LocalISS, c.ep.snd.una)}
	for _, word := range args {
		key, value, _ := strings.Cut(word, "=")
		if key == "syn" {
			m.Seq = c.cfg.LocalISS
			continue
		}
		n, err := parseBytes(value)
		switch key {
		case "type":
			m.Type = uint8(n)
		case "code":
			m.Code = uint8(n)
		case "mtu":
			m.MTU = sim.Bytes(n)
		case "at":
			m.Seq = seqOf(c.cfg.LocalISS, n)
		default:
			err = fmt.Errorf("unknown field %q", key)
		}
		if err != nil {
			return m, err
		}
	}
	return m, nil
}
