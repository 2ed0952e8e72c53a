package reports

import (
	"slices"
	"strings"
)

// nearest returns up to three of names, those that most resemble given first;
// equally near ones stay in the order of names.
func nearest(given string, names []string) []string {
	const most = 3
	ranked := slices.Clone(names)
	slices.SortStableFunc(ranked, func(a, b string) int {
		return unlikeness(given, a) - unlikeness(given, b)
	})
	return ranked[:min(most, len(ranked))]
}

// unlikeness is the edit distance of two names, or 1 if one contains the other: a
// reader who wrote "goodput" meant "goodput_gbps".
func unlikeness(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > 2 && strings.Contains(b, a) || len(b) > 2 && strings.Contains(a, b) {
		return 1
	}
	return editDistance(a, b)
}

// editDistance is the Levenshtein distance in bytes, with one row of the matrix
// at a time. Names longer than a line are cut: they resemble nothing.
func editDistance(a, b string) int {
	const longest = 80
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
