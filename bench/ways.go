package bench

import (
	"slices"
	"time"
)

// Ways tell what the writes of a region that were answered in time waited for.
type Ways struct {
	Writes  int64   `json:"writes"`  // whose way is known
	Every   int64   `json:"every"`   // 1: of all writes; n: of every n-th, because there were too many
	Retries int64   `json:"retries"` // how often these were put forward again
	Stages  []Stage `json:"stages"`  // in the order in which a write passes them

	Commit Summary `json:"commit,omitzero"` // from the intended arrival until the proposer knew the write chosen
	Apply  Summary `json:"apply,omitzero"`  // from the intended arrival until the region's replica had applied it
}

// Stage is a part of the way. All stages of a region have as many values as there are writes, zeros
// among them, so that the means of those that are not After add up to the mean response.
type Stage struct {
	Name  string `json:"name"`
	After bool   `json:"after,omitempty"` // the answer: not a part of the response
	Summary
}

// The stages. What no mark of the driver tells apart is part of the next stage that one does.
type stage int

const (
	toLeader  stage = iota // from the intended arrival to the replica that put it forward
	toOther                // the same, without a leader: a client has asked another region's replica
	queueing               // until it was put forward, persisting included
	retrying               // from the first to the last time it was put forward
	preparing              // a prepare phase of its own
	wayOut                 // to the acceptor whose answer came last before the decision
	accepting              // there
	wayBack                // from there
	roundTrip              // the three before, where the driver does not mark acceptances
	deciding               // at the proposer, from the answer that decided to the release of what follows
	waiting                // for earlier writes to be decided, or applied
	backFromLeader
	backFromOther
	untold       // nothing is known
	applying     // from the answer until the region's replica has applied it
	stagesNumber = iota
)

var stageNames = [stagesNumber]string{
	"to the leader", "to another replica", "until put forward", "retries", "prepare", "way out", "at the acceptor", "way back",
	"round trip", "decision", "earlier writes", "back from the leader", "back from another replica", "not told", "until applied",
}

// StageNames are the names of all stages, in their order.
func StageNames() []string { return slices.Clone(stageNames[:]) }

func stageOrder(name string) int { return slices.Index(stageNames[:], name) }

// way is how long a write was in each stage.
type way [stagesNumber]time.Duration

// passage is a stamp and the site that made it.
type passage struct {
	*stamp
	site int
}

// traces are the stamps of all sites, by command.
type traces struct {
	every int
	from  [][]uint32 // of each client: where the passages of its i-th kept command begin
	all   []passage  // of one command: by site, and in the order in which they came
}

// trace brings the stamps of all sites together; nil if none were made.
func (a *attempt) traces() *traces {
	t := &traces{every: 1}
	for _, s := range a.running {
		if s.stamps == nil {
			return nil
		}
		t.every = max(t.every, int(s.stamps.every))
	}
	for _, c := range a.clients {
		t.from = append(t.from, make([]uint32, len(c.samples)/t.every+2))
	}
	known := func(one *stamp) bool { // of a measured write
		if one.client == 0 || int(one.client) > len(a.clients) || one.seq == 0 {
			return false
		}
		c := a.clients[one.client-1]
		return int(one.seq) <= len(c.samples) && !c.samples[one.seq-1].read && c.measured(c.samples[one.seq-1].intended)
	}
	total := 0
	for _, s := range a.running {
		s.stamps.thin(uint32(t.every))
		for i := range s.stamps.all {
			one := &s.stamps.all[i]
			if !known(one) {
				one.seq = 0 // no command's
				continue
			}
			t.from[one.client-1][int(one.seq)/t.every+1]++
			total++
		}
	}
	sum := uint32(0)
	for _, from := range t.from {
		for i := range from {
			sum += from[i]
			from[i] = sum
		}
	}
	t.all = make([]passage, total)
	next := make([][]uint32, len(t.from))
	for i, from := range t.from {
		next[i] = slices.Clone(from)
	}
	for site, s := range a.running {
		for i := range s.stamps.all {
			if one := &s.stamps.all[i]; one.seq != 0 {
				at := &next[one.client-1][int(one.seq)/t.every]
				t.all[*at] = passage{one, site}
				*at++
			}
		}
	}
	return t
}

// of returns the passages of a client's command, whose number is a multiple of every.
func (t *traces) of(client, seq int) []passage {
	from := t.from[client]
	return t.all[from[seq/t.every]:from[seq/t.every+1]]
}

