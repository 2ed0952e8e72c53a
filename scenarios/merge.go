package scenarios

import (
	"reflect"
	"strings"
)

// merged is all sources of a scenario laid over one another. It does not change
// after loading, so scenarios may share it and derive from it concurrently.
type merged struct {
	file     string // the file that was asked for
	settings map[string]setting
	profiles map[string]*profile
	flows    []string
	whole    reflect.Value
	at       map[string]origin
	layers   int
}

// identityKeys are about one file and not inherited from the file it extends.
var identityKeys = []string{"name", "title", "description", "group", "extends"}

// merge lays the layers over one another, oldest first. The last one is the file
// that was asked for.
func merge(file string, layers []*layer) *merged {
	m := &merged{
		file: file, settings: map[string]setting{}, profiles: map[string]*profile{},
		whole: reflect.ValueOf(new(document)).Elem(), at: map[string]origin{},
	}
	for i, l := range layers {
		m.add(l)
		if i < len(layers)-1 {
			for _, key := range identityKeys {
				delete(m.settings, key)
			}
		}
	}
	delete(m.settings, "extends")
	delete(m.settings, "netgpusim")
	return m
}

// with returns m with one more layer on top.
func (m *merged) with(l *layer) *merged {
	n := *m
	n.settings = make(map[string]setting, len(m.settings)+len(l.settings))
	for path, s := range m.settings {
		n.settings[path] = s
	}
	for path, s := range l.settings {
		s.layer = n.layers
		n.settings[path] = s
	}
	n.layers++
	return &n
}

// add lays a layer on top, in place.
func (m *merged) add(l *layer) {
	if _, given := l.given["flows"]; given {
		deletePrefix(m.settings, "flows.")
		m.flows = l.flows
	}
	for path, s := range l.settings {
		s.layer = m.layers
		m.settings[path] = s
	}
	for id, p := range l.profiles {
		m.profiles[id] = p
	}
	for key := range l.given {
		if key == "flows" {
			continue
		}
		deletePrefix(m.at, key+".")
		deletePrefix(m.at, key+"[")
		index := wholeIndex(key)
		m.whole.FieldByIndex(index).Set(l.whole.FieldByIndex(index))
	}
	for path, o := range l.at {
		m.at[path] = o
	}
	m.layers++
}

// wholeIndex is where a document has the value of a key that is replaced as a whole.
func wholeIndex(path string) []int {
	b := root
	var index []int
	for rest := path; ; {
		key, after, nested := strings.Cut(rest, ".")
		f := b.field(key)
		index = append(index, f.index...)
		if !nested {
			return index
		}
		b, rest = f.elem, after
	}
}

func deletePrefix[V any](values map[string]V, prefix string) {
	for path := range values {
		if strings.HasPrefix(path, prefix) {
			delete(values, path)
		}
	}
}
