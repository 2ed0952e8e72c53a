package search

// The frontier is what keeps encodings: the states of the level that is being
// expanded and of the next. They are packed, each behind its length as a uvarint,
// into segments, which are used again as soon as they have been expanded.

// segmentBytes is the size of a segment; a region that needs more gets its own.
const segmentBytes = 256 << 10

// mark is a run of at most markStates packed states: where work can be cut.
type mark struct {
	data  []byte
	count uint32
	lane  uint8 // of the chunk that they come from
}

const (
	markStates = 32
	markBytes  = 32
)

// level is the states of one depth, in order of their ids.
type level struct {
	first  uint32 // id of the first state
	states int
	marks  []mark
	segs   []segment
}

// segment is a stretch of memory with regions behind each other.
type segment struct {
	data []byte
	used int
	last int // marks of the level up to the last in here
}

// segments lends segments and takes them back.
type segments struct {
	free [][]byte
	held int64 // bytes, lent and free
}

func (p *segments) take(bytes int) []byte {
	if n := len(p.free); n > 0 && bytes <= segmentBytes {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		return s
	}
	s := make([]byte, max(bytes, segmentBytes))
	p.held += int64(len(s))
	return s
}

// put takes a segment back. Outsized ones go to the garbage collector.
func (p *segments) put(s []byte) {
	if len(s) > segmentBytes {
		p.held -= int64(len(s))
		return
	}
	p.free = append(p.free, s)
}

// region returns an empty slice with room for bytes, in the level's last segment
// or a new one.
func (l *level) region(p *segments, bytes int) []byte {
	n := len(l.segs)
	if n == 0 || len(l.segs[n-1].data)-l.segs[n-1].used < bytes {
		l.segs = append(l.segs, segment{data: p.take(bytes)})
		n++
	}
	s := &l.segs[n-1]
	r := s.data[s.used : s.used : s.used+bytes]
	s.used += bytes
	return r
}

// append adds the marks of a region; regions come in the order they were made.
func (l *level) append(marks []mark, states, seg int) {
	l.marks = append(l.marks, marks...)
	l.states += states
	l.segs[seg].last = len(l.marks)
}

// release gives back the segments of which every mark up to done was expanded.
func (l *level) release(p *segments, done int) {
	k := 0
	for k < len(l.segs) && l.segs[k].last <= done {
		p.put(l.segs[k].data)
		l.segs[k].data = nil
		k++
	}
	l.segs = l.segs[k:]
}

// held is the size of the level's bookkeeping in bytes.
func (l *level) held() int64 { return int64(cap(l.marks)) * markBytes }
