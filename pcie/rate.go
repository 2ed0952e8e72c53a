package pcie

import (
	"math"

	"netgpusim/sim"
)

// laneRate is the transfer rate of a lane in Mbit/s and what its coding leaves of
// it, per generation (PCIe base specification: 8b/10b for Gen1 and Gen2, 128b/130b
// for Gen3 to Gen5). Gen6 (PAM4, 64 GT/s) sends FLITs of 256 bytes, of which 236
// carry TLPs, 6 data link layer packets, 8 CRC and 6 FEC (6.0, section 4.2.3).
var laneRate = [...]struct {
	megatransfers   int64
	payload, symbol int64 // coding: payload bits of symbol bits
}{
	1: {2_500, 8, 10},
	2: {5_000, 8, 10},
	3: {8_000, 128, 130},
	4: {16_000, 128, 130},
	5: {32_000, 128, 130},
	6: {64_000, 236, 256},
}

// flitGen is the first generation that sends FLITs. There ACKs and flow control
// have bytes of their own in each FLIT, and a TLP has no framing of its own: no STP,
// sequence number or LCRC.
const flitGen = 6

// rawRate is what a link of a generation and a number of lanes carries per
// direction after coding. It is zero for a generation that is not in 1..6.
func rawRate(gen, lanes int) sim.Bandwidth {
	if gen < 1 || gen >= len(laneRate) || lanes < 1 {
		return 0
	}
	r := laneRate[gen]
	return sim.Mbps * sim.Bandwidth(r.megatransfers*int64(lanes)*r.payload) / sim.Bandwidth(r.symbol)
}

// effectiveRate is what TLPs get of a link: the raw rate less the share that ACK
// and UpdateFC DLLPs and SKP ordered sets take, which in FLITs is nothing more.
func effectiveRate(gen, lanes int, dllpTax float64) sim.Bandwidth {
	if gen >= flitGen {
		dllpTax = 0
	}
	return sim.Bandwidth(math.Round(float64(rawRate(gen, lanes)) * (1 - dllpTax)))
}

// framing is the bytes around a TLP's header and data on a link of a generation.
func framing(gen int) int64 {
	if gen >= flitGen {
		return 0
	}
	return framingBytes
}
