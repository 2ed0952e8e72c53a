package scenarios

import (
	"fmt"
	"reflect"
	"strings"

	"netgpusim/host"
)

// resolver fills a Scenario from merged sources.
type resolver struct {
	*merged
	s    *Scenario
	errs Errors
}

// resolve gives every member of a Scenario its value from the highest layer that
// has one, then checks what only the whole scenario can show.
func resolve(m *merged) (*Scenario, error) {
	r := &resolver{merged: m, s: &Scenario{from: m}}
	defaults, p := flatten(defaultsKind, defaultsKind, m.profiles)
	if p != nil {
		return nil, Errors{p.at(origin{file: m.file}, "")}
	}
	r.identity()
	r.seed(defaults)
	r.ofAnotherKind()
	if r.s.Kind == KindBench {
		r.bench(defaults)
	} else {
		r.transfer(defaults)
	}
	if len(r.errs) > 0 {
		return nil, r.errs.err()
	}
	if r.s.Kind == KindTransfer {
		r.shadowed()
		r.check()
	}
	r.annotate()
	if len(r.errs) > 0 {
		return nil, r.errs.err()
	}
	return r.s, nil
}

// fail records a problem; the same one found for both hosts is said once.
func (r *resolver) fail(p *problem, o origin, key string) {
	if r.errs.full() {
		return
	}
	e := p.at(o, key)
	for _, known := range r.errs {
		if *known == *e {
			return
		}
	}
	r.errs = append(r.errs, e)
}

func (r *resolver) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, known := range r.s.Warnings {
		if known == text {
			return
		}
	}
	r.s.Warnings = append(r.s.Warnings, text)
}

func (r *resolver) identity() {
	r.s.Name, r.s.Title = r.settings["name"].text, r.settings["title"].text
	r.s.Description, r.s.Group = r.settings["description"].text, r.settings["group"].text
	r.s.Kind = KindTransfer
	if s, ok := r.settings["kind"]; ok {
		r.s.Kind = s.text
	}
}

func (r *resolver) seed(defaults map[string]*param) {
	if s, ok := r.settings["seed"]; ok {
		r.s.Seed = s.value.seed
	} else if p, ok := defaults["seed"]; ok {
		r.s.Seed = p.value.seed
	}
}

// transfer fills what a scenario of that kind has.
func (r *resolver) transfer(defaults map[string]*param) {
	for _, key := range []string{"run", "link"} {
		f := root.field(key)
		r.section(r.s.part(f), f, key, "", defaults)
	}
	r.host(&r.s.Sender, hostNames[0], defaults)
	r.host(&r.s.Receiver, hostNames[1], defaults)
	r.flowList(defaults)
}

// host fills all sections of one host.
func (r *resolver) host(spec *host.Spec, name string, defaults map[string]*param) {
	for i := range senderBlock.fields {
		f := &senderBlock.fields[i]
		params := defaults
		if f.profile != "" {
			var ok bool
			if params, ok = r.profileOf(f, f.key, name); !ok {
				continue
			}
			if params == nil && f.key == "gpu" && !r.mentions(f, f.key, name) {
				continue // a host without GPU
			}
		}
		r.section(reflect.ValueOf(spec).Elem().FieldByIndex(f.index), f, f.key, name, params)
	}
}

// profileSetting returns the setting that names the profile of the section at path, of
// a host if hostName is not empty.
func (r *resolver) profileSetting(path, hostName string) (s setting, key string, ok bool) {
	for _, key = range []string{hostName + "." + path + "." + profileKey, path + "." + profileKey} {
		if s, ok = r.settings[key]; ok {
			return s, key, true
		}
	}
	return setting{}, key, false
}

// profileOf returns the parameters of the profile that a section names: nil if it
// names none. ok is false if there is no such profile.
func (r *resolver) profileOf(f *field, path, hostName string) (params map[string]*param, ok bool) {
	s, key, named := r.profileSetting(path, hostName)
	if !named {
		return nil, true
	}
	params, p := flatten(f.profile, s.text, r.profiles)
	if p != nil {
		r.fail(p, s.origin, key)
		return nil, false
	}
	return params, true
}

