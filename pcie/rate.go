package pcie

import (
	"math"

	"netgpusim/sim"
)

// laneRate is the transfer rate of a lane in MT/s and what its line coding leaves
// of it, per generation (PCIe base specification: 8b/10b for Gen1 and Gen2,
// 128b/130b for Gen3 to Gen5).
var laneRate = [...]struct {
	megatransfers   int64
	payload, symbol int64 // coding: payload bits of symbol bits
}{
	1: {2_500, 8, 10},
	2: {5_000, 8, 10},
	3: {8_000, 128, 130},
	4: {16_000, 128, 130},
	5: {32_000, 128, 130},
}

// rawRate is what a link of a generation and a number of lanes carries per
// direction after line coding. It is zero for a generation that is not in 1..5.
func rawRate(gen, lanes int) sim.Bandwidth {
	if gen < 1 || gen >= len(laneRate) || lanes < 1 {
		return 0
	}
	r := laneRate[gen]
	return sim.Mbps * sim.Bandwidth(r.megatransfers*int64(lanes)*r.payload) / sim.Bandwidth(r.symbol)
}

// effectiveRate is what TLPs get of a link: the raw rate less the share that ACK
// and UpdateFC DLLPs and SKP ordered sets take.
func effectiveRate(gen, lanes int, dllpTax float64) sim.Bandwidth {
	return sim.Bandwidth(math.Round(float64(rawRate(gen, lanes)) * (1 - dllpTax)))
}
