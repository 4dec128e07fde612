// Package bench runs experiments: every protocol, at every point of a sweep, in every repeat. Package run runs
// each of them, package verify checks what it recorded, and package result holds what is known in the end.
package bench
