package scenarios

import (
	"embed"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"
)

//go:embed profiles library
var embedded embed.FS

// Info is what a listing says about a built-in scenario.
type Info struct {
	Name, Title string
	Group       string // heading
	Kind        string // KindTransfer or KindBench
}

// GroupBase is the group of scenarios that only others build on.
const GroupBase = "base"

// Builtin lists the built-in scenarios, sorted by group and name.
func Builtin() []Info { return append([]Info(nil), builtinScenarios()...) }

var builtinScenarios = sync.OnceValue(func() []Info {
	var infos []Info
	for _, name := range libraryNames() {
		info := Info{Name: name, Kind: KindTransfer}
		// The tests prove that every embedded file decodes; if one did not, its name
		// would still be listed and loading it would say what is wrong.
		if l, err := decode(builtinPrefix+name, libraryFile(name)); err == nil {
			info.Title, info.Group = l.settings["title"].text, l.settings["group"].text
			if kind, given := l.settings["kind"]; given {
				info.Kind = kind.text
			}
		}
		infos = append(infos, info)
	}
	sort.SliceStable(infos, func(i, j int) bool { return infos[i].Group < infos[j].Group })
	return infos
})

const builtinPrefix = "builtin:"

// libraryNames lists the embedded scenarios, sorted.
func libraryNames() []string {
	files, _ := fs.Glob(embedded, "library/*.yaml") // a constant pattern is never malformed
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(path.Base(f), ".yaml")
	}
	return names
}

// libraryFile returns an embedded scenario, nil if there is none of that name.
func libraryFile(name string) []byte {
	data, err := embedded.ReadFile("library/" + name + ".yaml")
	if err != nil {
		return nil
	}
	return data
}

// builtinProfiles decodes the embedded profiles, by kind/name.
var builtinProfiles = sync.OnceValues(func() (map[string]*profile, error) {
	out := map[string]*profile{}
	var errs Errors
	walkErr := fs.WalkDir(embedded, "profiles", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := embedded.ReadFile(file)
		if err != nil {
			return err
		}
		body, err := parseYAML(builtinPrefix+file, data)
		if err != nil {
			return err
		}
		d := &decoder{file: builtinPrefix + file, out: newLayer()}
		if p := d.profile(body, ""); p != nil {
			out[p.id()] = p
		}
		errs = append(errs, d.errs...)
		return nil
	})
	if walkErr != nil {
		return nil, walkErr
	}
	return out, errs.err()
})
