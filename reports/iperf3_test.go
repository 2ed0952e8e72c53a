package reports

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
)

func TestIperf3MatchesTheReviewedDocument(t *testing.T) {
	for file, results := range map[string][]Result{"gpu-rx.iperf3.json": {gpuReceive()}, "several.iperf3.json": {copyReceive(), stalled()}} {
		var out bytes.Buffer
		if err := Iperf3(&out, results); err != nil {
			t.Fatal(err)
		}
		golden(t, file, out.Bytes())
	}
}

// iperf3Document is what scripts for iperf3 commonly read, typed as they type it.
type iperf3Document struct {
	Start struct {
		MSS       int `json:"tcp_mss_default"`
		TestStart struct {
			Protocol                       string
			NumStreams                     int `json:"num_streams"`
			Omit, Duration, Reverse, Bidir int
		} `json:"test_start"`
	}
	Intervals []any
	End       struct {
		Streams []struct {
			Sender struct {
				Socket      int
				Retransmits int
				MaxSndCwnd  int `json:"max_snd_cwnd"`
				MinRTT      int `json:"min_rtt"`
				MeanRTT     int `json:"mean_rtt"`
				Sender      bool
			}
			Receiver struct {
				Bytes         int64
				BitsPerSecond float64 `json:"bits_per_second"`
				Sender        bool
			}
		}
		SumSent            struct{ Retransmits int } `json:"sum_sent"`
		SumReceived        iperf3Sum                 `json:"sum_received"`
		SumReceivedReverse *iperf3Sum                `json:"sum_received_bidir_reverse"`
		CPU                struct {
			HostTotal   float64 `json:"host_total"`
			RemoteTotal float64 `json:"remote_total"`
		} `json:"cpu_utilization_percent"`
	}
}

type iperf3Sum struct {
	Seconds       float64
	Bytes         int64
	BitsPerSecond float64 `json:"bits_per_second"`
	Sender        bool
}

func readIperf3(t *testing.T, r Result) iperf3Document {
	t.Helper()
	var out bytes.Buffer
	if err := Iperf3(&out, []Result{r}); err != nil {
		t.Fatal(err)
	}
	var d iperf3Document
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestIperf3HasTheFiguresInItsUnits(t *testing.T) {
	d := readIperf3(t, gpuReceive())
	if got := d.End.SumReceived.BitsPerSecond; got != 24.603e9 {
		t.Errorf("bits_per_second = %v", got)
	}
	if d.End.SumReceived.Seconds != 1.05-0.05 || d.End.SumReceived.Bytes != 3_075_375_000 || !d.End.SumReceived.Sender {
		t.Errorf("sum_received = %+v", d.End.SumReceived)
	}
	s := d.End.Streams[0]
	if s.Sender.MinRTT != 14 || s.Sender.MeanRTT != 413 || s.Sender.MaxSndCwnd != 1_498_560 || s.Receiver.BitsPerSecond != 24.603e9 {
		t.Errorf("stream = %+v", s)
	}
	if d.Start.MSS != 8920 || d.Start.TestStart.NumStreams != 1 || d.Start.TestStart.Duration != 1 || d.Start.TestStart.Reverse != 0 {
		t.Errorf("start = %+v", d.Start)
	}
	// The sender's application shares core 0 with interrupts; the receiver's has core 1.
	if cpu := d.End.CPU; math.Abs(cpu.HostTotal-41.2) > 1e-9 || math.Abs(cpu.RemoteTotal-2.6) > 1e-9 {
		t.Errorf("cpu = %+v", d.End.CPU)
	}
}

func TestIperf3ReverseAndBidirectionalRunsFollowItsOptions(t *testing.T) {
	r := gpuReceive()
	r.PerFlow[0].Direction = "receiver->sender"
	d := readIperf3(t, r)
	if d.Start.TestStart.Reverse != 1 || d.Start.TestStart.Bidir != 0 || d.End.SumReceived.Sender || d.End.SumReceived.BitsPerSecond != 24.603e9 || d.End.SumReceivedReverse != nil {
		t.Errorf("reverse: %+v", d)
	}

	both := gpuReceive()
	back := both.PerFlow[0]
	back.Direction, back.GoodputGbps, back.MSSBytes = "receiver->sender", 11, 1420
	both.PerFlow = append(both.PerFlow, back)
	d = readIperf3(t, both)
	if d.Start.TestStart.Bidir != 1 || d.Start.TestStart.NumStreams != 1 || len(d.End.Streams) != 2 || d.Start.MSS != 0 {
		t.Errorf("bidirectional: %+v", d)
	}
	if d.End.SumReceived.BitsPerSecond != 24.603e9 || d.End.SumReceivedReverse == nil || d.End.SumReceivedReverse.BitsPerSecond != 11e9 {
		t.Errorf("bidirectional sums: %+v", d.End)
	}
}

func TestIperf3LeavesOutWhatIsNotKnown(t *testing.T) {
	r := gpuReceive()
	r.SimulatedS = 0.4567
	var out bytes.Buffer
	if err := Iperf3(&out, []Result{r, {}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"timestamp", "blksize", "max_rtt", "host_user", "duration", "null"} {
		if bytes.Contains(out.Bytes(), []byte(name)) {
			if name == "duration" && bytes.Count(out.Bytes(), []byte(name)) == 1 {
				continue // the second run lasted 0 s, a whole number
			}
			t.Errorf("%s in the output", name)
		}
	}
}
