package host

import (
	"fmt"

	"netgpusim/netgpu"
	"netgpusim/sim"
)

// Stall says since when no payload has reached an application, and why.
type Stall struct {
	Since sim.Time
	Cause string // a short stable name
	What  string
}

// diagnose looks at the state of a world that makes no progress and names the
// first link of the chain that is broken, from the application downwards.
func (w *World) diagnose(since sim.Time) *Stall {
	for _, c := range w.Conns {
		if cause, what := c.diagnose(); cause != "" {
			return &Stall{since, cause, fmt.Sprintf("flow %s: %s", c.Name, what)}
		}
	}
	return &Stall{since, "unknown", "no payload reaches an application, and no queue or window says why"}
}

func (c *Conn) diagnose() (cause, what string) {
	rx, tx := c.rx, c.tx
	in := &c.To.Split
	st := tx.ep.Stats()
	switch {
	case rx.ended != 0 || tx.ended != 0:
		return "connection-ended", fmt.Sprintf("the connection has ended with an error (%s) after %d bytes; %d packets had payload in the header buffer: their headers are shorter than the split at byte %d",
			c.Error(), rx.Received, in.PayloadInHeader, c.To.nicSpec().HeaderSplit)
	case rx.efault:
		return "non-zc-data", fmt.Sprintf("the receiver met payload bytes in the header buffer (%d packets: their headers are shorter than the split at byte %d); "+
			"delivery of a non-zero-copy skb fails with EFAULT and stays stopped (patch 10)", in.PayloadInHeader, c.To.nicSpec().HeaderSplit)
	case in.Dropped > 0 && rx.Received == 0:
		return "bad-hd-split", fmt.Sprintf("every packet's header reaches past the split at byte %d into GPU memory, where the CPU cannot read it: %d packets dropped",
			c.To.nicSpec().HeaderSplit, in.Dropped)
	case c.From.Split.Dropped > 0 && rx.Received == 0:
		return "bad-hd-split", fmt.Sprintf("the sender's netgpu queue dropped %d packets whose headers reach past the split into GPU memory", c.From.Split.Dropped)
	case c.To.crashed:
		return "app-crashed", fmt.Sprintf("the receiving application recycled a buffer although the fill ring had no free slot: the library wrote through a null pointer; %d pages are lost", c.To.module.Lost())
	case c.To.stopped:
		return "app-stopped", fmt.Sprintf("the receiving application has stopped (app.stop_after %v); its rings fill and the window closes", c.To.spec.App.StopAfter)
	case c.From.stopped:
		return "app-stopped", fmt.Sprintf("the sending application has stopped (app.stop_after %v)", c.From.spec.App.StopAfter)
	case c.From.spec.App.SendSize == 0:
		return "nothing-sent", fmt.Sprintf("the application sends 0 bytes per call (app.send_size 0): %d calls, no data", tx.sender.Calls)
	case rx.skq != nil && rx.ch.starved:
		return "fill-starved", fmt.Sprintf("the fill ring holds %d buffers, too few for a refill, and the NIC %d receive WQEs: the driver keeps polling, packets are dropped (rx_out_of_buffer %d); "+
			"the application holds %d of %d pages", rx.rx.ifq.Fill().Occupancy(), rx.rx.rq.Posted.Level(), c.To.nic.Counters.RxOutOfBuffer,
			c.To.module.Counts()[netgpu.App], c.To.module.Registered())
	case rx.skq != nil && rx.queued > 0 && !rx.skq.Readable():
		return "rx-ring-no-rekick", fmt.Sprintf("%d bytes wait in the receive queue although the rx ring is empty: delivery found the ring full and nothing retries it "+
			"until the next segment arrives, but the window is closed (patch 10)", rx.queued)
	case rx.queued > 0:
		return "receiver-asleep", fmt.Sprintf("%d bytes wait in the receive queue", rx.queued)
	case st.Timeouts > 0:
		return "retransmission-timeout", fmt.Sprintf("%d retransmission timeouts; the sender waits %.1f ms for the next try", st.Timeouts, (tx.ep.Deadline()-c.From.world.engine.Now()).Seconds()*1e3)
	}
	return "", ""
}
