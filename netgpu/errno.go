package netgpu

import "strconv"

// Errno is the result of a system call or of a kernel function. The zero value is
// OK: success. The type satisfies error so that a caller can wrap it, but compare
// it with OK before you store it in an error variable.
type Errno uint8

// The errors that the patches return, by their Linux names.
const (
	OK         Errno = iota
	ENOENT           // no such region; no such device file
	ENXIO            // unknown memory type, plug-in not loaded, DMA mapping failed
	EBADF            // not an open file descriptor
	ENOMEM           // allocation failed, locked-memory limit, nothing to take
	EFAULT           // memory not there, or not reachable by the CPU
	EBUSY            // NIC queue taken
	EEXIST           // region attached already, or pages claimed already
	ENODEV           // no such device, or none attached
	EINVAL           // malformed argument
	EMFILE           // too many open files
	ENOTTY           // ioctl not known to this kind of file
	EPROTO           // socket whose protocol operations have been replaced
	EOVERFLOW        // ring larger than 32 bits can tell
	EMSGSIZE         // no room for another fragment in the skb
	EOPNOTSUPP       // wrong kind of file descriptor or socket
	EALREADY         // done before
	EAGAIN           // no room for a completion yet; memory in use that is to be revoked
)

var errnoNames = [...]string{
	"OK", "ENOENT", "ENXIO", "EBADF", "ENOMEM", "EFAULT", "EBUSY", "EEXIST", "ENODEV", "EINVAL",
	"EMFILE", "ENOTTY", "EPROTO", "EOVERFLOW", "EMSGSIZE", "EOPNOTSUPP", "EALREADY", "EAGAIN",
}

// Error returns the symbolic name ("EINVAL").
func (e Errno) Error() string {
	if int(e) < len(errnoNames) {
		return errnoNames[e]
	}
	return "errno(" + strconv.Itoa(int(e)) + ")"
}
