package awake

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// allowed returns an error if the process has not real-time priority, or has a quota of processor time.
func allowed() error {
	attr, err := unix.SchedGetAttr(0, 0)
	switch {
	case err != nil:
		return err
	case attr.Policy != unix.SCHED_FIFO && attr.Policy != unix.SCHED_RR:
		return errors.New("the process has ordinary priority")
	}
	return quota("/proc/self/cgroup", "/sys/fs/cgroup")
}

// quota looks for a limit of processor time in the groups that a process belongs to, and in those above. File lists the
// groups, as /proc/PID/cgroup does; root is where they are mounted.
func quota(file, root string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for group := filepath.Join("/", fields[2]); ; group = filepath.Dir(group) {
			for _, at := range []string{root, filepath.Join(root, fields[1])} {
				if limit, err := os.ReadFile(filepath.Join(at, group, "cpu.max")); err == nil && !strings.HasPrefix(string(limit), "max") {
					return errQuota // version 2
				}
				if limit, err := os.ReadFile(filepath.Join(at, group, "cpu.cfs_quota_us")); err == nil && !strings.HasPrefix(string(limit), "-1") {
					return errQuota // version 1
				}
			}
			if group == "/" {
				break
			}
		}
	}
	return nil
}

var errQuota = errors.New("the process has a quota of processor time")

// detach lets Ctrl-C on a terminal reach this process only, which ends the other.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// spin never returns. The thread has the greatest nice value, so that the kernel counts its time apart from that of other
// programs. It does nothing unless the thread's priority could be made the lowest.
func (r *rest) spin(number int) {
	runtime.LockOSThread()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 19)
	var all, one unix.CPUSet
	if unix.SchedGetaffinity(0, &all) == nil {
		one.Set(nth(&all, number))
		_ = unix.SchedSetaffinity(0, &one) // without it, the kernel spreads the threads itself
	}
	start := time.Now()
	for {
		begin, had := time.Since(start), threadTime()
		if wait := r.until() - begin; wait > 0 {
			time.Sleep(wait)
			continue
		}
		now := begin
		for now < begin+window {
			now = time.Since(start) // reading the clock leaves a core's other hyperthread more room than counting does
		}
		r.had(now, now-begin, threadTime()-had)
	}
}

// threadTime is the processor time that the present thread has had.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// nth returns the processor of this number among those in the set.
func nth(set *unix.CPUSet, number int) int {
	for cpu := 0; ; cpu++ {
		if set.IsSet(cpu) {
			if number == 0 {
				return cpu
			}
			number--
		}
		if cpu > 1<<12 {
			return 0
		}
	}
}
