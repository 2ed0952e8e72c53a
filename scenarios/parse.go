package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Bounds on a file, so that no input takes long.
const (
	fileMaxBytes = 1 << 20
	fileMaxNodes = 50_000
	fileMaxDepth = 16 // a valid file nests 5 deep
)

// parseYAML reads one YAML document whose root is a mapping. It refuses what could
// mean different things to different readers, or hide a value from one: several
// documents, anchors and aliases, explicit tags, merge keys, tabs as indentation.
func parseYAML(name string, data []byte) (*yaml.Node, error) {
	if p, o := checkText(name, data); p != nil {
		return nil, Errors{p.at(o, "")}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			p := problem{given: "an empty file", allowed: "a YAML mapping that starts with \"netgpusim: 1\""}
			return nil, Errors{p.at(origin{name, 1, 1}, "")}
		}
		return nil, Errors{syntaxError(name, err)}
	}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case err == nil:
		p := problem{given: "a second YAML document", allowed: "one document per file"}
		return nil, Errors{p.at(origin{name, second.Line, second.Column}, "")}
	case !errors.Is(err, io.EOF):
		return nil, Errors{syntaxError(name, err)}
	}
	body := doc.Content[0]
	if p, n := checkTree(body); p != nil {
		return nil, Errors{p.at(origin{name, n.Line, n.Column}, "")}
	}
	if body.Kind != yaml.MappingNode {
		given := nodeNoun(body)
		if given == "nothing" {
			given = "an empty file"
		}
		p := problem{given: given, allowed: "a YAML mapping that starts with \"netgpusim: 1\""}
		return nil, Errors{p.at(origin{name, max(body.Line, 1), max(body.Column, 1)}, "")}
	}
	return body, nil
}

// checkText checks what can be checked before parsing.
func checkText(name string, data []byte) (*problem, origin) {
	if len(data) > fileMaxBytes {
		return &problem{given: "a file of more than 1 MiB", allowed: "at most 1 MiB"}, origin{name, 1, 1}
	}
	if !utf8.Valid(data) {
		line, column := 1, 1
		for i := 0; i < len(data); {
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size == 1 {
				return &problem{given: fmt.Sprintf("byte 0x%02X", data[i]), allowed: "UTF-8 text"}, origin{name, line, column}
			}
			column++
			if r == '\n' {
				line, column = line+1, 1
			}
			i += size
		}
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if tab := bytes.IndexByte(indent, '\t'); tab >= 0 {
			return &problem{given: "a tab in the indentation", allowed: "spaces"}, origin{name, i + 1, tab + 1}
		}
	}
	return nil, origin{}
}

var syntaxMessage = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError turns an error of the YAML parser into one of ours.
func syntaxError(name string, err error) *Error {
	line, message := 1, err.Error()
	if m := syntaxMessage.FindStringSubmatch(message); m != nil {
		message = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		// The parser counts the lines of its structural errors from 0.
		if m[1] != "" && strings.HasPrefix(message, "did not find expected") {
			line++
		}
	}
	p := problem{given: "text that is not YAML (" + message + ")", allowed: "YAML 1.2"}
	return p.at(origin{name, line, 0}, "")
}

// checkTree refuses aliases, tags, and trees that are too large or too deep.
func checkTree(top *yaml.Node) (*problem, *yaml.Node) {
	nodes := 0
	var walk func(n *yaml.Node, depth int) (*problem, *yaml.Node)
	walk = func(n *yaml.Node, depth int) (*problem, *yaml.Node) {
		nodes++
		switch {
		case nodes > fileMaxNodes:
			return &problem{given: fmt.Sprintf("more than %d values", fileMaxNodes), allowed: "fewer"}, n
		case depth > fileMaxDepth:
			return &problem{given: fmt.Sprintf("values nested more than %d deep", fileMaxDepth), allowed: "less"}, n
		case n.Kind == yaml.AliasNode:
			return &problem{given: "the alias " + quote("*"+n.Value), allowed: "no aliases", hint: "extends shares settings between files"}, n
		case n.Anchor != "":
			return &problem{given: "the anchor " + quote("&"+n.Anchor), allowed: "no anchors", hint: "extends shares settings between files"}, n
		case n.Style&yaml.TaggedStyle != 0:
			return &problem{given: "the tag " + quote(n.Tag), allowed: "no tags"}, n
		}
		for _, child := range n.Content {
			if p, at := walk(child, depth+1); p != nil {
				return p, at
			}
		}
		return nil, nil
	}
	return walk(top, 1)
}
