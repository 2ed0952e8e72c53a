package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"netgpusim/pcie"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// benchSections are the sections that a bench has. All are of one host, which has no
// name.
var benchSections = []string{"pcie", "gpu", "bench.device", "bench.core"}

// benchRowsMax bounds the figures of a bench.
const benchRowsMax = 1000

// oneKind refuses a file that extends one of another kind: little of that could hold. A
// file has the kind of what it extends unless it says otherwise.
func oneKind(layers []*layer) *Error {
	kind := KindTransfer
	for i, l := range layers {
		s, given := l.settings["kind"]
		if !given {
			continue
		}
		if extends := l.settings["extends"]; i > 0 && s.text != kind {
			p := problem{given: quote(extends.text) + ", which is of kind " + kind, allowed: "a scenario of kind " + s.text, hint: "as this one"}
			return p.at(extends.origin, "extends")
		}
		kind = s.text
	}
	return nil
}

// wrongKind says what is wrong with a path whose key at top level scenarios of this
// kind do not have; nil if they do.
func wrongKind(path, kind string) *problem {
	key, _, _ := strings.Cut(path, ".")
	kinds := kindsOf(key)
	if slices.Contains(kinds, kind) {
		return nil
	}
	return &problem{given: quote(path) + ", a setting of kind " + kinds[0], allowed: strings.Join(keysOf(kind), ", "), hint: "this scenario is of kind " + kind}
}

// ofAnotherKind refuses settings that a scenario of this kind does not have, once per
// section.
func (r *resolver) ofAnotherKind() {
	var paths []string
	for path := range r.settings {
		paths = append(paths, path)
	}
	for _, list := range []string{"flows", "bench.tests"} {
		if _, given := r.at[list]; given {
			paths = append(paths, list)
		}
	}
	sort.Slice(paths, func(i, j int) bool { return before(r.originOf(paths[i]), r.originOf(paths[j])) })
	said := map[string]bool{} // by key at top level
	for _, path := range paths {
		key, _, _ := strings.Cut(path, ".")
		if p := wrongKind(path, r.s.Kind); p != nil && !said[key] {
			said[key] = true
			r.fail(p, r.originOf(path), path)
		}
	}
	if s, given := r.settings["seed"]; given && r.s.Kind == KindBench {
		r.warn("%s: seed has no effect: a %s draws nothing at random", s.origin, KindBench)
	}
}

// originOf is where a setting, or a list of objects, was given.
func (r *resolver) originOf(path string) origin {
	if s, ok := r.settings[path]; ok {
		return s.origin
	}
	return r.at[path]
}

// before orders origins, those of one file by their place.
func before(a, b origin) bool {
	return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column)) < 0
}

// kindsOf are the kinds of scenarios that have a key at top level.
func kindsOf(key string) []string {
	f := root.field(key)
	switch {
	case key == "bench":
		return []string{KindBench}
	case f.kind != kindSection && f.elem != flowBlock, slices.Contains(benchSections, key):
		return []string{KindTransfer, KindBench}
	}
	return []string{KindTransfer}
}

// keysOf are the keys at top level that say what a scenario of a kind simulates.
func keysOf(kind string) []string {
	var keys []string
	for i := range root.fields {
		f := &root.fields[i]
		if (f.kind == kindSection || f.elem == flowBlock) && slices.Contains(kindsOf(f.key), kind) {
			keys = append(keys, f.key)
		}
	}
	return keys
}

// bench fills what a scenario of kind pcie-bench has.
func (r *resolver) bench(defaults map[string]*param) {
	r.s.Bench.Tests = r.tests(defaults)
	r.platform(&r.s.Bench.Platform)
	for _, path := range benchSections {
		s, _ := sectionAt(path)
		used := slices.ContainsFunc(r.s.Bench.Tests, func(t BenchTest) bool { return needs(t.Test, path) })
		if !used && r.mentions(s.field, path, "") {
			r.warn("%s has no effect: no test uses it", path)
		}
	}
	for i := 0; i < len(r.s.Bench.Tests) && !r.errs.full(); i++ {
		r.testPlatform(i)
	}
}

// platform fills the sections that settings mention.
func (r *resolver) platform(p *Platform) {
	for _, path := range benchSections {
		s, _ := sectionAt(path)
		if params, ok := r.profileOf(s.field, path, ""); ok && r.mentions(s.field, path, "") {
			r.section(p.part(path), s.field, path, "", params)
		}
	}
}

