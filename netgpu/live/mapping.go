package live

import (
	"fmt"
	"math"
	"os"
)

// Mapping is memory that several processes share.
type Mapping struct {
	file *os.File
	mem  []byte
}

// Create makes size bytes of zeroed memory that belongs to no file system, and maps
// them. Another process gets them by inheriting File. Nobody can make the memory
// shorter or longer, so no other process can cause a fault here by that. Linux
// only; errors.ErrUnsupported elsewhere.
func Create(size int64) (*Mapping, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	f, err := createFile(size)
	if err != nil {
		return nil, fmt.Errorf("live ring: create %d bytes of shared memory: %w", size, err)
	}
	m, err := Map(f, size)
	if err != nil {
		f.Close()
		return nil, err
	}
	return m, nil
}

// Map maps the first size bytes of f, which must be open for reading and writing
// and have as many. The mapping closes f, unless Map fails. If anybody shortens the
// file later, touching what is gone ends this process (SIGBUS). Linux only;
// errors.ErrUnsupported elsewhere.
func Map(f *os.File, size int64) (*Mapping, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("live ring: %w", err)
	}
	if info.Mode().IsRegular() && info.Size() < size {
		return nil, fmt.Errorf("live ring: %s has %d bytes: cannot map %d", f.Name(), info.Size(), size)
	}
	mem, err := mapFile(f, int(size))
	if err != nil {
		return nil, fmt.Errorf("live ring: map %d bytes of %s: %w", size, f.Name(), err)
	}
	return &Mapping{file: f, mem: mem}, nil
}

// checkSize: patch 10 keeps the size of a ring in 32 bits. On a machine with
// 32-bit int even less can be mapped.
func checkSize(size int64) error {
	if most := int64(min(math.MaxInt, math.MaxUint32)); size <= 0 || size > most {
		return fmt.Errorf("live ring: a mapping of %d bytes: from 1 to %d are allowed", size, most)
	}
	return nil
}

// Bytes is the memory, for Attach. It is gone after Close: touching it then ends
// the process.
func (m *Mapping) Bytes() []byte { return m.mem }

// File is what another process needs to map the same memory.
func (m *Mapping) File() *os.File { return m.file }

// Close unmaps the memory and closes the file. Other processes keep theirs. A
// second Close is an error.
func (m *Mapping) Close() error {
	if m.mem == nil {
		return fmt.Errorf("live ring: close mapping: %w", os.ErrClosed)
	}
	err := unmap(m.mem)
	m.mem = nil
	if closeErr := m.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("live ring: close mapping: %w", err)
	}
	return nil
}
