package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// JSON writes results in schema netgpusim.result/1: one object if there is one
// result, otherwise an array. Fields stand in the order of Result and map keys in
// alphabetical order, so equal results give equal bytes. An absent list is [] and
// an absent table {}, never null. A result without a schema gets ResultSchema.
//
// Errors: a result of another schema, a number that is NaN or infinite (named by
// its path), or the writer's. Nothing is written unless all results are good.
func JSON(w io.Writer, r []Result) error {
	results, err := normalise(r)
	if err != nil {
		return err
	}
	if len(results) == 1 {
		return writeJSON(w, results[0])
	}
	return writeJSON(w, results)
}

// DecodeJSON reads what JSON writes: an object or an array of them, and nothing
// after it. Every object must name schema netgpusim.result/1; unknown fields are
// skipped, because the contract lets later versions add some. Absent lists and
// tables come back empty, not nil. The caller bounds the size of the input.
func DecodeJSON(r io.Reader) ([]Result, error) {
	dec := json.NewDecoder(r)
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("reports: empty input; want a result of schema " + ResultSchema + " or an array of them")
		}
		return nil, fmt.Errorf("reports: not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reports: something follows the JSON value that ends at byte %d", dec.InputOffset())
	}

	items := []json.RawMessage{raw}
	if bytes.HasPrefix(raw, []byte("[")) {
		items = nil
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, fmt.Errorf("reports: %w", err)
		}
	}
	results := make([]Result, len(items))
	for i, item := range items {
		if err := decodeResult(item, &results[i]); err != nil {
			return nil, fmt.Errorf("reports: result %d of %d: %w", i+1, len(items), err)
		}
	}
	return normalise(results)
}

// decodeResult decodes one object, schema first: a document of another schema
// gets an error about that, and not about the first field that differs.
func decodeResult(data json.RawMessage, r *Result) error {
	if !bytes.HasPrefix(data, []byte("{")) {
		return fmt.Errorf("got %.20s; want an object of schema %s", data, ResultSchema)
	}
	var head struct {
		Schema *string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	if head.Schema == nil {
		return fmt.Errorf(`no "schema"; want %q`, ResultSchema)
	}
	if *head.Schema != ResultSchema {
		return fmt.Errorf("schema is %.40q; want %q", *head.Schema, ResultSchema)
	}
	return json.Unmarshal(data, r)
}

// normalise returns copies of the results that are fit for programs: the schema
// stated, numbers finite, lists and tables present.
func normalise(r []Result) ([]Result, error) {
	out := make([]Result, len(r))
	for i := range r {
		switch r[i].Schema {
		case "", ResultSchema:
		default:
			return nil, fmt.Errorf("reports: result %d (%s): schema is %q; want %q", i+1, r[i].Scenario, r[i].Schema, ResultSchema)
		}
		if err := checkFinite(r[i]); err != nil {
			return nil, fmt.Errorf("reports: result %d (%s): %w", i+1, r[i].Scenario, err)
		}
		out[i] = filled(reflect.ValueOf(r[i])).Interface().(Result)
		out[i].Schema = ResultSchema
		if out[i].Kind == "" { // results older than the field
			out[i].Kind = KindTransfer
		}
	}
	return out, nil
}

// filled returns a copy of v with empty instead of nil slices and maps, except in
// fields that are left out when empty. Slices, pointers and maps that change are
// copied: the caller's result stays as it is.
func filled(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if _, omitEmpty := jsonName(v.Type().Field(i)); omitEmpty && v.Field(i).IsZero() {
				continue
			}
			out.Field(i).Set(filled(v.Field(i)))
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(filled(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			out.Set(reflect.MakeMap(v.Type()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(filled(v.Elem()))
		}
	}
	return out
}

// writeJSON writes v indented by two spaces and with <, > and & as they are: flow
// directions read "sender->receiver".
func writeJSON(w io.Writer, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	_, err := w.Write(buf.Bytes())
	return err
}
