package namespaces

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// apart lets a command have a process group of its own, so that Ctrl-C on the terminal does not reach it, and a namespace of
// processes of its own, in which it is the first: all that it starts is killed with it.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Cloneflags: syscall.CLONE_NEWPID}
}

// Pause stops the process, and all in its namespace. The first one is stopped first, so that it starts no others meanwhile.
func (p *process) Pause() error {
	stopped := map[int]bool{}
	for {
		all, err := members(p.cmd.Process.Pid)
		if err != nil {
			return fmt.Errorf("pausing process %d: %w", p.cmd.Process.Pid, err)
		}
		before := len(stopped)
		for _, pid := range all {
			if stopped[pid] {
				continue
			}
			if err := signal(pid, syscall.SIGSTOP); err != nil {
				return err
			}
			stopped[pid] = true
		}
		if len(stopped) == before {
			return nil
		}
	}
}

// Resume lets the process go on, and all in its namespace.
func (p *process) Resume() error {
	all, err := members(p.cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("resuming process %d: %w", p.cmd.Process.Pid, err)
	}
	for _, pid := range all {
		if err := signal(pid, syscall.SIGCONT); err != nil {
			return err
		}
	}
	return nil
}

// signal sends a signal to a process; one that has ended is no error.
func signal(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("sending %v to process %d: %w", s, pid, err)
	}
	return nil
}

// members are the numbers of all processes in the namespace of which a process is the first, that one before the others. It is empty
// if that has ended.
func members(first int) (pids []int, err error) {
	depth := len(numbersOf("self")) // of our own namespace: /proc may be that of one around it
	if depth == 0 {
		return nil, errors.New("found no NSpid in /proc/self/status; accepted: Linux 4.1 or later, with /proc")
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	byNamespace, wanted := map[string][]int{}, ""
	for _, folder := range folders {
		name := filepath.Base(folder)
		numbers := numbersOf(name)
		if len(numbers) <= depth {
			continue // not below our namespace
		}
		namespace, err := os.Readlink(folder + "/ns/pid")
		if err != nil {
			continue // it has ended
		}
		pid := numbers[depth-1]
		if pid == first {
			wanted = namespace
			byNamespace[namespace] = append([]int{pid}, byNamespace[namespace]...)
		} else {
			byNamespace[namespace] = append(byNamespace[namespace], pid)
		}
	}
	return byNamespace[wanted], nil
}

// numbersOf are the numbers of a process in the namespaces that it is in, from that of /proc inwards.
func numbersOf(process string) (numbers []int) {
	status, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return nil
	}
	_, rest, _ := bytes.Cut(status, []byte("\nNSpid:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	for _, field := range strings.Fields(string(line)) {
		number, err := strconv.Atoi(field)
		if err != nil {
			return nil
		}
		numbers = append(numbers, number)
	}
	return numbers
}
