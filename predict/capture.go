package predict

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"netgpusim/host"
	"netgpusim/nic"
	"netgpusim/scenarios"
	"netgpusim/sim"
	"netgpusim/tcp"
)

// Capture writes every frame that is put on the wire to a pcapng stream, as a
// sniffer on the sending port would see it: real headers, payload bytes that are a
// function of the stream offset. Time 0 of the run is 2020-07-27 00:00 UTC, the day
// of the RFC, so that captures are reproducible.
//
// It is a host.Tap. Errors are kept and returned by Close.
type Capture struct {
	out   *pcapgo.NgWriter
	ifs   map[string]int // interface by sending host
	specs map[string]*tcp.Spec
	snap  int
	buf   []byte
	err   error
}

var captureEpoch = time.Date(2020, 7, 27, 0, 0, 0, 0, time.UTC)

// servicePort is the port of the receiving end, as the RFC's runs had it.
const servicePort = 8888

// NewCapture begins a pcapng stream with one interface per host. snap is the
// number of bytes kept of each frame, 0 for all.
func NewCapture(w io.Writer, s *scenarios.Scenario, snap int) (*Capture, error) {
	names := []string{"sender", "receiver"}
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "netgpusim " + Version, Comment: s.Name}}
	intf := func(name string) pcapgo.NgInterface {
		return pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeEthernet, SnapLength: uint32(snap), TimestampResolution: 9}
	}
	out, err := pcapgo.NewNgWriterInterface(w, intf(names[0]), options)
	if err != nil {
		return nil, err
	}
	c := &Capture{out: out, snap: snap, ifs: map[string]int{names[0]: 0},
		specs: map[string]*tcp.Spec{names[0]: &s.Sender.TCP, names[1]: &s.Receiver.TCP}}
	if c.ifs[names[1]], err = out.AddInterface(intf(names[1])); err != nil {
		return nil, err
	}
	return c, nil
}

// Frame implements host.Tap.
func (c *Capture) Frame(at sim.Time, from string, f *nic.Frame) {
	if c.err != nil {
		return
	}
	spec := c.specs[from]
	path := capturePath(spec, from == "sender", f.Flow)
	var length int
	c.buf, length, c.err = tcp.Encode(c.buf[:0], spec, &path, &f.Seg, c.snap)
	if c.err != nil {
		c.err = fmt.Errorf("capture: frame at %v: %w", at, c.err)
		return
	}
	c.err = c.out.WritePacket(gopacket.CaptureInfo{
		Timestamp:     captureEpoch.Add(time.Duration(at / sim.Nanosecond)),
		CaptureLength: len(c.buf), Length: length, InterfaceIndex: c.ifs[from],
	}, c.buf)
}

// Close flushes the stream and returns the first error.
func (c *Capture) Close() error {
	if err := c.out.Flush(); c.err == nil {
		c.err = err
	}
	return c.err
}

// capturePath gives a flow addresses from the documentation ranges (RFC 3849, RFC
// 5737) and ports of its own.
func capturePath(spec *tcp.Spec, fromSender bool, flow uint32) tcp.Path {
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	if spec.IPVersion == 4 {
		a, b = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	}
	p := tcp.Path{
		SrcMAC: [6]byte{2, 0, 0, 0, 0, 1}, DstMAC: [6]byte{2, 0, 0, 0, 0, 2},
		Src: a, Dst: b, SrcPort: uint16(40000 + flow%20000), DstPort: servicePort,
		VLAN: 100, Stream: 2 * flow,
	}
	if !fromSender {
		p.SrcMAC, p.DstMAC = p.DstMAC, p.SrcMAC
		p.Src, p.Dst = p.Dst, p.Src
		p.SrcPort, p.DstPort = p.DstPort, p.SrcPort
		p.Stream++
	}
	return p
}

var _ host.Tap = (*Capture)(nil)
