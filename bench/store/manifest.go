package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"quorumbench/bench/result"
)

// manifestName is the last name of the object that lists a result's files. It is written last.
const manifestName = "manifest.sha256"

// Limits of what is read, since anybody may have written it.
const (
	maxManifest = 4 << 20 // bytes of a manifest
	maxFiles    = 10_000  // of a result
	maxFile     = 4 << 30 // bytes of one
)

// idBytes is how much of a checksum names the folder of a result's files.
const idBytes = 8

// A manifest lists the files of a result.
type manifest struct {
	id    string // the folder that they are in
	files []file
}

type file struct {
	name string // with slashes
	sum  string // SHA-256, in hexadecimal
}

// manifestOf is the manifest of the files in a result folder that result.Walk comes to.
func manifestOf(folder string) (*manifest, error) {
	m := &manifest{}
	root := os.DirFS(folder)
	err := result.Walk(root, func(name string, entry fs.DirEntry) error {
		if entry.IsDir() {
			return nil
		}
		content, err := root.Open(name)
		if err != nil {
			return err
		}
		defer content.Close()
		hash := sha256.New()
		if _, err := io.Copy(hash, content); err != nil {
			return err
		}
		m.files = append(m.files, file{name, hex.EncodeToString(hash.Sum(nil))})
		return nil
	})
	if err == nil && (len(m.files) == 0 || len(m.files) > maxFiles) {
		err = fmt.Errorf("found %d files in %s; accepted: 1 to %d", len(m.files), folder, maxFiles)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(m.text())
	m.id = hex.EncodeToString(sum[:idBytes])
	return m, nil
}

// text is the manifest as sha256sum -c reads it.
func (m *manifest) text() []byte {
	var b bytes.Buffer
	for _, f := range m.files {
		fmt.Fprintf(&b, "%s  %s\n", f.sum, path.Join(m.id, f.name))
	}
	return b.Bytes()
}

// parseManifest reads a manifest. It refuses names that would be written beside the folder of a result.
func parseManifest(text []byte) (*manifest, error) {
	m := &manifest{}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		id, name, _ := strings.Cut(name, "/")
		raw, err := hex.DecodeString(sum)
		short, errID := hex.DecodeString(id)
		switch {
		case err != nil || len(raw) != sha256.Size || errID != nil || len(short) != idBytes || m.id != "" && id != m.id:
			return nil, fmt.Errorf("found the line %q; accepted: a SHA-256, two spaces, and a path in a folder that all lines share", strings.TrimSpace(line))
		case !isName(name):
			return nil, fmt.Errorf("found the name %q; accepted: one below the result, with slashes, without .. and control characters", name)
		case seen[name] || len(m.files) == maxFiles:
			return nil, fmt.Errorf("found %q as file %d; accepted: up to %d files, each once", name, len(m.files)+1, maxFiles)
		}
		m.id, seen[name] = id, true
		m.files = append(m.files, file{name, sum})
	}
	if len(m.files) == 0 {
		return nil, fmt.Errorf("found no file; accepted: 1 to %d", maxFiles)
	}
	return m, nil
}

// isName reports whether a name, with slashes, is one that a file or a folder of a result may have: it means nothing outside of the result, and
// nothing that is there only while a run goes on.
func isName(name string) bool {
	return filepath.IsLocal(filepath.FromSlash(name)) && path.Clean(name) == name && !strings.Contains("/"+name, "/.") &&
		!strings.ContainsFunc(name, unicode.IsControl) && !strings.Contains(name, `\`)
}
