package scenarios

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// Parameter is one resolved value of a scenario with where it comes from.
type Parameter struct {
	Path      string // as --set takes it
	Value     string
	Low, High string // plausible range, "" if the profile states none or the value is overridden
	Tag       string // documented, measured or guess; "set" if the scenario or a flag sets it
	Source    string // of the profile's value
	Origin    string // file and line, or flag, that sets it; kind/name of the profile that gives it
}

// Parameters lists every value of run, link and both hosts, or of a bench's sections,
// in the order of the specifications. A value that both hosts share in every respect
// has one entry, without a host in its path; a section that a host does not have, or
// no test of a bench needs, has none.
func (s *Scenario) Parameters() []Parameter {
	r := &resolver{merged: s.from, s: s}
	defaults, _ := flatten(defaultsKind, defaultsKind, r.profiles) // resolved before
	var out []Parameter
	for _, sec := range sections {
		f := sec.field
		if s.Kind == KindBench {
			if slices.Contains(benchSections, sec.path) {
				params, _ := r.profileOf(f, sec.path, "")
				out = append(out, r.parameters(f, sec.path, "", params)...)
			}
			continue
		}
		if wrongKind(sec.path, s.Kind) != nil {
			continue
		}
		if senderBlock.field(sec.path) == nil {
			out = append(out, r.parameters(f, sec.path, "", defaults)...)
			continue
		}
		params := [2]map[string]*param{defaults, defaults}
		if f.profile != "" {
			for h, name := range hostNames {
				params[h], _ = r.profileOf(f, sec.path, name)
			}
		}
		sender, receiver := r.parameters(f, sec.path, hostNames[0], params[0]), r.parameters(f, sec.path, hostNames[1], params[1])
		if len(sender) != len(receiver) {
			out = append(out, prefixed(hostNames[0], sender)...)
			out = append(out, prefixed(hostNames[1], receiver)...)
			continue
		}
		for j := range sender {
			if sender[j] == receiver[j] {
				out = append(out, sender[j])
			} else {
				out = append(out, prefixed(hostNames[0], sender[j:j+1])...)
				out = append(out, prefixed(hostNames[1], receiver[j:j+1])...)
			}
		}
	}
	return out
}

func prefixed(hostName string, params []Parameter) []Parameter {
	out := append([]Parameter(nil), params...)
	for i := range out {
		out[i].Path = hostName + "." + out[i].Path
	}
	return out
}

// parameters lists the values of one section.
func (r *resolver) parameters(f *field, path, hostName string, params map[string]*param) []Parameter {
	if params == nil && !r.mentions(f, path, hostName) {
		return nil
	}
	var out []Parameter
	for i := range f.elem.fields {
		e := &f.elem.fields[i]
		if e.index == nil {
			continue
		}
		p := Parameter{Path: path + "." + e.key}
		key := e.key
		if f.profile == "" {
			key = p.Path
		}
		if s, ok := r.find(hostName, path, e.key); ok {
			p.Value, p.Tag, p.Origin = e.print(s.value), "set", s.origin.String()
		} else if v := params[key]; v != nil {
			p.Value, p.Tag, p.Source, p.Origin = e.print(v.value), v.tag, v.source, v.profile
			if v.ranged {
				p.Low, p.High = e.print(v.low), e.print(v.high)
			}
		}
		out = append(out, p)
	}
	return out
}

// YAML renders the scenario as one self-contained document: everything that the
// sources and flags set, with its origin in a comment, the defaults it uses, and the
// profiles it uses with value, range, tag and source of every parameter. Load
// resolves it to the same scenario, and With derives the same variants from it, even
// if built-in profiles and defaults have changed since.
func (s *Scenario) YAML() []byte {
	r := &renderer{resolver{merged: s.from, s: s}}
	doc := mappingNode()
	for i := range root.fields {
		r.rootKey(doc, &root.fields[i])
	}
	return encode(doc)
}

// encode renders a YAML tree.
func encode(n *yaml.Node) []byte {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	_ = enc.Encode(n) // a tree of plain nodes, written to memory: neither call can fail
	_ = enc.Close()
	return out.Bytes()
}

// renderer builds the YAML tree of a resolved scenario.
type renderer struct {
	resolver
}

func (r *renderer) rootKey(doc *yaml.Node, f *field) {
	switch {
	case f.key == "netgpusim":
		put(doc, f.key, scalarNode(f, value{whole: SchemaVersion}))
	case f.key == "profiles":
		put(doc, f.key, r.usedProfiles())
	case f.key == "seed" && r.s.Kind == KindTransfer: // a bench has none unless it is set
		put(doc, f.key, scalarNode(f, value{seed: r.s.Seed}))
	case f.elem == flowBlock && r.s.Kind == KindBench:
	case f.elem == flowBlock:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, name := range r.flows {
			list.Content = append(list.Content, r.settingsNode(flowBlock, "flows."+name+"."))
		}
		put(doc, f.key, list)
	case f.kind.isScalar():
		if s, ok := r.settings[f.key]; ok {
			put(doc, f.key, scalarNode(f, s.value))
		}
	case isHost(f.key):
		section := mappingNode()
		for i := range senderBlock.fields {
			r.section(section, &senderBlock.fields[i], f.key+".")
		}
		if len(section.Content) > 0 {
			put(doc, f.key, section)
		}
	case f.kind == kindSection:
		r.section(doc, f, "")
	default:
		if v := r.s.part(f); !v.IsZero() && (v.Kind() != reflect.Slice || v.Len() > 0) {
			put(doc, f.key, wholeNode(f, v))
		}
	}
}

