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
