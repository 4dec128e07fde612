package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumbench/protocols/kv/linear"
)

// expectation is a line of the script that says what must come out.
type expectation struct {
	line int
	text string
	met  func(*Run) error // nil if it is

	labels []string // commands it names
	breach phrase   // of an expected breach, how its text begins

	unlinearizable bool // the clients' history must not be linearizable
}

// phrase is the beginning of an event, word by word.
type phrase []string

func (p phrase) String() string { return strings.Join(p, " ") }

func (p phrase) matches(e *Event) bool { return begins(strings.Fields(e.String()), p) }

// times returns when it happened, as places in Run.Events.
func (p phrase) times(r *Run) []int {
	var places []int
	for i := range r.Events {
		if p.matches(&r.Events[i]) {
			places = append(places, i)
		}
	}
	return places
}

// expectation reads what stands behind expect.
func (p *parser) expectation(words []string) (expectation, error) {
	switch words[0] {
	case "log":
		return p.expectLog(words[1:])
	case "all":
		return expectAll(words[1:])
	case "not":
		return expectUnlinearizable(words[1:])
	case "never":
		return p.expectCount(0, words[1:])
	case "breach":
		return p.expectBreach(words[1:])
	case "at":
		if len(words) < 3 {
			return expectation{}, errors.New("accepted: expect at 40ms and what happens")
		}
		at, err := parseTime(words[1])
		if err != nil {
			return expectation{}, err
		}
		return p.expectAt(at, words[2:])
	}
	if n, err := strconv.Atoi(words[0]); err == nil && len(words) > 2 && words[1] == "times" {
		return p.expectCount(n, words[2:])
	}
	if i := slices.Index(words, "then"); i >= 0 {
		return p.expectOrder(words[:i], words[i+1:])
	}
	happens, labels, err := p.phrase(words)
	return expectation{labels: labels, met: func(r *Run) error {
		if len(happens.times(r)) == 0 {
			return fmt.Errorf("%v never happens", happens)
		}
		return nil
	}}, err
}

// phrase reads an event, and returns the commands it names.
func (p *parser) phrase(words []string) (phrase, []string, error) {
	if len(words) < 2 {
		return nil, nil, errors.New("accepted: the beginning of an event, such as R0 answers w")
	}
	if words[0] != "*" {
		if _, err := p.replica(words[0]); err != nil {
			return nil, nil, err
		}
	}
	var labels []string
	for verb, place := range map[string]int{"answers": 2, "applies": 3} {
		if words[1] == verb && len(words) > place {
			labels = append(labels, words[place])
		}
	}
	return words, labels, nil
}

func (p *parser) expectAt(at time.Duration, words []string) (expectation, error) {
	happens, labels, err := p.phrase(words)
	return expectation{labels: labels, met: func(r *Run) error {
		var found []string
		for _, i := range happens.times(r) {
			if r.Events[i].At == at {
				return nil
			}
			found = append(found, timeName(r.Events[i].At))
		}
		if found == nil {
			return fmt.Errorf("%v never happens", happens)
		}
		return fmt.Errorf("%v happens at %s", happens, strings.Join(found, ", "))
	}}, err
}

func (p *parser) expectCount(n int, words []string) (expectation, error) {
	happens, labels, err := p.phrase(words)
	return expectation{labels: labels, met: func(r *Run) error {
		if got := len(happens.times(r)); got != n {
			return fmt.Errorf("%v happens %d times", happens, got)
		}
		return nil
	}}, err
}

func (p *parser) expectOrder(earlier, later []string) (expectation, error) {
	first, labels, err := p.phrase(earlier)
	if err != nil {
		return expectation{}, err
	}
	second, more, err := p.phrase(later)
	return expectation{labels: append(labels, more...), met: func(r *Run) error {
		was, is := first.times(r), second.times(r)
		switch {
		case len(was) == 0:
			return fmt.Errorf("%v never happens", first)
		case len(is) == 0:
			return fmt.Errorf("%v never happens", second)
		case was[0] > is[0]:
			return fmt.Errorf("%v happens first", second)
		}
		return nil
	}}, err
}

// expectBreach is for a driver that is wrong on purpose: the checks must find it out.
func (p *parser) expectBreach(words []string) (expectation, error) {
	breach, _, err := p.phrase(words)
	return expectation{breach: breach, met: func(r *Run) error {
		for _, b := range r.breaches {
			if b.matches(breach) {
				return nil
			}
		}
		return fmt.Errorf("no check finds that %v", breach)
	}}, err
}

// expectUnlinearizable is for a driver that is wrong on purpose: no order of the commands explains the clients' answers.
func expectUnlinearizable(words []string) (expectation, error) {
	if text := strings.Join(words, " "); text != "linearizable" {
		return expectation{}, unknown("not "+text, []string{"not linearizable"})
	}
	return expectation{unlinearizable: true, met: func(r *Run) error {
		if verdict := r.verdict(); verdict != linear.Violated {
			return fmt.Errorf("the clients' history is %s", verdict)
		}
		return nil
	}}, nil
}

// unlinearizable tells whether the script expects a history that is not linearizable.
func (s *Script) unlinearizable() bool {
	return slices.ContainsFunc(s.expectations, func(e expectation) bool { return e.unlinearizable })
}

// unexpected returns the breaches that the script does not expect.
func (r *Run) unexpected() error {
	var errs []error
	for _, b := range r.breaches {
		if !slices.ContainsFunc(r.Script.expectations, func(e expectation) bool { return e.breach != nil && b.matches(e.breach) }) {
			errs = append(errs, b)
		}
	}
	return errors.Join(errs...)
}

func (p *parser) expectLog(words []string) (expectation, error) {
	if len(words) == 0 {
		return expectation{}, errors.New("accepted: expect log, a replica or all, and commands")
	}
	only, want := anyone, words[1:]
	if words[0] != "all" {
		id, err := p.replica(words[0])
		if err != nil {
			return expectation{}, err
		}
		only = id
	}
	return expectation{labels: want, met: func(r *Run) error {
		for _, h := range r.world.hosts {
			if !h.alive() && only == anyone || only != anyone && only != h.id {
				continue
			}
			if got := h.log; !slices.Equal(got, want) {
				return fmt.Errorf("found the log of R%d: %s", h.id, strings.Join(got, " "))
			}
		}
		return nil
	}}, nil
}

func expectAll(words []string) (expectation, error) {
	accepted := map[string]func(*Run) error{"answered": allAnswered, "once": allOnce, "alike": allAlike}
	met := accepted[strings.Join(words, " ")]
	if met == nil {
		return expectation{}, unknown(strings.Join(words, " "), []string{"answered", "once", "alike"})
	}
	return expectation{met: met}, nil
}

// checkLabels finds commands that are expected and never issued.
func (p *parser) checkLabels() error {
	for _, e := range p.script.expectations {
		for _, label := range e.labels {
			if label != "*" && label != noOp && !p.script.labels[label] && !p.script.drawn {
				p.line = e.line
				return fmt.Errorf("found no command called %s", label)
			}
		}
	}
	return nil
}
