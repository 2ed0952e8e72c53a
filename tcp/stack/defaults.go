package stack

import (
	"netgpusim/sim"
	"netgpusim/tcp"
)

// DefaultSpec is Linux 5.8 with its default sysctls, without netgpu's padding: what the
// scenarios' profile linux-5.8 says.
func DefaultSpec() tcp.Spec {
	return tcp.Spec{
		IPVersion: 6, Timestamps: true, SACK: true, Congestion: "cubic", InitialWindow: 10,
		ReceiveBuffer: 6 * sim.MiB, ReceiveInitial: 128 * sim.KiB, ReceiveMax: 212992, AdvWinScale: 1, ModerateReceive: true,
		SendBuffer: 4 * sim.MiB, SendInitial: 16 * sim.KiB, SendMax: 212992, AutoCorking: true,
		MinRTO: 200 * sim.Millisecond, DelayedACK: 40 * sim.Millisecond, ACKPolicy: "linux",
		BaseMSS: 1024, MTUProbeFloor: 48, ProbeThreshold: 8, ProbeInterval: 600 * sim.Second,
		CompSACKDelay: sim.Millisecond, CompSACKSlack: 100 * sim.Microsecond, CompSACKCount: 44,

		SynRetries: 6, SynAckRetries: 5, Retries1: 3, Retries2: 15, FinTimeout: 60 * sim.Second, KeepaliveTime: 7200 * sim.Second,
		KeepaliveEvery: 75 * sim.Second, KeepaliveProbes: 9, InvalidRatelimit: 500 * sim.Millisecond,

		Recovery: "linux", RACK: 1, ECN: 2, FRTO: true, DSACK: true, TailLossProbe: true, Reordering: 3, MaxReordering: 300,
		SlowStartAfterIdle: true, MinRTTWindow: 300 * sim.Second, MinTSOSegs: 2, WinDivisor: 3, OutputLimit: sim.MiB, PacingSlowStartRatio: 200, PacingRatio: 120,
	}
}
