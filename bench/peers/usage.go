package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what the process used in a part of the measured time.
type usage struct {
	Length time.Duration // of that part; 0 if it is not known
	Time   time.Duration // processor time, user and system, of all threads
	Writes int64         // answered in that part
}

// perWrite is the processor time of a write; 0 if it is not known.
func (u usage) perWrite() time.Duration {
	if u.Writes == 0 {
		return 0
	}
	return u.Time / time.Duration(u.Writes)
}

// processors is how many processors the process kept busy; 0 if it is not known.
func (u usage) processors() float64 {
	if u.Length == 0 {
		return 0
	}
	return u.Time.Seconds() / u.Length.Seconds()
}

// meter measures usage from begin to note, and profiles the process from begin to end.
// Not safe for use by several goroutines.
type meter struct {
	profile *os.File // nil: none
	began   time.Time
	time    time.Duration
	writes  int64
	used    usage
	failed  error
}

// newMeter makes a meter that writes a CPU profile to the file of that name, if it is not empty.
func newMeter(profile string) (*meter, error) {
	if profile == "" {
		return &meter{}, nil
	}
	file, err := os.Create(profile)
	if err != nil {
		return nil, fmt.Errorf("making the file for the CPU profile: %w", err)
	}
	return &meter{profile: file}, nil
}

// begin starts the meter; writes is how many were answered until now.
func (m *meter) begin(writes int64) {
	if m.profile != nil {
		m.failed = pprof.StartCPUProfile(m.profile)
	}
	m.began, m.writes = time.Now(), writes
	m.time = m.processorTime()
}

// begun tells whether the meter has begun.
func (m *meter) begun() bool { return !m.began.IsZero() }

// note sets the usage to that from begin until now.
func (m *meter) note(writes int64) {
	m.used = usage{Length: time.Since(m.began), Time: m.processorTime() - m.time, Writes: writes - m.writes}
}

// end completes the profile and returns the usage that was noted last. It may be called for a meter that has not begun.
func (m *meter) end() (usage, error) {
	if m.profile == nil {
		return m.used, m.failed
	}
	pprof.StopCPUProfile()
	if err := errors.Join(m.failed, m.profile.Close()); err != nil {
		return m.used, fmt.Errorf("writing the CPU profile: %w", err)
	}
	return m.used, nil
}

// processorTime is the processor time that the process has used since it began.
func (m *meter) processorTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		m.failed = errors.Join(m.failed, fmt.Errorf("reading the processor time: %w", err))
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
