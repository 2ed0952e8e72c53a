package scenarios

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite expected messages and generated documentation")

// Every file in testdata/bad is wrong in the way its name says; the .txt beside it
// holds the whole message. Read the diff after -update: the messages are the product.
func TestBadFilesAreRefusedWithTheExpectedMessage(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = LoadBytes(filepath.Base(file), data, nil)
			if err == nil {
				t.Fatal("accepted")
			}
			var all Errors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("error is a %T", err)
			}
			for i, e := range all {
				if e.File != filepath.Base(file) || e.Line == 0 || e.Given == "" {
					t.Errorf("no place or nothing given: %+v", *e)
				}
				if i > 0 && e.Line < all[i-1].Line {
					t.Errorf("line %d after line %d", e.Line, all[i-1].Line)
				}
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

// golden compares got with a file, which -update rewrites.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestFilesThatAreTooLargeAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"bytes":  onBase + "#" + strings.Repeat(" ", fileMaxBytes),
		"values": onBase + "flows: [" + strings.Repeat("0,", fileMaxNodes) + "]",
		"list":   onBase + "expect: [" + strings.Repeat("0,", listMax+1) + "]",
		"text":   onBase + "title: " + strings.Repeat("x", textMaxLen+1),
		"depth":  onBase + "nic: " + strings.Repeat("{a: ", 20000) + strings.Repeat("}", 20000),
	} {
		if _, err := LoadBytes("large.yaml", []byte(text), nil); err == nil {
			t.Errorf("%s: accepted", name)
		} else if len(err.Error()) > 10000 {
			t.Errorf("%s: a message of %d bytes", name, len(err.Error()))
		}
	}
}

// Inputs made to be slow: deep or wide trees, many errors each wanting a hint, long numbers.
func TestHostileFilesAreAnsweredSoon(t *testing.T) {
	const limit = 10 * time.Second // some 100 times what the slowest needs
	many := func(n int, line func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i))
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"open lists":       strings.Repeat("[", fileMaxBytes),
		"open mappings":    strings.Repeat("{", fileMaxBytes),
		"open entries":     strings.Repeat("- ", fileMaxBytes/2),
		"open keys":        strings.Repeat("? ", fileMaxBytes/2),
		"quotes":           strings.Repeat("\"", fileMaxBytes),
		"anchors":          many(20000, func(i int) string { return fmt.Sprintf("a%d: &a%d [*a%d]\n", i, i, max(i-1, 0)) }),
		"unknown keys":     onBase + many(20000, func(i int) string { return fmt.Sprintf("receiver_of_key_%d: 1\n", i) }),
		"unknown in lists": onBase + "expect:\n" + many(900, func(i int) string { return fmt.Sprintf("  - {metrik%d: a, minn%d: 3}\n", i, i) }),
		"assumptions":      onBase + "assumptions:\n" + many(900, func(i int) string { return fmt.Sprintf("  - {key: receiver.nic.mtv%d, why: x}\n", i) }),
		"expectations":     onBase + "measured: [{metric: aaaaaa, value: 1, source: s}]\nexpect:\n" + many(900, func(i int) string { return fmt.Sprintf("  - {metric: aaaaab%d, within: 1, of: measured}\n", i) }),
		"flows":            onBase + "flows:\n" + many(900, func(i int) string { return fmt.Sprintf("  - {name: f%d, count: 256, context: 9}\n", i) }),
		"profiles": onBase + "profiles:\n" + many(900, func(i int) string {
			return fmt.Sprintf("  - {netgpusim_profile: 1, kind: nic, name: p%d, title: t, extends: p%d}\n", i, i+1)
		}) + "nic: {profile: p0}\n",
		"bench rows":  onBenchBase + "    - {test: dma_read, sizes: [" + many(1000, func(i int) string { return fmt.Sprintf("%d,", i+1) }) + "], parallel: [" + many(1000, func(i int) string { return fmt.Sprintf("%d,", i+1) }) + "]}\n",
		"bench tests": onBenchBase + many(900, func(i int) string { return "    - {test: bar1_read, sizes: [64], set: [pcie.iommu=true]}\n" }),
		"bench flags": onBenchBase + many(900, func(i int) string { return "    - {test: dma_read, sizes: [64], set: [pcie.iommv=true]}\n" }),
		"long number": onBase + "link: {loss: 0." + strings.Repeat("1", fileMaxBytes/2) + "}\n",
		"long word":   onBase + "netgpu: {memory: " + strings.Repeat("g", fileMaxBytes/2) + "}\n",
	} {
		start := time.Now()
		s, err := LoadBytes("hostile.yaml", []byte(text), nil)
		if took := time.Since(start); took > limit {
			t.Errorf("%s: took %v", name, took)
		}
		if err == nil {
			t.Errorf("%s: accepted as %q", name, s.Name)
		}
	}
}

