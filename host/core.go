package host

import "netgpusim/sim"

// Func is a function of kernel or application that core time is booked to. The
// names are the kernel's where there is one function that does the work.
type Func uint8

// The functions of the cost profile.
const (
	FnInterrupt Func = iota
	FnNAPI
	FnPollRx
	FnRefill
	FnGRO
	FnTCPReceive
	FnTCPAck
	FnDeliver
	FnSendAck
	FnWakeup
	FnPollTx
	FnNAPIComplete
	FnStarved // NAPI polls that find nothing and cannot refill (patch 20 keeps polling)
	FnPollCall
	FnApp
	FnRecv
	FnCopy
	FnSendmsg
	FnTCPTransmit
	FnXmit
	FnTxComplete // completions of sends posted to the application (TxCompletion)
	numFuncs
)

var funcNames = [numFuncs]string{
	"mlx5_irq", "napi_poll", "mlx5e_poll_rx_cq", "post_rx_wqes", "napi_gro_receive",
	"tcp_rcv_established", "tcp_ack", "netgpu_recv_skb", "tcp_send_ack", "wake_up",
	"mlx5e_poll_tx_cq", "napi_complete", "napi_starved", "poll", "app", "recv", "copy", "sendmsg",
	"tcp_write_xmit", "mlx5e_xmit", "netgpu_tx_complete",
}

// String returns the name that results use.
func (f Func) String() string { return funcNames[f] }

// Core runs one item at a time. Interrupts come first, then softirqs until their
// budget is used up, then threads; ksoftirqd, once it has taken over, and the
// threads take turns by the time they have had.
type Core struct {
	Spent      [numFuncs]sim.Time
	Interrupts int64
	Polls      int64
	HasIRQ     bool // some channel's interrupt is steered here
	HasApp     bool

	host   *Host
	id     sim.ActorID
	index  int
	cursor sim.Time // how far into the present item the core has come
	freeAt sim.Time // when the last item ended
	queued bool     // a turn is scheduled

	item    item
	ended   item     // the last one
	channel *channel // of the present item
	thread  *thread
	socket  *socket

	irqs    []*channel // interrupts not yet served
	timers  []*socket  // expired TCP timers
	polls   []*channel // NAPI instances scheduled, in order
	threads []*thread  // runnable

	inSoftirq   bool
	ksoftirqd   bool
	softStart   sim.Time // when the present run of softirqs began
	softPackets int
	softTime    sim.Time // ksoftirqd's and the threads' virtual run times
	threadTime  sim.Time
}

// item is what a core is doing.
type item uint8

const (
	itemNone item = iota
	itemTimer
	itemPoll
	itemThread
)

// itemMin keeps time moving if a profile makes everything free.
const itemMin = sim.Nanosecond

func newCore(h *Host, index int) *Core {
	c := &Core{host: h, index: index}
	c.id = h.world.engine.Register(h.Name+"/core", c)
	return c
}

// rebook moves time that was charged already to another function.
func (c *Core) rebook(from, to Func, d sim.Time) {
	c.Spent[from] -= d
	c.Spent[to] += d
}

// charge books time to a function and moves the cursor.
func (c *Core) charge(f Func, d sim.Time) {
	c.Spent[f] += d
	c.cursor += d
}

// Busy is the time charged so far.
func (c *Core) Busy() sim.Time {
	var sum sim.Time
	for _, d := range c.Spent {
		sum += d
	}
	return sum
}

// ahead is the part of the time charged that lies after now: the rest of the
// present item.
func (c *Core) ahead(now sim.Time) sim.Time { return max(c.freeAt-now, 0) }

// wake makes the core look for work, now or when it is free. It is called from
// events, not from within another core's item.
func (c *Core) wake(now sim.Time) {
	switch {
	case c.queued:
	case c.freeAt <= now:
		c.Handle(now, sim.Event{})
	default:
		c.queued = true
		c.host.world.engine.Schedule(c.freeAt, sim.Event{Actor: c.id})
	}
}

