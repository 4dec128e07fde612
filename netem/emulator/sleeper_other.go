//go:build !linux

package emulator

// New starts a scheduler. Close it. On this system it is the same as [NewPortable].
func New() *Scheduler { return NewPortable() }