// ways sums up what the writes of a region waited for.
func (a *attempt) ways(t *traces, region int) *Ways {
	if t == nil {
		return nil
	}
	c := a.clients[region]
	sum := &Ways{Every: int64(t.every)}
	var stages [stagesNumber]*tally
	commit, apply := newTally(), newTally()
	for i := range c.samples {
		s := &c.samples[i]
		if s.read || !c.counts(s, a.until) || !c.inTime(s) {
			continue
		}
		if s.applied != unanswered {
			apply.add(s.applied - s.intended)
		}
		if (i+1)%t.every != 0 {
			continue
		}
		passed := t.of(region, i+1)
		w, chosen := a.way(region, s, passed)
		if chosen != unanswered {
			commit.add(chosen - s.intended)
		}
		for _, p := range passed {
			if p.milestone == retried {
				sum.Retries++
			}
		}
		for name, took := range w {
			if stages[name] == nil {
				if took == 0 {
					continue
				}
				stages[name] = newTally()
				stages[name].zeros(sum.Writes)
			}
			stages[name].add(took)
		}
		sum.Writes++
	}
	if sum.Writes == 0 {
		return nil
	}
	for name, tally := range stages {
		if tally != nil {
			sum.Stages = append(sum.Stages, Stage{Name: stageNames[name], After: stage(name) == applying, Summary: tally.sum()})
		}
	}
	sum.Commit, sum.Apply = commit.sum(), apply.sum()
	return sum
}

// way tells apart what a write waited for from the stamps that it left. The stages before the answer
// add up to its response time. Chosen is when its proposer knew it chosen, unanswered if no mark
// tells.
func (a *attempt) way(home int, s *sample, passed []passage) (w way, chosen time.Duration) {
	cursor := s.intended
	until := func(name stage, at time.Duration) {
		if at > cursor && at <= s.answered {
			w[name] += at - cursor
			cursor = at
		}
	}
	if s.applied > s.answered {
		w[applying] = s.applied - s.answered
	}
	decision := first(passed, func(p passage) bool { return p.milestone == committed && p.out <= s.answered })
	proposer, decided := home, s.answered
	if decision != nil {
		proposer, decided = decision.site, decision.in
	} else if p := last(passed, func(p passage) bool { return p.milestone == proposed && p.out <= s.answered }); p != nil {
		proposer = p.site
	}
	answer := a.decisive(passed, proposer, decided)
	begun := decided // by then it was put forward for the last time
	if answer != nil {
		begun = answer.in
	}
	forward := func(p passage) bool {
		return p.site == proposer && (p.milestone == proposed || p.milestone == retried) && p.out <= begun
	}
	at, again := first(passed, forward), last(passed, forward)

	there, back := toLeader, backFromLeader
	if !a.driver.HasLeader {
		there, back = toOther, backFromOther
	}
	if at != nil {
		if proposer != home {
			if p := last(passed, func(p passage) bool { return p.site == home && p.milestone == retried && p.out <= at.in }); p != nil {
				until(retrying, p.out)
			}
			until(there, at.in)
		}
		until(queueing, at.out)
		until(retrying, again.out)
		if p := last(passed, func(p passage) bool {
			return p.site == proposer && p.milestone == prepared && again.out <= p.out && p.out <= begun
		}); p != nil {
			until(preparing, p.out)
		}
	}
	if answer != nil {
		until(wayOut, answer.in)
		until(accepting, answer.out)
	}
	if decision == nil {
		until(untold, s.answered)
		return w, unanswered
	}
	if answer != nil {
		until(wayBack, decision.in)
	}
	until(roundTrip, decision.in)
	until(deciding, decision.out)
	if proposer == home {
		until(waiting, s.answered)
		return w, decision.out
	}
	if p := first(passed, func(p passage) bool {
		return p.site == proposer && p.milestone == appliedAt && p.out >= decision.out
	}); p != nil {
		until(waiting, p.out)
	}
	until(back, s.answered)
	return w, decision.out
}

// decisive returns the acceptance that mattered: of those that can have reached the proposer by the
// time it decided, the one that came last. Nil: none is known.
func (a *attempt) decisive(passed []passage, proposer int, decided time.Duration) *passage {
	var latest *passage
	var came time.Duration
	for i := range passed {
		p := &passed[i]
		if p.milestone != accepted || p.site == proposer {
			continue
		}
		link := a.plan.linkConfig(p.site, proposer)
		arrives := p.out + link.Delay
		if arrives-jitterSpan*link.Jitter <= decided && p.out < decided && (latest == nil || arrives > came) {
			latest, came = p, arrives
		}
	}
	return latest
}

// jitterSpan is by how many standard deviations a packet may be early.
const jitterSpan = 4

// first returns the earliest of the passages that are wanted, nil if there is none.
func first(passed []passage, wanted func(passage) bool) *passage {
	return extreme(passed, wanted, func(a, b *passage) bool { return a.out < b.out })
}

// last returns the latest of the passages that are wanted, nil if there is none.
func last(passed []passage, wanted func(passage) bool) *passage {
	return extreme(passed, wanted, func(a, b *passage) bool { return a.out >= b.out })
}

func extreme(passed []passage, wanted func(passage) bool, better func(a, b *passage) bool) *passage {
	var found *passage
	for i := range passed {
		if p := &passed[i]; wanted(*p) && (found == nil || better(p, found)) {
			found = p
		}
	}
	return found
}
