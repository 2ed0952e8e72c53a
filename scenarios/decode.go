package scenarios

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// layer is what one source says: a file, or the --set flags of one call.
type layer struct {
	settings map[string]setting  // by path; those of flows under "flows.NAME."
	profiles map[string]*profile // by kind/name

	flows []string          // names in order, if flowsAt is given
	whole reflect.Value     // a document whose objects and lists of objects are set
	given map[string]origin // keys of whole and "flows" that the source gives
	at    map[string]origin // origins inside whole, by path such as "expect[0].of"
}

func newLayer() *layer {
	return &layer{
		settings: map[string]setting{}, profiles: map[string]*profile{},
		whole: reflect.ValueOf(new(document)).Elem(), given: map[string]origin{}, at: map[string]origin{},
	}
}

// decoder turns the YAML tree of one file into a layer and collects what is wrong.
type decoder struct {
	file string
	out  *layer
	errs Errors
}

// decode reads one scenario file.
func decode(name string, data []byte) (*layer, error) {
	body, err := parseYAML(name, data)
	if err != nil {
		return nil, err
	}
	d := &decoder{file: name, out: newLayer()}
	if !d.checkVersion(body) {
		return nil, d.errs.err()
	}
	d.block(root, body, "", d.out.whole)
	d.required(root, body, "")
	return d.out, d.errs.err()
}

// checkVersion looks at the version before anything else: of a file in another
// version nothing else can be said.
func (d *decoder) checkVersion(body *yaml.Node) bool {
	f := root.field("netgpusim")
	for i := 0; i+1 < len(body.Content); i += 2 {
		if k := body.Content[i]; k.Kind == yaml.ScalarNode && k.Value == f.key {
			v := body.Content[i+1]
			if _, p := f.readNode(v); p != nil {
				p.allowed, p.hint = fmt.Sprint(SchemaVersion), "the version of the file format"
				d.fail(p, v, f.key)
				return false
			}
			return true
		}
	}
	d.fail(&problem{given: "no key " + f.key, allowed: fmt.Sprintf("\"netgpusim: %d\" as the first line", SchemaVersion)}, body, f.key)
	return false
}

func (d *decoder) origin(n *yaml.Node) origin { return origin{d.file, n.Line, n.Column} }

func (d *decoder) fail(p *problem, n *yaml.Node, key string) {
	if d.errs.full() {
		return
	}
	d.errs = append(d.errs, p.at(d.origin(n), key))
}

// mapping visits the keys of n. It reports what is no mapping, keys that are not
// plain words, and keys given twice.
func (d *decoder) mapping(n *yaml.Node, path, allowed string, visit func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fail(&problem{given: nodeNoun(n), allowed: allowed}, n, strings.TrimSuffix(path, "."))
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content) && !d.errs.full(); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			d.fail(&problem{given: nodeNoun(k) + " as a key", allowed: "a word"}, k, strings.TrimSuffix(path, "."))
			continue
		}
		if line, twice := first[k.Value]; twice {
			d.fail(&problem{given: "the key a second time", allowed: "each key once", hint: fmt.Sprintf("first given in line %d", line)}, k, path+k.Value)
			continue
		}
		first[k.Value] = k.Line
		visit(k.Value, k, v)
	}
}

// known returns the field of a key, or reports that there is none.
func (d *decoder) known(b *block, key string, k *yaml.Node, path string) *field {
	f := b.field(key)
	if f == nil {
		d.unknown(key, b.keys, elsewhere(b, key), k, strings.TrimSuffix(path, "."))
	}
	return f
}

// unknown reports a key that is none of keys: with what was probably meant, else with
// all that are allowed.
func (d *decoder) unknown(key string, keys []string, hint string, k *yaml.Node, path string) {
	p := &problem{given: "the unknown key " + quote(key), hint: hint}
	if p.hint == "" {
		p.hint = didYouMean(key, keys)
	}
	if p.hint == "" {
		p.allowed = strings.Join(keys, ", ")
	}
	d.fail(p, k, path)
}

// elsewhere says where else a key exists that block b does not have.
func elsewhere(b *block, key string) string {
	if b != root && root.field(key) != nil {
		return quote(key) + " is a key at top level"
	}
	for _, s := range sections {
		if s.elem != b && s.elem.field(key) != nil {
			return "did you mean " + quote(s.path+"."+key) + "?"
		}
	}
	return ""
}

// block reads a mapping of settings: the root, a section, a host. What is replaced as a
// whole goes into structure, which is of the block's type.
func (d *decoder) block(b *block, n *yaml.Node, path string, structure reflect.Value) {
	allowed := (&field{kind: kindSection, elem: b}).allowed()
	d.mapping(n, path, allowed, func(key string, k, v *yaml.Node) {
		f := d.known(b, key, k, path)
		if f == nil {
			return
		}
		switch full := path + key; {
		case f.kind == kindSection:
			d.block(f.elem, v, full+".", structure.FieldByIndex(f.index))
		case f.kind.isScalar():
			if got, p := f.readNode(v); p != nil {
				d.fail(p, v, full)
			} else {
				d.out.settings[full] = setting{value: got, origin: d.origin(v)}
			}
		case full == "flows":
			d.flows(v)
		case full == "profiles":
			d.profiles(v)
		default:
			d.out.given[full], d.out.at[full] = d.origin(k), d.origin(k)
			d.whole(f, v, full, structure)
		}
	})
}

