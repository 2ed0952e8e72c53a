package main

import "os"

// addTrace makes the job write the receiver's protocol trace to a file.
func (j *job) addTrace(f *runFlags) error {
	if f.trace == "" {
		return nil
	}
	file, err := os.Create(f.trace)
	if err != nil {
		return err
	}
	j.options.Trace = file // the trace buffers
	j.closers = append(j.closers, file)
	return nil
}
