package explore

import (
	"slices"
	"strings"

	"netgpusim/netgpu"
)

// Case is a Config with a name: a question about the protocol.
type Case struct {
	Name   string
	Title  string
	Config Config
}

// Impossible says why the case cannot be had with an implementation; "" if it can.
func (c Case) Impossible(v netgpu.Variant) string { return c.Config.impossible(v) }

// small is what most cases start from.
var small = Config{Pages: 4, Chunk: 2, Fill: 4, Rx: 2, CQ: 2, RQ: 2, Bulk: 1, PerWQE: 1, Batch: 2, Progress: true}

// with returns small as change leaves it.
func with(change func(*Config)) Config {
	c := small
	change(&c)
	return c
}

var cases = []Case{
	{"delivery", "data from NIC to application through a tiny rx ring", with(func(c *Config) {
		c.Pages = 5
	})},
	{"delivery-wide", "... with larger rings, batches of three and more packets under way", with(func(c *Config) {
		c.Pages, c.Fill, c.Rx, c.RQ, c.Batch = 6, 8, 4, 3, 3
	})},
	{"page-cache", "pages put back by softirq and by a process that frees sockets", with(func(c *Config) {
		c.Pages, c.Fill, c.Control, c.Duplicate, c.Reset, c.Progress = 6, 8, true, true, true, false
	})},
	{"page-cache-small", "... with fewer pages, and progress", with(func(c *Config) {
		c.Control, c.Duplicate, c.Reset = true, true, true
	})},
	{"alloc-failure", "no memory for a chunk of the page cache, once", with(func(c *Config) {
		c.Duplicate, c.Reset, c.AllocFails = true, true, 1
	})},
	{"jumbo", "two pages per WQE, some unused", with(func(c *Config) {
		c.Pages, c.Fill, c.PerWQE, c.Short, c.Control = 6, 8, 2, true, true
	})},
	{"bulk", "refills in bulks of two", with(func(c *Config) {
		c.Bulk, c.Duplicate, c.Control = 2, true, true
	})},
	{"header-split", "payload in the header buffer", with(func(c *Config) {
		c.Linear = true
	})},
	{"transmit", "a sender that uses one buffer over and over", with(func(c *Config) {
		c.Pages, c.Sends, c.Overdraw = 2, true, true
	})},
	{"echo", "an application that sends what it received from where it is", with(func(c *Config) {
		c.Echo = true
	})},
	{"echo-reset", "... over connections that end", with(func(c *Config) {
		c.Echo, c.Reset = true, true
	})},
	{"echo-early", "... and recycles before the send is completed, while connections end", with(func(c *Config) {
		c.Echo, c.Impatient, c.Reset = true, true, true
	})},
	{"overfill", "more buffers than the fill ring has slots", with(func(c *Config) {
		c.Fill, c.Overfill, c.Duplicate = 2, true, true
	})},
	{"teardown", "the application closes its descriptors in any order", with(func(c *Config) {
		c.Pages, c.Duplicate, c.Teardown = 3, true, true
	})},
	{"teardown-echo", "... with sends in flight", with(func(c *Config) {
		c.Pages, c.Echo, c.Teardown = 2, true, true
	})},
	{"revoke", "the GPU driver takes the memory away", with(func(c *Config) {
		c.Pages, c.Duplicate, c.Revoke = 3, true, true
	})},
	{"revoke-send", "... while the application sends from it", with(func(c *Config) {
		c.Pages, c.Sends, c.Revoke = 2, true, true
	})},
	{"revoke-echo", "... while the application sends what it received, and connections end", with(func(c *Config) {
		c.Pages, c.Echo, c.Reset, c.Revoke = 3, true, true, true
	})},
	{"bogus", "addresses that are none among the buffers that the application gives", with(func(c *Config) {
		c.Pages, c.Bogus, c.Duplicate = 3, 2, true
	})},
	{"hostile", "an application that writes what it likes into its rings, beside one that behaves", with(func(c *Config) {
		c.Pages, c.Fill, c.RQ, c.Hostile, c.Neighbour, c.Progress = 2, 2, 1, 1, true, false
	})},
	{"hostile-twice", "... twice, while connections end", with(func(c *Config) {
		c.Pages, c.Fill, c.RQ, c.Hostile, c.Reset, c.Neighbour, c.Progress = 2, 2, 1, 2, true, true, false
	})},
	{"hostile-teardown", "... and closes its descriptors", with(func(c *Config) {
		c.Pages, c.Fill, c.RQ, c.Hostile, c.Teardown, c.Progress = 2, 2, 1, 1, true, false
	})},
	{"shared-area", "two contexts with the same memory, buffers given to both", with(func(c *Config) {
		c.Pages, c.Fill, c.RQ, c.SharedArea = 2, 2, 1, true
	})},
}

