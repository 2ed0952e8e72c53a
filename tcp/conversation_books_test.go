package tcp

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"netgpusim/sim"
)

// books runs the commands that set socket options and look into the books:
//
//	option NAME VALUE           nodelay, cork, quickack, rcvbuf, sndbuf, window_clamp, notsent_lowat, rcvlowat
//	pmtu BYTES                  a router's word
//	info FIELD…                 fields of Info
//	mem                         MemInfo
//	mib NAME…                   fields of MIB
//	queues                      InQueue, OutQueue, OutQueueUnsent, WriteReady
func (c *conversation) books(name string, args []string) (answer string, known bool, err error) {
	switch name {
	case "option":
		if len(args) != 2 {
			return "", true, fmt.Errorf("option takes a name and a value")
		}
		var n int
		if n, err = strconv.Atoi(args[1]); err == nil {
			err = c.option(args[0], n)
		}
	case "pmtu":
		var n uint64
		if n, err = parseBytes(args[0]); err == nil {
			c.ep.setPathMTU(int(n))
		}
	case "info":
		answer, err = fields(c.ep.Info(c.now), args)
	case "mib":
		answer, err = fields(c.ep.MIB(), args)
	case "mem":
		m := c.ep.MemInfo()
		answer = fmt.Sprintf("received %d of %d, to send %d of %d, drops %d\n", m.RmemAlloc, m.Rcvbuf, m.WmemQueued, m.Sndbuf, m.Drops)
	case "queues":
		answer = fmt.Sprintf("to read %d, to acknowledge %d, unsent %d, writable %v\n", c.ep.InQueue(), c.ep.OutQueue(), c.ep.OutQueueUnsent(), c.ep.WriteReady())
	default:
		return "", false, nil
	}
	return answer, true, err
}

func (c *conversation) option(name string, n int) error {
	switch name {
	case "nodelay":
		c.ep.SetNoDelay(c.now, n != 0)
	case "cork":
		c.ep.SetCork(c.now, n != 0)
	case "quickack":
		c.ep.SetQuickAck(c.now, n)
	case "rcvbuf":
		c.ep.SetReceiveBuffer(n)
	case "sndbuf":
		c.ep.SetSendBuffer(n)
	case "window_clamp":
		c.ep.SetWindowClamp(n)
	case "notsent_lowat":
		c.ep.SetNotSentLowat(uint32(n))
	case "rcvlowat":
		c.ep.SetReceiveLowat(n)
	default:
		return fmt.Errorf("unknown option %q", name)
	}
	return nil
}

// fields prints fields of a struct by name.
func fields(from any, names []string) (string, error) {
	var b strings.Builder
	v := reflect.ValueOf(from)
	for _, name := range names {
		f := v.FieldByName(name)
		if !f.IsValid() {
			return "", fmt.Errorf("there is no field %q", name)
		}
		fmt.Fprintf(&b, "%s %v\n", name, f.Interface())
	}
	return b.String(), nil
}

// setSpec sets the field of a Spec that has the given scenario key.
func setSpec(spec *Spec, key, value string) error {
	v := reflect.ValueOf(spec).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("key") != key {
			continue
		}
		switch f := v.Field(i); f.Interface().(type) {
		case bool:
			f.SetBool(value == "on")
		case string:
			f.SetString(value)
		case sim.Time:
			t, err := parseTime([]string{value})
			f.SetInt(int64(t))
			return err
		default:
			n, err := strconv.ParseInt(value, 10, 64)
			f.SetInt(n)
			return err
		}
		return nil
	}
	return fmt.Errorf("unknown setting %q", key)
}

func parseBuffers(name string) (Buffers, error) {
	for b, n := range [...]string{"linear", "built", "split"} {
		if n == name {
			return Buffers(b), nil
		}
	}
	return 0, fmt.Errorf("unknown kind of buffer %q", name)
}
