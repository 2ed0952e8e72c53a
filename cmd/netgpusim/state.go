package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"

	"netgpusim/host"
	"netgpusim/predict"
	"netgpusim/scenarios"
	"netgpusim/sim"
)

// A state file is: the magic line, the program's version, the scenario as one
// resolved document, the snapshot of the world. Lengths are 32-bit little endian.
const (
	stateMagic       = "netgpusim state 1\n"
	stateScenarioMax = 1 << 20
	stateVersionMax  = 64
)

// addSave makes the job save its state on the way.
func (j *job) addSave(f *runFlags) error {
	if f.save == "" {
		return nil
	}
	j.options.SaveAt = j.scenario.Run.Warmup
	if f.saveAt != "" {
		at, err := time.ParseDuration(f.saveAt)
		if err != nil {
			return fmt.Errorf("--save-at %q is not a time such as 500ms or 1.5s", f.saveAt)
		}
		j.options.SaveAt = sim.Time(at.Nanoseconds()) * sim.Nanosecond
	}
	if end := j.scenario.Run.Warmup + j.scenario.Run.Duration; j.options.SaveAt < 0 || j.options.SaveAt > end {
		return fmt.Errorf("--save-at %v: the run is over at %v", j.options.SaveAt, end)
	}
	j.options.Save = func(w *host.World) error { return writeState(f.save, j.scenario, w) }
	return nil
}

func writeState(path string, s *scenarios.Scenario, w *host.World) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	out := bufio.NewWriter(file)
	if _, err := out.WriteString(stateMagic); err != nil {
		return err
	}
	for _, part := range [][]byte{[]byte(predict.Version), s.YAML()} {
		if err := binary.Write(out, binary.LittleEndian, uint32(len(part))); err != nil {
			return err
		}
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	if err := sim.Save(out, w); err != nil {
		return internalError{err}
	}
	return out.Flush()
}

// resumeJob reads a state file: the scenario in it is rebuilt, then the world is
// filled from the snapshot.
func resumeJob(f *runFlags) (*job, error) {
	file, err := os.Open(f.resume)
	if err != nil {
		return nil, err
	}
	wrong := func(what string) error {
		_ = file.Close() // it was only read
		return fmt.Errorf("%s: %s", f.resume, what)
	}
	in := bufio.NewReader(file)
	magic := make([]byte, len(stateMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != stateMagic {
		return nil, wrong("not a state file of netgpusim (run --save writes them)")
	}
	version, err := readPart(in, stateVersionMax)
	if err != nil {
		return nil, wrong("damaged: " + err.Error())
	}
	if string(version) != predict.Version {
		return nil, wrong(fmt.Sprintf("written by version %q; this is %s, which may model things differently", version, predict.Version))
	}
	doc, err := readPart(in, stateScenarioMax)
	if err != nil {
		return nil, wrong("damaged: " + err.Error())
	}
	s, err := scenarios.LoadBytes(f.resume, doc, nil)
	if err != nil {
		return nil, wrong(err.Error())
	}
	j := &job{scenario: s, options: predict.Options{Band: !f.noBand}, closers: []io.Closer{file}}
	j.options.Resume = func(w *host.World) error {
		if err := sim.Restore(in, w); err != nil {
			return fmt.Errorf("%s: %w", f.resume, err)
		}
		return nil
	}
	return j, nil
}

func readPart(in io.Reader, most uint32) ([]byte, error) {
	var n uint32
	if err := binary.Read(in, binary.LittleEndian, &n); err != nil {
		return nil, err
	}
	if n > most {
		return nil, fmt.Errorf("a part of %d bytes (at most %d)", n, most)
	}
	part := make([]byte, n)
	_, err := io.ReadFull(in, part)
	return part, err
}