// large is what walks start from: too large to be explored.
var large = Config{Pages: 100, Chunk: 12, Fill: 64, Rx: 16, CQ: 2, RQ: 16, Bulk: 4, PerWQE: 1, Batch: 8,
	Control: true, Duplicate: true}

func largeWith(change func(*Config)) Config {
	c := large
	change(&c)
	return c
}

var walks = []Case{
	{"walk-receive", "receiving, connections that end, allocations that fail", largeWith(func(c *Config) {
		c.Reset, c.AllocFails = true, 100
	})},
	{"walk-jumbo", "three pages per WQE, some unused", largeWith(func(c *Config) {
		c.Bulk, c.PerWQE, c.Short, c.Reset = 2, 3, true, true
	})},
	{"walk-header-split", "payload in the header buffer, now and then", largeWith(func(c *Config) {
		c.Linear, c.Reset = true, true
	})},
	{"walk-send", "receiving, and sending from one buffer", largeWith(func(c *Config) {
		c.Sends, c.Reset, c.Overdraw = true, true, true
	})},
	{"walk-echo", "sending what was received", largeWith(func(c *Config) {
		c.Echo, c.Reset = true, true
	})},
	{"walk-echo-early", "... and recycling it too early", largeWith(func(c *Config) {
		c.Echo, c.Impatient, c.Reset, c.AllocFails = true, true, true, 100
	})},
	{"walk-overfill", "more buffers than the fill ring has slots", largeWith(func(c *Config) {
		c.Fill, c.Overfill, c.Reset = 32, true, true
	})},
	{"walk-teardown", "descriptors closed in any order", largeWith(func(c *Config) {
		c.Echo, c.Reset, c.Teardown, c.AllocFails = true, true, true, 20
	})},
	{"walk-revoke", "memory taken away in the middle of everything", largeWith(func(c *Config) {
		c.Echo, c.Reset, c.Revoke, c.AllocFails = true, true, true, 20
	})},
	{"walk-hostile", "bogus and duplicate addresses, spoilt indices, beside an application that behaves", largeWith(func(c *Config) {
		c.Hostile, c.Reset, c.Neighbour, c.AllocFails = 200, true, true, 50
	})},
	{"walk-hostile-teardown", "... and descriptors closed in any order", largeWith(func(c *Config) {
		c.Hostile, c.Reset, c.Teardown, c.Neighbour = 50, true, true, true
	})},
	{"walk-shared-area", "two contexts with the same memory", largeWith(func(c *Config) {
		c.SharedArea, c.Reset = true, true
	})},
}

// Walks are the configurations that Fuzz walks through. They can be explored only as
// far as memory goes.
func Walks() []Case { return slices.Clone(walks) }

// Cases are the configurations that come with the program, in the order in which a
// check goes through them.
func Cases() []Case { return slices.Clone(cases) }

// CaseByName returns the case or walk called name, and whether there is one.
func CaseByName(name string) (Case, bool) {
	for _, list := range [...][]Case{cases, walks} {
		for _, c := range list {
			if strings.EqualFold(c.Name, name) {
				return c, true
			}
		}
	}
	return Case{}, false
}
