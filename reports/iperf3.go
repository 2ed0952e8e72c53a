package reports

import (
	"io"
	"math"
)

// Iperf3 writes results in the shape that `iperf3 -J` prints, for scripts that
// read it: an object if there is one result, otherwise an array. The scenario's
// sender host is iperf3's client (the local side), its receiver host the server.
// Only what the simulation knows is there, under iperf3's names and in its units
// (bytes, bits per second, microseconds, percent of one core).
//
// Left out, because a simulation has no such thing or the result does not hold it:
//
//   - start: timestamp, cookie, connections, socket buffer sizes, block size; and
//     duration and omit unless they are whole seconds, as iperf3 has integers there;
//   - intervals: empty, the result has no time series;
//   - sender's bytes and bits_per_second, in streams and sums: the result counts
//     what the receiving application got, not what the sending one wrote;
//   - max_rtt (the result has a 99th percentile) and max_snd_wnd;
//   - the user and system parts of cpu_utilization_percent, and the congestion
//     control's name.
//
// cpu_utilization_percent is the time of the cores on which the application runs.
// iperf3 asks getrusage for its process; the two agree where a core has role app,
// and where it also takes the interrupts the softirq's time is included.
//
// A run with flows both ways follows `iperf3 --bidir`: the flows towards the
// client are in the sums named *_bidir_reverse. Errors are those of JSON, and a result
// of a bench, which iperf3 has no shape for (ErrNoTransfer).
func Iperf3(w io.Writer, r []Result) error {
	results, err := normalise(r)
	if err != nil {
		return err
	}
	if _, benches := byKind(results); len(benches) > 0 {
		return ErrNoTransfer
	}
	out := make([]iperf3Run, len(results))
	for i := range results {
		out[i] = iperf3Of(&results[i])
	}
	if len(out) == 1 {
		return writeJSON(w, out[0])
	}
	return writeJSON(w, out)
}

type iperf3Run struct {
	Title     string      `json:"title"`
	Start     iperf3Start `json:"start"`
	Intervals []struct{}  `json:"intervals"`
	End       iperf3End   `json:"end"`
}

type iperf3Start struct {
	Version       string     `json:"version"`
	TCPMSSDefault *int64     `json:"tcp_mss_default,omitempty"` // bytes; absent if flows differ
	TestStart     iperf3Test `json:"test_start"`
}

type iperf3Test struct {
	Protocol   string `json:"protocol"`
	NumStreams int    `json:"num_streams"`
	Omit       *int64 `json:"omit,omitempty"`     // s
	Duration   *int64 `json:"duration,omitempty"` // s
	Reverse    int    `json:"reverse"`
	Bidir      int    `json:"bidir"`
}

type iperf3End struct {
	Streams            []iperf3Stream   `json:"streams"`
	SumSent            iperf3Sent       `json:"sum_sent"`
	SumReceived        iperf3Received   `json:"sum_received"`
	SumSentReverse     *iperf3Sent      `json:"sum_sent_bidir_reverse,omitempty"`
	SumReceivedReverse *iperf3Received  `json:"sum_received_bidir_reverse,omitempty"`
	CPU                iperf3CPUPercent `json:"cpu_utilization_percent"`
}

type iperf3Stream struct {
	Sender   iperf3StreamSent     `json:"sender"`
	Receiver iperf3StreamReceived `json:"receiver"`
}

// iperf3Sent is a sum over the sending ends of one direction.
type iperf3Sent struct {
	Start       float64 `json:"start"`
	End         float64 `json:"end"`
	Seconds     float64 `json:"seconds"`
	Retransmits int64   `json:"retransmits"`
	Sender      bool    `json:"sender"` // whether the client is the sending end
}

// iperf3Received is a sum over the receiving ends of one direction.
type iperf3Received struct {
	Start         float64 `json:"start"`
	End           float64 `json:"end"`
	Seconds       float64 `json:"seconds"`
	Bytes         int64   `json:"bytes"`
	BitsPerSecond float64 `json:"bits_per_second"`
	Sender        bool    `json:"sender"` // as in iperf3Sent: whether the client sends
}

type iperf3StreamSent struct {
	Socket int `json:"socket"`
	iperf3Sent
	MaxSndCwnd int64 `json:"max_snd_cwnd"` // bytes
	MinRTT     int64 `json:"min_rtt"`      // µs, as mean_rtt
	MeanRTT    int64 `json:"mean_rtt"`
}

type iperf3StreamReceived struct {
	Socket int `json:"socket"`
	iperf3Received
}

