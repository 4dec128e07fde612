//go:build !js

package run

import (
	"runtime"
	"time"
)

// threads sets how many threads may run Go code at a time (GOMAXPROCS) during a live run, and when it gives up real-time
// priority.
//
// A goroutine in a system call keeps its share of GOMAXPROCS until the runtime notices, up to 10 ms later. On two cores
// messages waited for the syncs of other replicas, and while the emulator slept only one core worked. So there is one thread
// more for each goroutine that sleeps so. What the emulator's gives, on two cores:
//
//	closed loop, 300 clients, no delay, mmp3     1.2 cores used, 37,000 writes/s     1.9 cores, 66,000
//	three-regions, real-time priority            p99 0.6 to 1.7 ms above the floor   0.4 to 0.9
//	the same, ordinary priority, mmp3            p50 340 us above it                 405
//
// So under ordinary priority it is there only for closed loops. With real-time priority, a run that takes nearly everything
// is stopped by the kernel for up to 50 ms of a second, so that other programs live. Two things are done against it, one
// after the other:
//
//   - When the machine has become full, the emulator's thread is taken back. 4,000 writes a second in each of three regions,
//     mmp3: p99 2 to 3.4 ms above the floor instead of 11 to 40.
//   - When packets are late even so, real-time priority is given up, and the thread is there again. Multi-Paxos in 19 regions,
//     100 writes a second in each: packets 2.3 ms late at p99 instead of 9 to 33. At 4,000 in three regions, where the first
//     is enough, this would make p99 2 ms worse.
type threads struct {
	before  int    // to be restored
	syncing int    // goroutines that wait for disks
	calm    func() // gives up real-time priority; nil after it was called
	stage   stage
	looks   int // how many looks in a row have found what ends the stage
}

// stage is what a run does about a full machine.
type stage uint8

const (
	hurrying  stage = iota // real-time priority and the emulator's thread
	narrowed               // real-time priority without it
	unhurried              // ordinary priority
)

// moreThreads begins to lend threads: to the goroutines that wait for disks, and to the emulator where that pays. Calm gives
// up real-time priority.
func moreThreads(syncing int, realtime, closed bool, calm func()) *threads {
	t := &threads{before: runtime.GOMAXPROCS(0), syncing: syncing, calm: calm}
	if !realtime {
		t.stage = unhurried
	}
	t.lend(realtime || closed)
	return t
}

// lend sets GOMAXPROCS, with or without the emulator's thread.
func (t *threads) lend(emulators bool) {
	n := t.before + t.syncing
	if emulators {
		n++
	}
	runtime.GOMAXPROCS(n)
}

// A run is looked at after each lookEvery of its time. It fills the machine if it has used more than fullShare of the
// processors in fullLooks of these times in a row. Packets are late if they were it by more than muchLate at p99 in lateLooks
// of them, or by more than stopped in one, as they are when the kernel has stopped the run.
const (
	lookEvery = 500 * time.Millisecond
	fullShare = 0.85
	fullLooks = 3
	muchLate  = 2 * time.Millisecond // more makes a run invalid
	lateLooks = 2
	stopped   = 10 * time.Millisecond
)

// look is told what share of the processors this process has used since the last look, and how late packets were at p99.
func (t *threads) look(share float64, late time.Duration) {
	switch t.stage {
	case hurrying:
		if t.lasts(share > fullShare, fullLooks) || late > stopped {
			t.lend(false)
			t.stage, t.looks = narrowed, 0
		}
	case narrowed:
		if t.lasts(late > muchLate, lateLooks) || late > stopped {
			t.ordinary()
			t.lend(true)
			t.stage = unhurried
		}
	}
}

// lasts reports whether a look and those before it, n in all, have found the same.
func (t *threads) lasts(found bool, n int) bool {
	if !found {
		t.looks = 0
		return false
	}
	t.looks++
	return t.looks >= n
}

// ordinary gives up real-time priority.
func (t *threads) ordinary() {
	if t.calm != nil {
		t.calm()
		t.calm = nil
	}
}

// restore sets GOMAXPROCS and the priority to what they were.
func (t *threads) restore() {
	runtime.GOMAXPROCS(t.before)
	t.ordinary()
}
