package forward

import (
	"strings"

	"quorumbench/protocols/kv"
)

// Describe names the message and its commands, for traces.
func (f *Forward) Describe() string {
	words := []string{"Forward"}
	for _, c := range f.Commands {
		words = append(words, kv.Describe(c.Data))
	}
	return strings.Join(words, " ")
}
