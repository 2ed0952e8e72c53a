package check

import (
	"bytes"
	"os"
	"path/filepath"

	"netgpusim/netgpu/explore"
)

// save writes a counterexample into a folder and returns its path. The name is made of
// case and cause, so a later check of the same kind replaces it.
func save(folder string, c explore.Counterexample) (string, error) {
	path := filepath.Join(folder, c.Case+"-"+filepath.Base(c.Violates)+".txt")
	var buf bytes.Buffer
	if err := c.Write(&buf); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, buf.Bytes(), 0o644)
}
