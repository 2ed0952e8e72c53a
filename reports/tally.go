package reports

// sumFlows adds up one figure of all flows.
func sumFlows(r *Result, figure func(*Flow) int64) int64 {
	var total int64
	for i := range r.PerFlow {
		total += figure(&r.PerFlow[i])
	}
	return total
}

// totalCount is how often invariants were violated, all of them together.
func totalCount(v []Violation) int64 {
	var total int64
	for i := range v {
		total += v[i].Count
	}
	return total
}

// failures is how many expectations were not met.
func failures(e []Expect) int {
	var n int
	for i := range e {
		if !e[i].OK {
			n++
		}
	}
	return n
}

// busiestCore is the core with the largest busy share, the first of equals.
func busiestCore(r *Result) (core Core, there bool) {
	for i, c := range r.CPU.Cores {
		if i == 0 || c.Busy > core.Busy {
			core = c
		}
	}
	return core, len(r.CPU.Cores) > 0
}

// measuredSeconds is the simulated time that the figures are about: the run
// without its warm-up.
func measuredSeconds(r *Result) float64 { return max(0, r.SimulatedS-r.WarmupS) }
