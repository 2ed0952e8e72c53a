package reports

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The JUnit XML that CI systems read: one suite, a test case per case, at most one
// failure in each, which is what the strictest of the schemas in use allows.
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Class     string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	Skipped   *junitMessage `xml:"skipped"`
	Failure   *junitMessage `xml:"failure"`
	SystemOut string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the result of a check as JUnit XML: a test suite, a test case per case
// and per expected cause, with the counterexamples as the text of a failure. A case
// fails if it makes the check fail; a case that was not begun is skipped.
//
// Errors: the writer's.
func JUnit(w io.Writer, c Check) error {
	name := "netgpusim check " + c.Command
	class := "netgpusim.check." + c.Command
	if c.Variant != "" {
		name += " " + c.Variant
		class += "." + strings.ReplaceAll(c.Variant, " ", "_")
	}
	s := junitSuite{Name: name, Time: seconds(c.WallS), Properties: junitProperties(&c)}
	for i := range c.Cases {
		s.add(junitOf(&c, &c.Cases[i], class))
	}
	for _, k := range c.NotRun {
		s.add(junitCase{Name: k, Class: class, Time: seconds(0), Skipped: &junitMessage{Message: "not run"}})
	}
	for _, cause := range c.Expected {
		k := junitCase{Name: "expected: " + cause, Class: class, Time: seconds(0)}
		if slices.Contains(c.Missing, cause) {
			k.Failure = &junitMessage{Message: cause + " was not found in any case", Type: "missing"}
		}
		s.add(k)
	}
	var buf bytes.Buffer
	buf.WriteString(xml.Header)
	e := xml.NewEncoder(&buf)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suites: []junitSuite{s}}); err != nil {
		return fmt.Errorf("reports: JUnit: %w", err)
	}
	buf.WriteByte('\n')
	_, err := w.Write(buf.Bytes())
	return err
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

func (s *junitSuite) add(k junitCase) {
	s.Cases = append(s.Cases, k)
	s.Tests++
	if k.Failure != nil {
		s.Failures++
	}
	if k.Skipped != nil {
		s.Skipped++
	}
}

// junitProperties are what was asked for.
func junitProperties(c *Check) []junitProperty {
	list := []junitProperty{{"version", c.Version}}
	if c.Variant != "" {
		list = append(list, junitProperty{"variant", c.Variant})
	}
	if c.Seed != nil {
		list = append(list, junitProperty{"seed", fmt.Sprint(*c.Seed)})
	}
	for i := range c.Cases {
		if k := &c.Cases[i]; k.Bounds != "" {
			list = append(list, junitProperty{"bounds." + k.Name, k.Bounds})
		}
	}
	return list
}

// junitOf is one case.
func junitOf(c *Check, k *CheckCase, class string) junitCase {
	j := junitCase{Name: k.Name, Class: class, Time: seconds(k.WallS)}
	if k.Skipped != "" {
		j.Skipped = &junitMessage{Message: k.Skipped}
		return j
	}
	var wrong []CheckViolation
	var causes []string
	for _, v := range k.Violations {
		if k.fails(c, v.Cause) {
			wrong = append(wrong, v)
			causes = append(causes, v.Cause)
		}
	}
	switch {
	case k.Kind == CheckReplay && !k.Replay.OK:
		j.Failure = &junitMessage{Message: k.Replay.Differs, Type: "replay", Text: junitText(k, k.Violations)}
	case len(wrong) > 0:
		j.Failure = &junitMessage{Message: plural(int64(len(wrong)), "violation", "violations") + ": " + strings.Join(causes, ", "),
			Type: wrong[0].Invariant, Text: junitText(k, wrong)}
		j.Failure.Message = strings.ReplaceAll(j.Failure.Message, nbsp, " ")
	case !k.Complete && (c.CompleteRequired || k.Stopped == "interrupted"):
		j.Failure = &junitMessage{Message: "not exhausted: " + stopReason(k), Type: "incomplete"}
	case len(k.Violations) > 0:
		j.SystemOut = junitText(k, k.Violations)
	case !k.Complete:
		j.SystemOut = "not exhausted: " + stopReason(k)
	}
	return j
}

// fails says whether a cause found in a case is one that makes the check fail.
func (k *CheckCase) fails(c *Check, cause string) bool {
	return k.Kind != CheckReplay && !slices.Contains(c.Expected, cause)
}

// junitText sets violations with their ways for a log of CI.
func junitText(k *CheckCase, list []CheckViolation) string {
	p := &page{width: 120}
	for i := range list {
		v := &list[i]
		p.gap()
		p.paragraph(0, 2, span{clean(v.Cause) + " breaks " + clean(v.Invariant) + ": " + clean(v.What), plainStyle})
		p.paragraph(2, 4, span{whereFound(shown{k, v}, nil), plainStyle})
		if v.File != "" {
			p.paragraph(2, 4, span{"saved in " + clean(v.File), plainStyle})
		}
		if v.Line > 0 {
			p.divergence(v)
		} else {
			p.steps(v.Steps)
		}
	}
	return p.buf.String()
}
