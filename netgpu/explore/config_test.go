package explore

import (
	"strings"
	"testing"

	"netgpusim/netgpu"
)

func TestConfigSurvivesItsText(t *testing.T) {
	for _, c := range append(Cases(), Walks()...) {
		got, err := parseConfig(c.Config.String())
		if err != nil || got != c.Config {
			t.Errorf("%s: %v, %v", c.Name, got, err)
		}
	}
}

func TestWrongBoundsAreRefused(t *testing.T) {
	for setting, says := range map[string]string{
		"pages=0": "allowed are 1 to 120", "pages=x": `given "x"`, "pages": `given ""`, "reset=maybe": "true and false",
		"size=3": `no bound "size"; there are pages, chunk`,
	} {
		c := small
		if err := c.Set(setting); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", setting, err, says)
		}
	}
	for _, change := range []func(*Config){
		func(c *Config) { c.Fill = 3 }, func(c *Config) { c.Bulk = 3 }, func(c *Config) { c.Overdraw = true },
		func(c *Config) { c.Impatient = true }, func(c *Config) { c.Sends, c.Echo = true, true },
	} {
		if _, err := newWorld(with(change), netgpu.RFCv2()); err == nil {
			t.Errorf("%v is accepted", with(change))
		}
	}
}

func TestCaseNamesAreUniqueAndKnown(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range append(Cases(), Walks()...) {
		if seen[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		seen[c.Name] = true
		if got, ok := CaseByName(c.Name); !ok || got.Config != c.Config || c.Title == "" {
			t.Errorf("%s: %v %v", c.Name, got, ok)
		}
	}
	if _, ok := CaseByName("nothing"); ok {
		t.Error("a case that is not there is found")
	}
}
