package emulator

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// New starts a scheduler that sleeps in the kernel to the nanosecond it is told. Close it.
//
// Where the system permits it (to root, or with CAP_SYS_NICE), it has a thread of its own at real-time priority, which
// other programs do not hold up. Otherwise, and if it is to spin, it shares Go's threads.
//
// Spin is for how long before an event it looks at the clock again and again instead of sleeping: events are then less
// late, and what they wake finds a processor that is awake. It takes up to a whole processor. 0 disables it.
func New(spin time.Duration) *Scheduler {
	// Both clocks are the system's monotonic one; read in this order, what passes between the
	// two calls makes the thread sleep to a later time, never to an earlier one.
	start := time.Now()
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &boot); err != nil {
		return NewPortable()
	}
	return newScheduler(start, &futexSleeper{start: start, boot: boot.Nano(), spin: spin})
}

// futexSleeper sleeps on a futex with an absolute timeout. Of what was tried it was the least late
// that can be woken (2 cores, 3000 sleeps of 0.5 to 2 ms; lateness in µs, p50/p99; busy is beside
// two goroutines that compute for 30 % of the time in bursts):
//
//	                       idle        busy
//	futex                  32/114      26/1147
//	clock_nanosleep        39/92       31/1018    cannot be woken
//	eventfd and ppoll      43/204      46/1163
//	futex, usual slack     90/641
//	time.Sleep             494/1502
//
// Whose thread sleeps matters, too. In runs of mmp3 at 450 writes a second over emulated links (2 cores; medians of six
// runs on an idle machine, in µs: the response time above its floor at p50, the lateness of packets at p50 and p99; last,
// the p99 beside programs that take both cores, by BenchmarkHop of package quicnet):
//
//	                                     idle             busy
//	a thread of its own                  373   21/193     1300
//	the same, at real-time priority      340   23/109       45
//	Go's threads                         340   30/212     2500
//	Go's threads, spinning for 60 µs     274    1/226
//	Go's threads, spinning for 1 ms      209    1/47
//
// One P more than there are cores (GOMAXPROCS) made a hop of a message 40 µs slower at the median, 155 for 110 µs.
type futexSleeper struct {
	start time.Time // of the scheduler
	boot  int64     // CLOCK_MONOTONIC at the start, ns
	spin  time.Duration
	own   atomic.Bool // the thread is the sleeper's own
	woken uint32      // the futex: 1 after a wake that no sleep has taken

	timeout unix.Timespec // of the present sleep; here, so that a sleep does not allocate
}

func (f *futexSleeper) run(loop func()) {
	if f.spin == 0 {
		runtime.LockOSThread()
		if raisePriority() == nil {
			f.own.Store(true)
			precise()
			loop()
			return // without unlocking: the thread ends, with its priority
		}
		runtime.UnlockOSThread()
	}
	loop()
}

// raisePriority gives the present thread the lowest real-time priority, which is above all ordinary threads.
// Threads that it starts do not inherit it.
func raisePriority() error {
	return unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK,
	}, 0)
}

// precise lets the kernel wake the present thread at the nanosecond that it asks for. The usual slack is 50 µs. A
// failure would only make the thread later, and the lateness tells.
func precise() {
	_, _, _ = unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, 1, 0, 0, 0, 0)
}

// handOver lets the goroutines run that an event has woken, on the thread that the sleeper shares with them. Otherwise
// they would wait until another thread has been woken for them.
func (f *futexSleeper) handOver() {
	if !f.own.Load() {
		runtime.Gosched()
	}
}

func (f *futexSleeper) String() string {
	switch {
	case f.own.Load():
		return "a thread at real-time priority"
	case f.spin > 0:
		return fmt.Sprintf("a thread that spins for %v", f.spin)
	}
	return "an ordinary thread"
}

// Operations of futex(2), as in linux/futex.h.
const (
	futexWake       = 1 | futexPrivate
	futexWaitBitset = 9 | futexPrivate // with an absolute timeout of CLOCK_MONOTONIC
	futexPrivate    = 128
	futexAnyBit     = 0xffffffff
)

func (f *futexSleeper) until(due time.Duration) {
	if atomic.SwapUint32(&f.woken, 0) == 1 {
		return
	}
	if due == forever {
		f.sleep(nil)
	} else if asleep := due - f.spin; asleep > time.Since(f.start) {
		f.timeout = unix.NsecToTimespec(f.boot + int64(asleep))
		f.sleep(&f.timeout)
	}
	if f.spin > 0 && due != forever {
		for time.Since(f.start) < due && atomic.LoadUint32(&f.woken) == 0 {
			// it spins
		}
	}
	atomic.StoreUint32(&f.woken, 0)
}

// sleep sleeps until a time by CLOCK_MONOTONIC, nil for ever, or until it is woken. However it ends (timed out, woken,
// woken before it slept, interrupted by a signal), the scheduler looks at the clock and at the queue again.
func (f *futexSleeper) sleep(timeout *unix.Timespec) {
	if !f.own.Load() {
		precise() // the goroutine may be on another thread than before
	}
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&f.woken)), futexWaitBitset, 0,
		uintptr(unsafe.Pointer(timeout)), 0, futexAnyBit)
}

func (f *futexSleeper) wake() {
	atomic.StoreUint32(&f.woken, 1)
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&f.woken)), futexWake, 1, 0, 0, 0)
}
