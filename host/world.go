package host

import (
	"fmt"

	"netgpusim/sim"
)

// Config is everything a World is made from; it is not changed by running.
type Config struct {
	Sender, Receiver *Spec
	Link             *LinkSpec
	Flows            []FlowSpec
	Seed             uint64

	Warmup     sim.Time // left out of all figures
	Duration   sim.Time // measured after the warm-up
	Batches    int      // equal parts of Duration for the confidence interval
	StallAfter sim.Time // no payload reaches an application for so long: stalled

	Trace [2]TraceSpec // by host, as World.Hosts
}

// World is one simulation: two hosts, the link, the flows. Use it from one
// goroutine.
type World struct {
	Hosts    [2]*Host // sender, receiver
	Wires    [2]*Wire // sender to receiver and back
	Conns    []*Conn
	Batches  sim.Batches // goodput of all flows per batch, Gbit/s
	Goodput  sim.Series  // of all flows, Gbit/s
	Cwnd     sim.Series  // sum over all senders, bytes
	Baseline Baseline
	Stall    *Stall

	config     *Config `snapshot:"-"`
	engine     *sim.Engine
	id         sim.ActorID
	watchdog   *sim.Watchdog
	delivered  uint64   // progress counter: turns of applications that took payload
	deliveryAt sim.Time // when the last of them was
	lastTotal  int64    // bytes received at the end of the last batch
	sampled    int64    // and at the last sample
}

// Conn is one connection: the ends and what the scenario calls it.
type Conn struct {
	Name     string
	Flow     FlowSpec
	From, To *Host
	tx, rx   *socket
}

const (
	evWarm   uint16 = iota // the warm-up is over
	evBatch                // a batch of the measurement is over
	evSample               // the next sample of the time series
)

// Time series: so many samples over a run, kept in half as many points.
const (
	seriesSamples = 512
	seriesPoints  = seriesSamples / 2
)

// NewWorld builds a world and schedules its start. Errors are those of a
// specification that cannot be set up: the netgpu calls say which one refused and
// with which errno.
func NewWorld(cfg *Config) (*World, error) {
	w := &World{config: cfg, engine: sim.NewEngine(),
		Goodput: sim.NewSeries(seriesPoints), Cwnd: sim.NewSeries(seriesPoints)}
	w.id = w.engine.Register("world", w)
	if cfg.StallAfter > 0 {
		w.watchdog = sim.NewWatchdog(w.engine, max(cfg.StallAfter/4, sim.Microsecond), 4, w)
	}
	w.Wires[0] = newWire(w.engine, "sender", "receiver", cfg.Link, cfg.Seed)
	w.Wires[1] = newWire(w.engine, "receiver", "sender", cfg.Link, cfg.Seed)
	for i, spec := range []*Spec{cfg.Sender, cfg.Receiver} {
		name := [2]string{"sender", "receiver"}[i]
		h, err := newHost(w, name, spec, w.Wires[i], cfg.Link.Rate)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		w.Hosts[i] = h
		w.Wires[1-i].to = h.nic
	}
	for i := range cfg.Flows {
		if err := w.connect(&cfg.Flows[i]); err != nil {
			return nil, err
		}
	}
	if err := w.startTraces(); err != nil {
		return nil, err
	}
	for _, h := range w.Hosts {
		h.start()
	}
	w.engine.Schedule(cfg.Warmup, sim.Event{Actor: w.id, Kind: evWarm})
	w.engine.Schedule(w.samplePeriod(), sim.Event{Actor: w.id, Kind: evSample})
	return w, nil
}

// connect makes the connections of a flow group.
func (w *World) connect(f *FlowSpec) error {
	for i := range f.Count {
		name := f.Name
		if f.Count > 1 {
			name = fmt.Sprintf("%s/%d", f.Name, i)
		}
		c := &Conn{Name: name, Flow: *f, From: w.Hosts[0], To: w.Hosts[1]}
		if f.Reverse {
			c.From, c.To = c.To, c.From
		}
		id := uint32(len(w.Conns))
		random := sim.NewRand(w.config.Seed, "isn/"+name)
		isn := [2]uint32{uint32(random.Uint64()), uint32(random.Uint64())}
		mtu := min(w.config.Sender.NIC.MTU, w.config.Receiver.NIC.MTU) // what the MSS options agree on
		var err error
		if c.tx, err = c.From.addSocket(id, f, true, mtu, isn); err == nil {
			isn[0], isn[1] = isn[1], isn[0]
			c.rx, err = c.To.addSocket(id, f, false, mtu, isn)
		}
		if err != nil {
			return fmt.Errorf("flow %s: %w", name, err)
		}
		w.Conns = append(w.Conns, c)
	}
	return nil
}

// Engine gives access to the clock, the event counts and the digest.
func (w *World) Engine() *sim.Engine { return w.engine }

// End is when the run is over.
func (w *World) End() sim.Time { return w.config.Warmup + w.config.Duration }

// Run simulates up to time until and reports whether the run is over: End reached,
// or stalled.
func (w *World) Run(until sim.Time) (done bool) {
	if w.Stall != nil {
		return true
	}
	reason := w.engine.Run(min(until, w.End()))
	return reason == sim.Stopped || w.engine.Now() >= w.End()
}

// Handle ends the warm-up and the batches and samples the time series.
func (w *World) Handle(now sim.Time, ev sim.Event) {
	total := w.Received()
	switch ev.Kind {
	case evSample:
		w.Goodput.Add(now, gbps(total-w.sampled, w.samplePeriod()))
		w.sampled = total
		var cwnd int64
		for _, c := range w.Conns {
			cwnd += int64(c.tx.ep.Stats().Cwnd)
		}
		w.Cwnd.Add(now, float64(cwnd))
		w.engine.Schedule(now+w.samplePeriod(), sim.Event{Actor: w.id, Kind: evSample})
		return
	case evWarm:
		w.restart(now)
		w.lastTotal = total
	case evBatch:
		w.Batches.Add(gbps(total-w.lastTotal, w.batchLength()))
		w.lastTotal = total
	}
	if w.Batches.N() < w.config.Batches {
		w.engine.Schedule(now+w.batchLength(), sim.Event{Actor: w.id, Kind: evBatch})
	}
}

func (w *World) samplePeriod() sim.Time { return max(w.End()/seriesSamples, sim.Microsecond) }

func gbps(bytes int64, span sim.Time) float64 {
	return float64(bytes*8) / (span.Seconds() * 1e9)
}

func (w *World) batchLength() sim.Time { return w.config.Duration / sim.Time(w.config.Batches) }

// Received is the payload that applications have taken since the start, in bytes.
func (w *World) Received() int64 {
	var sum int64
	for _, c := range w.Conns {
		sum += c.rx.Received
	}
	return sum
}

// Progress implements sim.Progress for the watchdog.
func (w *World) Progress() uint64 { return w.delivered }

// Stalled implements sim.Progress: the run has come to nothing; say why and stop.
func (w *World) Stalled(_, _ sim.Time) {
	w.Stall = w.diagnose(w.deliveryAt)
	for _, h := range w.Hosts {
		h.module.Stamp = int64(w.engine.Now())
		h.module.CheckQuiescent()
		if h.trace != nil {
			h.trace.quiescent()
		}
	}
	w.engine.Stop()
}

// progressed notes that an application took payload at time now.
func (w *World) progressed(now sim.Time) {
	w.delivered++
	w.deliveryAt = now
}
