package scenarios

import (
	"slices"
	"strings"
)

// flagOrigin is where a --set flag was written.
func flagOrigin(_ int, text string) origin { return origin{file: "--set " + text} }

// decodeSets reads settings written KEY=VALUE. A later one goes before an earlier one
// of the same key. at says where each was written.
func decodeSets(sets []string, flows []string, at func(i int, text string) origin) (*layer, error) {
	out := newLayer()
	var errs Errors
	for i, text := range sets {
		if errs.full() {
			break
		}
		o := at(i, text)
		path, written, found := strings.Cut(text, "=")
		path, written = strings.TrimSpace(path), strings.TrimSpace(written)
		if !found {
			errs = append(errs, (&problem{given: quote(text), allowed: "KEY=VALUE, such as nic.mtu=9000"}).at(o, ""))
			continue
		}
		f, p := lookup(path, flows)
		if p != nil {
			errs = append(errs, p.at(o, ""))
			continue
		}
		v, p := f.read(written)
		if p != nil {
			errs = append(errs, p.at(o, path))
			continue
		}
		out.settings[path] = setting{value: v, origin: o}
	}
	return out, errs.err()
}

// lookup finds the field of a settable path: seed, SECTION.KEY, HOST.SECTION.KEY or
// flows.NAME.KEY.
func lookup(path string, flows []string) (*field, *problem) {
	first, rest, _ := strings.Cut(path, ".")
	dot := max(strings.LastIndexByte(path, '.'), 0)
	within, key := path[:dot], path[min(dot+1, len(path)):]
	switch {
	case path == "seed":
		return root.field(path), nil
	case first == "flows":
		if name, found := strings.CutPrefix(within, "flows."); found && slices.Contains(flows, name) {
			if e := flowBlock.field(key); e != nil && e.key != "name" {
				return e, nil
			}
		}
	case isHost(first):
		name, key, _ := strings.Cut(rest, ".")
		if s := senderBlock.field(name); s != nil {
			if e := s.elem.field(key); e != nil {
				return e, nil
			}
		}
	default:
		if s, ok := sectionAt(within); ok {
			if e := s.elem.field(key); e != nil && e.kind.isScalar() {
				return e, nil
			}
		}
	}
	p := &problem{given: "the unknown key " + quote(path), hint: didYouMean(path, settablePaths(flows))}
	if p.hint == "" {
		p.allowed = "seed, SECTION.KEY, sender.SECTION.KEY, receiver.SECTION.KEY or flows.NAME.KEY"
	}
	return nil, p
}

// settablePaths lists every path that lookup finds, those for both hosts first.
func settablePaths(flows []string) []string {
	paths := []string{"seed"}
	for _, host := range append([]string{""}, hostNames...) {
		for _, section := range sections {
			if host != "" && senderBlock.field(section.path) == nil {
				continue
			}
			for _, e := range section.elem.fields {
				if !e.kind.isScalar() {
					continue
				}
				path := section.path + "." + e.key
				if host != "" {
					path = host + "." + path
				}
				paths = append(paths, path)
			}
		}
	}
	for _, name := range flows {
		for _, e := range flowBlock.fields {
			if e.key != "name" {
				paths = append(paths, "flows."+name+"."+e.key)
			}
		}
	}
	return paths
}
