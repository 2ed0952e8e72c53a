package scenarios

import (
	"fmt"
	"strings"
)

// Reference returns the reference of all keys and of the built-in profiles as
// Markdown: type and range, default with its source, meaning. It is made from the
// struct tags and the profiles.
func Reference() []byte {
	var b strings.Builder
	defaults, _ := flatten(defaultsKind, defaultsKind, nil) // the tests prove that built-in profiles are sound
	b.WriteString("### Keys at top level\n\n")
	tableHead(&b)
	for i := range root.fields {
		f := &root.fields[i]
		tableRow(&b, f, f.key, defaults[f.key], "")
	}
	for i := range root.fields {
		f := &root.fields[i]
		if f.elem == nil || isHost(f.key) {
			continue
		}
		referenceBlock(&b, f.key, f, defaults)
	}
	b.WriteString("\n### params of a profile\n\nEach key of `params` is a key of the section (for kind `defaults`, the path of a key of a section without profiles) and holds:\n\n")
	tableHead(&b)
	for i := range paramBlock.fields {
		tableRow(&b, &paramBlock.fields[i], paramBlock.fields[i].key, nil, "")
	}
	referenceProfiles(&b)
	return []byte(b.String())
}

// referenceBlock writes the table of a section, and those of objects inside it.
func referenceBlock(b *strings.Builder, path string, f *field, defaults map[string]*param) {
	fmt.Fprintf(b, "\n### %s\n\n%s.", path, sentence(f.doc))
	if senderBlock.field(path) != nil {
		b.WriteString(" Also under `sender` and `receiver`.")
	}
	top, _, _ := strings.Cut(path, ".")
	if kinds := kindsOf(top); len(kinds) == 1 {
		fmt.Fprintf(b, " Only in scenarios of kind `%s`.", kinds[0])
	}
	b.WriteString("\n\n")
	tableHead(b)
	for i := range f.elem.fields {
		e := &f.elem.fields[i]
		from := ""
		if f.profile != "" && e.index != nil {
			from = "from the profile"
		}
		tableRow(b, e, e.key, defaults[path+"."+e.key], from)
	}
	for i := range f.elem.fields {
		if e := &f.elem.fields[i]; e.elem != nil {
			referenceBlock(b, path+"."+e.key, e, defaults)
		}
	}
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func tableHead(b *strings.Builder) {
	b.WriteString("| key | type | allowed | default | meaning |\n|---|---|---|---|---|\n")
}

func tableRow(b *strings.Builder, f *field, key string, def *param, from string) {
	kindText, allowed := f.noun(), f.rangeText()
	switch {
	case f.kind == kindEnum:
		allowed = strings.Join(f.enum, ", ")
	case f.kind == kindBool:
		kindText, allowed = "boolean", "true, false"
	case f.pow2:
		allowed += ", power of two"
	case f.kind.isWhole() && f.low == f.high:
		allowed = f.format(f.low)
	}
	switch {
	case def != nil:
		value := f.print(def.value)
		if f.kind == kindList {
			value = "[" + f.item.print(def.value) + "]"
		}
		from = fmt.Sprintf("%s (%s: %s)", value, def.tag, def.source)
	case f.required:
		from = "required"
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", key, kindText, cell(allowed), cell(from), cell(f.doc))
}

// cell makes text fit for a table cell.
func cell(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "|", "\\|")), " ")
}

// referenceProfiles writes every built-in profile with what it states itself.
func referenceProfiles(b *strings.Builder) {
	b.WriteString("\n### Built-in profiles\n")
	builtin, _ := builtinProfiles()
	for _, kind := range profileKinds {
		if kind == defaultsKind {
			continue // its values stand in the tables above
		}
		for _, name := range profileNames(kind, builtin) {
			p := builtin[kind+"/"+name]
			fmt.Fprintf(b, "\n#### %s: %s\n\n%s.", kind, name, sentence(p.title))
			if p.extends != "" {
				fmt.Fprintf(b, " What is not listed is as in `%s`.", p.extends)
			}
			b.WriteString("\n\n| key | value | plausible range | tag | source |\n|---|---|---|---|---|\n")
			for _, t := range profileTargets[kind] {
				v, ok := p.params[t.key]
				if !ok {
					continue
				}
				bounds := ""
				if v.ranged {
					bounds = t.print(v.low) + " to " + t.print(v.high)
				}
				fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", t.key, t.print(v.value), bounds, v.tag, cell(v.source))
			}
		}
	}
}
