package awake

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Realtime gives all threads of this process, and those that they make, real-time priority (SCHED_FIFO, the lowest of these
// priorities), so that other programs on the machine wait for them. It returns a function that takes that back. It fails,
// and changes nothing, where that is not permitted.
func Realtime() (restore func(), err error) {
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return nil, fmt.Errorf("asking for the priority: %w", err)
	}
	if before.Policy == unix.SCHED_FIFO || before.Policy == unix.SCHED_RR {
		return func() {}, nil
	}
	ordinary := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: before.Policy, Nice: before.Nice}
	restore = func() { _ = allThreads(ordinary) }
	if err := allThreads(&unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}); err != nil {
		restore()
		return nil, fmt.Errorf("asking for real-time priority: %w", err)
	}
	return restore, nil
}

// allThreads changes the scheduling of all threads of this process. A thread that is made meanwhile by one that is not
// changed yet is found in a later look at them: three looks in a row must find nothing to change.
func allThreads(attr *unix.SchedAttr) error {
	for unchanged := 0; unchanged < 3; unchanged++ {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return err
			}
			now, err := unix.SchedGetAttr(id, 0)
			if errors.Is(err, unix.ESRCH) || err == nil && now.Policy == attr.Policy {
				continue // it has ended, or is as it should be
			}
			if err := unix.SchedSetAttr(id, attr, 0); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
			unchanged = -1
		}
	}
	return nil
}
