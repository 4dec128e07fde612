package lives

import (
	"fmt"
	"math"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// deadline is how long the replicas of a life may take, from when its faults are undone and no more commands come, until
// every command is answered; and as long again until all are level. It follows from what the life has drawn, so that a
// replica that waits without a reason is found also where links are short, and none is accused where they are long.
//
// An exchange is a message and its answer. It takes the longest round trip in the life, with twice the standard deviation
// of each way, and two writes of each side's disk, since a write may have to wait for the one before it. After a timeout
// of [protocols.Retry] of that it is repeated. Where messages are lost with probability p, an attempt fails with
// q = 1 - (1-p)². Timeouts double up to four times, so that an exchange takes, on average,
//
//	mean = exchange + timeout × (q + 2q² + 4q³ + 4q⁴ + …)
//
// and that one of a million takes more than tries = log 10⁻⁶ / log q of them. The deadline is the sum of:
//
//   - mean × steps: exchanges that come one after the other. They are [fewSteps]; without a leader, [stepsPerCommand] for
//     each command of the busiest key that may still wait for its answer; and where messages are small, as many as carry
//     everything to a replica that lacks it. A read-modify-write is two commands, one after the other; of atomic ones of the same key
//     one at least takes effect in each round, and the others begin again: n of them take n rounds and, together, n(n+1) commands.
//   - 4 × timeout × tries, for the one message that is lost most often; and the longest time after which a client asks
//     another replica, as often.
//   - With a leader: [candidacies] of the longest election timeout each.
//   - Without a leader, where round trips looked longer than the links are: 4 × the longest timeout that may come of what was
//     measured, tries times, as none of these messages may be answered and measured before; and [watches] such timeouts.
//     See measuredTimeout.
//   - [snapshot.Timeout], for which a transfer keeps others from beginning though its sender is dead.
type deadline struct {
	timeout   time.Duration
	mean      time.Duration
	tries     int
	steps     int
	clients   time.Duration // of the clients' longest retry timeout, all tries together
	elections time.Duration
	measured  time.Duration // of the longest timeout by round trips measured during faults, all tries together
}

const (
	// fewSteps is how many exchanges may be needed for other things than commands: to find out who leads, what is
	// committed and what is missing, and to be told of the end.
	fewSteps = 20
	// stepsPerCommand is how many exchanges a command of a key takes where each key is decided by itself: two phases,
	// and one that another proposer interrupts.
	stepsPerCommand = 3
	// bytesPerCommand is how many bytes of a log or a snapshot belong to a command, with values of the sizes of small
	// pieces.
	bytesPerCommand = 160
	// candidacies is how many elections may fail one after the other, though nothing is wrong any more. Each succeeds with
	// a probability of a half at least.
	candidacies = 10
	// watches is how many timeouts pass until a replica recovers what stays open: two to three, one to two under mmp3, until it
	// asks the others what is decided, and as many until it recovers what they do not know of.
	watches = 6
	// rare is the probability that an exchange takes longer than assumed.
	rare = 1e-6
	// longestRetry is the longest time after which the standard client asks another replica, unless it is configured to
	// ask later.
	longestRetry = 2 * time.Second
)

// deadline computes the deadline of the life as it is.
func (l *Life) deadline() deadline {
	e := &l.Experiment
	exchange := l.longestRoundTrip() + 4*e.Simulation.PersistCost
	d := deadline{timeout: protocols.Retry(exchange), tries: 1, steps: fewSteps}
	arrives := 1 - float64(e.Network.Loss)
	q := 1 - arrives*arrives
	if q > 0 {
		d.tries = int(math.Ceil(math.Log(rare) / math.Log(q)))
	}
	d.mean = exchange + time.Duration(float64(d.timeout)*(q+2*q*q+4*q*q*q/(1-q)))
	commands, waiting := l.commands()
	keys := float64(e.Load.Keys.Count)
	ofKey := most(waiting / keys)
	rounds := 0 // of read-modify-writes
	if rmw := e.Load.RMW; rmw.Share > 0 {
		modifies := float64(most(float64(rmw.Share) * commands / keys))
		rounds = 1
		commands += keys * modifies
		if rmw.Atomic {
			rounds = ofKey
			commands += keys * modifies * modifies
		}
	}
	if least := l.Limits.Messages.MinBytes; least > 0 {
		d.steps += int(math.Ceil(commands * bytesPerCommand / float64(least)))
	}
	if e.Load.Retry > 0 {
		d.clients = time.Duration(d.tries) * max(e.Load.Retry, longestRetry)
	}
	if l.Driver.HasLeader {
		d.steps += 2 * rounds
		d.elections = candidacies * 2 * l.betweenReplicas().ElectionTimeout()
		return d
	}
	d.steps += stepsPerCommand * ofKey * (1 + 2*rounds)
	d.measured = time.Duration(4*d.tries+watches) * l.measuredTimeout()
	return d
}

// most is a number that a Poisson distribution of the given mean hardly exceeds: 3 standard deviations more.
func most(mean float64) int { return int(math.Ceil(mean + 3*math.Sqrt(mean))) }

// measuredTimeout is the longest timeout of a replica without a leader that goes by the round trips it has measured while they
// were longer than the links are: by both ways' delay of a fault, and by the rate of a clock that ran fast. Where messages
// are doubled, the first copy or its answer may be lost, and the answer to the second, which is up to [run.MaxDuplicateDelay]
// times as late again, measured; and so may be the second copy of that answer. A
// [protocols.RoundTrip] makes of them a timeout of up to three times the longest, and its slack. It is 0 if nothing
// made them longer.
func (l *Life) measuredTimeout() time.Duration {
	e := &l.Experiment
	rate, delay, late := 1.0, time.Duration(0), time.Duration(1)
	for _, f := range e.Faults {
		delay = max(delay, f.Delay)
		if f.Skew != nil {
			rate = min(rate, float64(f.Skew.Rate))
		}
	}
	if e.Simulation.Doubled > 0 {
		late += run.MaxDuplicateDelay
	}
	if rate == 1 && delay == 0 && late == 1 {
		return 0
	}
	measured := late*(l.longestRoundTrip()+2*delay) + 4*e.Simulation.PersistCost
	return protocols.Retry(2 * time.Duration(float64(measured)/rate)) // twice, as Retry adds a half
}

// sum is the deadline.
func (d deadline) sum() time.Duration {
	return (time.Duration(d.steps)*d.mean + 4*time.Duration(d.tries)*d.timeout + d.clients + d.elections + d.measured + snapshot.Timeout).Round(time.Millisecond)
}

// String is the deadline, and what it follows from.
func (d deadline) String() string {
	round := func(t time.Duration) time.Duration { return t.Round(time.Millisecond) }
	s := fmt.Sprintf("%v, which follows from %d exchanges of %v on average, and one that takes %d times %v",
		d.sum(), d.steps, round(d.mean), d.tries, round(4*d.timeout))
	for _, part := range []struct {
		of   time.Duration
		what string
	}{{d.clients, "clients that ask again"}, {d.elections, "elections"}, {d.measured, "round trips measured while messages were late"}, {snapshot.Timeout, "a transfer whose sender is dead"}} {
		if part.of > 0 {
			s += fmt.Sprintf(", %v for %s", round(part.of), part.what)
		}
	}
	return s
}

// longestRoundTrip is the longest round trip between two regions when no fault delays messages, with twice the standard
// deviation of each way.
func (l *Life) longestRoundTrip() (longest time.Duration) {
	for i := range l.OneWay {
		for j := range i {
			longest = max(longest, l.OneWay[i][j]+l.OneWay[j][i]+2*(l.Jitter[i][j]+l.Jitter[j][i]))
		}
	}
	return longest
}

// commands is how many commands the life has, and how many of them may wait for an answer when no more come: in an open
// loop about, and all of them; in a closed loop one of each client.
func (l *Life) commands() (all, waiting float64) {
	load, regions := &l.Experiment.Load, float64(len(l.Experiment.Clients))
	if load.Arrivals == experiment.Closed {
		waiting = regions * float64(load.Clients)
		return max(waiting, regions*float64(load.Commands)), waiting
	}
	all = regions * float64(load.Rate) * load.Duration.Seconds()
	return all, all
}
