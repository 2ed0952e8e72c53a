package sim

import (
	"encoding/binary"
	"fmt"
)

// reader takes the elements of a snapshot apart. Nothing it returns is larger than
// what is left to read allows.
type reader struct {
	data []byte
	pos  int
}

func (r *reader) damaged() error { return fmt.Errorf("damaged near byte %d", r.pos) }

// left is the number of bytes not read yet.
func (r *reader) left() int { return len(r.data) - r.pos }

func (r *reader) byte() (byte, error) {
	if r.pos >= len(r.data) {
		return 0, r.damaged()
	}
	r.pos++
	return r.data[r.pos-1], nil
}

func (r *reader) fixed64() (uint64, error) {
	if r.left() < 8 {
		return 0, r.damaged()
	}
	r.pos += 8
	return binary.LittleEndian.Uint64(r.data[r.pos-8:]), nil
}

func (r *reader) number() (uint64, error) {
	v, n := binary.Uvarint(r.data[r.pos:])
	if n <= 0 {
		return 0, r.damaged()
	}
	r.pos += n
	return v, nil
}

// length reads a number of things that take at least each bytes in what is left.
func (r *reader) length(each int) (int, error) {
	v, err := r.number()
	if err != nil || v > uint64(r.left()/each) {
		return 0, r.damaged()
	}
	return int(v), nil
}

func (r *reader) text() (string, error) {
	n, err := r.length(1)
	if err != nil {
		return "", err
	}
	r.pos += n
	return string(r.data[r.pos-n : r.pos]), nil
}
