package packetdrill

import (
	"netgpusim/sim"
	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// Profile is whose TCP the host under test is.
type Profile string

// The profiles.
const (
	Linux   Profile = "linux"
	FreeBSD Profile = "freebsd" // Linux with FreeBSD's policy of acknowledgements
)

// Profiles are all of them.
var Profiles = []string{string(Linux), string(FreeBSD)}

// spec is the profile's configuration. FreeBSD acknowledges every second segment, has no
// quick ACKs and delays the others for up to 100 ms (net.inet.tcp.delacktime before
// FreeBSD 14).
func (p Profile) spec() (tcp.Spec, *Error) {
	spec := stack.DefaultSpec()
	switch p {
	case "", Linux:
	case FreeBSD:
		spec.ACKPolicy = "freebsd"
		spec.DelayedACK = 100 * sim.Millisecond
	default:
		return spec, wrong(Pos{1, 0}, "profile %q; allowed are linux and freebsd", p)
	}
	return spec, nil
}
