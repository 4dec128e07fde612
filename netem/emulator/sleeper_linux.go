package emulator

import (
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// New starts a scheduler that sleeps in the kernel to the nanosecond it is told. Close it.
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
// The scheduler's goroutine shares Go's threads. With a thread of its own, the goroutines that an event wakes wait until
// another thread is awake, and the scheduler waits until one of Go's processors is free. Runs over emulated links, 2 cores,
// in µs: at 450 writes a second on an idle machine the response time of mmp3 above its floor at p50, and the lateness
// of packets at p50/p99 (medians of six runs); at 6,000 writes a second beside other programs the lateness of
// packets for multipaxos, mmp3 and raft at p99:
//
//	                                         450/s            6,000/s
//	a thread of its own                      373   21/193
//	a thread of its own, SCHED_FIFO          340   23/109     88,000  59,000  78,000
//	Go's threads                             340   30/212      3,800   7,100  63,000
//	Go's threads, all of them SCHED_FIFO                          140      85      94
//	Go's threads, spinning for 60 µs         274    1/226
//	Go's threads, spinning for 1 ms          209    1/47
//
// Real-time priority is for the whole process or not at all, so it is left to who starts the process.
//
// Under ordinary priority, one P more than there are cores (GOMAXPROCS) made a hop of a message 40 µs slower at the median,
// 155 for 110 µs; with real-time priority, and for closed loops, it pays: see package bench/run.
type futexSleeper struct {
	start time.Time // of the scheduler
	boot  int64     // CLOCK_MONOTONIC at the start, ns
	spin  time.Duration
	woken uint32 // the futex: 1 after a wake that no sleep has taken

	timeout unix.Timespec // of the present sleep; here, so that a sleep does not allocate
}

// precise lets the kernel wake the present thread at the nanosecond that it asks for. The usual slack is 50 µs. A
// failure would only make the thread later, and the lateness tells.
func precise() {
	_, _, _ = unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, 1, 0, 0, 0, 0)
}

// String asks for the priority of the present thread, which has that of the process.
func (f *futexSleeper) String() string {
	text := "threads of ordinary priority"
	if attr, err := unix.SchedGetAttr(0, 0); err == nil && (attr.Policy == unix.SCHED_FIFO || attr.Policy == unix.SCHED_RR) {
		text = "threads of real-time priority"
	}
	if f.spin > 0 {
		text += fmt.Sprintf(", spinning for %v", f.spin)
	}
	return text
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
	precise() // the goroutine may be on another thread than before
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&f.woken)), futexWaitBitset, 0,
		uintptr(unsafe.Pointer(timeout)), 0, futexAnyBit)
}

func (f *futexSleeper) wake() {
	atomic.StoreUint32(&f.woken, 1)
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&f.woken)), futexWake, 1, 0, 0, 0)
}
