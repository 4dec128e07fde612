package strictyaml

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Error is a mistake at a place in a YAML file. All errors of this package are of this type.
type Error struct {
	File         string
	Line, Column int // from 1
	Msg          string

	cause error
}

// Error reads file:line:column: message. The name of a file that a terminal might take for a command is in quotes.
func (e *Error) Error() string {
	file := e.File
	if strings.ContainsFunc(file, func(r rune) bool { return !unicode.IsPrint(r) }) {
		file = strconv.Quote(file)
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, e.Line, e.Column, e.Msg)
}

// Unwrap returns the error that was wrapped with %w when this one was made, if any.
func (e *Error) Unwrap() error { return e.cause }

// DidYouMean is "; did you mean X?" for the candidate X nearest to the word, and nothing if none
// is near: the end of a message about a word that is not known.
func DidYouMean(word string, candidates []string) string {
	if nearest := Nearest(word, candidates); nearest != "" {
		return fmt.Sprintf("; did you mean %s?", nearest)
	}
	return ""
}

// Nearest returns the candidate that the word is most probably a misspelling of, or "" if none is
// near: at most one edit in three letters, and at least one, is taken for a slip, whatever the
// case of the letters. Of several equally near the first is returned.
func Nearest(word string, candidates []string) string {
	nearest, least := "", max(1, len([]rune(word))/3)+1
	for _, candidate := range candidates {
		if d := edits(strings.ToLower(word), strings.ToLower(candidate)); d < least {
			nearest, least = candidate, d
		}
	}
	return nearest
}

// edits counts the letters to insert, delete, replace or swap with their neighbour to turn a into
// b: the optimal string alignment distance.
func edits(a, b string) int {
	from, to := []rune(a), []rune(b)
	before, last, row := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(from); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(to); j++ {
			replaced := last[j-1]
			if from[i-1] != to[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(to)]
}
