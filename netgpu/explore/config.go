package explore

import (
	"fmt"
	"strconv"
	"strings"

	"netgpusim/netgpu"
)

// Config bounds a World: how many of everything there are, and what may happen.
type Config struct {
	// Sizes.
	Pages  int // registered pages of the application
	Chunk  int // pages in a chunk of the page cache (63 in the patches)
	Fill   int // entries of the fill ring, a power of two
	Rx     int // entries of the rx ring, a power of two
	CQ     int // entries of the completion ring, a power of two
	RQ     int // receive WQEs
	Bulk   int // WQEs that a refill posts at a time (wqe_bulk; 8 in mlx5)
	PerWQE int // pages that a WQE takes
	Batch  int // iovecs that the library takes at a time

	// What the network brings, beside data that fills its WQE.
	Control   bool // packets without payload
	Short     bool // data that leaves all but the first page of its WQE unused
	Duplicate bool // data that TCP has already
	Linear    bool // payload in the header buffer

	// What else happens.
	Reset      bool // a process ends the connection and frees what is queued, over and over
	AllocFails int  // allocations of cache chunks that may fail
	Sends      bool // the application sends from a page of its own, again and again
	Echo       bool // the application sends what it received from where it received it
	Impatient  bool // ... and does not wait for completions
	Teardown   bool // the application closes its descriptors, in any order
	Revoke     bool // the GPU driver takes the memory away
	Hostile    int  // writes of anything into the application's own rings
	Bogus      int  // addresses that are none, in the fill ring of an application that behaves otherwise
	Overdraw   bool // the application sends past the end of its region
	Overfill   bool // the library's single recycle is called without asking for space
	Neighbour  bool // a second application with a context of its own
	SharedArea bool // a second context of the same application with the same memory; buffers are given to both

	// Progress looks for ways that go on for ever without getting anywhere, too: it takes
	// the edges of the state graph, and time. Not where the application is hostile: one
	// that spoils its own rings has no claim to progress.
	Progress bool
}

// bound is a field of Config by its name in options and files.
type bound struct {
	name     string
	number   *int
	flag     *bool
	min, max int
}

// bounds lists the fields of c.
func (c *Config) bounds() []bound {
	return []bound{
		{"pages", &c.Pages, nil, 1, 120}, {"chunk", &c.Chunk, nil, 1, 63},
		{"fill", &c.Fill, nil, 1, 128}, {"rx", &c.Rx, nil, 1, 128}, {"cq", &c.CQ, nil, 1, 128},
		{"rq", &c.RQ, nil, 1, 64}, {"bulk", &c.Bulk, nil, 1, 64}, {"per-wqe", &c.PerWQE, nil, 1, maxPerWQE},
		{"batch", &c.Batch, nil, 1, 128},
		{"control", nil, &c.Control, 0, 1}, {"short", nil, &c.Short, 0, 1},
		{"duplicate", nil, &c.Duplicate, 0, 1}, {"linear", nil, &c.Linear, 0, 1},
		{"reset", nil, &c.Reset, 0, 1}, {"alloc-fails", &c.AllocFails, nil, 0, 200},
		{"sends", nil, &c.Sends, 0, 1}, {"echo", nil, &c.Echo, 0, 1}, {"impatient", nil, &c.Impatient, 0, 1},
		{"teardown", nil, &c.Teardown, 0, 1}, {"revoke", nil, &c.Revoke, 0, 1},
		{"hostile", &c.Hostile, nil, 0, 200}, {"overdraw", nil, &c.Overdraw, 0, 1},
		{"overfill", nil, &c.Overfill, 0, 1}, {"neighbour", nil, &c.Neighbour, 0, 1},
		{"shared-area", nil, &c.SharedArea, 0, 1}, {"bogus", &c.Bogus, nil, 0, 200},
		{"progress", nil, &c.Progress, 0, 1},
	}
}

// check refuses what a World cannot be built from.
func (c *Config) check() error {
	for _, b := range c.bounds() {
		if b.number != nil && (*b.number < b.min || *b.number > b.max) {
			return fmt.Errorf("%s=%d: allowed are %d to %d", b.name, *b.number, b.min, b.max)
		}
	}
	for _, b := range c.bounds() {
		if (b.name == "fill" || b.name == "rx" || b.name == "cq") && *b.number&(*b.number-1) != 0 {
			return fmt.Errorf("%s=%d: a ring has a power of two of entries", b.name, *b.number)
		}
	}
	switch {
	case c.Bulk > c.RQ:
		return fmt.Errorf("bulk=%d: the receive queue has rq=%d WQEs", c.Bulk, c.RQ)
	case c.Overdraw && !c.Sends:
		return fmt.Errorf("overdraw: needs sends")
	case c.Impatient && !c.Echo:
		return fmt.Errorf("impatient: needs echo")
	case c.Bogus > 0 && c.Hostile > 0:
		return fmt.Errorf("bogus: hostile has it already")
	case c.Sends && c.Echo:
		return fmt.Errorf("echo: does not go with sends: their completions come through one ring")
	}
	return nil
}

// String lists what differs from a Config of zeros: "pages=6 chunk=2 reset".
func (c Config) String() string {
	var words []string
	for _, b := range c.bounds() {
		switch {
		case b.flag != nil && *b.flag:
			words = append(words, b.name)
		case b.number != nil && *b.number != 0:
			words = append(words, fmt.Sprintf("%s=%d", b.name, *b.number))
		}
	}
	return strings.Join(words, " ")
}

// Set changes one field: "pages=6", "reset", "reset=false". The error says what was
// given and what is allowed.
func (c *Config) Set(setting string) error {
	name, value, given := strings.Cut(setting, "=")
	for _, b := range c.bounds() {
		if b.name != name {
			continue
		}
		if b.flag != nil {
			if !given {
				value = "true"
			}
			v, err := strconv.ParseBool(value)
			if err != nil {
				return fmt.Errorf("%s: given %q, allowed are true and false", setting, value)
			}
			*b.flag = v
			return nil
		}
		v, err := strconv.Atoi(value)
		if err != nil || v < b.min || v > b.max {
			return fmt.Errorf("%s: given %q, allowed are %d to %d", setting, value, b.min, b.max)
		}
		*b.number = v
		return nil
	}
	return fmt.Errorf("%s: there is no bound %q; there are %s", setting, name, strings.Join(c.names(), ", "))
}

func (c *Config) names() []string {
	var names []string
	for _, b := range c.bounds() {
		names = append(names, b.name)
	}
	return names
}

// parseConfig reads what String writes.
func parseConfig(text string) (Config, error) {
	var c Config
	for _, word := range strings.Fields(text) {
		if err := c.Set(word); err != nil {
			return Config{}, err
		}
	}
	return c, c.check()
}

// impossible says why a configuration cannot be had with an implementation; "" if it
// can.
func (c *Config) impossible(v netgpu.Variant) string {
	if c.SharedArea && !v.MemoryObjects {
		return fmt.Sprintf("shared-area: %s has no memory areas that contexts could share", v.Name)
	}
	return ""
}

// variant is the implementation at the size of the configuration.
func (c *Config) variant(v netgpu.Variant) netgpu.Variant {
	v.ChunkSlots = c.Chunk
	return v
}
