package packetdrill

import (
	"math"
	"net/netip"

	"netgpusim/tcp/stack"
)

// arguments reads what a call is given. The first error sticks.
type arguments struct {
	runner *runner
	call   *Call
	at     Pos
	err    *Error
}

func (a *arguments) fail(err *Error) {
	if a.err == nil {
		a.err = err
	}
}

// count checks how many arguments there are.
func (a *arguments) count(least, most int) {
	if n := len(a.call.Args); n < least || n > most {
		if least == most {
			a.fail(wrong(a.at, "%s has %d arguments; it takes %d", a.call.Name, n, least))
			return
		}
		a.fail(wrong(a.at, "%s has %d arguments; it takes %d to %d", a.call.Name, n, least, most))
	}
}

// expr is an argument, an ellipsis if it is not there.
func (a *arguments) expr(i int) *Expr {
	if i < len(a.call.Args) {
		return &a.call.Args[i]
	}
	return &Expr{Pos: a.at}
}

// number evaluates an expression.
func (a *arguments) number(e *Expr) int64 {
	if a.err != nil {
		return 0
	}
	n, err := a.runner.evaluate(e)
	if err != nil {
		a.fail(err)
	}
	return n
}

// int is a number, or otherwise where the script does not care.
func (a *arguments) int(i int, otherwise int64) int64 {
	e := a.expr(i)
	if e.Kind == Ellipsis {
		return otherwise
	}
	return a.number(e)
}

// fd is a descriptor: what the script's number stands for.
func (a *arguments) fd(i int) int { return a.runner.descriptor(a.number(a.expr(i))) }

// descriptor is the host's number of a descriptor; one that the script has not been
// given is none.
func (r *runner) descriptor(n int64) int {
	if fd, ok := r.fds[n]; ok {
		return fd
	}
	if n < 0 {
		return -1
	}
	return unknownFD
}

// unknownFD is a descriptor that no host has, unlike -1, which poll leaves out.
const unknownFD = math.MaxInt32

// unwrap is the only element of a list, or what is no list.
func unwrap(e *Expr) *Expr {
	if e.Kind == List && len(e.List) == 1 {
		return &e.List[0]
	}
	return e
}

// address is a struct sockaddr; otherwise is what ... stands for.
func (a *arguments) address(e *Expr, otherwise netip.AddrPort) netip.AddrPort {
	e = unwrap(e)
	switch {
	case e.Kind == Ellipsis:
		return otherwise
	case e.Kind == Name && e.Text == "NULL":
		return netip.AddrPort{}
	case e.Kind != Struct:
		a.fail(wrong(e.Pos, "an address {sa_family=..., ...} or ... is wanted here"))
		return otherwise
	}
	family := e.field("sa_family")
	for _, name := range [...]string{"sin_family", "sin6_family"} {
		if family == nil {
			family = e.field(name)
		}
	}
	if family == nil {
		a.fail(wrong(e.Pos, "the address has no sa_family"))
		return otherwise
	}
	switch a.number(family) {
	case stack.AF_INET:
		return a.inet(e, "sin_port", "sin_addr", netip.IPv4Unspecified())
	case stack.AF_INET6:
		return a.inet(e, "sin6_port", "sin6_addr", netip.IPv6Unspecified())
	}
	return netip.AddrPort{} // AF_UNSPEC
}

// inet is the port and address of a struct sockaddr_in or sockaddr_in6.
func (a *arguments) inet(e *Expr, portName, addrName string, addr netip.Addr) netip.AddrPort {
	port := int64(0)
	if f := e.field(portName); f != nil && f.Kind != Ellipsis {
		if port = a.number(f); port < 0 || port > 65535 {
			a.fail(wrong(f.Pos, "port %d; allowed are 0 to 65535", port))
		}
	}
	f := e.field(addrName)
	for i := range e.Fields {
		if v := &e.Fields[i].Value; e.Fields[i].Name == "" && v.Kind == Apply && v.Text == "inet_pton" {
			f = v
		}
	}
	if f != nil && f.Kind != Ellipsis {
		addr = a.inetAddr(f, addr)
	}
	return netip.AddrPortFrom(addr, uint16(port))
}

// inetAddr is inet_addr("1.2.3.4"), inet_pton(family, "...", ...), a string, or a number
// such as INADDR_ANY.
func (a *arguments) inetAddr(e *Expr, none netip.Addr) netip.Addr {
	text := e
	if e.Kind == Apply {
		for i := range e.List {
			if e.List[i].Kind == Text {
				text = &e.List[i]
			}
		}
	}
	if text.Kind == Text {
		addr, err := netip.ParseAddr(text.Text)
		if err != nil || addr.Zone() != "" {
			a.fail(wrong(text.Pos, "%q is not an address", text.Text))
			return none
		}
		return addr
	}
	if e.Kind == Name && e.Text == "in6addr_any" {
		return netip.IPv6Unspecified()
	}
	if n := uint32(a.number(e)); n != 0 {
		return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	}
	return none
}

// iovec is the lengths of a list of {base, length}.
func (a *arguments) iovec(e *Expr) (v vector) {
	if e.Kind != List {
		a.fail(wrong(e.Pos, "a list [{..., length}, ...] is wanted here"))
		return v
	}
	for i := range e.List {
		f := e.List[i].Fields
		if e.List[i].Kind != Struct || len(f) != 2 {
			a.fail(wrong(e.List[i].Pos, "{..., length} is wanted here"))
			return v
		}
		v.add(isNull(&f[0].Value), a.size(&f[1].Value))
	}
	return v
}

// vector is buffers of a call by their lengths, up to the first that is no memory.
type vector struct {
	lengths []int
	fault   bool // a buffer of some length is NULL
}

func (v *vector) add(null bool, length int) {
	if v.fault = v.fault || null && length > 0; !v.fault {
		v.lengths = append(v.lengths, length)
	}
}

// faulty is the error of a call that had nothing to do before it came to the buffer that
// is NULL.
func (v *vector) faulty(n int, err stack.Errno) (int, stack.Errno) {
	if v.fault && n == 0 && err == stack.OK {
		return -1, stack.EFAULT
	}
	return n, err
}

func isNull(e *Expr) bool {
	return e.Kind == Name && e.Text == "NULL" || e.Kind == Integer && e.Int == 0
}

// maxSize bounds the buffers of one call.
const maxSize = 1 << 30

// size is a count of bytes.
func (a *arguments) size(e *Expr) int {
	n := a.number(e)
	if n < 0 || n > maxSize {
		a.fail(wrong(e.Pos, "%d bytes; allowed are 0 to %d", n, maxSize))
		return 0
	}
	return int(n)
}

// buffer is a buffer and the length behind it.
func (a *arguments) buffer(i int) (v vector) {
	e := a.expr(i)
	switch e.Kind {
	case Ellipsis, Text, Name, Integer, List:
	default:
		a.fail(wrong(e.Pos, "a buffer is wanted here: ... or a string"))
	}
	v.add(isNull(e), a.size(a.expr(i+1)))
	return v
}
