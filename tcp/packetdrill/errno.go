package packetdrill

import "netgpusim/tcp/stack"

// errnoByName is an error's number, 0 if there is no such error.
func errnoByName(name string) stack.Errno { return errnos[name] }

var errnos = func() map[string]stack.Errno {
	all := map[string]stack.Errno{"EWOULDBLOCK": stack.EAGAIN}
	for n := stack.Errno(1); n < 134; n++ {
		if name := n.String(); name[0] == 'E' {
			all[name] = n
		}
	}
	return all
}()
