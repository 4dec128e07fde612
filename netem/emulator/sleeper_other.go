//go:build !linux

package emulator

import "time"

// New starts a scheduler. Close it. On this system it is the same as [NewPortable], and it does not spin.
func New(time.Duration) *Scheduler { return NewPortable() }
