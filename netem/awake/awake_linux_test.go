package awake

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
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
	if len(os.Args) == 2 && os.Args[1] == hurrying {
		if err := hurry(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// hurrying asks the test's program to give itself real-time priority, and take it back.
const hurrying = "hurry"

// errNotPermitted is printed by hurry where it is so.
var errNotPermitted = errors.New("not permitted")

func hurry() error {
	for range 4 { // threads that are there before
		go func() { runtime.LockOSThread(); select {} }()
	}
	restore, err := Realtime()
	if errors.Is(err, unix.EPERM) {
		return errNotPermitted
	}
	if err != nil {
		return err
	}
	for range 4 { // and that come after
		go func() { runtime.LockOSThread(); select {} }()
	}
	time.Sleep(10 * time.Millisecond) // so that most of them are; what is tested holds without it
	for _, step := range []struct {
		when   string
		policy uint32
		next   func()
	}{{"after Realtime", unix.SCHED_FIFO, restore}, {"after it was taken back", unix.SCHED_NORMAL, func() {}}} {
		policies, err := policies(os.Getpid())
		if err != nil {
			return err
		}
		for policy, threads := range policies {
			if policy != step.policy {
				return fmt.Errorf("%s, %d threads have the policy %d; want %d", step.when, threads, policy, step.policy)
			}
		}
		step.next()
	}
	return nil
}

// policies counts the threads of a process by their scheduling policy.
func policies(pid int) (map[uint32]int, error) {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil, err
	}
	found := map[uint32]int{}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return nil, err
		}
		if attr, err := unix.SchedGetAttr(id, 0); err == nil {
			found[attr.Policy]++
		}
	}
	return found, nil
}

func TestRealtimeIsForAllThreadsAndTakenBack(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, hurrying).CombinedOutput(); err != nil {
		if strings.Contains(string(out), errNotPermitted.Error()) {
			t.Skip("real-time priority is not permitted here")
		}
		t.Errorf("%v: %s", err, out)
	}
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
	for idle := 0; idle < runtime.NumCPU(); { // the test's own time limit ends this
		found, err := policies(cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		idle = found[unix.SCHED_IDLE]
		time.Sleep(time.Millisecond)
	}
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the process did not end by itself: %v", err)
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
