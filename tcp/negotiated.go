package tcp

// negotiated is what the SYNs of both ends have settled.
type negotiated struct {
	timestamps bool
	sack       bool
	scaling    bool
	sndScale   uint8  // shift of the windows that the peer advertises
	rcvScale   uint8  // shift of those that this end advertises
	mss        uint16 // the most that the peer takes, before options (Linux: mss_clamp)

	sackMost   uint8                    // SACK blocks that an established segment has room for
	optionLens [MaxSACKBlocks + 1]uint8 // its option bytes by the number of blocks
}

// defaultMSS is what a peer takes over IPv4 that has not said, defaultMSS6 over IPv6:
// the least MTU without headers (RFC 9293 section 3.7.1, TCP_MSS_DEFAULT,
// tcp_v6_connect).
const (
	defaultMSS  = 536
	defaultMSS6 = 1280 - 40 - tcpHeader
)

// unsaidMSS is the MSS of a peer whose SYN has no option for it.
func unsaidMSS(spec *Spec) uint16 {
	if spec.IPVersion == 4 {
		return defaultMSS
	}
	return defaultMSS6
}

// asConfigured is what two ends with the same spec agree on.
func asConfigured(spec *Spec) negotiated {
	scale := WindowScale(spec)
	return negotiated{timestamps: spec.Timestamps, sack: spec.SACK, scaling: !spec.NoScaling, sndScale: scale, rcvScale: scale, mss: ipPacketMax}
}

// agree sets what was settled and what the options of every segment follow from it.
func (e *Endpoint) agree(o negotiated) {
	most := maxSACK(o.sack, o.timestamps)
	o.sackMost = uint8(most)
	for n := range o.optionLens {
		o.optionLens[n] = uint8(paddedLen(bareOptionLen(o.timestamps, min(n, most)), e.spec.PadOptions))
	}
	e.opt = o
}

// optionLen is the option bytes of an established segment with nsack <= sackMost blocks.
func (e *Endpoint) optionLen(nsack int) int { return int(e.opt.optionLens[nsack]) }

// PeerScale is the shift of the windows that the peer advertises, to be applied to what
// its segments carry; those of a SYN are not scaled.
func (e *Endpoint) PeerScale() uint8 { return e.opt.sndScale }

// Scale is the shift of the windows that this end advertises.
func (e *Endpoint) Scale() uint8 { return e.opt.rcvScale }
