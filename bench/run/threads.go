package run

import (
	"runtime"
	"time"
)

// threads sets how many threads may run Go code at a time (GOMAXPROCS) during a live run.
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
// is stopped by the kernel for up to 50 ms of a second, so that other programs live. The emulator's thread is taken back
// when the machine has become that busy; 4,000 writes a second in each of three regions, mmp3: p99 2 to 3.4 ms above the
// floor instead of 11 to 40.
type threads struct {
	before  int  // to be restored
	syncing int  // goroutines that wait for disks
	watched bool // the emulator's thread is taken back when the run fills the machine
	full    int  // how many looks in a row have found the machine full

	since, used time.Duration // the time of the last look, and the processor time that had been used then
}

// moreThreads begins to lend threads: to the goroutines that wait for disks, and to the emulator where that pays.
func moreThreads(syncing int, realtime, closed bool) *threads {
	t := &threads{before: runtime.GOMAXPROCS(0), syncing: syncing, watched: realtime}
	more := syncing
	if realtime || closed {
		more++
	}
	runtime.GOMAXPROCS(t.before + more)
	return t
}

// A run is looked at after each lookEvery of its time. It fills the machine if it has used more than fullShare of the
// processors in fullLooks of these times in a row.
const (
	lookEvery = 500 * time.Millisecond
	fullShare = 0.85
	fullLooks = 4
)

// look is to be called often, with the time since the run began and the processor time that this process has used.
func (t *threads) look(now, used time.Duration) {
	if !t.watched || now-t.since < lookEvery {
		return
	}
	if most := fullShare * float64(runtime.NumCPU()) * float64(now-t.since); t.since > 0 && float64(used-t.used) > most {
		t.full++
	} else {
		t.full = 0
	}
	t.since, t.used = now, used
	if t.full == fullLooks {
		runtime.GOMAXPROCS(t.before + t.syncing)
		t.watched = false
	}
}

// restore sets GOMAXPROCS to what it was.
func (t *threads) restore() { runtime.GOMAXPROCS(t.before) }
