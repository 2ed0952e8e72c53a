package reports

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// checkFinite returns an error that names the first field of v, by JSON path,
// that holds NaN or an infinity: no format for programs can carry one, and a
// result that has one is a fault of the model and must not pass for a number.
func checkFinite(v any) error {
	path, f := findNonFinite(reflect.ValueOf(v), "")
	if path == "" {
		return nil
	}
	return fmt.Errorf("field %s is %v; a result holds finite numbers only", strings.TrimPrefix(path, "."), f)
}

// findNonFinite walks v and returns the path and value of its first non-finite
// number, map keys in alphabetical order; path is "" if there is none.
func findNonFinite(v reflect.Value, path string) (string, float64) {
	switch v.Kind() {
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return path, f
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return findNonFinite(v.Elem(), path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _ := jsonName(v.Type().Field(i))
			if at, f := findNonFinite(v.Field(i), path+"."+name); at != "" {
				return at, f
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if at, f := findNonFinite(v.Index(i), path+"["+strconv.Itoa(i)+"]"); at != "" {
				return at, f
			}
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			if at, f := findNonFinite(v.MapIndex(k), path+"."+k.String()); at != "" {
				return at, f
			}
		}
	}
	return "", 0
}

// jsonName returns the name that a field of the contract has in JSON, and whether
// it is left out when empty. Every field of the contract carries a json tag.
func jsonName(f reflect.StructField) (name string, omitEmpty bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, strings.Contains(options, "omitempty")
}