// testPlatform gives a test the platform of the bench, changed by its own settings.
func (r *resolver) testPlatform(i int) {
	t := &r.s.Bench.Tests[i]
	path := fmt.Sprintf("bench.tests[%d]", i)
	own := &resolver{merged: r.merged, s: r.s}
	platform := r.s.Bench.Platform
	if len(t.Set) > 0 {
		at := func(i int, _ string) origin { return r.at[fmt.Sprintf("%s.set[%d]", path, i)] }
		l, err := decodeSets(t.Set, nil, at)
		if err != nil {
			r.errs = append(r.errs, err.(Errors)...)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(l.settings)) {
			if p := wrongKind(key, KindBench); p != nil || key == "seed" {
				r.fail(&problem{given: quote(key), allowed: "a setting of " + strings.Join(benchSections, ", ")}, l.settings[key].origin, path+".set")
				return
			}
			if s, given := r.settings[key]; given && s.origin.line == 0 {
				r.warn("%s has no effect on %s, which sets the same key", s.origin, path)
			}
		}
		own.merged, platform = r.merged.with(l), Platform{}
		own.platform(&platform)
		r.errs = append(r.errs, own.errs...)
	}
	for _, section := range benchSections {
		s, _ := sectionAt(section)
		if needs(t.Test, section) && !own.mentions(s.field, section, "") {
			builtin, _ := builtinProfiles()
			p := problem{given: quote(t.Test) + " without section " + section, allowed: "a profile there: " + strings.Join(profileNames(s.profile, r.profiles, builtin), ", ")}
			r.fail(&p, r.at[path+".test"], path+".test")
		}
	}
	if own.mentions(root.field("pcie"), "pcie", "") {
		if platform.PCIe.BeyondFast() {
			r.warn("%s: %s", path, beyondFast)
		}
		wrong := wrongPCIe(&platform.PCIe)
		if platform.PCIe.Engine == pcie.EngineExact {
			wrong = append(wrong, misfit{"pcie.engine", problem{given: pcie.EngineExact, allowed: "auto or fast in a pcie-bench",
				hint: "microbenchmarks are booked on the fast engine"}, []string{"pcie.profile"}})
		}
		for _, w := range wrong {
			r.fail(&w.problem, own.where(append([]string{w.key}, w.others...)...), w.key)
		}
	}
	t.PCIe, t.GPU, t.Device, t.Core = platform.PCIe, platform.GPU, platform.Device, platform.Core
}

// needs says whether a test uses a section. Every test does PCIe, and there is a GPU on
// every tree.
func needs(test, section string) bool {
	switch section {
	case "bench.device":
		return strings.HasPrefix(test, "dma_") || strings.HasPrefix(test, "p2p_")
	case "bench.core":
		return strings.HasPrefix(test, "bar1_")
	}
	return true
}

// tests fills the tests of a bench, without their platforms. It copies them, because
// merged sources are shared between scenarios.
func (r *resolver) tests(defaults map[string]*param) []BenchTest {
	doc := r.whole.Addr().Interface().(*document)
	tests := append([]BenchTest(nil), doc.Bench.Tests...)
	rows := 0
	seen := map[string]bool{}
	for i := range tests {
		t := &tests[i]
		path := fmt.Sprintf("bench.tests[%d]", i)
		r.testDefaults(t, path, defaults)
		if t.Name == "" {
			t.Name = t.Test
		}
		if rows += len(t.Sizes) * len(t.Parallel); rows > benchRowsMax {
			break // refused below
		}
		for j, size := range t.Sizes {
			for _, parallel := range t.Parallel {
				id := fmt.Sprintf("%s of %s by %d", t.Name, formatSize(int64(size)), parallel)
				if seen[id] {
					at := fmt.Sprintf("%s.sizes[%d]", path, j)
					p := problem{given: id + " a second time", allowed: "each name, size and parallel once", hint: "key name tells tests apart"}
					r.fail(&p, r.at[at], at)
				}
				seen[id] = true
			}
		}
	}
	switch o, given := r.at["bench.tests"]; {
	case len(tests) == 0:
		if !given {
			o = origin{r.file, 1, 1}
		}
		r.fail(&problem{given: "no tests", allowed: "at least one, such as \"bench: {tests: [{test: copy_engine, sizes: [64]}]}\""}, o, "bench.tests")
	case rows > benchRowsMax:
		r.fail(&problem{given: fmt.Sprintf("%d combinations of test, size and parallel", rows), allowed: fmt.Sprintf("at most %d", benchRowsMax)}, o, "bench.tests")
	}
	return tests
}

// hasDefault says whether a key of bench.tests may be left out and has a value then.
func hasDefault(f *field) bool {
	return !f.required && (f.kind.isWhole() || f.kind == kindList && f.item.kind.isWhole())
}

// testDefaults fills the keys that an entry of bench.tests leaves out, and refuses
// empty lists.
func (r *resolver) testDefaults(t *BenchTest, path string, defaults map[string]*param) {
	structure := reflect.ValueOf(t).Elem()
	for i := range testBlock.fields {
		f := &testBlock.fields[i]
		o, given := r.at[path+"."+f.key]
		def := defaults["bench.tests."+f.key]
		switch {
		case given && f.kind == kindList && structure.FieldByIndex(f.index).Len() == 0:
			r.fail(&problem{given: "an empty list", allowed: "at least one " + f.item.noun()}, o, path+"."+f.key)
		case given || !hasDefault(f):
		case def == nil:
			r.fail(&problem{given: "no value", allowed: f.allowed()}, r.at[path], path+"."+f.key)
		case f.kind == kindList:
			list := reflect.MakeSlice(structure.FieldByIndex(f.index).Type(), 1, 1)
			f.item.store(list.Index(0), def.value)
			structure.FieldByIndex(f.index).Set(list)
		default:
			f.assign(structure, def.value)
		}
	}
}

// benchValue prints one value of a bench's section, as tests that set nothing have it;
// f is the key's field.
func (s *Scenario) benchValue(f *field, path string) string {
	section := path[:strings.LastIndexByte(path, '.')]
	if f.index == nil {
		r := &resolver{merged: s.from}
		if named, _, ok := r.profileSetting(section, ""); ok {
			return named.text
		}
		return "none"
	}
	v, _ := f.load(s.Bench.part(section))
	return f.print(v)
}

// part is the struct that one of benchSections fills.
func (p *Platform) part(section string) reflect.Value {
	switch section {
	case "pcie":
		return reflect.ValueOf(&p.PCIe).Elem()
	case "gpu":
		return reflect.ValueOf(&p.GPU).Elem()
	case "bench.device":
		return reflect.ValueOf(&p.Device).Elem()
	}
	return reflect.ValueOf(&p.Core).Elem()
}
