package reports

import (
	"slices"
	"strings"
)

// vocabulary is a closed list of map keys with their meaning. In a map that has
// one, a listed name that is absent counts 0 (it did not occur) and a name that
// is neither listed nor present is a mistake of whoever asks for it.
type vocabulary []term

type term struct{ name, meaning string }

// dropCauses are the keys of Result.Drops, in the order of a frame's way from
// wire to application.
var dropCauses = vocabulary{
	{"link_loss", "lost on the wire"},
	{"pcie_backpressure", "ingress buffer full: PCIe or the host took frames too slowly"},
	{"rx_oversize", "longer than the scatter list of a receive WQE"},
	{"rx_out_of_buffer", "no receive WQE was posted"},
	{"bad_hd_split", "header split at the wrong byte (patch 20)"},
}

// pagePlaces are the keys of Pages.InPlace: the way of a receive buffer from the
// application to the NIC and back (patches 10, 17, 20).
var pagePlaces = vocabulary{
	{"app", "owned by the application"},
	{"fill_ring", "offered to the kernel"},
	{"napi_cache", "page cache, softirq side"},
	{"any_cache", "page cache, any context"},
	{"driver", "taken by a refill whose doorbell has not been rung"},
	{"wqe", "posted to the NIC"},
	{"skb", "in an skb on its way up"},
	{"receive_queue", "in a socket's receive queue"},
	{"rx_ring", "delivered, not yet taken"},
	{"lost", "in no place at all"},
}

// has reports whether name is listed.
func (v vocabulary) has(name string) bool {
	return slices.ContainsFunc(v, func(t term) bool { return t.name == name })
}

// meaning returns what name stands for, or "" if it is not listed.
func (v vocabulary) meaning(name string) string {
	for _, t := range v {
		if t.name == name {
			return t.meaning
		}
	}
	return ""
}

// names returns the listed names in their order.
func (v vocabulary) names() []string {
	s := make([]string, len(v))
	for i, t := range v {
		s[i] = t.name
	}
	return s
}

// sortedKeys returns the keys of m in alphabetical order, so that nothing that is
// printed depends on the order of a map.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// byValue returns the keys of m by falling value, equal values by name.
func byValue(m map[string]int64) []string {
	keys := sortedKeys(m)
	slices.SortStableFunc(keys, func(a, b string) int {
		switch {
		case m[a] > m[b]:
			return -1
		case m[a] < m[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	return keys
}

// sum adds up the values of m.
func sum(m map[string]int64) int64 {
	var total int64
	for _, v := range m {
		total += v
	}
	return total
}
