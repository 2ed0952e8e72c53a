package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// bandPointsMax bounds how many runs a band asks for.
const bandPointsMax = 1000

// annotate fills what accompanies the settings: assumptions with their values,
// measured values, the band, expectations. It copies them, because merged sources
// are shared between scenarios.
func (r *resolver) annotate() {
	doc := r.whole.Addr().Interface().(*document)
	for i, a := range doc.Assumptions {
		if r.errs.full() {
			return
		}
		at := r.at[fmt.Sprintf("assumptions[%d].key", i)]
		v, p := r.s.value(a.Key)
		if p != nil {
			r.fail(p, at, fmt.Sprintf("assumptions[%d].key", i))
			continue
		}
		a.Value = v
		r.s.Assumptions = append(r.s.Assumptions, a)
	}
	r.s.Measured = append(r.s.Measured, doc.Measured...)
	if doc.Band != nil {
		r.band(*doc.Band)
	}
	for i, e := range doc.Expect {
		if r.errs.full() {
			return
		}
		r.expect(i, e)
	}
}

// band checks that every value of every axis can be set.
func (r *resolver) band(b Band) {
	if b.Mode == "" {
		b.Mode = "grid"
	}
	for _, key := range []string{"warmup", "duration"} {
		if o, given := r.at["band."+key]; given && r.s.Kind == KindBench {
			r.fail(&problem{given: "a time", allowed: "none: a " + KindBench + " takes as long as its operations"}, o, "band."+key)
		}
	}
	points := 1
	for i, axis := range b.Axes {
		if r.errs.full() {
			return
		}
		path := fmt.Sprintf("band.axes[%d]", i)
		f, p := lookup(axis.Set, r.flows)
		if p == nil {
			p = wrongKind(axis.Set, r.s.Kind)
		}
		if p != nil {
			r.fail(p, r.at[path+".set"], path+".set")
			continue
		}
		if len(axis.Values) == 0 {
			p := problem{given: "an empty list", allowed: "at least one value"}
			r.fail(&p, r.at[path+".values"], path+".values")
		}
		for j, text := range axis.Values {
			at := fmt.Sprintf("%s.values[%d]", path, j)
			if _, p := f.read(text); p != nil {
				r.fail(p, r.at[at], at)
			}
		}
		points = min(points*max(len(axis.Values), 1), bandPointsMax+1)
	}
	if b.Mode == "grid" && points > bandPointsMax {
		p := problem{given: fmt.Sprintf("more than %d combinations", bandPointsMax), allowed: fmt.Sprintf("at most %d, or mode: each", bandPointsMax)}
		r.fail(&p, r.at["band"], "band.axes")
	}
	r.s.Band = &b
}

// expect checks that an expectation says something, and names it.
func (r *resolver) expect(i int, e Expect) {
	path := fmt.Sprintf("expect[%d]", i)
	fail := func(p problem, key string) { r.fail(&p, r.at[path+key], path+key) }
	switch {
	case e.Min == nil && e.Max == nil && e.Equals == nil && e.Contains == nil && e.Within == nil:
		fail(problem{given: "no condition", allowed: "at least one of min, max, equals, contains, within"}, "")
	case e.Min != nil && e.Max != nil && *e.Min > *e.Max:
		fail(problem{given: "min " + formatNumber(*e.Min) + " above max " + formatNumber(*e.Max), allowed: "min at most max"}, ".min")
	case e.Equals != nil && *e.Equals == "":
		fail(problem{given: quote(""), allowed: "text that is not empty"}, ".equals")
	case e.Contains != nil && *e.Contains == "":
		fail(problem{given: quote(""), allowed: "text that is not empty"}, ".contains")
	case (e.Within == nil) != (e.Of == ""):
		fail(problem{given: "only one of within and of", allowed: "both, such as within: 6%, of: measured"}, "")
	}
	if e.Of != "" {
		var metrics []string
		for _, m := range r.s.Measured {
			metrics = append(metrics, m.Metric)
		}
		if !slices.Contains(metrics, e.Metric) {
			fail(problem{given: "nothing measured for " + quote(e.Metric), allowed: "a metric listed under measured", hint: didYouMean(e.Metric, metrics)}, ".of")
		}
	}
	if e.Name == "" {
		e.Name = e.Metric + " " + e.condition()
	}
	r.s.Expect = append(r.s.Expect, e)
}

