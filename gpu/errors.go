package gpu

import (
	"fmt"

	"netgpusim/sim"
)

// Errno is the error number under which a failure reaches the caller of the
// corresponding system call.
type Errno uint8

// The error numbers that this package uses.
const (
	ENOMEM Errno = iota + 1 // device memory or BAR1 exhausted
	EINVAL                  // not an allocation, outside it, or of no size
	EFAULT                  // pages that are not accessible: revoked, or touched by the CPU
)

// Error is the number's symbol; an Errno is an error so that errors.Is finds it.
func (e Errno) Error() string {
	switch e {
	case ENOMEM:
		return "ENOMEM"
	case EINVAL:
		return "EINVAL"
	case EFAULT:
		return "EFAULT"
	}
	return fmt.Sprintf("Errno(%d)", uint8(e))
}

// Error says what could not be done and why. errors.Is matches its Errno.
type Error struct {
	Errno   Errno
	Op      string    // alloc, free, pin, unpin, revoke, dma, cpu access
	Why     string    // what is wrong
	Given   sim.Bytes // size asked for, where size matters
	Allowed sim.Bytes // what there was of it
}

// Error prints operation, reason, sizes and errno.
func (e *Error) Error() string {
	if e.Errno == ENOMEM {
		return fmt.Sprintf("gpu: %s: %s: given %d bytes; allowed: %d (%v)", e.Op, e.Why, e.Given, e.Allowed, e.Errno)
	}
	return fmt.Sprintf("gpu: %s: %s (%v)", e.Op, e.Why, e.Errno)
}

// Unwrap gives the error number.
func (e *Error) Unwrap() error { return e.Errno }

// ErrCPUAccess is what any access of the CPU to device memory comes to: patch 21
// gives its pages no kernel mapping, so header bytes that land there cannot be
// parsed and nothing can be copied from there.
var ErrCPUAccess error = &Error{Errno: EFAULT, Op: "cpu access", Why: "device memory has no CPU mapping"}

// SpecError says which parameter of a Spec is impossible.
type SpecError struct {
	Key     string // scenario key within the host's section: gpu.bar1
	Given   string
	Allowed string
}

// Error names key, what was given and what is allowed.
func (e *SpecError) Error() string {
	return fmt.Sprintf("%s: given %s; allowed: %s", e.Key, e.Given, e.Allowed)
}
