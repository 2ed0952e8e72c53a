package scenarios

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"
)

// object is a JSON object; encoding/json sorts its keys.
type object = map[string]any

// JSONSchema returns the JSON Schema (draft 2020-12) of scenario files, for editors
// and for tools that write scenarios. It is made from the same struct tags as the
// loader. What JSON Schema cannot express stays with the loader: bounds of values
// with units, and everything that looks at several keys.
func JSONSchema() []byte {
	schema := blockSchema(root)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "netgpusim scenario"
	schema["description"] = "Hardware, kernel settings, workload, faults and expectations of one simulation run."
	properties := schema["properties"].(object)
	for _, name := range hostNames {
		properties[name].(object)["$ref"] = "#/$defs/host"
		delete(properties[name].(object), "properties")
		delete(properties[name].(object), "additionalProperties")
		delete(properties[name].(object), "type")
	}
	schema["$defs"] = object{"host": blockSchema(senderBlock)}
	properties["profiles"].(object)["items"] = profileSchema()
	out, _ := json.MarshalIndent(schema, "", "  ") // maps of strings, numbers and slices always marshal
	return append(out, '\n')
}

// blockSchema is the schema of a mapping with fixed keys.
func blockSchema(b *block) object {
	properties := object{}
	var required []string
	for i := range b.fields {
		f := &b.fields[i]
		properties[f.key] = fieldSchema(f)
		if f.required {
			required = append(required, f.key)
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		out["required"] = required
	}
	return out
}

// fieldSchema is the schema of one key's value, with its meaning and its range.
func fieldSchema(f *field) object {
	out := valueSchema(f)
	doc := f.doc
	if r := f.rangeText(); r != "" && !f.pow2 {
		doc += " (" + r + ")"
	}
	if doc != "" {
		out["description"] = doc
	}
	return out
}

func valueSchema(f *field) object {
	switch f.kind {
	case kindBool:
		return object{"type": "boolean"}
	case kindInt:
		return wholeSchema(f)
	case kindSeed:
		return object{"type": "integer", "minimum": 0, "maximum": uint64(math.MaxUint64)}
	case kindTime:
		return object{"anyOf": []any{object{"const": 0}, quantitySchema(timeUnits, false)}}
	case kindRate:
		return object{"anyOf": []any{object{"const": 0}, quantitySchema(rateUnits, false)}}
	case kindSize:
		return object{"anyOf": []any{wholeSchema(f), quantitySchema(sizeUnits, true)}}
	case kindNumber:
		number := object{"type": "number"}
		if f.lowNumber != -math.MaxFloat64 {
			number["minimum"] = f.lowNumber
		}
		if f.highNumber != math.MaxFloat64 {
			number["maximum"] = f.highNumber
		}
		return object{"anyOf": []any{number, object{"type": "string", "pattern": `^-?[0-9][0-9_]*(\.[0-9][0-9_]*)? *%$`}}}
	case kindEnum:
		return object{"enum": f.enum}
	case kindName:
		return object{"type": "string", "pattern": namePattern}
	case kindPath:
		return object{"type": "string", "pattern": pathPattern}
	case kindFree:
		return object{"type": "string", "maxLength": textMaxLen}
	case kindScalar:
		return scalarSchema()
	case kindList:
		return object{"type": "array", "items": valueSchema(f.item), "maxItems": listMax}
	case kindObjects:
		return object{"type": "array", "items": blockSchema(f.elem), "maxItems": listMax}
	}
	return blockSchema(f.elem)
}

func scalarSchema() object { return object{"type": []string{"string", "number", "boolean"}} }

// wholeSchema is an integer within the field's bounds.
func wholeSchema(f *field) object {
	if f.pow2 {
		var powers []int64
		for v := int64(1); v > 0 && v <= f.high; v *= 2 {
			if v >= f.low {
				powers = append(powers, v)
			}
		}
		return object{"enum": powers}
	}
	return object{"type": "integer", "minimum": f.low, "maximum": f.high}
}

// quantitySchema is a number with one of units.
func quantitySchema(units []unit, plain bool) object {
	suffixes := make([]string, len(units))
	for i, u := range units {
		suffixes[i] = regexp.QuoteMeta(u.suffix)
	}
	suffix := "(" + strings.Join(suffixes, "|") + ")"
	if plain {
		suffix += "?"
	}
	return object{"type": "string", "pattern": `^-?[0-9][0-9_]*(\.[0-9][0-9_]*)? *` + suffix + "$"}
}

// profileSchema is a profile of any kind; the kind decides the parameters.
func profileSchema() object {
	out := blockSchema(profileBlock)
	properties := out["properties"].(object)
	properties["kind"] = object{"enum": profileKinds, "description": profileBlock.field("kind").doc}
	properties[paramsKey] = object{"type": "object", "description": "value, plausible range, tag and source of each key"}
	var byKind []any
	for _, kind := range profileKinds {
		params := object{}
		for _, t := range profileTargets[kind] {
			entry := blockSchema(paramBlock)
			entry["description"] = t.doc
			properties := entry["properties"].(object)
			properties["value"] = valueSchema(t.field)
			properties["range"] = object{"type": "array", "items": valueSchema(t.field), "minItems": 2, "maxItems": 2}
			params[t.key] = entry
		}
		byKind = append(byKind, object{
			"if":   object{"properties": object{"kind": object{"const": kind}}, "required": []string{"kind"}},
			"then": object{"properties": object{paramsKey: object{"properties": params, "additionalProperties": false}}},
		})
	}
	out["allOf"] = byKind
	return out
}
