package tcp

import (
	"fmt"
	"strings"
)

// connection runs the commands that begin and end a connection; without connect or
// accept an endpoint is established from the start:
//
//	connect                     Connect
//	accept [SYN fields]         Accept of that SYN
//	syn [SYN fields] [flags=]   a segment with SYN: flags=S. has ACK as well
//	shutdown, close, reopen     Shutdown, Close; whether a SYN reopens TIME-WAIT
//	shutdown_read               ShutdownRead
//	state                       State, Err, ReadEOF
//
// Those of conversation_giveup_test.go are known besides.
//
// SYN fields are mss=, scale=, win=, and sack and ts without a value. flags= takes the
// letters of tcpdump: S F R P . for ACK.
func (c *conversation) connection(name string, args []string) (answer string, known bool, err error) {
	switch name {
	case "connect":
		c.seq = ^uint64(0) // of the peer's SYN
		c.ep, err = Connect(&c.spec, c.cfg, c.now)
	case "accept":
		var syn Segment
		if syn, err = c.syn(args); err == nil {
			c.ep, err = Accept(&c.spec, c.cfg, c.now, &syn)
		}
	case "syn":
		var syn Segment
		if syn, err = c.syn(args); err == nil {
			c.ep.Input(c.now, &syn)
			answer, err = c.effects(), verify(c.ep)
		}
	case "shutdown":
		c.ep.Shutdown(c.now)
	case "shutdown_read":
		c.ep.ShutdownRead()
	case "close":
		c.ep.Close(c.now)
	case "reopen":
		var syn Segment
		if syn, err = c.syn(args); err == nil {
			answer = fmt.Sprintln(c.ep.Reopens(c.now, &syn))
		}
	case "state":
		answer = c.ep.State().String()
		if e := c.ep.Err(); e != 0 {
			answer += " " + e.String()
		}
		if c.ep.ReadEOF() {
			answer += " EOF"
		}
		answer += "\n"
	default:
		return c.patience(name, args)
	}
	return answer, true, err
}

// syn makes a SYN of the peer.
func (c *conversation) syn(args []string) (Segment, error) {
	seg := Segment{Flags: SYN, Segs: 1, Window: 65535, Seq: c.cfg.RemoteISS}
	for _, word := range args {
		key, value, _ := strings.Cut(word, "=")
		var n uint64
		var err error
		if value != "" && key != "flags" {
			n, err = parseBytes(value)
		}
		switch key {
		case "mss":
			seg.Opts |= OptMSS
			seg.MSS = uint16(n)
		case "scale":
			seg.Opts |= OptScale
			seg.Scale = uint8(n)
		case "win":
			seg.Window = uint32(n)
		case "seq": // from the ISS
			seg.Seq += uint32(n)
		case "sack":
			seg.Opts |= OptSACKPermitted
		case "ts":
			seg.Opts |= OptTimestamps
			seg.TSVal = timestamp(c.now)
			if value != "" {
				seg.TSVal = uint32(n)
			}
		case "ecr":
			seg.TSEcr = uint32(n)
		case "ack": // from this end's ISS
			seg.Ack = c.cfg.LocalISS + uint32(n)
		case "flags":
			seg.Flags, err = parseControl(value)
			if err == nil && seg.Flags.Has(ACK) && seg.Ack == 0 {
				seg.Ack = c.cfg.LocalISS + 1
			}
		default:
			err = fmt.Errorf("unknown field %q", key)
		}
		if err != nil {
			return seg, err
		}
	}
	c.seq = 0
	return seg, nil
}

func parseControl(text string) (f Flags, err error) {
	for _, letter := range text {
		i := strings.IndexRune("FSRP.UEW", letter)
		if i < 0 {
			return 0, fmt.Errorf("unknown flag %q", letter)
		}
		f |= 1 << i
	}
	return f, nil
}

// describeControl prints a segment with SYN or RST; sequence numbers are relative to the
// ISS.
func (c *conversation) describeControl(seg *Segment) string {
	var b strings.Builder
	for i, letter := range "FSRP.UEW" {
		if seg.Flags&(1<<i) != 0 {
			b.WriteRune(letter)
		}
	}
	fmt.Fprintf(&b, " seq %d", seg.Seq-c.cfg.LocalISS)
	if seg.Seq == 0 {
		b.Reset()
		fmt.Fprintf(&b, "R. seq zero")
	}
	if seg.Flags.Has(ACK) {
		fmt.Fprintf(&b, " ack %d", seg.Ack-c.cfg.RemoteISS)
	}
	fmt.Fprintf(&b, " win %d", seg.Window)
	for _, o := range []struct {
		opt  OptionSet
		text string
	}{
		{OptMSS, fmt.Sprintf(" mss %d", seg.MSS)}, {OptScale, fmt.Sprintf(" scale %d", seg.Scale)},
		{OptSACKPermitted, " sack"}, {OptTimestamps, fmt.Sprintf(" ts %d ecr %d", seg.TSVal, seg.TSEcr)},
	} {
		if seg.Opts.Has(o.opt) {
			b.WriteString(o.text)
		}
	}
	return b.String() + "\n"
}
