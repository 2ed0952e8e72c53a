package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the console blocks of README.md with what the commands print now")

// TestREADMEShowsWhatTheCommandsPrint runs the commands of README.md's console
// blocks ("$ netgpusim ARGS", optionally "| head -N") and compares their output.
func TestREADMEShowsWhatTheCommandsPrint(t *testing.T) {
	if testing.Short() {
		t.Skip("runs scenarios at their full length")
	}
	t.Chdir("../..") // where a reader is who follows README.md
	const path = "README.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```console\n\\$ netgpusim ([^\n|]*?)(?: \\| head -(\\d+))?\n(.*?)```\n")
	blocks := 0
	fresh := block.ReplaceAllFunc(text, func(b []byte) []byte {
		blocks++
		m := block.FindSubmatch(b)
		var out bytes.Buffer
		c := &console{in: strings.NewReader(""), out: &out, err: &out, outTTY: false, env: func(string) string { return "" }}
		args := strings.Fields(string(m[1]))
		if args[0] == "scenario" {
			c.outTTY = true // the list for people
		}
		c.main(t.Context(), args)
		shown := out.String()
		if n, err := strconv.Atoi(string(m[2])); err == nil {
			lines := strings.SplitAfter(shown, "\n")
			shown = strings.Join(lines[:min(n, len(lines))], "")
		}
		head, _, _ := bytes.Cut(b[len("```console\n"):], []byte("\n"))
		return []byte("```console\n" + string(head) + "\n" + strings.TrimRight(shown, "\n") + "\n```\n")
	})
	if blocks == 0 {
		t.Fatal("README.md has no console block")
	}
	if *update {
		if err := os.WriteFile(path, fresh, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(withoutRates(text), withoutRates(fresh)) {
		t.Errorf("README.md does not show what the commands print (go test ./cmd/netgpusim -update rewrites it); it would be:\n%s", fresh)
	}
}

// rate is how fast this machine was, what its cores held in memory, and how long it
// took: "480 k      151  2 violations", "took  13.1 s".
var rate = regexp.MustCompile(` +[0-9.,]+( [kM])? +[0-9,]+ +([0-9]+ violation)|took +[0-9.]+ [mµ]?s`)

// withoutRates leaves out what the checker says of the machine.
func withoutRates(text []byte) []byte {
	return rate.ReplaceAll(text, []byte(" ... $2"))
}