// Handle is a core's turn: the present item ends, the next begins. What the outcome
// itself cost (an ACK sent, a thread woken) delays the next item's outcome; it reads
// its inputs already now, which can only make it see less.
func (c *Core) Handle(now sim.Time, _ sim.Event) {
	for {
		c.cursor = now
		c.host.module.Stamp = int64(now)
		if c.item != itemNone {
			c.end()
			c.book(c.ended, c.cursor-now)
		}
		if !c.begin() {
			c.queued = false
			c.freeAt = c.cursor
			return
		}
		c.queued = true
		c.freeAt = max(c.cursor, now+itemMin)
		now = c.freeAt
		if !c.host.world.engine.Continue(now, sim.Event{Actor: c.id}) {
			return
		}
	}
}

// begin picks the next item and runs it up to the point where its outcome is
// published. It returns false if there is nothing to do.
func (c *Core) begin() bool {
	for len(c.irqs) > 0 {
		// The interrupt only schedules NAPI; softirqs run on its way out.
		var ch *channel
		ch, c.irqs = popFront(c.irqs)
		c.Interrupts++
		c.charge(FnInterrupt, c.host.spec.CPU.Interrupt)
		ch.schedule(c)
	}
	switch {
	case len(c.timers) > 0:
		c.socket, c.timers = popFront(c.timers)
		c.item = itemTimer
		return true
	case len(c.polls) > 0 && (!c.ksoftirqd || len(c.threads) == 0 || c.host.stopped || c.softTime <= c.threadTime):
		c.beginSoftirq()
		return true
	case len(c.threads) > 0 && !c.host.stopped:
		c.thread, c.threads = popFront(c.threads)
		c.item = itemThread
		began := c.cursor
		c.thread.begin(c)
		c.book(itemThread, c.cursor-began)
		return true
	}
	return false
}

// book keeps the virtual run times by which ksoftirqd and the threads take turns.
func (c *Core) book(it item, d sim.Time) {
	switch {
	case it == itemThread:
		c.threadTime += d
	case it == itemPoll && c.ksoftirqd:
		c.softTime += d
	}
}

// beginSoftirq runs a step of the NAPI instance in front and keeps the books of
// net.core.netdev_budget.
func (c *Core) beginSoftirq() {
	began := c.cursor
	if !c.inSoftirq {
		c.inSoftirq = true
		c.softStart = began
		c.softPackets = 0
	}
	c.channel = c.polls[0]
	c.item = itemPoll
	c.channel.begin(c)
	c.book(itemPoll, c.cursor-began)
}

// end publishes the outcome of the present item.
func (c *Core) end() {
	c.ended, c.item = c.item, itemNone
	switch c.ended {
	case itemTimer:
		c.socket.timer.expire(c)
	case itemPoll:
		c.channel.end(c)
	case itemThread:
		c.thread.end(c)
	}
}

// pollDone is called when the NAPI instance in front has finished a poll: it
// leaves the list or goes to its end, and the softirq's budget is checked.
func (c *Core) pollDone(packets int, again bool) {
	c.Polls++
	spec := &c.host.spec.CPU
	ch, rest := popFront(c.polls)
	c.polls = rest
	if again {
		c.polls = append(c.polls, ch)
	}
	if len(c.polls) == 0 {
		c.ksoftirqd = false
		c.inSoftirq = false
		return
	}
	c.softPackets += packets
	if !c.ksoftirqd && (c.softPackets >= spec.NetdevBudget || c.cursor-c.softStart >= spec.NetdevTime) {
		c.ksoftirqd = true
		c.softTime = max(c.softTime, c.threadTime)
		c.threadTime = c.softTime
	}
}

// runnable puts a thread on its core's queue.
func (c *Core) runnable(t *thread) {
	if len(c.threads) == 0 && c.threadTime < c.softTime {
		c.threadTime = c.softTime // a thread that slept has no claim on the past
	}
	c.threads = append(c.threads, t)
}

// popFront takes the first element of a short queue in place, so that the queue
// keeps its array and never allocates again.
func popFront[T any](q []T) (T, []T) {
	first := q[0]
	copy(q, q[1:])
	var zero T
	q[len(q)-1] = zero
	return first, q[:len(q)-1]
}
