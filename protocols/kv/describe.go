package kv

import (
	"fmt"
	"quorumbench/protocols"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Describe names an encoded Command for traces: key=value for a PUT, key? for a GET, no-op for
// the empty command; a version that it names stands behind the key, as in key/2.
func Describe(command []byte) string {
	if len(command) == 0 {
		return "no-op"
	}
	var c Command
	if protocols.Decode(command, &c) != nil {
		return DescribeBytes(command)
	}
	key := DescribeBytes(c.Key)
	if c.Version > 0 {
		key = fmt.Sprintf("%s/%d", key, c.Version)
	}
	if c.Op == Op_GET {
		return key + "?"
	}
	return key + "=" + DescribeBytes(c.Value)
}

// longest is how many bytes of a key or value a description shows.
const longest = 16

// DescribeBytes is a key or a value as a single word: as it is if it is short and printable, else
// its size.
func DescribeBytes(b []byte) string {
	odd := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }
	if len(b) == 0 || len(b) > longest || !utf8.Valid(b) || strings.ContainsFunc(string(b), odd) {
		return fmt.Sprintf("%dB", len(b))
	}
	return string(b)
}
