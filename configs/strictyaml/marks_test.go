package strictyaml_test

import (
	"strings"
	"testing"

	"quorumbench/configs/strictyaml"
)

// A file with more marks than the parser can take in seconds is refused at the first mark too many.
func TestAFileWithTooManyMarksIsRefused(t *testing.T) {
	row := "- {é: 1}\n" // five marks, the end of the line being one
	_, err := strictyaml.Parse("t.yaml", []byte(strings.Repeat(row, 500_000/5+1)))
	want := "t.yaml:100001:1: found more than 500000 marks of punctuation and lines; accepted: up to that"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err := strictyaml.Parse("t.yaml", []byte("# "+strings.Repeat("é1a ", 200_000)+"\na: 1")); err != nil {
		t.Errorf("letters, digits and spaces are counted: %v", err)
	}
}

// What takes the parser seconds is refused before it: 45,000 keys of one mapping took it 10 s, 12,000 anchors 2 s, 30,000
// documents 3 s, and 100,000 lists in each other more than a minute.
func TestWhatTakesTheParserLongIsRefused(t *testing.T) {
	lines := func(n int, line string) string { return strings.Repeat(line, n) }
	const tooMany = "found more than 10000 keys in a mapping without braces; accepted: up to that, or more in braces"
	const tooDeep = "found lists or mappings that are nested more than 100 deep; accepted: up to that"
	for _, c := range []struct{ name, text, want string }{
		{"keys", lines(10_001, "a: 1\n"), "10001:1: " + tooMany},
		{"keys further in", "a:\n" + lines(10_001, "  b: 1\n"), "10002:3: " + tooMany},
		{"keys of mappings between", lines(10_001, "a:\n  b: 1\n"), "20001:1: " + tooMany},
		{"keys with lists between", lines(10_001, "a:\n- b\n"), "20001:1: " + tooMany},
		{"keys in an item", "- a: 1\n" + lines(10_000, "  a: 1\n"), "10001:3: " + tooMany},
		{"lists in each other", lines(101, "- ") + "a", "1:201: " + tooDeep},
		{"lists in brackets in lists", lines(60, "- ") + lines(41, "["), "1:161: " + tooDeep},
		{"anchors", "a: &b 1\n", "1:4: found a YAML anchor; accepted: plain values, lists and mappings"},
	} {
		_, err := strictyaml.Parse("t.yaml", []byte(c.text))
		if err == nil || err.Error() != "t.yaml:"+c.want {
			t.Errorf("%s: %v, want t.yaml:%s", c.name, err, c.want)
		}
	}
	nested := ""
	for i := range 100 {
		nested += strings.Repeat(" ", i) + "a:\n"
	}
	for name, text := range map[string]string{
		"many mappings with few keys each": lines(6000, "- a: 1\n  b: 2\n"),
		"a list beside its key":            "a:\n" + lines(6000, "- b: 1\n  c:\n  - d\n"),
		"a mapping in each of many":        "a:\n" + lines(3000, "  - b:\n      c: 1\n      d: 1\n    e: 1\n"),
		"a hundred in each other":          nested + strings.Repeat(" ", 100) + "1",
		"three hundred lines with a comma": "a: {" + lines(10_001, " b: 1,\n")[:30_000] + "}",
	} {
		if _, err := strictyaml.Parse("t.yaml", []byte(text)); err != nil && !strings.Contains(err.Error(), "twice") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
