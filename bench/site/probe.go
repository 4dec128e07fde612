package site

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"quorumbench/bench/result"
)

// probe is a datagram that asks another site for an answer, or the answer. Times are by the clocks of the sites that note them. A datagram
// is sent once, so that a loss is a loss, and none waits behind another one.
type probe struct {
	Answers               bool
	Instance, Nonce       uint64        // of the process that has asked; the number of the question
	Asked, Came, Answered time.Duration // when it left, when it came to the other site, when that has answered
	Wall                  int64         // of the other site's machine when it answered: nanoseconds since 1970
}

// answer is a probe that has come back.
type answer struct {
	from int
	probe
	back time.Duration
	wall int64 // of this site's machine then
}

// trip is the round trip without the time that the other site took.
func (a *answer) trip() time.Duration { return max(1, (a.back-a.Asked)-(a.Answered-a.Came)) }

func (p *probe) encode() []byte {
	var b bytes.Buffer
	if err := binary.Write(&b, binary.BigEndian, p); err != nil {
		panic(fmt.Sprintf("site: encoding a probe: %v", err)) // of a fixed type: a programming error
	}
	return b.Bytes()
}

// takeProbe answers a probe of another site, or notes the answer to one of this site.
func (s *Site) takeProbe(from int, data []byte) {
	<-s.opened
	now := s.now()
	var p probe
	if binary.Read(bytes.NewReader(data), binary.BigEndian, &p) != nil {
		return
	}
	s.mu.Lock()
	stranger := !p.Answers && s.instances[from] != 0 && s.instances[from] != p.Instance || p.Answers && p.Instance != s.instance
	s.mu.Unlock()
	if stranger {
		return // of a process that does not take part, or for one
	}
	s.heard[from].Store(int64(now))
	if p.Answers {
		select {
		case s.answers <- answer{from, p, now, time.Now().UnixNano()}:
		default: // nobody measures
		}
		return
	}
	p.Answers, p.Came, p.Answered, p.Wall = true, now, s.now(), time.Now().UnixNano()
	s.control.Endpoint(s.Site).SendDatagram(from, p.encode())
}

// probes are what a site has found of its link to another one.
type probes struct {
	Trips []time.Duration // the round trips, in the order in which they came back
	Lost  int             // probes without an answer, since the first one with an answer
	Best  estimate
}

const (
	probesOf  = 20                    // how many probes of a link are answered, or lost
	probeGap  = 25 * time.Millisecond // between two probes of a link
	probeLost = time.Second           // after which a probe is lost, at least
)

// unansweredError is the error of links of which no probe was answered in time.
type unansweredError struct {
	sites []string
	after time.Duration
}

func (e *unansweredError) Error() string {
	return fmt.Sprintf("found no answer of %s to probes for %v", strings.Join(e.sites, ", "), e.after)
}

// measure sends probes to other sites, to all of them at the same time, until each link has its number. It gives up a link if no probe
// comes back for so long as patience says, with an error after all others are measured. What it returns is by site; that of others is
// empty. With hurry, other programs wait meanwhile, as in the run for which the links are measured.
func (s *Site) measure(ctx context.Context, to []int, patience time.Duration, hurry bool) ([]probes, error) {
	type asked struct {
		to int
		at time.Duration
	}
	if hurry && s.Hurry != nil {
		calm, _ := s.Hurry()
		defer calm()
	}
	found := make([]probes, len(s.Plan.Experiment.Regions))
	pending := map[uint64]asked{}
	begun, unanswered := s.now(), &unansweredError{after: patience}
	latest := make([]time.Duration, len(found)) // when an answer came
	first := make([]time.Duration, len(found))  // when the first probe left that has an answer
	open := slices.Clone(to)
	for i := range latest {
		latest[i] = begun
	}
	tick := time.NewTicker(probeGap)
	defer tick.Stop()
	for len(open) > 0 {
		select {
		case a := <-s.answers:
			of, is := pending[a.Nonce]
			if !is || of.to != a.from {
				continue
			}
			delete(pending, a.Nonce)
			p := &found[a.from]
			if len(p.Trips) == 0 {
				first[a.from] = of.at
			}
			p.Best.quicker(&a)
			p.Trips = append(p.Trips, a.trip())
			latest[a.from] = a.back
		case <-ctx.Done():
			return found, ctx.Err()
		case <-tick.C:
			now := s.now()
			under := make([]int, len(found)) // probes under way, by site
			for nonce, of := range pending {
				p := &found[of.to]
				if now-of.at < max(probeLost, 3*p.Best.RoundTrip) {
					under[of.to]++
					continue
				}
				delete(pending, nonce)
				if len(p.Trips) > 0 && of.at >= first[of.to] {
					p.Lost++
				}
			}
			open = slices.DeleteFunc(open, func(site int) bool {
				p := &found[site]
				if now-latest[site] > patience {
					unanswered.sites = append(unanswered.sites, s.name(site))
					return true
				}
				if len(p.Trips)+p.Lost >= probesOf && under[site] == 0 {
					return true
				}
				if len(p.Trips)+p.Lost+under[site] < probesOf || len(p.Trips) == 0 {
					s.nonce++
					pending[s.nonce] = asked{site, now}
					s.control.Endpoint(s.Site).SendDatagram(site, (&probe{Instance: s.instance, Nonce: s.nonce, Asked: now}).encode())
				}
				return false
			})
		}
	}
	if len(unanswered.sites) > 0 {
		return found, unanswered
	}
	return found, nil
}

// summary sums up what was found.
func (p *probes) summary() (r result.RoundTrips) {
	n := len(p.Trips)
	r.Probes, r.Lost = n+p.Lost, p.Lost
	if n == 0 {
		return r
	}
	sorted := slices.Sorted(slices.Values(p.Trips))
	sum := time.Duration(0)
	for _, t := range sorted {
		sum += t
	}
	r.Mean = sum / time.Duration(n)
	squares := 0.0
	for _, t := range sorted {
		squares += float64(t-r.Mean) * float64(t-r.Mean)
	}
	at := func(share float64) time.Duration { return sorted[min(n-1, int(math.Ceil(share*float64(n)))-1)] }
	r.Min, r.P50, r.P99, r.Max = sorted[0], at(0.5), at(0.99), sorted[n-1]
	r.Mdev = time.Duration(math.Sqrt(squares / float64(n)))
	return r
}
