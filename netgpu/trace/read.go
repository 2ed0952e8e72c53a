package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line, in bytes: the header of a machine with the most rings and
// regions fits.
const maxLine = 1 << 18

// FormatError is a trace that is not one: damaged, or wrong from the start. It is
// about the file, not about what the file tells of.
type FormatError struct {
	Line int64 // from 1
	Err  error
}

func (e *FormatError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *FormatError) Unwrap() error { return e.Err }

// lines splits a trace, compressed by gzip or not, into lines without copying.
type lines struct {
	in    *bufio.Reader
	count int64 // lines read
	bytes int64 // of them, after decompression
}

func newLines(r io.Reader) (*lines, error) {
	in := bufio.NewReaderSize(r, maxLine)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, &FormatError{1, fmt.Errorf("gzip: %w", err)}
		}
		in = bufio.NewReaderSize(z, maxLine)
	}
	return &lines{in: in}, nil
}

// next returns the next line that is not empty, without its newline, valid until the
// next call; io.EOF at the end.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.in.ReadSlice('\n')
		if len(line) > 0 {
			l.count++
			l.bytes += int64(len(line))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, &FormatError{l.count, fmt.Errorf("longer than %d bytes", maxLine)}
		case err == io.EOF && len(line) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, &FormatError{l.count + 1, err}
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			return line, nil
		}
	}
}
