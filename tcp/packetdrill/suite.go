package packetdrill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Extension is what the names of scripts end with.
const Extension = ".pkt"

// Find lists the scripts of a command line: files as they are, of directories every
// *.pkt in them and below, in order of their names.
func Find(paths []string) ([]string, error) {
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(name, Extension) {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s: no *%s in it or below", p, Extension)
		}
	}
	return files, nil
}

// maxScript bounds a script's size in bytes.
const maxScript = 4 << 20

// RunFile reads a script and plays it.
func RunFile(file string, o Options) Result {
	text, err := os.ReadFile(file)
	if err == nil && len(text) > maxScript {
		err = fmt.Errorf("%d bytes; a script may have %d", len(text), maxScript)
	}
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return Result{File: file, Err: &Error{File: file, Message: err.Error()}}
	}
	script, err := Parse(file, string(text))
	if err != nil {
		return Result{File: file, Err: err.(*Error)}
	}
	script.dir = filepath.Dir(file)
	return script.Run(o)
}

// RunFiles plays scripts on several workers and hands the results to report in the order
// of the files. stop, if it is closed, ends it early.
func RunFiles(files []string, o Options, workers int, stop <-chan struct{}, report func(Result)) {
	results := make([]chan Result, len(files))
	for i := range results {
		results[i] = make(chan Result, 1)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(max(workers, 1), len(files)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				results[i] <- RunFile(files[i], o)
			}
		})
	}
	for _, r := range results {
		select {
		case result := <-r:
			report(result)
		case <-stop:
			next.Store(int64(len(files)))
			group.Wait()
			return
		}
	}
	group.Wait()
}

// Verdict is the outcome in a word.
type Verdict string

// The verdicts. What is not packetdrill's language counts as unsupported.
const (
	Pass           Verdict = "pass"
	Fail           Verdict = "fail"
	NotInterpreted Verdict = "unsupported"
)

// Verdict says how the script went.
func (r *Result) Verdict() Verdict {
	switch {
	case r.Err == nil:
		return Pass
	case r.Err.Kind == Failed:
		return Fail
	}
	return NotInterpreted
}

// Report is the results as programs read them (netgpusim.packetdrill/1).
type Report struct {
	Schema      string         `json:"schema"`
	Passed      int            `json:"passed"`
	Failed      int            `json:"failed"`
	Unsupported int            `json:"unsupported"`
	PSHLax      bool           `json:"psh_lax,omitempty"`
	Scripts     []ReportScript `json:"scripts"`
}

// ReportScript is one of them.
type ReportScript struct {
	File    string   `json:"file"`
	Verdict Verdict  `json:"verdict"`
	Line    int      `json:"line,omitempty"`
	Message string   `json:"message,omitempty"`
	History []string `json:"history,omitempty"`
	Warned  []string `json:"warnings,omitempty"`
}

// NewReport is a report without scripts.
func NewReport(o Options) *Report {
	return &Report{Schema: "netgpusim.packetdrill/1", PSHLax: o.PSHLax, Scripts: []ReportScript{}}
}

// Add adds a result.
func (r *Report) Add(result Result) {
	s := ReportScript{File: result.File, Verdict: result.Verdict(), Warned: result.Warned}
	switch s.Verdict {
	case Pass:
		r.Passed++
	case Fail:
		r.Failed++
		s.History = slices.Clone(result.History)
	default:
		r.Unsupported++
	}
	if result.Err != nil {
		s.Line, s.Message = result.Err.Line, result.Err.Message
	}
	r.Scripts = append(r.Scripts, s)
}