func TestBadFlagsAreRefusedByTheirText(t *testing.T) {
	for flag, want := range map[string]string{
		"nic.mtu":            `--set nic.mtu: given "nic.mtu"; allowed: KEY=VALUE, such as nic.mtu=9000`,
		"nic.mtv=1500":       `--set nic.mtv=1500: given the unknown key "nic.mtv"; did you mean "nic.mtu"?`,
		"nic.mtu=9k":         `--set nic.mtu=9k: nic.mtu: given "9k"; allowed: a size from 256 to 9978, such as 1500 or 4KiB; unknown unit "k", known are TiB GiB MiB KiB B KB kB MB GB TB`,
		"flows.bulk.count=0": `--set flows.bulk.count=0: flows.bulk.count: given "0"; allowed: an integer from 1 to 256; out of range`,
		"receiver.nic.mtu=1": `--set receiver.nic.mtu=1: receiver.nic.mtu: given "1"; allowed: a size from 256 to 9978, such as 1500 or 4KiB; out of range`,
		"nic.profile=cx5":    `--set nic.profile=cx5: nic.profile: given "cx5"; allowed: a profile of kind nic: connectx-4-lx, connectx-5`,
		"tcp.ip_version=5":   `--set tcp.ip_version=5: tcp.ip_version: given "5"; allowed: 4 or 6`,
		"link.rate=1e99Gbps": `--set link.rate=1e99Gbps: link.rate: given "1e99Gbps"; allowed: a rate from 1Mbps to 1Tbps, such as 25Gbps or 12.5 Gbit/s; unknown unit "e99Gbps", known are Pbps Tbps Gbps Mbps Kbps bps kbps Pbit/s Tbit/s Gbit/s Mbit/s Kbit/s kbit/s bit/s`,
	} {
		_, err := Load("rfc-base", []string{flag})
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for _, flag := range []string{"name=x", "extends=smoke", "expect=1", "flows=1", "flows.bulk.name=x", "flows.nosuch.count=1", "sender.link.rate=1Gbps", "receiver.nic=1", "=", "", "seed.x=1"} {
		if _, err := Load("rfc-base", []string{flag}); err == nil {
			t.Errorf("--set %s was accepted", flag)
		}
	}
}

func TestWarningsTellWhatAReaderHasToKnow(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"IPv6 below its minimum", "nic: {mtu: 576}", "RFC 8200 section 5"},
		{"reordering without delay", "link: {reorder: 1%}", "link.reorder has no effect"},
		{"fault after the end", "run: {warmup: 0, duration: 1ms}\napp: {stop_after: 1ms}", "never happens"},
		{"more fill slots than pages", "netgpu: {area_size: 1MiB}\nnic: {rq_entries: 64}\napp: {fill_slots: 1000}", "gives each context 256 pages"},
		{"more fill slots than the ring has", "netgpu: {fill_entries: 1000}\napp: {fill_slots: 1025}", "1000 gives 1024 slots"},
		{"area below the receive queue", "netgpu: {area_size: 1MiB}", "the receive queue is never full"},
		{"symmetric without netgpu", "flows: [{name: a, tx: copy, rx: copy, symmetric: true}]", "symmetric has no effect"},
		{"send buffers of a host that sends nothing", "receiver: {app: {send_buffers: 2}}", "receiver.app.send_buffers has no effect"},
		{"modified data that is copied", "app: {modify: true}\nflows: [{name: a, tx: copy, rx: netgpu}]", "app.modify has no effect"},
		{"buffers for a reader that copies", "app: {overfill: true}\nflows: [{name: a, tx: netgpu, rx: copy}]", "app.overfill has no effect"},
		{"IPv4", "tcp: {ip_version: 4}", "74 bytes of headers"},
		{"VLAN", "tcp: {vlan: true}", "98 bytes of headers"},
		{"no padding", "sender: {tcp: {pad_options: 0}}", "86 bytes of headers"},
	} {
		s := mustLoadText(t, onBase+c.text)
		if !strings.Contains(strings.Join(s.Warnings, "\n"), c.want) {
			t.Errorf("%s: %q, want %q", c.name, s.Warnings, c.want)
		}
	}
}

func FuzzLoadBytes(f *testing.F) {
	for _, name := range libraryNames() {
		f.Add(libraryFile(name))
	}
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := LoadBytes("fuzz.yaml", data, nil)
		if err != nil {
			var all Errors
			if !errors.As(err, &all) || err.Error() == "" {
				t.Fatalf("error %T", err)
			}
			return
		}
		if _, err := LoadBytes("again.yaml", s.YAML(), nil); err != nil {
			t.Fatalf("the resolved document is refused: %v\n%s", err, s.YAML())
		}
	})
}
