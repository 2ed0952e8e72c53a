package main

import (
	"bufio"
	"os"

	"netgpusim/predict"
)

// captureFile is a capture with the file it goes to.
type captureFile struct {
	*predict.Capture
	buffer *bufio.Writer
	file   *os.File
}

// Close writes what is buffered and returns the first error of the capture.
func (c *captureFile) Close() error {
	err := c.Capture.Close()
	if e := c.buffer.Flush(); err == nil {
		err = e
	}
	if e := c.file.Close(); err == nil {
		err = e
	}
	return err
}

// addCapture makes the job write its frames to a pcapng file.
func (j *job) addCapture(f *runFlags) error {
	if f.pcap == "" {
		return nil
	}
	file, err := os.Create(f.pcap)
	if err != nil {
		return err
	}
	c := &captureFile{file: file, buffer: bufio.NewWriterSize(file, 1<<20)}
	if c.Capture, err = predict.NewCapture(c.buffer, j.scenario, f.snaplen); err != nil {
		_ = file.Close() // the first error counts
		return err
	}
	j.options.Tap = c
	j.closers = append(j.closers, c)
	return nil
}
