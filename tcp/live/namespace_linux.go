package live

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace, and the thread that is in it. Sockets belong to
// the namespace in which they were made, whichever thread uses them later.
type namespace struct {
	calls chan func()
}

// newNamespace starts a thread in a new network namespace. The thread ends with close,
// and the namespace with its last socket.
func newNamespace() (*namespace, error) {
	n := &namespace{calls: make(chan func())}
	started := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		started <- err
		if err != nil {
			return
		}
		for f := range n.calls {
			f()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%w: network namespace: %w", ErrUnavailable, err)
	}
	return n, nil
}

// do runs f in the namespace.
func (n *namespace) do(f func() error) error {
	done := make(chan error)
	n.calls <- func() { done <- f() }
	return <-done
}

func (n *namespace) close() { close(n.calls) }

// sysctl sets a variable of the namespace.
func (n *namespace) sysctl(path, value string) error {
	return n.do(func() error { return os.WriteFile("/proc/sys/"+path, []byte(value), 0) })
}
