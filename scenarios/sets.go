package scenarios

import (
	"slices"
	"strings"
)

// decodeSets reads --set flags. A later flag goes before an earlier one of the same key.
func decodeSets(sets []string, flows []string) (*layer, error) {
	out := newLayer()
	var errs Errors
	for _, text := range sets {
		if errs.full() {
			break
		}
		o := origin{file: "--set " + text}
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
	switch f := root.field(first); {
	case f == nil:
	case first == "seed" && rest == "":
		return f, nil
	case f.elem == flowBlock:
		if dot := strings.LastIndexByte(rest, '.'); dot >= 0 {
			if e := flowBlock.field(rest[dot+1:]); e != nil && e.key != "name" && slices.Contains(flows, rest[:dot]) {
				return e, nil
			}
		}
	case isHost(first):
		section, key, _ := strings.Cut(rest, ".")
		if s := senderBlock.field(section); s != nil {
			if e := s.elem.field(key); e != nil {
				return e, nil
			}
		}
	case f.kind == kindSection:
		if e := f.elem.field(rest); e != nil {
			return e, nil
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
		for _, section := range root.fields {
			if section.kind != kindSection || isHost(section.key) || host != "" && senderBlock.field(section.key) == nil {
				continue
			}
			for _, e := range section.elem.fields {
				path := section.key + "." + e.key
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
