package variants

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Write writes the overlay into a folder, and returns the path of the file that go build -overlay wants.
func (o *Overlay) Write(folder string) (string, error) {
	replace := map[string]string{}
	for path, text := range o.files {
		name := filepath.Join(folder, strings.ReplaceAll(below(o.sources.root, path), "/", "_"))
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return "", fmt.Errorf("writing variants: %w", err)
		}
		replace[path] = name
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("writing variants: %w", err)
	}
	name := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		return "", fmt.Errorf("writing variants: %w", err)
	}
	return name, nil
}
