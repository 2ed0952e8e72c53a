package microbench

import (
	"fmt"

	"netgpusim/gpu"
	"netgpusim/pcie"
	"netgpusim/sim"
)

// p2pRevoke is a GPU driver that revokes memory under a device that streams writes into
// it: the device stops when the doorbell that tells it has come. What it has sent until
// then arrives where the memory was, which is how long the driver would have to wait.
func (b *bench) p2pRevoke(size int64, parallel int) ([]Row, error) {
	tree, err := b.deviceTree()
	if err != nil {
		return nil, err
	}
	device, area, err := b.area(size)
	if err != nil {
		return nil, err
	}
	mapping, err := device.Pin(area, sim.Bytes(size))
	if err != nil {
		return nil, err
	}
	bus, _, err := mapping.DMA(area, sim.Bytes(size))
	if err != nil {
		return nil, err
	}
	e := newEngine(&b.spec.Device, tree, pcie.PeerGPU, size, false)
	var arrivals []sim.Time
	for range b.operations(size) {
		e.write(0)
		arrivals = append(arrivals, e.visible-b.device.WriteVisibility)
	}
	revoked := e.sent
	if err := device.Revoke(mapping); err != nil {
		return nil, err
	}
	for stopped := revoked + b.pcie.MMIOWrite; e.sent < stopped; {
		e.write(0)
		arrivals = append(arrivals, e.visible-b.device.WriteVisibility)
	}
	var stale int64
	var drain sim.Time
	for _, at := range arrivals {
		if at > revoked && device.Reached(bus) != mapping {
			stale += size
			drain = max(drain, at-revoked)
		}
	}
	return []Row{
		{P2PRevoke, "d2d", size, parallel, "stale", "bytes", float64(stale), "posted writes on their way, and those until the device has the doorbell"},
		{P2PRevoke, "d2d", size, parallel, "drain", "ns", drain.Nanoseconds(), "a doorbell, and the path of a posted write"},
	}, nil
}

// gpuPin pins one area again and again, each time in a window of its own, until BAR1 is
// used up.
func (b *bench) gpuPin(size int64, parallel int) ([]Row, error) {
	device, area, err := b.area(size)
	if err != nil {
		return nil, err
	}
	areas, limit := 0, "operations: BAR1 has room for more"
	for range min(b.spec.Operations, pinsMax) {
		if _, err := device.Pin(area, sim.Bytes(size)); err != nil {
			limit = "BAR1"
			break
		}
		areas++
	}
	return []Row{
		{GPUPin, "d2d", size, parallel, "pin", "ns", b.device.PinTime.Nanoseconds(), "pin_time of the driver"},
		{GPUPin, "d2d", size, parallel, "unpin", "ns", b.device.UnpinTime.Nanoseconds(), "unpin_time of the driver"},
		{GPUPin, "d2d", size, parallel, "areas", "areas", float64(areas), limit},
	}, nil
}

// pinsMax bounds the mappings of one row.
const pinsMax = 10_000

// area is a device with so much memory allocated.
func (b *bench) area(size int64) (*gpu.Device, gpu.Addr, error) {
	device, err := gpu.New(b.device)
	if err != nil {
		return nil, 0, err
	}
	if most := min(b.device.Memory, b.device.BAR1); sim.Bytes(size) > most {
		return nil, 0, &SpecError{"sizes", fmt.Sprint(size), fmt.Sprintf("at most %d, which device memory and BAR1 hold", most)}
	}
	area, err := device.Alloc(sim.Bytes(size))
	return device, area, err
}