// listMax bounds the entries of a list.
const listMax = 1000

// list visits the entries of a sequence.
func (d *decoder) list(f *field, n *yaml.Node, path string, visit func(i int, v *yaml.Node)) {
	if n.Kind != yaml.SequenceNode || len(n.Content) > listMax {
		given := nodeNoun(n)
		if n.Kind == yaml.SequenceNode {
			given = fmt.Sprintf("a list of %d entries", len(n.Content))
		}
		d.fail(&problem{given: given, allowed: fmt.Sprintf("%s of at most %d entries", f.allowed(), listMax)}, n, path)
		return
	}
	for i := 0; i < len(n.Content) && !d.errs.full(); i++ {
		visit(i, n.Content[i])
	}
}

// whole reads a value that is replaced as a whole into the member f of structure.
func (d *decoder) whole(f *field, n *yaml.Node, path string, structure reflect.Value) {
	dst := structure.FieldByIndex(f.index)
	switch f.kind {
	case kindObject:
		dst.Set(reflect.New(f.elem.typ))
		d.object(f.elem, n, path, dst.Elem())
	case kindObjects:
		dst.Set(reflect.MakeSlice(dst.Type(), 0, len(n.Content)))
		d.list(f, n, path, func(i int, v *yaml.Node) {
			entry := reflect.New(f.elem.typ).Elem()
			d.object(f.elem, v, fmt.Sprintf("%s[%d]", path, i), entry)
			dst.Set(reflect.Append(dst, entry))
		})
	case kindList:
		dst.Set(reflect.MakeSlice(dst.Type(), 0, len(n.Content)))
		d.list(f, n, path, func(i int, v *yaml.Node) {
			full := fmt.Sprintf("%s[%d]", path, i)
			got, p := f.item.readNode(v)
			if p != nil {
				d.fail(p, v, full)
			}
			d.out.at[full] = d.origin(v)
			entry := reflect.New(dst.Type().Elem()).Elem()
			f.item.store(entry, got)
			dst.Set(reflect.Append(dst, entry))
		})
	default:
		got, p := f.readNode(n)
		if p != nil {
			d.fail(p, n, path)
			return
		}
		f.assign(structure, got)
	}
}

// object reads a mapping into a struct; required keys have to be there.
func (d *decoder) object(b *block, n *yaml.Node, path string, structure reflect.Value) {
	failed := len(d.errs)
	keys := 0
	d.out.at[path] = d.origin(n)
	d.mapping(n, path+".", (&field{kind: kindSection, elem: b}).allowed(), func(key string, k, v *yaml.Node) {
		if f := d.known(b, key, k, path+"."); f != nil {
			keys++
			d.out.at[path+"."+key] = d.origin(v)
			d.whole(f, v, path+"."+key, structure)
		}
	})
	if len(d.errs) > failed && keys == 0 {
		return // no mapping at all, or of other keys: said already
	}
	d.required(b, n, path+".")
}

// required reports the keys that a mapping has to have and does not.
func (d *decoder) required(b *block, n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := range b.fields {
		f := &b.fields[i]
		if f.required && mappingValue(n, f.key) == nil {
			d.fail(&problem{given: "no key " + f.key, allowed: f.allowed(), hint: f.doc}, n, path+f.key)
		}
	}
}

// flows reads the list of connections. Their keys are settings, so that --set can
// change them: flows.NAME.count.
func (d *decoder) flows(n *yaml.Node) {
	d.out.given["flows"], d.out.at["flows"] = d.origin(n), d.origin(n)
	seen := map[string]bool{}
	d.list(root.field("flows"), n, "flows", func(i int, v *yaml.Node) {
		path := fmt.Sprintf("flows[%d].", i)
		own := map[string]setting{}
		d.mapping(v, path, (&field{kind: kindSection, elem: flowBlock}).allowed(), func(key string, k, v *yaml.Node) {
			f := d.known(flowBlock, key, k, path)
			if f == nil {
				return
			}
			got, p := f.readNode(v)
			if p != nil {
				d.fail(p, v, path+key)
				return
			}
			own[key] = setting{value: got, origin: d.origin(v)}
		})
		name, named := own["name"]
		d.required(flowBlock, v, path)
		switch {
		case !named:
			return
		case seen[name.text]:
			d.fail(&problem{given: quote(name.text) + " a second time", allowed: "a name of its own for each flow"}, v, path+"name")
			return
		}
		seen[name.text] = true
		d.out.flows = append(d.out.flows, name.text)
		for key, s := range own {
			d.out.settings["flows."+name.text+"."+key] = s
		}
	})
}

// mappingValue returns the value of a key of a mapping node, nil without it.
func mappingValue(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
