package glyphs_test

import (
	"testing"

	"quorumbench/configs/glyphs"
)

func TestScripts(t *testing.T) {
	for _, name := range []string{"us-east-1", "us-east-1#2", "São Paulo", "Łódź", "Αθήνα", "Київ", "Đà Nẵng", "Reykjavík – 1 ½ → 2"} {
		if err := glyphs.Check(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"東京":       `found "東京", whose '東' (U+6771) figures cannot draw`,
		"서울":       `found "서울", whose '서' (U+C11C) figures cannot draw`,
		"دبي":      `found "دبي", whose 'د' (U+062F) figures cannot draw`,
		"חיפה":     `found "חיפה", whose 'ח' (U+05D7) figures cannot draw`,
		"fra 🚀":    `found "fra 🚀", whose '🚀' (U+1F680) figures cannot draw`,
		"a\u202eb": "found \"a\\u202eb\", whose '\\u202e' (U+202E) figures cannot draw",
	} {
		if err := glyphs.Check(name); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
