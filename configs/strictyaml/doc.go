// Package strictyaml reads YAML into Go values and takes nothing on trust: an unknown key, a key
// given twice, a value of another type or a missing one is an error, and every error tells where
// in the file it is, what was found there, what would be accepted and, for a misspelt word, which
// word was probably meant. An experiment that ran with a mistyped setting silently left at its
// default would be worse than one that did not run.
//
// A struct's fields are bound by their tags: `yaml:"name"`, or `yaml:"name,required"` for a key
// that may not be left out. Fields without a tag are not touched. Values may be strings, booleans,
// integers, floats, time.Duration (always with a unit), slices, maps with string keys, structs,
// pointers to these, and types that read themselves: an encoding.TextUnmarshaler is given the text
// of a scalar, an [Unmarshaler] the [Node] itself.
//
// Of YAML only what such files need is accepted: one document, keys that are plain words, no
// anchors, aliases, merge keys, tags or nulls.
package strictyaml
