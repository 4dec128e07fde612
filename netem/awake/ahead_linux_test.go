package awake_test

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"quorumbench/netem/awake"
)

// What is started ahead of others has ordinary priority, also if this process has real-time priority, and this process has its own back.
func TestAProcessIsStartedAhead(t *testing.T) {
	restore, err := awake.Realtime()
	if err != nil {
		restore = func() {}
	}
	defer restore()
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "60")
	if err := awake.Ahead(cmd.Start); err != nil {
		t.Skipf("SKIPPED: NO PROGRAM TO START: %v", err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	got, err := unix.SchedGetAttr(cmd.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got.Policy != unix.SCHED_NORMAL || got.Nice > max(0, before.Nice) || unix.Geteuid() == 0 && before.Policy == unix.SCHED_FIFO && got.Nice != -20 {
		t.Errorf("it has policy %d and niceness %d", got.Policy, got.Nice)
	}
	if after, err := unix.SchedGetAttr(0, 0); err != nil || after.Policy != before.Policy {
		t.Errorf("this thread has policy %d, not %d as before, %v", after.Policy, before.Policy, err)
	}
}