// condition says what is expected, in words.
func (e *Expect) condition() string {
	var parts []string
	if e.Min != nil {
		parts = append(parts, "at least "+formatNumber(*e.Min))
	}
	if e.Max != nil {
		parts = append(parts, "at most "+formatNumber(*e.Max))
	}
	if e.Equals != nil {
		parts = append(parts, "equals "+quote(*e.Equals))
	}
	if e.Contains != nil {
		parts = append(parts, "contains "+quote(*e.Contains))
	}
	if e.Within != nil {
		parts = append(parts, "within "+formatNumber(*e.Within)+" of "+e.Of)
	}
	return strings.Join(parts, ", ")
}

// CheckMetrics reports the metrics under measured, band and expect for which known
// returns an error, with the place in the file. It is apart from Load because the
// names are those of results, which this package does not know. The error is of type
// Errors.
func (s *Scenario) CheckMetrics(known func(metric string) error) error {
	var errs Errors
	check := func(path, metric string) {
		if err := known(metric); err != nil {
			p := problem{given: quote(metric), allowed: "a field of the result", hint: err.Error()}
			errs = append(errs, p.at(s.from.at[path], path))
		}
	}
	for i, m := range s.Measured {
		check(fmt.Sprintf("measured[%d].metric", i), m.Metric)
	}
	if s.Band != nil {
		check("band.metric", s.Band.Metric)
	}
	for i, e := range s.Expect {
		check(fmt.Sprintf("expect[%d].metric", i), e.Metric)
	}
	return errs.err()
}

// Value returns a setting as the scenario resolved it, written as in a file. path is
// as in --set: nic.mtu, receiver.cpu.rx_cqe, flows.bulk.count, seed, nic.profile.
// For a path that goes for both hosts it returns "sender A, receiver B" if they
// differ. The error is of type Errors.
func Value(s *Scenario, path string) (string, error) {
	v, p := s.value(path)
	if p != nil {
		return "", Errors{p.at(origin{file: s.Name}, "")}
	}
	return v, nil
}

func (s *Scenario) value(path string) (string, *problem) {
	f, p := lookup(path, s.from.flows)
	if p == nil {
		p = wrongKind(path, s.Kind)
	}
	if p != nil {
		return "", p
	}
	first, rest, _ := strings.Cut(path, ".")
	switch {
	case first == "seed":
		return f.print(value{seed: s.Seed}), nil
	case s.Kind == KindBench:
		return s.benchValue(f, path), nil
	case root.field(first).elem == flowBlock:
		name := rest[:strings.LastIndexByte(rest, '.')]
		for i := range s.Flows {
			if s.Flows[i].Name == name {
				v, _ := f.load(reflect.ValueOf(&s.Flows[i]).Elem())
				return f.print(v), nil
			}
		}
	case isHost(first):
		section, _, _ := strings.Cut(rest, ".")
		return s.hostValue(f, first, section), nil
	case senderBlock.field(first) != nil:
		a, b := s.hostValue(f, hostNames[0], first), s.hostValue(f, hostNames[1], first)
		if a != b {
			return hostNames[0] + " " + a + ", " + hostNames[1] + " " + b, nil
		}
		return a, nil
	}
	v, _ := f.load(s.part(root.field(first)))
	return f.print(v), nil
}

// hostValue prints one value of a host's section; f is the key's field.
func (s *Scenario) hostValue(f *field, hostName, section string) string {
	sectionField := senderBlock.field(section)
	if f.index == nil {
		r := &resolver{merged: s.from}
		named, _, ok := r.profileSetting(section, hostName)
		if !ok {
			return "none"
		}
		return named.text
	}
	spec := &s.Sender
	if hostName == hostNames[1] {
		spec = &s.Receiver
	}
	v, _ := f.load(reflect.ValueOf(spec).Elem().FieldByIndex(sectionField.index))
	return f.print(v)
}

// part returns the member of the Scenario that a root section of the file fills:
// document and Scenario call them the same.
func (s *Scenario) part(f *field) reflect.Value {
	return reflect.ValueOf(s).Elem().FieldByName(root.typ.FieldByIndex(f.index).Name)
}
