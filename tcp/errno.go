package tcp

// Errno is why a connection ended, as Linux numbers it in sk_err; 0 is no error.
type Errno uint8

// The errors that TCP itself gives to a socket.
const (
	EACCES       Errno = 13
	EPIPE        Errno = 32
	ENONET       Errno = 64
	EPROTO       Errno = 71
	EMSGSIZE     Errno = 90
	ENOPROTOOPT  Errno = 92
	EOPNOTSUPP   Errno = 95
	ENETUNREACH  Errno = 101
	ECONNABORTED Errno = 103
	ECONNRESET   Errno = 104
	ETIMEDOUT    Errno = 110
	ECONNREFUSED Errno = 111
	EHOSTDOWN    Errno = 112
	EHOSTUNREACH Errno = 113
)

var errnoNames = map[Errno]string{
	0: "0", EACCES: "EACCES", EPIPE: "EPIPE", ENONET: "ENONET", EPROTO: "EPROTO", EMSGSIZE: "EMSGSIZE",
	ENOPROTOOPT: "ENOPROTOOPT", EOPNOTSUPP: "EOPNOTSUPP", ENETUNREACH: "ENETUNREACH", ECONNABORTED: "ECONNABORTED",
	ECONNRESET: "ECONNRESET", ETIMEDOUT: "ETIMEDOUT", ECONNREFUSED: "ECONNREFUSED", EHOSTDOWN: "EHOSTDOWN",
	EHOSTUNREACH: "EHOSTUNREACH",
}

// String is the error's name in errno.h.
func (e Errno) String() string {
	if name, ok := errnoNames[e]; ok {
		return name
	}
	return "unknown error"
}

// Err is the error that the connection has met and nobody has taken (sk_err).
func (e *Endpoint) Err() Errno { return e.err }

// TakeErr returns that error and forgets it (SO_ERROR).
func (e *Endpoint) TakeErr() Errno {
	err := e.err
	e.err = 0
	return err
}
