package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	const url = "scenario.schema.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate checks a YAML text against the schema, the way an editor does: by way of JSON.
func validate(schema *jsonschema.Schema, text []byte) error {
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return err
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		return err
	}
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

func TestSchemaAcceptsEveryLibraryFile(t *testing.T) {
	schema := compileSchema(t)
	for _, name := range libraryNames() {
		if err := validate(schema, libraryFile(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := validate(schema, mustLoad(t, name).YAML()); err != nil {
			t.Errorf("%s, resolved: %v", name, err)
		}
	}
	if err := validate(schema, Template("mine")); err != nil {
		t.Errorf("template: %v", err)
	}
}

// Both directions: no key of the decoder is missing in the schema, and none is there
// that the decoder does not know.
func TestSchemaHasExactlyTheKeysOfTheDecoder(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(JSONSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	host := schema["$defs"].(map[string]any)["host"].(map[string]any)
	var walk func(b *block, s map[string]any, path string)
	walk = func(b *block, s map[string]any, path string) {
		if ref, ok := s["$ref"]; ok && ref == "#/$defs/host" {
			s = host
		}
		if items, ok := s["items"].(map[string]any); ok {
			s = items
		}
		properties, _ := s["properties"].(map[string]any)
		if len(properties) != len(b.keys) || s["additionalProperties"] != false {
			t.Errorf("%q: %d keys in the schema, %d in the decoder; additionalProperties %v", path, len(properties), len(b.keys), s["additionalProperties"])
		}
		for i := range b.fields {
			f := &b.fields[i]
			p, ok := properties[f.key].(map[string]any)
			if !ok {
				t.Errorf("%s%s is not in the schema", path, f.key)
				continue
			}
			if f.doc == "" || p["description"] == nil {
				t.Errorf("%s%s has no description", path, f.key)
			}
			if f.elem != nil && f.key != "profiles" {
				walk(f.elem, p, path+f.key+".")
			}
		}
	}
	walk(root, schema, "")
}

// everyShape has keys of every kind that the library files together do not have.
const everyShape = onBase + `
seed: 3
run: {warmup: 1ms, batches: 10}
cpu: {copy_rate: 84Gbps}
pcie: {topology: root, max_payload: 256, dllp_tax: 5%, peer_read_limit: 0}
nic: {profile: mine, ingress_buffer: 1MiB, wqe_prefetch: 4}
receiver: {gpu: {profile: t4}, tcp: {vlan: false, pad_options: 20}}
flows: [{name: a, count: 2, reverse: true, tx: copy, rx: copy, context: -1}]
assumptions: [{key: nic.mtu, why: because}]
measured: [{metric: goodput_gbps, value: 23.4, source: s, unstated: [cpu], tolerance: 6%}]
band: {metric: goodput_gbps, duration: 1ms, mode: each, axes: [{set: nic.mtu, values: [1500, 4KiB]}]}
expect: [{metric: goodput_gbps, min: 1, max: 2, within: 5%, of: measured}, {metric: stall.cause, equals: none, contains: n}]
profiles:
  - netgpusim_profile: 1
    kind: nic
    name: mine
    title: t
    extends: connectx-5
    params:
      rq_entries: {value: 512, range: [64, 1024], tag: guess, source: s}
      rx_pipeline: {value: 100ns, tag: measured, source: s}
  - netgpusim_profile: 1
    kind: defaults
    name: defaults
    title: t
    params:
      app.batch: {value: 16, tag: guess, source: s}
      link.loss: {value: 1%, tag: guess, source: s}
      flows.tx: {value: copy, tag: guess, source: s}
`

// everyBenchShape has keys of every kind that a bench has.
const everyBenchShape = `
netgpusim: 1
name: every-bench-shape
kind: pcie-bench
seed: 3
pcie: {profile: gen3-root, iommu: true}
gpu: {profile: v100, bar_read: 400ns}
bench:
  device: {profile: mine, outstanding: 64}
  core: {profile: gdrcopy, store_interval: 1.5ns}
  tests:
    - {test: dma_read, sizes: [64, 4KiB, "128"], operations: 2000}
    - {name: far, test: bar1_write, sizes: [64KiB], set: [pcie.remote_memory=true]}
    - {test: sm_read_gap, sizes: [32], parallel: [1, 4_096], gap: 512}
measured: [{metric: "bench[dma_read/h2d/64].value", unit: GB/s, value: 3.9, source: s, determines: [bench.device.finish], tolerance: 4%}]
expect: [{metric: "accuracy[all].worst", max: 4%}]
profiles:
  - netgpusim_profile: 1
    kind: device
    name: mine
    title: t
    extends: nfp-6000
    params:
      read_rate: {value: 60Gbps, range: [56Gbps, 62Gbps], tag: guess, source: s}
  - netgpusim_profile: 1
    kind: defaults
    name: defaults
    title: t
    params:
      bench.tests.parallel: {value: 2, tag: guess, source: s}
      bench.tests.gap: {value: 1KiB, tag: guess, source: s}
`

// Every node of some files is replaced, renamed or removed, and the decoder of single
// files refuses exactly what the schema refuses.
func TestSchemaAndDecoderRefuseTheSameMutations(t *testing.T) {
	schema := compileSchema(t)
	mustLoadText(t, everyShape)
	mustLoadText(t, everyBenchShape)
	texts := map[string][]byte{"every-shape": []byte(everyShape), "every-bench-shape": []byte(everyBenchShape)}
	for _, name := range []string{"rfc-v2-gpu-rx", "shared-area", "loss-1pct"} {
		texts[name] = libraryFile(name)
	}
	mutations, refused := 0, 0
	for name, text := range texts {
		var doc yaml.Node
		if err := yaml.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		check := func(what string) {
			mutated := encode(doc.Content[0])
			_, decodeErr := decode(name, mutated)
			schemaErr := validate(schema, mutated)
			mutations++
			if decodeErr != nil {
				refused++
			}
			if (decodeErr == nil) != (schemaErr == nil) {
				t.Errorf("%s, %s:\ndecoder: %v\nschema:  %v", name, what, decodeErr, schemaErr)
			}
		}
		mutate(&doc, check)
	}
	if mutations < 1000 || refused < mutations/2 {
		t.Errorf("only %d mutations, %d refused", mutations, refused)
	}
}

// mutate changes every node below n in turn, calls check, and changes it back.
func mutate(n *yaml.Node, check func(what string)) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			key, content := child.Value, n.Content
			n.Content = append(append([]*yaml.Node{}, content[:i]...), content[i+2:]...)
			check("without " + key)
			n.Content = content
			child.Value = "no_such_" + key
			check("with " + child.Value)
			child.Value = key
			continue
		}
		mutate(child, check)
		if n.Kind == yaml.DocumentNode {
			continue
		}
		original := *child
		for _, text := range []string{"{no_such_key: 1}", "[[1]]", "null", "-1", "1.5", "true", "no such word!"} {
			var other yaml.Node
			if err := yaml.Unmarshal([]byte(text), &other); err != nil {
				panic(err)
			}
			*child = *other.Content[0]
			check(fmt.Sprintf("%s in place of line %d %q", text, original.Line, original.Value))
		}
		*child = original
	}
}

// What the schema refuses, the decoder refuses: otherwise an editor would mark what runs.
func TestNothingThatLoadsIsAgainstTheSchema(t *testing.T) {
	schema := compileSchema(t)
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	against := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if validate(schema, data) != nil {
			against++
			if _, err := LoadBytes(file, data, nil); err == nil {
				t.Errorf("%s loads, against the schema", file)
			}
		}
	}
	if against < 40 {
		t.Errorf("the schema refuses only %d of %d bad files", against, len(files))
	}
	for _, text := range []string{
		"link: {rate: 12.5 Gbit/s, delay: 0, loss: 5.5%}", "link: {rate: 1_000Mbps, loss: 1e-6}", "nic: {mtu: 9_000}", "nic: {mtu: 9000B}",
		"nic: {ingress_buffer: 1.5MiB}", "cpu: {rx_cqe: 0.5\u00b5s}", "expect: [{metric: stall.cause, equals: 0}, {metric: x, equals: \"a b\"}]",
		"band: {metric: x, axes: [{set: tcp.sack, values: [true, false]}, {set: nic.mtu, values: [1500, 4KiB]}]}",
	} {
		mustLoadText(t, onBase+text)
		if err := validate(schema, []byte(onBase+text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
