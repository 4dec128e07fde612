package emulator

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// New starts a scheduler with a thread of its own that sleeps in the kernel to the nanosecond it
// is told. Close it.
func New() *Scheduler {
	// Both clocks are the system's monotonic one; read in this order, what passes between the
	// two calls makes the thread sleep to a later time, never to an earlier one.
	start := time.Now()
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &boot); err != nil {
		return NewPortable()
	}
	return newScheduler(start, &futexSleeper{start: boot.Nano()})
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
// Two things that seemed to help there did not when packets of QUIC were delivered. A higher
// priority of the thread made no difference beyond chance; one P more than there are cores
// (GOMAXPROCS) made a hop of a message 40 µs slower at the median, 155 for 110 µs, and no packet
// less late.
type futexSleeper struct {
	start int64  // CLOCK_MONOTONIC when the scheduler started, ns
	woken uint32 // the futex: 1 after a wake that no sleep has taken

	timeout unix.Timespec // of the present sleep; here, so that a sleep does not allocate
}

func (f *futexSleeper) run(loop func()) {
	runtime.LockOSThread() // and never unlock: the thread, with its slack, ends with the loop
	// In ns. Failing would be no error: the thread would only be later, and the lateness tells.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	loop()
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
	var timeout *unix.Timespec // for ever
	if due != forever {
		f.timeout = unix.NsecToTimespec(f.start + int64(due))
		timeout = &f.timeout
	}
	// However it ends (woken, timed out, woken before it slept, interrupted by a signal), the
	// caller looks at the clock and at the queue again.
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&f.woken)), futexWaitBitset, 0,
		uintptr(unsafe.Pointer(timeout)), 0, futexAnyBit)
	atomic.StoreUint32(&f.woken, 0)
}

func (f *futexSleeper) wake() {
	atomic.StoreUint32(&f.woken, 1)
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&f.woken)), futexWake, 1, 0, 0, 0)
}
