package scenarios

import "strings"

// templateText is a scenario to start from. NAME stands for its name.
const templateText = `netgpusim: 1
name: NAME
title: One line that a listing shows
description: |
  What the scenario shows, and what should come out.

# Start from a built-in scenario and change what differs. Every key that may stand
# here is in docs/scenarios.md; "netgpusim scenario schema" prints the JSON Schema
# for editors.
extends: rfc-base

seed: 1
run: {warmup: 20ms, duration: 100ms}
link: {rate: 25Gbps, delay: 1us}

# Sections at top level apply to both hosts. A profile gives every value of its
# section; keys beside it override single values.
cpu: {profile: xeon-2020}
pcie: {profile: gen3-switch}
nic: {profile: connectx-5, mtu: 9000}
gpu: {profile: v100}
tcp: {profile: linux-5.8-netgpu}

# A host's own sections override those at top level.
receiver:
  netgpu: {memory: gpu}

flows:
  - {name: bulk, count: 1, tx: netgpu, rx: netgpu}

expect:
  - {name: no page is lost, metric: pages.lost, max: 0}
`

// Template returns a commented scenario called name to start from; it loads as it is.
func Template(name string) []byte {
	f := root.field("name")
	written, p := f.read(name)
	if p != nil {
		written.text = "my-scenario"
	}
	return []byte(strings.ReplaceAll(templateText, "NAME", yamlText(written.text)))
}

// yamlText renders a text for one line of YAML, quoted if need be.
func yamlText(text string) string {
	return strings.TrimSuffix(string(encode(textNode(text))), "\n")
}