type iperf3CPUPercent struct {
	HostTotal   float64 `json:"host_total"`
	RemoteTotal float64 `json:"remote_total"`
}

// clientSends is the direction of a flow from iperf3's client to its server.
const clientSends = "sender->receiver"

// firstSocket is where iperf3's socket numbers usually start; the stream's place
// in the list is what counts.
const firstSocket = 5

func iperf3Of(r *Result) iperf3Run {
	var forward, reverse []Flow
	for _, f := range r.PerFlow {
		if f.Direction == clientSends {
			forward = append(forward, f)
		} else {
			reverse = append(reverse, f)
		}
	}
	seconds := measuredSeconds(r)
	run := iperf3Run{
		Title:     r.Scenario,
		Intervals: []struct{}{},
		Start: iperf3Start{
			Version:       "netgpusim " + r.Version,
			TCPMSSDefault: commonMSS(r.PerFlow),
			TestStart: iperf3Test{
				Protocol:   "TCP",
				NumStreams: len(r.PerFlow),
				Omit:       wholeSeconds(r.WarmupS),
				Duration:   wholeSeconds(seconds),
			},
		},
		End: iperf3End{
			Streams: make([]iperf3Stream, len(r.PerFlow)),
			CPU:     iperf3CPUPercent{HostTotal: appCorePercent(r, "sender"), RemoteTotal: appCorePercent(r, "receiver")},
		},
	}
	for i := range r.PerFlow {
		run.End.Streams[i] = iperf3StreamOf(&r.PerFlow[i], firstSocket+i, seconds)
	}
	switch end := &run.End; {
	case len(reverse) == 0:
		end.SumSent, end.SumReceived = iperf3Sums(forward, seconds, true)
	case len(forward) == 0:
		run.Start.TestStart.Reverse = 1
		end.SumSent, end.SumReceived = iperf3Sums(reverse, seconds, false)
	default:
		run.Start.TestStart.Bidir = 1
		run.Start.TestStart.NumStreams = len(forward) // iperf3 counts the streams of one direction
		end.SumSent, end.SumReceived = iperf3Sums(forward, seconds, true)
		sent, received := iperf3Sums(reverse, seconds, false)
		end.SumSentReverse, end.SumReceivedReverse = &sent, &received
	}
	return run
}

func iperf3StreamOf(f *Flow, socket int, seconds float64) iperf3Stream {
	sent, received := iperf3Sums([]Flow{*f}, seconds, f.Direction == clientSends)
	return iperf3Stream{
		Sender: iperf3StreamSent{
			Socket:     socket,
			iperf3Sent: sent,
			MaxSndCwnd: f.CwndBytesMax,
			MinRTT:     int64(math.Round(f.RTTUs.Min)),
			MeanRTT:    int64(math.Round(f.RTTUs.Mean)),
		},
		Receiver: iperf3StreamReceived{Socket: socket, iperf3Received: received},
	}
}

func iperf3Sums(flows []Flow, seconds float64, clientIsSender bool) (iperf3Sent, iperf3Received) {
	sent := iperf3Sent{End: seconds, Seconds: seconds, Sender: clientIsSender}
	received := iperf3Received{End: seconds, Seconds: seconds, Sender: clientIsSender}
	for _, f := range flows {
		sent.Retransmits += f.Retransmits
		received.Bytes += f.Bytes
		received.BitsPerSecond += f.GoodputGbps * 1e9
	}
	return sent, received
}

// commonMSS is the segment size if all flows have one, else nil.
func commonMSS(flows []Flow) *int64 {
	for i := range flows {
		if flows[i].MSSBytes != flows[0].MSSBytes {
			return nil
		}
	}
	if len(flows) == 0 {
		return nil
	}
	return &flows[0].MSSBytes
}

// wholeSeconds is s if it is a whole number to within a nanosecond, else nil.
// Result's times are float64 sums, so equality would be too much to ask.
func wholeSeconds(s float64) *int64 {
	n := math.Round(s)
	if math.Abs(s-n) > 1e-9 || n < 0 || n > math.MaxInt32 {
		return nil
	}
	whole := int64(n)
	return &whole
}

// appCorePercent is the busy time of a host's application cores in percent of one
// core. Roles are irq, app and irq+app.
func appCorePercent(r *Result, host string) float64 {
	var busy float64
	for _, c := range r.CPU.Cores {
		if c.Host == host && (c.Role == "app" || c.Role == "irq+app") {
			busy += c.Busy
		}
	}
	return busy * 100
}
