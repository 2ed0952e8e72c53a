package packetdrill

import (
	"strings"

	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

func (r *runner) setsockopt(a *arguments) pendingCall {
	a.count(5, 5)
	fd, level, name := a.fd(0), a.number(a.expr(1)), a.number(a.expr(2))
	v := a.optionValue(unwrap(a.expr(3)))
	v.Len = int(a.int(4, 0))
	if v.Text != "" {
		v.Len = 0 // the length of a name is its own
	}
	modelled := true
	return pendingCall{attempt: func() (int64, stack.Errno) {
		err := r.host.Setsockopt(fd, int(level), int(name), v)
		modelled = err != stack.ENOPROTOOPT || a.call.Errno == "ENOPROTOOPT"
		return 0, err
	}, lacks: func() *Error {
		if err := a.lacksCongestion(v.Text); level == stack.SOL_TCP && name == stack.TCP_CONGESTION && err != nil {
			return err
		}
		if !modelled {
			return unsupported(a.at, "setsockopt of level %d, option %d", level, name)
		}
		return nil
	}}
}

// lacksCongestion refuses a congestion control that Linux has and the model has not, where
// the script does not expect it to be missing.
func (a *arguments) lacksCongestion(name string) *Error {
	if linuxCongestion[name] && a.call.Errno == "" {
		return unsupported(a.at, "congestion control %s; known are %s", name, strings.Join(tcp.CongestionControls, ", "))
	}
	return nil
}

// linuxCongestion are Linux's modules beyond tcp.CongestionControls.
var linuxCongestion = map[string]bool{"bic": true, "cdg": true, "highspeed": true, "htcp": true, "hybla": true, "illinois": true, "lp": true,
	"nv": true, "scalable": true, "vegas": true, "veno": true, "westwood": true, "yeah": true}

// optionValue is what an option is set to: a number, a name, struct linger or struct
// timeval.
func (a *arguments) optionValue(e *Expr) (v stack.Value) {
	switch e.Kind {
	case Text:
		v.Text = e.Text
	case Struct:
		for i := range e.Fields {
			f := &e.Fields[i]
			n := a.number(&f.Value)
			switch f.Name {
			case "onoff", "l_onoff":
				v.Linger.OnOff = int32(n)
			case "linger", "l_linger":
				v.Linger.Seconds = int32(n)
			case "tv_sec":
				v.Int += n * 1e6
			case "tv_usec":
				v.Int += n
			default:
				a.fail(unsupported(f.Value.Pos, "member %q of an option; known are onoff, linger, tv_sec and tv_usec", f.Name))
			}
		}
	case List:
		if len(e.List) == 2 { // a struct timeval
			v.Int = a.number(&e.List[0])*1e6 + a.number(&e.List[1])
			break
		}
		a.fail(unsupported(e.Pos, "an option of %d numbers", len(e.List)))
	case Ellipsis:
		a.fail(wrong(e.Pos, "the value of the option is wanted here"))
	default:
		v.Int = a.number(e)
	}
	return v
}

func (r *runner) getsockopt(a *arguments) pendingCall {
	a.count(5, 5)
	fd, level, name := a.fd(0), a.number(a.expr(1)), a.number(a.expr(2))
	var got stack.Value
	modelled := true
	return pendingCall{attempt: func() (int64, stack.Errno) {
		var err stack.Errno
		got, err = r.host.Getsockopt(fd, int(level), int(name))
		modelled = err != stack.ENOPROTOOPT || a.call.Errno == "ENOPROTOOPT"
		return 0, err
	}, lacks: func() *Error {
		if !modelled {
			return unsupported(a.at, "getsockopt of level %d, option %d", level, name)
		}
		return nil
	}, check: func(int64) *Error {
		return a.compareOption(unwrap(a.expr(3)), &got)
	}}
}

// compareOption compares the value of an option.
func (a *arguments) compareOption(e *Expr, got *stack.Value) *Error {
	switch e.Kind {
	case Ellipsis:
		return nil
	case Text:
		if e.Text != strings.TrimRight(got.Text, "\x00") {
			return failed(e.Pos, "getsockopt: expected %q, got %q", e.Text, got.Text)
		}
		return nil
	}
	want := a.optionValue(e)
	switch {
	case a.err != nil:
		return a.err
	case want.Linger != got.Linger:
		return failed(e.Pos, "getsockopt: expected {onoff=%d, linger=%d}, got {onoff=%d, linger=%d}", want.Linger.OnOff, want.Linger.Seconds, got.Linger.OnOff, got.Linger.Seconds)
	case want.Int != got.Int:
		return failed(e.Pos, "getsockopt: expected %d, got %d", want.Int, got.Int)
	}
	return nil
}
