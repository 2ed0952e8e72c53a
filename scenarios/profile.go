package scenarios

import (
	"fmt"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// ProfileVersion is the version of the profile format: the value of the key
// netgpusim_profile.
const ProfileVersion = 1

// defaultsKind is the kind of the one profile that gives the values of sections
// without profiles; its parameters carry their full paths.
const defaultsKind = "defaults"

// profileFile is the shape of a profile. Params holds one profileParam per key of
// the section, or per path for the defaults.
type profileFile struct {
	Version int                     `key:"netgpusim_profile" min:"1" max:"1" required:"true" doc:"version of the profile format"`
	Kind    string                  `key:"kind" required:"true" doc:"section that the profile is for"`
	Name    string                  `key:"name" required:"true" doc:"what a section's profile key calls it"`
	Title   string                  `key:"title" text:"free" required:"true" doc:"one line"`
	Extends string                  `key:"extends" doc:"profile of the same kind that gives the parameters not listed here"`
	Params  map[string]profileParam // decoded by the kind's own keys
}

// profileParam is one value with where it comes from.
type profileParam struct {
	Value  string   `key:"value" text:"scalar" required:"true" doc:"the value, written as in a scenario"`
	Range  []string `key:"range" text:"scalar" doc:"least and greatest plausible value; left out if the value is certain"`
	Tag    string   `key:"tag" enum:"documented|measured|guess" required:"true" doc:"documented: stated by source or specification; measured: derived from a measurement; guess: neither"`
	Source string   `key:"source" text:"free" required:"true" doc:"where the value is from, or what the guess rests on"`
}

// paramsKey is the key of a profile that its kind describes, not a struct.
const paramsKey = "params"

// profile is a decoded profile.
type profile struct {
	kind, name, title, extends string
	params                     map[string]*param
	origin                     origin // of the extends key
}

func (p *profile) id() string { return p.kind + "/" + p.name }

// param is one value of a profile.
type param struct {
	value       value
	low, high   value
	ranged      bool
	tag, source string
	profile     string // kind/name that states it
	origin      origin
}

// profileTarget is one parameter that profiles of a kind give.
type profileTarget struct {
	key string
	*field
}

// profileTargets lists what each kind of profile gives, in the order of the
// specifications: the keys of the sections with profiles, and for the defaults the
// paths of everything else.
var profileTargets = func() map[string][]profileTarget {
	targets := map[string][]profileTarget{}
	add := func(kind, prefix string, b *block, only func(*field) bool) {
		for i := range b.fields {
			switch f := &b.fields[i]; {
			case f.index == nil || f.required || only != nil && !only(f):
			case f.kind == kindList:
				targets[kind] = append(targets[kind], profileTarget{prefix + f.key, f.item}) // a list of one
			case f.kind.isScalar():
				targets[kind] = append(targets[kind], profileTarget{prefix + f.key, f})
			}
		}
	}
	targets[defaultsKind] = []profileTarget{{"seed", root.field("seed")}}
	for _, s := range sections {
		if s.profile != "" {
			add(s.profile, "", s.elem, nil)
		} else {
			add(defaultsKind, s.path+".", s.elem, nil)
		}
	}
	add(defaultsKind, "flows.", flowBlock, nil)
	add(defaultsKind, "bench.tests.", testBlock, hasDefault)
	return targets
}()

// profileKinds is the kinds of profiles, sorted.
var profileKinds = func() []string {
	var kinds []string
	for kind := range profileTargets {
		kinds = append(kinds, kind)
	}
	sort.Strings(kinds)
	return kinds
}()

func isHost(key string) bool { return key == hostNames[0] || key == hostNames[1] }

// profileBlock describes the fixed keys of a profile, paramBlock those of a parameter.
var (
	profileBlock = root.field("profiles").elem
	paramBlock   = describeType[profileParam]()
)

// profiles reads the profiles that a scenario file brings along.
func (d *decoder) profiles(n *yaml.Node) {
	d.list(root.field("profiles"), n, "profiles", func(i int, v *yaml.Node) {
		path := fmt.Sprintf("profiles[%d]", i)
		p := d.profile(v, path)
		if p == nil {
			return
		}
		if _, twice := d.out.profiles[p.id()]; twice {
			d.fail(&problem{given: "profile " + p.id() + " a second time", allowed: "each profile once"}, v, path)
			return
		}
		d.out.profiles[p.id()] = p
	})
}

// profile reads one profile; nil if its kind or name cannot be told.
func (d *decoder) profile(n *yaml.Node, path string) *profile {
	p := &profile{params: map[string]*param{}, origin: d.origin(n)}
	texts := map[string]string{}
	var params *yaml.Node
	prefix := ""
	if path != "" {
		prefix = path + "."
	}
	keys := append(append([]string{}, profileBlock.keys...), paramsKey)
	d.mapping(n, prefix, "a mapping with keys of "+strings.Join(keys, ", "), func(key string, k, v *yaml.Node) {
		if key == paramsKey {
			params = v
			return
		}
		f := profileBlock.field(key)
		if f == nil {
			d.unknown(key, keys, "", k, path)
			return
		}
		got, wrong := f.readNode(v)
		if wrong != nil {
			d.fail(wrong, v, prefix+key)
			return
		}
		texts[key] = f.print(got)
		if key == "extends" {
			p.origin = d.origin(v)
		}
	})
	if n.Kind != yaml.MappingNode {
		return nil
	}
	d.required(profileBlock, n, prefix)
	p.kind, p.name, p.title, p.extends = texts["kind"], texts["name"], texts["title"], texts["extends"]
	if p.kind == "" || p.name == "" {
		return nil
	}
	targets, ok := profileTargets[p.kind]
	if !ok {
		d.fail(&problem{given: quote(p.kind), allowed: oneOf(profileKinds), hint: didYouMean(p.kind, profileKinds)}, mappingValue(n, "kind"), prefix+"kind")
		return nil
	}
	if params != nil {
		d.params(p, targets, params, prefix+paramsKey)
	}
	return p
}

// params reads the parameters of a profile.
func (d *decoder) params(p *profile, targets []profileTarget, n *yaml.Node, path string) {
	keys := make([]string, len(targets))
	for i, t := range targets {
		keys[i] = t.key
	}
	d.mapping(n, path+".", "a mapping with keys of "+strings.Join(keys, ", "), func(key string, k, v *yaml.Node) {
		for _, t := range targets {
			if t.key == key {
				if got := d.param(t.field, v, path+"."+key); got != nil {
					got.profile = p.id()
					p.params[key] = got
				}
				return
			}
		}
		d.unknown(key, keys, "", k, path)
	})
}

// param reads one parameter for the field f and checks it against its own range.
func (d *decoder) param(f *field, n *yaml.Node, path string) *param {
	failed := len(d.errs)
	entry := newOf(paramBlock)
	d.object(paramBlock, n, path, entry)
	if len(d.errs) > failed {
		return nil
	}
	raw := entry.Interface().(profileParam)
	got := &param{tag: raw.Tag, source: raw.Source, origin: d.origin(n)}
	read := func(written *yaml.Node, key string) value {
		v, p := f.readNode(written)
		if p != nil {
			d.fail(p, written, path+"."+key)
		}
		return v
	}
	got.value = read(mappingValue(n, "value"), "value")
	switch len(raw.Range) {
	case 0:
	case 2:
		if !f.kind.isWhole() && f.kind != kindNumber {
			d.fail(&problem{given: "a range", allowed: "no range for " + f.allowed()}, n, path+".range")
			break
		}
		got.ranged = true
		bounds := mappingValue(n, "range").Content
		got.low, got.high = read(bounds[0], "range[0]"), read(bounds[1], "range[1]")
		if len(d.errs) == failed && (less(got.value, got.low) || less(got.high, got.value)) {
			d.fail(&problem{given: raw.Value, allowed: "a value within its range " + raw.Range[0] + " to " + raw.Range[1]}, n, path+".value")
		}
	default:
		d.fail(&problem{given: fmt.Sprintf("%d values", len(raw.Range)), allowed: "two, the least and the greatest"}, n, path+".range")
	}
	if len(d.errs) > failed {
		return nil
	}
	return got
}

// less compares two numeric values of one field; the member not in use is zero.
func less(a, b value) bool { return a.whole < b.whole || a.number < b.number }

// flatten returns all parameters of a profile, inherited ones included. Profiles in
// own go before built-in ones; one that has the name of a built-in profile and
// extends no other builds on it.
func flatten(kind, name string, own map[string]*profile) (map[string]*param, *problem) {
	builtin, err := builtinProfiles()
	if err != nil {
		return nil, &problem{given: "built-in profiles that cannot be read: " + err.Error()}
	}
	params := map[string]*param{}
	used := map[string]bool{} // profiles of own
	for depth, next := 0, name; next != ""; depth++ {
		id := kind + "/" + next
		p := own[id]
		if p == nil || used[id] {
			p = builtin[id]
		} else {
			used[id] = true
		}
		switch {
		case depth == extendsMax || p == nil && used[id]:
			return nil, &problem{given: quote(name) + ", whose chain of extends is a cycle or too long", allowed: fmt.Sprintf("a chain of at most %d profiles", extendsMax)}
		case p == nil:
			names := profileNames(kind, own, builtin)
			return nil, &problem{given: quote(next), allowed: "a profile of kind " + kind + ": " + strings.Join(names, ", "), hint: didYouMean(next, names)}
		}
		for key, v := range p.params {
			if _, overridden := params[key]; !overridden {
				params[key] = v
			}
		}
		next = p.extends
		if next == "" && p == own[id] && builtin[id] != nil {
			next = p.name
		}
	}
	return params, nil
}

// profileNames lists the profiles of a kind, sorted.
func profileNames(kind string, sets ...map[string]*profile) []string {
	seen := map[string]bool{}
	var names []string
	for _, set := range sets {
		for _, p := range set {
			if p.kind == kind && !seen[p.name] {
				seen[p.name] = true
				names = append(names, p.name)
			}
		}
	}
	sort.Strings(names)
	return names
}