// section renders what is set in a section, and in the sections and lists inside it.
func (r *renderer) section(parent *yaml.Node, f *field, prefix string) {
	path := prefix + f.key
	node := r.settingsNode(f.elem, path+".")
	for i := range f.elem.fields {
		switch e := &f.elem.fields[i]; {
		case e.kind == kindSection:
			r.section(node, e, path+".")
		case !e.kind.isScalar():
			if v := r.whole.FieldByIndex(wholeIndex(path + "." + e.key)); v.Len() > 0 {
				put(node, e.key, wholeNode(e, v))
			}
		}
	}
	if len(node.Content) > 0 {
		put(parent, f.key, node)
	}
}

// settingsNode renders what is set under a path prefix, with its origins.
func (r *renderer) settingsNode(b *block, prefix string) *yaml.Node {
	out := mappingNode()
	for i := range b.fields {
		f := &b.fields[i]
		if s, ok := r.settings[prefix+f.key]; ok {
			n := scalarNode(f, s.value)
			n.LineComment = comment("set in " + s.origin.String())
			put(out, f.key, n)
		}
	}
	return out
}

// usedProfiles renders, with inheritance resolved, the defaults, every profile that a
// section names and every one that the band or a test of a bench may switch to.
func (r *renderer) usedProfiles() *yaml.Node {
	used := map[string][2]string{defaultsKind: {defaultsKind, defaultsKind}}
	use := func(kind, name string) { used[kind+"/"+name] = [2]string{kind, name} }
	for _, sec := range sections {
		if sec.profile == "" {
			continue
		}
		for _, prefix := range []string{"", hostNames[0] + ".", hostNames[1] + "."} {
			path := prefix + sec.path + "." + profileKey
			if s, ok := r.settings[path]; ok {
				use(sec.profile, s.text)
			}
			for i := range r.s.Bench.Tests {
				for _, set := range r.s.Bench.Tests[i].Set {
					if key, name, _ := strings.Cut(set, "="); strings.TrimSpace(key) == path {
						use(sec.profile, strings.TrimSpace(name))
					}
				}
			}
			if r.s.Band == nil {
				continue
			}
			for _, axis := range r.s.Band.Axes {
				if axis.Set == path {
					for _, name := range axis.Values {
						use(sec.profile, name)
					}
				}
			}
		}
	}
	ids := make([]string, 0, len(used))
	for id := range used {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, id := range ids {
		if n := r.profileNode(used[id][0], used[id][1]); n != nil {
			list.Content = append(list.Content, n)
		}
	}
	return list
}

// profileNode renders one profile; nil if there is none of that name, which a band's
// axis can ask for and With then refuses.
func (r *renderer) profileNode(kind, name string) *yaml.Node {
	params, p := flatten(kind, name, r.profiles)
	if p != nil {
		return nil
	}
	title := name
	builtin, _ := builtinProfiles()
	for _, set := range []map[string]*profile{builtin, r.profiles} {
		if known, ok := set[kind+"/"+name]; ok {
			title = known.title
		}
	}
	n := mappingNode()
	for _, text := range [][2]string{{"kind", kind}, {"name", name}, {"title", title}} {
		if n.Content == nil {
			f := profileBlock.field("netgpusim_profile")
			put(n, f.key, scalarNode(f, value{whole: ProfileVersion}))
		}
		put(n, text[0], textNode(text[1]))
	}
	values := mappingNode()
	for _, t := range profileTargets[kind] {
		v, ok := params[t.key]
		if !ok {
			continue
		}
		entry := mappingNode()
		entry.Style = yaml.FlowStyle
		put(entry, "value", scalarNode(t.field, v.value))
		if v.ranged {
			bounds := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			bounds.Content = append(bounds.Content, scalarNode(t.field, v.low), scalarNode(t.field, v.high))
			put(entry, "range", bounds)
		}
		put(entry, "tag", textNode(v.tag))
		put(entry, "source", textNode(v.source))
		put(values, t.key, entry)
	}
	put(n, paramsKey, values)
	return n
}

// wholeNode renders an object or a list.
func wholeNode(f *field, v reflect.Value) *yaml.Node {
	switch f.kind {
	case kindObject:
		return structNode(f.elem, v.Elem())
	case kindObjects:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			list.Content = append(list.Content, structNode(f.elem, v.Index(i)))
		}
		return list
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for i := range v.Len() {
		list.Content = append(list.Content, scalarNode(f.item, f.item.fetch(v.Index(i))))
	}
	return list
}

// structNode renders the keys of a struct; optional ones that are not given are left out.
func structNode(b *block, structure reflect.Value) *yaml.Node {
	n := mappingNode()
	for i := range b.fields {
		f := &b.fields[i]
		member := structure.FieldByIndex(f.index)
		if !f.kind.isScalar() {
			if !member.IsZero() {
				put(n, f.key, wholeNode(f, member))
			}
			continue
		}
		if v, given := f.load(structure); given && (f.pointer || f.required || !member.IsZero()) {
			put(n, f.key, scalarNode(f, v))
		}
	}
	return n
}

func mappingNode() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func put(mapping *yaml.Node, key string, v *yaml.Node) {
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, v)
}

// textNode renders a text; the encoder quotes it if YAML would read it as something else.
func textNode(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	return n
}

func scalarNode(f *field, v value) *yaml.Node {
	switch f.kind {
	case kindEnum, kindName, kindPath, kindFree, kindScalar:
		return textNode(v.text)
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: f.print(v)}
}

// comment makes text fit for the end of a line.
func comment(text string) string {
	return "# " + strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, strings.TrimSpace(fmt.Sprint(text)))
}
