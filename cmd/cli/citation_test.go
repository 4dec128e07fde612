package cli

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml"
)

// CITATION.cff has what version 1.2.0 of the Citation File Format requires.
func TestTheCitationIsComplete(t *testing.T) {
	data, err := os.ReadFile("../../CITATION.cff")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Version string `yaml:"cff-version"`
		Message string
		Title   string
		Type    string
		License string
		Authors []struct{ Name string }
		Words   []string `yaml:"keywords"`
	}
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.DisallowUnknownField()); err != nil {
		t.Fatal(err)
	}
	if c.Version != "1.2.0" || c.Message == "" || c.Title == "" || c.Type != "software" || c.License != "MIT" || len(c.Authors) == 0 || c.Authors[0].Name == "" {
		t.Errorf("got %+v", c)
	}
}
