package pcie

import (
	"math/bits"

	"netgpusim/sim"
)

// window is the posted credits of a receiver: headers and 16-byte data units, whose
// releases are known when they are booked. Piece number m may start when number m
// less the limit has been released.
//
// The releases of a burst are remembered as one record, spaced evenly between the
// first and the last, so a burst costs the same however many pieces it has. Pieces
// are released in the order of admission: buffers are FIFOs.
type window struct {
	pieceLimit, dataLimit int64
	unitsPerPiece         int64 // data units of every piece but the last of a burst

	records []release // ring, a power of two; each record has at least one piece
	head    int       // ring position of the oldest record in use
	n       int

	pieces, units         int64 // admitted so far
	donePieces, doneUnits int64 // of these, before the oldest record
	releasedLast          sim.Time
}

// release says when the pieces up to number pieces were or will be released.
type release struct {
	pieces, units int64 // totals at the end of the record
	first, last   sim.Time
}

// newWindow makes a window of so many pieces and data units; unitsPerPiece is the
// data of a full piece and must not exceed dataLimit.
func newWindow(pieces, units, unitsPerPiece int64) *window {
	// A record older than pieceLimit pieces is never asked for, so one more than
	// that many records are in use at most.
	return &window{
		pieceLimit:    pieces,
		dataLimit:     units,
		unitsPerPiece: unitsPerPiece,
		records:       make([]release, 1<<bits.Len64(uint64(pieces)+1)),
	}
}

// burstShare is the part of a window that one burst may take, 1/8. Only the first
// and the last piece look up their release, so a burst must be short against the
// releases it waits for; windows below 16 go piece by piece and are exact. The
// comparison with the twin bounds the error of larger ones.
const burstShare = 8

// burstMax is the largest burst to admit in one go if it has to wait.
func (w *window) burstMax() int64 {
	return max(1, min(w.pieceLimit, w.dataLimit/w.unitsPerPiece)/burstShare)
}

// room is how many full pieces could be admitted at time now without waiting; a
// window that goes piece by piece has none to offer.
func (w *window) room(now sim.Time) int64 {
	if w.burstMax() == 1 {
		return 0
	}
	w.forget(now)
	return min(w.pieceLimit-(w.pieces-w.donePieces), (w.dataLimit-(w.units-w.doneUnits))/w.unitsPerPiece)
}

// admit makes the pieces of b wait for their credits. The burst, of at most
// burstMax pieces or as many as there is room for, and units data units in all, is
// in flight until hold says when it is released; hold must be called before the
// next admit.
func (w *window) admit(b *burst, units int64) {
	w.forget(b.first)
	overPieces := w.pieces + b.pieces - w.pieceLimit
	overUnits := w.units + units - w.dataLimit
	if overPieces > w.donePieces || overUnits > w.doneUnits {
		more := b.pieces - 1
		b.first = max(b.first, w.released(overPieces-more, min(overUnits, w.units+w.unitsPerPiece-w.dataLimit)))
		b.last = max(b.last, w.released(overPieces, overUnits))
		if more == 0 {
			b.last = b.first
		}
		if more <= 1 {
			b.prev = b.first
		}
	}
	w.pieces += b.pieces
	w.units += units
}

// hold records when the first and the last piece of the admitted burst are
// released.
func (w *window) hold(first, last sim.Time) {
	first = max(first, w.releasedLast)
	w.releasedLast = max(last, first)
	w.records[(w.head+w.n)&(len(w.records)-1)] = release{w.pieces, w.units, first, w.releasedLast}
	w.n++
}

// forget drops the records that cannot hold anything up from now on.
func (w *window) forget(now sim.Time) {
	for w.n > 0 {
		r := &w.records[w.head]
		if r.last > now && r.pieces > w.pieces-w.pieceLimit {
			return
		}
		w.drop()
	}
}

func (w *window) drop() {
	w.donePieces, w.doneUnits = w.records[w.head].pieces, w.records[w.head].units
	w.head = (w.head + 1) & (len(w.records) - 1)
	w.n--
}

// released is when the piece with this number, counted from 1, and the piece that
// holds the data unit with this number have both been released.
func (w *window) released(piece, unit int64) sim.Time {
	pieces, units := w.donePieces, w.doneUnits
	var at sim.Time
	for i := range w.n {
		if piece <= pieces && unit <= units {
			break
		}
		r := &w.records[(w.head+i)&(len(w.records)-1)]
		k := r.pieces - pieces
		if piece > pieces {
			at = r.at(min(piece-pieces, k), k)
		}
		if unit > units {
			k1 := (unit - units + w.unitsPerPiece - 1) / w.unitsPerPiece
			at = max(at, r.at(min(k1, k), k))
		}
		pieces, units = r.pieces, r.units
	}
	return at
}

// at is when the i-th of k pieces of the record is released.
func (r *release) at(i, k int64) sim.Time {
	if i == k {
		return r.last
	}
	return r.first + (r.last-r.first)*sim.Time(i-1)/sim.Time(k-1)
}
