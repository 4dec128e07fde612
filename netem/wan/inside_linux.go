package wan

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// marker is set in the environment of a program that is started again inside; it is removed when the program begins.
const marker = "QUORUMBENCH_WAN_INSIDE"

// initName is the name under which this program starts as the first process of a namespace.
const initName = "quorumbench-wan-init"

// inside says that this process was started by Inside.
var inside bool

// init makes this process what its name asks for, before anything else: the first process of a namespace, or one that
// enters a region and becomes another program. It is done here so that it works in every program that uses this package, tests
// included.
func init() {
	switch os.Args[0] {
	case initName:
		code, err := beFirst(os.Args[1], os.Args[2:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "quorumbench:", err)
			code = 1
		}
		os.Exit(code)
	case enterName:
		fmt.Fprintln(os.Stderr, "quorumbench:", become(os.Args[1], os.Args[2], os.Args[3:]))
		os.Exit(notFound)
	}
	inside = os.Getenv(marker) != ""
	_ = os.Unsetenv(marker)
}

// IsInside tells whether the process is in namespaces of its own; see [Inside].
func IsInside() bool { return inside }

// Exit codes as shells have them.
const (
	notFound   = 127 // the program could not be started
	signalCode = 128 // plus the number of the signal that ended it
)

// How the first process of a namespace treats Ctrl-C.
const (
	onTerminal = "terminal" // it reaches the program itself from the terminal
	apart      = "apart"    // it is passed on
)

// passed are the signals that are passed on to the program inside.
var passed = []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2}

// Inside makes sure that the process is in namespaces of its own, which [Open] needs. Outside, it starts this program again, with
// the same arguments, environment and standard files, in new namespaces of processes, mounts and the network, and of users
// unless it is root; it passes signals on, waits until the program has ended, and returns false with its exit code, with which
// the caller should end: 128 and the number of the signal if one has ended it. Inside, it returns true at once. An error says
// what is missing.
//
// Call it before anything else that should happen once. When this process ends, even by SIGKILL, so do all inside.
// Without root, programs inside take themselves for root, which they are for the network alone.
func Inside() (in bool, code int, err error) {
	if inside {
		return true, 0, nil
	}
	// The first process is killed when the thread that started it ends, so this goroutine keeps its thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	how := apart
	if inForeground() {
		how = onTerminal
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{initName, how}, os.Args...)
	cmd.Env = append(os.Environ(), marker+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET,
		Pdeathsig:  unix.SIGKILL,
		Setpgid:    how == apart,
	}
	user := !mayMakeNamespaces()
	if user {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	signals := make(chan os.Signal, len(passed))
	signal.Notify(signals, passed...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return false, 0, fmt.Errorf("starting in namespaces of its own: %w%s", err, missing(user, "/proc/sys"))
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				if how == apart || s != unix.SIGINT && s != unix.SIGQUIT {
					_ = cmd.Process.Signal(s)
				}
			case <-ended:
				return
			}
		}
	}()
	err = cmd.Wait()
	if how == onTerminal {
		takeTerminal()
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return false, codeOf(exit.Sys().(syscall.WaitStatus)), nil
	}
	return false, 0, err
}

// codeOf is the exit code that tells how a process has ended.
func codeOf(status syscall.WaitStatus) int {
	if status.Signaled() {
		return signalCode + int(status.Signal())
	}
	return status.ExitStatus()
}

// inForeground reports whether Ctrl-C on the terminal reaches this process.
func inForeground() bool {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer terminal.Close()
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// takeTerminal makes this process's group the terminal's foreground again if the group in the foreground has ended. A shell inside
// puts itself there, and cannot give the terminal back to a group that is outside of its namespace.
func takeTerminal() {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return
	}
	defer terminal.Close()
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	if err != nil || unix.Kill(-group, 0) != unix.ESRCH {
		return // such as the shell outside, which has put this process into the background
	}
	signal.Ignore(unix.SIGTTOU) // which stops a process in the background that does this
	_ = unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPGRP, unix.Getpgrp())
}

// mayMakeNamespaces reports whether the process may make namespaces without one of users.
func mayMakeNamespaces() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return os.Geteuid() == 0
	}
	has := func(capability int) bool { return sets[capability/32].Effective&(1<<(capability%32)) != 0 }
	return has(unix.CAP_SYS_ADMIN) && has(unix.CAP_NET_ADMIN) && has(unix.CAP_NET_RAW)
}

// missing tells what may be in the way of namespaces, after the settings of the kernel in a folder; empty if it is unknown.
func missing(user bool, settings string) string {
	if !user {
		return ""
	}
	for _, setting := range []struct{ name, forbids, allows string }{
		{"user/max_user_namespaces", "0", "10000"},
		{"kernel/unprivileged_userns_clone", "0", "1"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", "0"},
	} {
		if text, err := os.ReadFile(settings + "/" + setting.name); err == nil && strings.TrimSpace(string(text)) == setting.forbids {
			name := strings.ReplaceAll(setting.name, "/", ".")
			return fmt.Sprintf("; this system does not let users make namespaces: run as root, or allow it by sysctl -w %s=%s", name, setting.allows)
		}
	}
	return "; run as root, or where users may make namespaces (many containers forbid it)"
}

// beFirst is the first process of the namespaces: it completes them, starts the program, takes care of processes whose parents
// have ended, and returns the program's exit code. All others in the namespace are killed when it ends.
func beFirst(how string, argv []string) (code int, err error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return 0, fmt.Errorf("keeping mounts to itself: %w%s", err, missing(true, "/proc/sys"))
	}
	// In some containers this is forbidden. Programs then see the processes outside, too, which harms nothing.
	_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	signals := make(chan os.Signal, len(passed))
	signal.Notify(signals, passed...)
	program, err := os.StartProcess(self, argv, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return 0, fmt.Errorf("starting inside: %w", err)
	}
	go func() {
		for s := range signals {
			if how == apart || s != unix.SIGINT && s != unix.SIGQUIT {
				_ = program.Signal(s)
			}
		}
	}()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, fmt.Errorf("waiting for the program: %w", err)
		case pid == program.Pid:
			return codeOf(syscall.WaitStatus(status)), nil
		}
	}
}

// become enters a network namespace and turns this process into a program. It returns only if that fails.
func become(namespace, host string, argv []string) error {
	runtime.LockOSThread()
	fd, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening the network of %s: %w", host, err)
	}
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering the network of %s: %w", host, err)
	}
	if unix.Unshare(unix.CLONE_NEWUTS) == nil {
		_ = unix.Sethostname([]byte(host)) // a name that is too long is left out
	}
	// The router may have real-time priority; the programs under test have the usual one.
	if attr, err := unix.SchedGetAttr(0, 0); err == nil && attr.Policy != unix.SCHED_NORMAL {
		_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: attr.Nice}, 0)
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return fmt.Errorf("starting %s: %w", path, syscall.Exec(path, argv, os.Environ()))
}

// mountHosts lets a text stand in the place of /etc/hosts, for all programs inside.
func mountHosts(text string) (unmount func() error, err error) {
	const target = "/etc/hosts"
	file, err := os.CreateTemp("", "hosts-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name()) // the mount keeps its content
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return nil, err
	}
	if err := unix.Mount(file.Name(), target, "", unix.MS_BIND, ""); err != nil {
		return nil, fmt.Errorf("mounting over %s: %w", target, err)
	}
	return func() error { return unix.Unmount(target, unix.MNT_DETACH) }, nil
}
