package scenarios

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// extendsMax bounds a chain of extends, of scenarios as of profiles.
const extendsMax = 16

// Load reads a scenario and resolves it. nameOrPath is the path of a file if it
// contains a path separator or ends in .yaml or .yml, else the name of a built-in.
// Each of sets is KEY=VALUE, as --set takes it: nic.mtu=9000, receiver.cpu.cores=2,
// flows.bulk.count=8, cpu.profile=xeon-2020-slow. The error is of type Errors.
func Load(nameOrPath string, sets []string) (*Scenario, error) {
	src, p := openScenario(nameOrPath)
	if p != nil {
		return nil, Errors{p.at(origin{file: nameOrPath}, "")}
	}
	return load(src, sets)
}

// LoadBytes is Load of a file's content; name is what errors call it. It can extend
// built-in scenarios only, because it stands in no folder.
func LoadBytes(name string, data []byte, sets []string) (*Scenario, error) {
	return load(&source{name: name, data: data}, sets)
}

// With returns the scenario resolved again with further settings on top of all
// others. It costs about as much as copying a Scenario does, and may be called from
// several goroutines. The error is of type Errors.
func (s *Scenario) With(sets ...string) (*Scenario, error) {
	l, err := decodeSets(sets, s.from.flows, flagOrigin)
	if err != nil {
		return nil, err
	}
	return resolve(s.from.with(l))
}

func load(src *source, sets []string) (*Scenario, error) {
	layers, err := chain(src)
	if err != nil {
		return nil, err
	}
	if e := oneKind(layers); e != nil {
		return nil, Errors{e}
	}
	m := merge(src.name, layers)
	if len(sets) > 0 {
		l, err := decodeSets(sets, m.flows, flagOrigin)
		if err != nil {
			return nil, err
		}
		m = m.with(l)
	}
	return resolve(m)
}

// source is a scenario file that has been read.
type source struct {
	name    string // what errors call it, and what tells files apart
	data    []byte
	folder  string // where relative paths start
	onDisk  bool
	builtin bool
}

// openScenario finds what a user called nameOrPath.
func openScenario(nameOrPath string) (*source, *problem) {
	if isFileName(nameOrPath) || strings.ContainsRune(nameOrPath, filepath.Separator) {
		return readScenario(nameOrPath)
	}
	return openBuiltin(nameOrPath)
}

func isFileName(s string) bool {
	return strings.HasSuffix(s, ".yaml") || strings.HasSuffix(s, ".yml")
}

func openBuiltin(name string) (*source, *problem) {
	var data []byte
	if isName(name) {
		data = libraryFile(name)
	}
	if data == nil {
		return nil, &problem{
			given:   quote(name),
			allowed: "the path of a .yaml file, or a built-in scenario",
			hint:    didYouMean(name, libraryNames()),
		}
	}
	return &source{name: builtinPrefix + name, data: data, builtin: true}, nil
}

func readScenario(path string) (*source, *problem) {
	path = filepath.Clean(path)
	f, err := os.Open(path)
	if err != nil {
		return nil, fileProblem(err)
	}
	data, err := io.ReadAll(io.LimitReader(f, fileMaxBytes+1))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fileProblem(err)
	}
	return &source{name: path, data: data, folder: filepath.Dir(path), onDisk: true}, nil
}

// fileProblem says why a file could not be read; the path stands before it already.
func fileProblem(err error) *problem {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return &problem{given: "a file that cannot be read (" + err.Error() + ")", allowed: "a scenario file, or the name of a built-in scenario"}
}

// chain reads a file and those it extends, oldest first.
func chain(src *source) ([]*layer, error) {
	const key = "extends"
	var layers []*layer
	seen := map[string]bool{}
	for {
		seen[src.name] = true
		l, err := decode(src.name, src.data)
		if err != nil {
			return nil, err
		}
		layers = append([]*layer{l}, layers...)
		s, extends := l.settings[key]
		if !extends {
			return layers, nil
		}
		next, p := src.extended(s.text)
		switch {
		case p != nil:
		case seen[next.name]:
			p = &problem{given: quote(s.text) + ", which extends this file itself", allowed: "no cycles"}
		case len(layers) == extendsMax:
			p = &problem{given: quote(s.text), allowed: fmt.Sprintf("a chain of at most %d files", extendsMax)}
		}
		if p != nil {
			return nil, Errors{p.at(s.origin, key)}
		}
		src = next
	}
}

// extended opens the file that src extends.
func (src *source) extended(name string) (*source, *problem) {
	switch {
	case !isFileName(name):
		return openBuiltin(name)
	case src.builtin || !src.onDisk:
		return nil, &problem{given: quote(name), allowed: "a built-in scenario", hint: "this document is in no folder that a path could start from"}
	case filepath.IsAbs(name):
		return nil, &problem{given: quote(name), allowed: "a built-in scenario, or a path relative to this file"}
	}
	return readScenario(filepath.Join(src.folder, filepath.FromSlash(name)))
}
