package explore

import (
	"fmt"
	"math/bits"
	"slices"
	"time"

	"quorumbench/protocols"
)

// How many timers fire at most until a cluster must have finished. Replicas that are in each other's way
// back off for random times, and a leader that has nothing to do beats some thirty times until another
// replica stands for election.
const mostRounds = 400

// ending is from where the cluster is to finish: the replicas' states, and whether messages were lost
// before.
type ending struct {
	locals [mostReplicas]uint32
	queue  uint32
	lost   bool
}

// alarm is a timer that is set at a replica while the cluster finishes.
type alarm struct {
	replica int
	id      protocols.TimerID
	due     time.Duration
}

// finale is a cluster that finishes.
type finale struct {
	search *search
	now    ending
	clock  time.Duration
	alarms []alarm
}

// finish checks that the cluster finishes from a state if timers fire when they are due, and messages
// arrive in the order in which they were sent. Messages sent before all have arrived, or all that
// have not are lost; none is lost later.
func (s *search) finish(at uint32, lost, prompt bool) {
	x := s.states.get(at)
	f := finale{search: s, now: ending{lost: lost}}
	if s.cluster.Network.Orderly && !lost {
		f.now.queue, f.now.lost = x.queue, !s.lossless(&x)
	}
	for r := range s.replicas {
		f.now.locals[r] = s.cells.all[x.cells[r]].local
	}
	left := s.undone(&f.now)
	if left != "" && prompt {
		s.violated(Stuck, "all messages have arrived, and "+left, at)
		return
	}
	if s.finished[f.now] || left == "" {
		s.finished[f.now] = true
		return
	}
	for r := range s.replicas {
		if s.down(r) {
			continue
		}
		l := s.locals[f.now.locals[r]]
		for _, t := range l.timers {
			f.alarms = append(f.alarms, alarm{r, t.id, t.due - l.clock})
		}
	}
	way := []ending{f.now}
	f.deliver(append(f.written(), s.soups[f.now.queue]...))
	f.now.queue = 0
	for rounds := 0; ; rounds++ {
		if s.finished[f.now] || s.undone(&f.now) == "" {
			for _, passed := range append(way, f.now) {
				s.finished[passed] = true
			}
			return
		}
		way = append(way, f.now)
		if rounds == mostRounds || !f.round() {
			break
		}
	}
	what := "all messages have arrived"
	if lost {
		what = "the messages that have not arrived are lost, and none later"
	}
	s.violated(Stuck, what+", and however often timers fire, "+s.undone(&f.now), at)
}

// written are the ends of what is being written: no disk stands still for ever.
func (f *finale) written() (ends []uint32) {
	for r := range f.search.replicas {
		if f.search.locals[f.now.locals[r]].writing {
			id := protocols.NodeID(r)
			ends = append(ends, f.search.letters.number(letter{from: id, to: id, data: endOfWrite}))
		}
	}
	return ends
}

// round lets the timer fire that is due next, and then all messages arrive. It is false if there is no
// timer.
func (f *finale) round() bool {
	if len(f.alarms) == 0 {
		return false
	}
	next := f.alarms[0]
	for _, a := range f.alarms[1:] {
		if a.due < next.due {
			next = a
		}
	}
	f.clock = max(f.clock, next.due)
	timers := f.search.locals[f.now.locals[next.replica]].timers
	place := slices.IndexFunc(timers, func(t timer) bool { return t.id == next.id })
	f.deliver(f.take(next.replica, event{fire, uint32(place)}))
	return true
}

// deliver lets messages arrive, and those that are sent then.
func (f *finale) deliver(post []uint32) {
	for len(post) > 0 {
		m := post[0]
		post = post[1:]
		if to := int(f.search.letters.all[m].to); !f.search.down(to) {
			post = append(slices.Clip(post), f.take(to, event{arrive, m})...)
		}
	}
}

// take lets an event happen at a replica, and returns the messages that it sends. Timers run by the
// cluster's clock here, and not by that of the history by which the replica's state was met first.
func (f *finale) take(replica int, e event) []uint32 {
	result := f.search.after(f.now.locals[replica], e)
	f.now.locals[replica] = result.next
	due := func(id protocols.TimerID) (time.Duration, bool) {
		if i := slices.IndexFunc(result.set, func(s setTimer) bool { return s.id == id }); i >= 0 {
			return f.clock + result.set[i].after, true
		}
		i := slices.IndexFunc(f.alarms, func(a alarm) bool { return a.replica == replica && a.id == id })
		if i < 0 {
			return 0, false
		}
		return f.alarms[i].due, true
	}
	var alarms []alarm
	for _, t := range f.search.locals[result.next].timers {
		if at, set := due(t.id); set {
			alarms = append(alarms, alarm{replica, t.id, at})
		}
	}
	for _, a := range f.alarms {
		if a.replica != replica {
			alarms = append(alarms, a)
		}
	}
	f.alarms = alarms
	return result.sends
}

// undone tells what a cluster has left to do. Of a command nobody may be told whose message was lost,
// unless the driver repairs that.
func (s *search) undone(now *ending) string {
	var had uint8
	for r := range s.replicas {
		had |= s.locals[now.locals[r]].had
	}
	for r := range s.replicas {
		if s.down(r) {
			continue
		}
		l := s.locals[now.locals[r]]
		if l.pending != 0 {
			return fmt.Sprintf("%s is not answered", s.commandName(uint32(bits.TrailingZeros8(l.pending))))
		}
		if (!now.lost || s.cluster.Repairs) && !s.cluster.Witnesses.Has(int32(r)) {
			if missing := had &^ l.had; missing != 0 && !l.adoptedAny() {
				return fmt.Sprintf("R%d does not apply %s", r, s.commandName(uint32(bits.TrailingZeros8(missing))))
			}
			if behind := s.behind(now, &l.notes); behind != "" {
				return behind
			}
		}
		if s.cluster.Done != nil && !s.cluster.Done(l.node) {
			return fmt.Sprintf("R%d has something left to do", r)
		}
	}
	return ""
}

// behind tells whether a replica that has adopted a state is not as far as another.
func (s *search) behind(now *ending, one *notes) string {
	if !one.adoptedAny() {
		return ""
	}
	for r := range s.replicas {
		for _, o := range s.locals[now.locals[r]].orders {
			if mine := len(one.order(o.key).applied); mine < len(o.applied) {
				return fmt.Sprintf("R%d has applied %d commands of an order of which R%d has applied %d", one.id, mine, r, len(o.applied))
			}
		}
	}
	return ""
}
