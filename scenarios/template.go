package scenarios

import (
	"strings"

	"gopkg.in/yaml.v3"
)

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

// Template returns a commented scenario called name to start from. It loads as it is,
// if name can be the name of a scenario.
func Template(name string) []byte {
	n := textNode(name)
	if !isName(name) {
		n.Style = yaml.DoubleQuotedStyle // one line, whatever it contains
	}
	return []byte(strings.ReplaceAll(templateText, "NAME", strings.TrimSuffix(string(encode(n)), "\n")))
}
