package microbench

import (
	"fmt"
	"strconv"
	"strings"

	"netgpusim/gpu"
	"netgpusim/pcie"
	"netgpusim/sim"
)

// bench is one test on one platform.
type bench struct {
	spec   *Spec
	pcie   pcie.Spec
	gpu    *gpu.Device
	device *gpu.Spec // what gpu was made from

	gpuSide bool // the GPU is at the requester's link
}

// test is how a test is run: what it puts at the requester's link, and the function that
// makes the rows of one size and parallelism.
type test struct {
	name    string
	gpuSide bool
	row     func(b *bench, size int64, parallel int) ([]Row, error)
}

// tests is sorted as the constants are.
var tests = []test{
	{DMARead, false, (*bench).dmaRead},
	{DMAWrite, false, (*bench).dmaWrite},
	{DMAReadWrite, false, (*bench).dmaReadWrite},
	{DMALatency, false, (*bench).dmaLatency},
	{P2PRead, false, (*bench).p2pRead},
	{P2PWrite, false, (*bench).p2pWrite},
	{P2PBoth, false, (*bench).p2pBoth},
	{P2PLag, false, (*bench).p2pLag},
	{P2PRevoke, false, (*bench).p2pRevoke},
	{GPUPin, true, (*bench).gpuPin},
	{BAR1Write, true, (*bench).bar1Write},
	{BAR1Read, true, (*bench).bar1Read},
	{Copy, true, (*bench).copyEngine},
	{SMReadDense, true, (*bench).smRead},
	{SMReadGap, true, (*bench).smRead},
	{SMWriteDense, true, (*bench).smWrite},
	{SMWriteGap, true, (*bench).smWrite},
	{PointerChase, true, (*bench).pointerChase},
	{OutstandingReads, true, (*bench).outstandingReads},
	{HBMCopy, true, (*bench).hbmCopy},
}

// Tests are the names of all tests.
func Tests() []string {
	var names []string
	for i := range tests {
		names = append(names, tests[i].name)
	}
	return names
}

// Run measures every size and parallelism of the spec on a platform, sizes outermost.
// host and device are not changed; host.HostWindow is the memory that random accesses
// are spread over, except in pointer_chase, where the size is. The same arguments always
// give the same rows. The error is a *SpecError of this package, of pcie or of gpu: a
// setting out of its bounds, or a platform that cannot be built.
func Run(spec *Spec, host *pcie.Spec, device *gpu.Spec) ([]Row, error) {
	t, err := check(spec)
	if err != nil {
		return nil, err
	}
	d, err := gpu.New(device)
	if err != nil {
		return nil, err
	}
	b := &bench{spec: spec, pcie: *host, gpu: d, device: device, gpuSide: t.gpuSide}
	if t.gpuSide {
		b.pcie.NICGen, b.pcie.NICLanes = host.GPUGen, host.GPULanes
	}
	var rows []Row
	for _, size := range spec.Sizes {
		for _, parallel := range spec.Parallel {
			more, err := t.row(b, int64(size), parallel)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
		}
	}
	return rows, nil
}

// check refuses what the tags of Spec forbid, for callers that did not come through the
// loader, and finds the test.
func check(s *Spec) (*test, error) {
	var found *test
	for i := range tests {
		if tests[i].name == s.Test {
			found = &tests[i]
		}
	}
	if found == nil {
		return nil, &SpecError{"test", strconv.Quote(s.Test), strings.Join(Tests(), ", ")}
	}
	if len(s.Sizes) == 0 {
		return nil, &SpecError{"sizes", "none", "at least one"}
	}
	if len(s.Parallel) == 0 {
		return nil, &SpecError{"parallel", "none", "at least one"}
	}
	for _, n := range s.Sizes {
		if n < 1 || n > sim.GiB {
			return nil, &SpecError{"sizes", fmt.Sprint(int64(n)), "1 to 1GiB"}
		}
	}
	for _, n := range s.Parallel {
		if n < 1 || n > 1<<20 {
			return nil, &SpecError{"parallel", strconv.Itoa(n), "1 to 1048576"}
		}
	}
	bounds := []bound{
		{"operations", int64(s.Operations), 16, 10_000_000},
		{"gap", int64(s.Gap), gpu.LineBytes, int64(sim.MiB)},
	}
	switch {
	case !found.gpuSide:
		bounds = append(bounds, s.Device.bounds()...)
	case s.Test == BAR1Write || s.Test == BAR1Read:
		bounds = append(bounds, s.Core.bounds()...)
	}
	for _, c := range bounds {
		if c.given < c.low || c.given > c.high {
			return nil, &SpecError{c.key, strconv.FormatInt(c.given, 10), fmt.Sprintf("%d to %d", c.low, c.high)}
		}
	}
	return found, nil
}

// bound is a setting with what it may be.
type bound struct {
	key              string
	given, low, high int64
}

const rateMax = int64(10_000 * sim.Gbps)

func (d *DeviceSpec) bounds() []bound {
	return []bound{
		{"device.outstanding", int64(d.Outstanding), 1, 16128},
		{"device.command", int64(d.Command), 0, int64(100 * sim.Microsecond)},
		{"device.finish", int64(d.Finish), 0, int64(100 * sim.Microsecond)},
		{"device.read_setup", int64(d.ReadSetup), 0, int64(10 * sim.Microsecond)},
		{"device.read_rate", int64(d.ReadRate), int64(sim.Gbps), rateMax},
		{"device.write_setup", int64(d.WriteSetup), 0, int64(10 * sim.Microsecond)},
		{"device.write_rate", int64(d.WriteRate), int64(sim.Gbps), rateMax},
		{"device.shared_rate", int64(d.SharedRate), 0, rateMax},
		{"device.shared_max", int64(d.SharedMax), 0, int64(sim.GiB)},
	}
}

func (c *CoreSpec) bounds() []bound {
	return []bound{
		{"core.store_tlp", int64(c.StoreTLP), 4, 64},
		{"core.store_interval", int64(c.StoreInterval), 0, int64(10 * sim.Microsecond)},
		{"core.store_buffers", int64(c.StoreBuffers), 1, 64},
		{"core.store_hold", int64(c.StoreHold), 0, int64(10 * sim.Microsecond)},
		{"core.load_bytes", int64(c.LoadBytes), 4, 64},
		{"core.loads", int64(c.Loads), 1, 64},
	}
}