// mentions says whether any key of a section is given.
func (r *resolver) mentions(f *field, path, hostName string) bool {
	for _, key := range f.elem.keys {
		if _, ok := r.find(hostName, path, key); ok {
			return true
		}
	}
	return false
}

// find returns the highest explicit setting of a key: the host's own, else that of
// the section at top level.
func (r *resolver) find(hostName, section, key string) (setting, bool) {
	if hostName != "" {
		if s, ok := r.settings[hostName+"."+section+"."+key]; ok {
			return s, true
		}
	}
	s, ok := r.settings[section+"."+key]
	return s, ok
}

// section fills one struct from settings and parameters. Keys that have a value in
// neither are reported together.
func (r *resolver) section(structure reflect.Value, f *field, path, hostName string, params map[string]*param) {
	var missing []string
	for i := range f.elem.fields {
		e := &f.elem.fields[i]
		if e.index == nil {
			continue
		}
		key := e.key
		if f.profile == "" {
			key = path + "." + e.key // as the defaults write it
		}
		if s, ok := r.find(hostName, path, e.key); ok {
			e.assign(structure, s.value)
		} else if p, ok := params[key]; ok {
			e.assign(structure, p.value)
		} else {
			missing = append(missing, e.key)
		}
	}
	if len(missing) == 0 {
		return
	}
	p := &problem{given: "no value for " + strings.Join(missing, ", "), allowed: "a value for every key"}
	o, at := origin{r.file, 1, 1}, path
	if f.profile != "" {
		builtin, _ := builtinProfiles()
		p.allowed += ", or a profile: " + strings.Join(profileNames(f.profile, r.profiles, builtin), ", ")
		if s, key, named := r.profileSetting(path, hostName); named {
			o, at = s.origin, key
			p.hint = "profile " + s.text + " does not give them"
		}
	}
	r.fail(p, o, at)
}

// flowList fills the flows.
func (r *resolver) flowList(defaults map[string]*param) {
	for _, name := range r.flows {
		var flow host.FlowSpec
		structure := reflect.ValueOf(&flow).Elem()
		for i := range flowBlock.fields {
			e := &flowBlock.fields[i]
			if s, ok := r.settings["flows."+name+"."+e.key]; ok {
				e.assign(structure, s.value)
			} else if p, ok := defaults["flows."+e.key]; ok {
				e.assign(structure, p.value)
			} else {
				p := problem{given: "no value", allowed: e.allowed()}
				r.fail(&p, origin{r.file, 1, 1}, "flows."+name+"."+e.key)
			}
		}
		r.s.Flows = append(r.s.Flows, flow)
	}
	if len(r.s.Flows) == 0 {
		p := problem{given: "no flows", allowed: "at least one, such as \"flows: [{name: bulk}]\""}
		r.fail(&p, origin{r.file, 1, 1}, "flows")
	}
}

// shadowed looks for settings of top-level sections that a host's own section,
// given in an earlier source, makes ineffective. A host goes before the top level
// whatever the order of sources; that must not happen silently.
func (r *resolver) shadowed() {
	for _, f := range senderBlock.fields {
		for _, key := range f.elem.keys {
			path := f.key + "." + key
			top, ok := r.settings[path]
			if !ok {
				continue
			}
			var by []string
			var where []string
			for _, name := range hostNames {
				if own, ok := r.settings[name+"."+path]; ok && own.layer < top.layer {
					by = append(by, name+"."+path)
					where = append(where, own.origin.String())
				}
			}
			switch len(by) {
			case 1:
				r.warn("%s: %s has no effect on one host: %s is set in %s", top.origin, path, by[0], where[0])
			case 2:
				p := problem{
					given:   "a value that has no effect",
					allowed: strings.Join(by, " and ") + " instead",
					hint:    "they are set in " + strings.Join(where, " and "),
				}
				r.fail(&p, top.origin, path)
			}
		}
	}
}
