package sim

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Batches estimates the mean of a correlated process from the means of
// consecutive, equally long batches: the method of batch means (Law, "Simulation
// Modeling and Analysis", section 9.5.3). Batches that are much longer than the
// process remembers are nearly independent, so Student's t gives an interval;
// Autocorrelation says whether they are.
//
// Sums run in the order of Add, so the result is the same on every machine. The
// zero Batches is empty and ready.
type Batches struct {
	means []float64
}

// Add appends the mean of the next batch.
func (b *Batches) Add(mean float64) { b.means = append(b.means, mean) }

// N is the number of batches.
func (b *Batches) N() int { return len(b.means) }

// Mean is the mean over the batches; 0 without a batch.
func (b *Batches) Mean() float64 {
	if len(b.means) == 0 {
		return 0
	}
	sum := 0.0
	for _, x := range b.means {
		sum += x
	}
	return sum / float64(len(b.means))
}

// CI95 is the half width of the 95 % confidence interval around Mean,
// t(0.975, n-1) s/sqrt(n). Fewer than two batches say nothing about the spread:
// the half width is then +Inf, which JSON cannot carry, so check N before.
func (b *Batches) CI95() float64 {
	n := len(b.means)
	if n < 2 {
		return math.Inf(1)
	}
	squares, _ := b.deviations()
	variance := squares / float64(n-1)
	return studentT975(n-1) * math.Sqrt(variance/float64(n))
}

// Autocorrelation is the lag-1 autocorrelation of the batches, in [-1, 1]. For
// independent batches it lies within 1.96/sqrt(N) of 0 with probability 0.95;
// well above that the batches are too short and CI95 too narrow. It is 0 with
// fewer than three batches, or when all of them are equal.
func (b *Batches) Autocorrelation() float64 {
	if len(b.means) < 3 {
		return 0
	}
	squares, neighbours := b.deviations()
	if squares == 0 {
		return 0
	}
	return neighbours / squares
}

// deviations returns the sums of d[i]^2 and of d[i]*d[i+1], d being the deviation
// from the mean. The conversions keep the compiler from fusing multiplication and
// addition, which would make the last bit depend on the machine.
func (b *Batches) deviations() (squares, neighbours float64) {
	mean, last := b.Mean(), 0.0
	for _, x := range b.means {
		d := x - mean
		squares += float64(d * d)
		neighbours += float64(last * d)
		last = d
	}
	return squares, neighbours
}

// studentT975 is the 97.5 % quantile of Student's t, rounded to nine decimals:
// logarithm and exponential differ between architectures in the last bits.
func studentT975(degrees int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}.Quantile(0.975)
	return math.Round(t*1e9) / 1e9
}
