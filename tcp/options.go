package tcp

import (
	"math/bits"

	"netgpusim/sim"
)

// Header sizes in bytes.
const (
	ethernetHeader = 14
	vlanTag        = 4
	ipv4Header     = 20
	ipv6Header     = 40
	tcpHeader      = 20 // without options (RFC 9293 section 3.1)

	timestampOption = 12 // NOP, NOP, kind 8 in 10 bytes (RFC 7323 appendix A)
	sackHead        = 4  // NOP, NOP, kind 5, length (RFC 2018 section 3)
	sackBlock       = 8
	maxOptions      = 40 // what a data offset of 15 words leaves

	// Options of a SYN with the NOPs that align them.
	mssOption           = 4
	scaleOption         = 4
	sackPermittedOption = 4
)

// What Ethernet adds to a frame as it lies in memory.
const (
	frameCheck    = 4
	frameMin      = 64 // frame check sequence included
	frameOverhead = 20 // preamble and start delimiter 8, interframe gap 12
)

// minSendMSS is the floor of the MSS before options are subtracted: Linux's
// tcp_min_snd_mss, chosen such that 40 bytes of options leave 8 bytes of payload.
const minSendMSS = 48

// ipPacketMax is the longest IP packet without jumbograms.
const ipPacketMax = 65535

// maxWindowScale is the largest shift RFC 7323 section 2.3 allows.
const maxWindowScale = 14

// networkLen is the length of the IP header in bytes.
func networkLen(spec *Spec) int {
	if spec.IPVersion == 4 {
		return ipv4Header
	}
	return ipv6Header
}

// HeaderLen returns the bytes from the start of the Ethernet header to the end of
// the TCP header without options: 74 for IPv6 without a VLAN tag. With the 20 bytes
// that patch 13 pads options to, this is the 94 at which patch 17 splits frames.
func HeaderLen(spec *Spec) int {
	n := ethernetHeader + networkLen(spec) + tcpHeader
	if spec.VLAN {
		n += vlanTag
	}
	return n
}

// MaxSACK returns how many SACK blocks fit into an established segment: 3 beside
// timestamps, 4 without (RFC 2018 section 3), 0 when SACK is off. Padding does not
// count: NOPs give way to blocks.
func MaxSACK(spec *Spec) int { return maxSACK(spec.SACK, spec.Timestamps) }

func maxSACK(sack, timestamps bool) int {
	switch {
	case !sack:
		return 0
	case timestamps:
		return (maxOptions - timestampOption - sackHead) / sackBlock
	default:
		return (maxOptions - sackHead) / sackBlock
	}
}

// OptionLen returns the option bytes of an established segment with nsack SACK
// blocks (more than MaxSACK count as MaxSACK), padding included: always a multiple
// of 4, at most 40. Shorter sets are padded with NOPs to Spec.PadOptions; longer
// sets stay as they are (patch 13), so that timestamps and one SACK block make 24.
func OptionLen(spec *Spec, nsack int) int {
	return paddedLen(bareOptionLen(spec.Timestamps, min(nsack, MaxSACK(spec))), spec.PadOptions)
}

// paddedLen is the length of n bytes of options with patch 13's padding. The data offset
// counts words: a padding of 18 means 20.
func paddedLen(n int, padding sim.Bytes) int {
	pad := (int(padding) + 3) &^ 3
	return max(n, min(pad, maxOptions))
}

// bareOptionLen is the length of an established segment's options before padding.
func bareOptionLen(timestamps bool, nsack int) int {
	n := 0
	if timestamps {
		n += timestampOption
	}
	if nsack > 0 {
		n += sackHead + nsack*sackBlock
	}
	return n
}

// synOptionLen is the length of a SYN's options as Linux 5.8 tcp_syn_options and
// tcp_options_write lay them out: MSS 4, window scale 4 and, sharing words, SACK permitted
// and timestamps 12 (SACK permitted alone: 4). With all of them on it is 20, without any
// padding of patch 13.
func synOptionLen(opts OptionSet) int {
	n := 0
	if opts.Has(OptMSS) {
		n += mssOption
	}
	if opts.Has(OptScale) {
		n += scaleOption
	}
	switch {
	case opts.Has(OptTimestamps):
		n += timestampOption // SACK permitted takes the place of its two NOPs
	case opts.Has(OptSACKPermitted):
		n += sackPermittedOption
	}
	return n
}

// MSS returns the payload bytes of a full-sized established segment without SACK
// blocks in IP packets of mtu bytes: Linux 5.8 tcp_mtu_to_mss, less the padding of
// patch 13 (tcp_current_mss). 1500 bytes, IPv6 and 20 bytes of options make 1420.
// It is at least 8: below an MTU of 108 (IPv4: 88) packets exceed the MTU, as in
// Linux, which does not go below tcp_min_snd_mss.
//
// A segment with SACK blocks carries less: subtract what OptionLen grows by.
func MSS(spec *Spec, mtu sim.Bytes) int {
	n := int(min(mtu, ipPacketMax)) - networkLen(spec) - tcpHeader
	return max(n, minSendMSS) - OptionLen(spec, 0)
}

// WindowScale returns the shift that a host announces for its window field (RFC
// 7323 section 2) with Linux's choice of the smallest that covers the receive
// buffer: ilog2(tcp_rmem maximum, or rmem_max) - 15, in 0..14 (tcp_select_initial_window). A
// buffer of 6 MB makes 7. Windows travel in units of 1 << WindowScale bytes; without scaling it is 0.
func WindowScale(spec *Spec) uint8 {
	if spec.NoScaling {
		return 0
	}
	return windowScaleFor(int64(max(spec.ReceiveBuffer, spec.ReceiveMax)))
}

// windowScaleFor is the scale for windows up to most bytes.
func windowScaleFor(most int64) uint8 {
	return uint8(min(max(bits.Len64(uint64(max(most, 1)))-16, 0), maxWindowScale))
}

// WireBytes returns how many byte times of the wire a frame of length bytes (Ethernet
// header to end of payload) takes: with padding to 64 bytes, frame check sequence,
// preamble and interframe gap (IEEE 802.3 clauses 3.1 and 4.4.2). 1514 bytes make 1538.
func WireBytes(length int64) int64 {
	return max(length+frameCheck, frameMin) + frameOverhead
}
