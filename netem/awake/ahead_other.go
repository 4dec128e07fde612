//go:build !linux

package awake

// Ahead calls a function that starts a process, whose priority is changed on Linux alone.
func Ahead(start func() error) error { return start() }
