package awake

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// highest is the niceness of the programs that others wait for, among those of ordinary priority.
const highest = -20

// Ahead calls a function that starts a process, and lets the process have the highest of the ordinary priorities (a niceness of -20)
// where that is permitted, and else an ordinary one. It never gets the real-time priority that this process may have: who is to
// deliver packets in time comes first.
func Ahead(start func() error) error {
	runtime.LockOSThread() // a new process inherits what the thread has that makes it
	defer runtime.UnlockOSThread()
	if before, err := unix.SchedGetAttr(0, 0); err == nil {
		ordinary := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: highest}
		if unix.SchedSetAttr(0, ordinary, 0) != nil {
			ordinary.Nice = max(0, before.Nice)
			_ = unix.SchedSetAttr(0, ordinary, 0) // which is always permitted
		}
		defer func() { _ = unix.SchedSetAttr(0, before, 0) }() // it was permitted before
	}
	return start()
}
