package live

import (
	"errors"
	"net/netip"

	"netgpusim/tcp"
	"netgpusim/tcp/stack"
)

// ethernet is the header that tcp's codec wants before an IP packet: a TUN device has
// none.
const ethernet = 14

// errNotIP is what decode returns for what is neither IPv4 nor IPv6.
var errNotIP = errors.New("no IP packet")

// codec turns packets of a TUN device into the host's and back.
type codec struct {
	v4, v6 tcp.Spec // what the headers look like
	path   tcp.Path
}

func newCodec(spec tcp.Spec) codec {
	c := codec{v4: spec, v6: spec}
	c.v4.IPVersion, c.v4.VLAN = 4, false
	c.v6.IPVersion, c.v6.VLAN = 6, false
	return c
}

// encode appends the IP packet of one segment of p to dst, behind room for an Ethernet header.
// The segment's payload begins skip bytes into p.Data.
func (c *codec) encode(dst []byte, p *stack.Packet, seg *tcp.Segment, skip int) ([]byte, error) {
	spec := &c.v4
	if !p.Src.Addr().Is4() {
		spec = &c.v6
	}
	c.path = tcp.Path{Src: p.Src.Addr(), Dst: p.Dst.Addr(), SrcPort: p.Src.Port(), DstPort: p.Dst.Port()}
	var data []byte
	if seg.Len > 0 {
		data = p.Data[skip:][:seg.Len]
	}
	frame, _, err := tcp.EncodeData(dst, spec, &c.path, seg, data, 0)
	return frame, err
}

// decode reads the IP packet that lies in frame behind room for an Ethernet header.
func (c *codec) decode(frame []byte, p *stack.Packet) error {
	if len(frame) <= ethernet {
		return errNotIP
	}
	switch frame[ethernet] >> 4 {
	case 4:
		frame[12], frame[13] = 0x08, 0x00
	case 6:
		frame[12], frame[13] = 0x86, 0xDD
	default:
		return errNotIP
	}
	got, err := tcp.Decode(frame, 0)
	if err != nil {
		return err
	}
	*p = stack.Packet{Kind: stack.TCP, Seg: got.Seg, Window: uint16(got.Seg.Window), Data: got.Payload,
		Src: netip.AddrPortFrom(got.Path.Src, got.Path.SrcPort), Dst: netip.AddrPortFrom(got.Path.Dst, got.Path.DstPort)}
	return nil
}
