package awake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// serving asks the test's program to be the process that keeps the processors awake.
const serving = "serve"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == serving {
		if err := Serve(os.Stdin); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// idleThreads counts the threads of a process that have the lowest priority.
func idleThreads(t *testing.T, pid int) (n int) {
	t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		if attr, err := unix.SchedGetAttr(id, 0); err == nil && attr.Policy == unix.SCHED_IDLE {
			n++
		}
	}
	return n
}

func TestOneThreadAProcessorOfTheLowestPriorityUntilTheInputEnds(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd, input, err := start(program, serving)
	if err != nil {
		t.Fatal(err)
	}
	for idleThreads(t, cmd.Process.Pid) < runtime.NumCPU() {
		time.Sleep(time.Millisecond) // the test's own time limit ends this
	}
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the process did not end by itself: %v", err)
	}
}

func TestStopEndsTheProcess(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stop, err := Keep(program, serving)
	if err != nil {
		t.Skip("not allowed here:", err)
	}
	stop()
	var status unix.WaitStatus
	if pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil); !errors.Is(err, unix.ECHILD) {
		t.Errorf("found child %d, %v; want none", pid, err)
	}
}

func TestAProgramThatCannotStart(t *testing.T) {
	if _, _, err := start(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("found no error")
	}
}

// TestQuotas holds groups of processes against what limits them, their own group or one above.
func TestQuotas(t *testing.T) {
	for _, c := range []struct {
		name, groups, file, limit string
		limited                   bool
	}{
		{"version 2 without", "0::/a/b\n", "a/b/cpu.max", "max 100000\n", false},
		{"version 2", "0::/a/b\n", "a/b/cpu.max", "50000 100000\n", true},
		{"version 2, above", "0::/a/b\n", "a/cpu.max", "50000 100000\n", true},
		{"version 2, the namespace's root", "0::/\n", "cpu.max", "50000 100000\n", true},
		{"version 2, elsewhere", "0::/a/b\n", "c/cpu.max", "50000 100000\n", false},
		{"version 1 without", "3:cpu,cpuacct:/a\n", "cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n", false},
		{"version 1", "4:memory:/x\n3:cpu,cpuacct:/a\n", "cpu,cpuacct/a/cpu.cfs_quota_us", "20000\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			groups, limit := filepath.Join(root, "groups"), filepath.Join(root, c.file)
			if err := os.MkdirAll(filepath.Dir(limit), 0o755); err != nil {
				t.Fatal(err)
			}
			for path, text := range map[string]string{groups: c.groups, limit: c.limit} {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := quota(groups, root); errors.Is(err, errQuota) != c.limited {
				t.Errorf("found %v; want limited: %v", err, c.limited)
			}
		})
	}
}

func TestProcessorsOfASet(t *testing.T) {
	var set unix.CPUSet
	set.Set(3)
	set.Set(7)
	if first, second := nth(&set, 0), nth(&set, 1); first != 3 || second != 7 {
		t.Errorf("found %d, %d; want 3, 7", first, second)
	}
}
