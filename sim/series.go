package sim

// Series keeps a quantity over time for a plot in bounded memory. Consecutive
// samples are merged into points; when the points run out, neighbours are merged
// in pairs and every later point takes twice the samples. So the resolution halves
// each time the run doubles, and minimum and maximum survive the merging: a spike
// never disappears from the plot.
type Series struct {
	points  []Point
	limit   int    // even
	samples uint64 // samples that make a full point
}

// Point summarises one or more consecutive samples of a Series.
type Point struct {
	From, To Time // times of the first and of the last sample
	N        uint64
	Min, Max float64
	Sum      float64
}

// Mean is the mean of the point's samples.
func (p Point) Mean() float64 { return p.Sum / float64(p.N) }

// merge appends the samples of the later point q.
func (p *Point) merge(q Point) {
	p.To = q.To
	p.N += q.N
	p.Min = min(p.Min, q.Min)
	p.Max = max(p.Max, q.Max)
	p.Sum += q.Sum
}

// NewSeries returns an empty series of at most points points, at least 2 and
// rounded up to an even number so that they pair off. All memory is allocated
// here.
func NewSeries(points int) Series {
	limit := max(points, 2)
	limit += limit % 2
	return Series{points: make([]Point, 0, limit), limit: limit, samples: 1}
}

// Add appends a sample; t must not be before the last one. The zero Series keeps
// nothing.
func (s *Series) Add(t Time, value float64) {
	sample := Point{From: t, To: t, N: 1, Min: value, Max: value, Sum: value}
	last := len(s.points) - 1
	if last >= 0 && s.points[last].N < s.samples {
		s.points[last].merge(sample)
		return
	}
	if s.limit == 0 {
		return
	}
	if len(s.points) == s.limit {
		s.halve()
	}
	s.points = append(s.points, sample)
}

// halve merges neighbours in pairs. It is called when a full point ends a full
// series of even length, so every pair holds two full points.
func (s *Series) halve() {
	half := len(s.points) / 2
	for i := range half {
		p := s.points[2*i]
		p.merge(s.points[2*i+1])
		s.points[i] = p
	}
	s.points = s.points[:half]
	s.samples *= 2
}

// Points returns the points in order of time. All but the last summarise the same
// number of samples. The slice is the series' own: read it before the next Add.
func (s *Series) Points() []Point { return s.points }
