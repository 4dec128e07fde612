package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quorumbench/protocols/kv"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
)

// The words of lines that begin with a time.
var (
	networkVerbs = []string{"drop", "deliver", "hold", "release", "partition", "heal", "random", "membership", "end"}
	replicaVerbs = []string{"put", "get", "crash", "restart", "timers", "membership"}
)

// parseAction reads what stands behind "at": the time and what happens.
func (p *parser) parseAction(words []string) error {
	at, err := parseTime(words[0])
	if err != nil {
		return err
	}
	if len(words) < 2 {
		return errors.New("found nothing behind the time")
	}
	a := action{line: p.line, at: at}
	verb, rest := words[1], words[2:]
	switch {
	case slices.Contains(networkVerbs, verb):
		err = p.networkAction(&a, verb, rest)
	case strings.HasPrefix(verb, "R") && len(rest) > 0:
		var id int
		if id, err = p.replica(verb); err == nil {
			err = p.replicaAction(&a, id, rest[0], rest[1:])
		}
	default:
		err = unknown(verb, append(slices.Clone(networkVerbs), "a replica and what it does"))
	}
	if a.do != nil {
		p.script.actions = append(p.script.actions, a)
	}
	return err
}

func (p *parser) networkAction(a *action, verb string, words []string) error {
	a.rule = true
	switch verb {
	case "drop", "hold":
		r, err := p.rule(verb, words)
		a.do = func(w *world) error { w.addRule(r, a.line); return nil }
		return err
	case "deliver", "release":
		ended := map[string]string{"deliver": "drop", "release": "hold"}[verb]
		text := strings.Join(words, " ")
		a.do = func(w *world) error { return w.endRules(ended, text) }
	case "partition":
		return p.partition(a, words)
	case "heal":
		a.do = func(w *world) error { w.heal(); return nil }
	case "random":
		a.rule = false
		return p.random(a, words)
	case "membership":
		a.rule = false
		request, err := p.request(words)
		a.do = func(w *world) error { w.membership(request, anyone); return nil }
		return err
	case "end":
		p.script.end = a.at
	}
	return nil
}

// request reads what an operator asks for, with replicas as R0 and so on.
func (p *parser) request(words []string) (*membership.Request, error) {
	if p.script.members == 0 {
		return nil, errors.New("found membership without a line members; accepted: with it")
	}
	if len(words) < 2 {
		return nil, errors.New("accepted: membership add-learner R3, membership change majority(R0, R1, R3), membership remove R2")
	}
	r := &membership.Request{Kind: membership.Kind(words[0])}
	if r.Kind == membership.Change {
		var err error
		r.To, err = quorum.Parse(strings.Join(words[1:], " "), func(name string) (int32, bool) {
			id, err := p.replica(name)
			return int32(id), err == nil
		})
		if err != nil {
			return nil, err
		}
		return r, p.meets(r.To)
	}
	if r.Kind != membership.AddLearner && r.Kind != membership.Remove || len(words) > 2 {
		return nil, unknown(strings.Join(words, " "), []string{string(membership.AddLearner), string(membership.Change), string(membership.Remove)})
	}
	id, err := p.replica(words[1])
	r.Replica = int32(id)
	return r, err
}

// meets refuses a membership whose quorums need not meet, as an experiment does: a leader would pass it over.
func (p *parser) meets(system quorum.System) error {
	driver := p.script.driver
	roles := quorum.Roles{}
	for _, meeting := range driver.Meeting {
		for _, role := range meeting {
			roles[role] = system
		}
	}
	err := roles.Check(driver.Meeting...)
	var apart *quorum.ApartError
	if errors.As(err, &apart) {
		return errors.New(apart.Text(func(replica int32) string { return fmt.Sprintf("R%d", replica) }))
	}
	return err
}

// rule reads what stands behind drop or hold: perhaps once or a share, then what is met.
func (p *parser) rule(verb string, words []string) (rule, error) {
	r := rule{verb: verb, share: 1}
	if len(words) > 0 && words[0] == "once" {
		r.once, words = true, words[1:]
	} else if len(words) > 0 && strings.HasSuffix(words[0], "%") {
		percent, err := strconv.ParseFloat(strings.TrimSuffix(words[0], "%"), 64)
		if err != nil || percent <= 0 || percent > 100 {
			return r, fmt.Errorf("found %q; accepted: a share above 0%%, at most 100%%", words[0])
		}
		r.share, words = percent/100, words[1:]
	}
	r.text = strings.Join(words, " ")
	var err error
	r.filter, err = p.filter(words)
	return r, err
}

// filter reads LINK MESSAGE.
func (p *parser) filter(words []string) (filter, error) {
	wrong := errors.New("accepted: a link and the beginning of a message's name, such as R0->R1 Accept, or *->*")
	if len(words) == 0 {
		return filter{}, wrong
	}
	f := filter{words: words[1:]}
	from, to, directed := strings.Cut(words[0], "->")
	if !directed {
		return f, wrong
	}
	from, f.both = strings.CutSuffix(from, "<")
	var errFrom, errTo error
	f.from, errFrom = p.anyReplica(from)
	f.to, errTo = p.anyReplica(to)
	return f, cmp.Or(errFrom, errTo)
}

// anyReplica reads a replica, or * as anyone.
func (p *parser) anyReplica(word string) (int, error) {
	if word == "*" {
		return anyone, nil
	}
	return p.replica(word)
}

func (p *parser) partition(a *action, words []string) error {
	groups := make([]int, p.script.Replicas)
	group := 1
	for _, word := range words {
		if word == "|" {
			group++
			continue
		}
		id, err := p.replica(word)
		if err != nil {
			return err
		}
		groups[id] = group
	}
	if group == 1 || slices.Contains(groups, 0) {
		return errors.New("accepted: every replica in one of two or more groups, such as R0 | R1 R2")
	}
	text := strings.Join(words, " ")
	a.do = func(w *world) error { w.partition(groups, text); return nil }
	return nil
}

// random reads COUNT until TIME on KEY….
// mostRandom bounds the commands that a line of a script draws: all that happens is kept, about 10 kB for each command.
const mostRandom = 100_000

func (p *parser) random(a *action, words []string) error {
	if len(words) < 5 || words[1] != "until" || words[3] != "on" {
		return errors.New("accepted: random 20 until 1s on k l")
	}
	var count uint64
	until, err := parseTime(words[2])
	if err := cmp.Or(parseNumber(words[0], &count), err); err != nil {
		return err
	}
	if count > mostRandom {
		return fmt.Errorf("found %d commands; accepted: 1 to %d", count, mostRandom)
	}
	if until <= a.at {
		return fmt.Errorf("found until %v, which is not after %v", until, a.at)
	}
	keys := words[4:]
	p.script.drawn = true
	a.do = func(w *world) error { w.issueRandom(int(count), until, keys); return nil }
	return nil
}

func (p *parser) replicaAction(a *action, id int, verb string, words []string) error {
	switch {
	case verb == "put" && len(words) == 4 && words[2] == "as":
		return p.issue(a, id, words[3], words[0], &kv.Command{Op: kv.Op_PUT, Value: []byte(words[1])})
	case verb == "get" && len(words) == 3 && words[1] == "as":
		return p.issue(a, id, words[2], words[0], &kv.Command{Op: kv.Op_GET})
	case verb == "crash" && len(words) == 0:
		a.do = func(w *world) error { return w.crash(id) }
	case verb == "restart" && len(words) == 0:
		a.do = func(w *world) error { return w.restart(id) }
	case verb == "timers" && len(words) == 1 && (words[0] == "wait" || words[0] == "run"):
		a.rule = true
		wait := words[0] == "wait"
		a.do = func(w *world) error { w.stall(id, wait); return nil }
	case verb == "membership":
		request, err := p.request(words)
		a.do = func(w *world) error { w.membership(request, id); return nil }
		return err
	case slices.Contains(replicaVerbs, verb):
		return fmt.Errorf("found %q behind %s; accepted: put KEY VALUE as NAME, get KEY as NAME, crash, restart, timers wait, timers run",
			strings.Join(words, " "), verb)
	default:
		return unknown(verb, replicaVerbs)
	}
	return nil
}

// issue reads a command's key, or key/version.
func (p *parser) issue(a *action, id int, label, key string, command *kv.Command) error {
	if p.script.labels[label] {
		return fmt.Errorf("found a second command called %s", label)
	}
	key, version, named := strings.Cut(key, "/")
	if named {
		if err := parseNumber(version, &command.Version); err != nil || command.Version == 0 {
			return fmt.Errorf("found the version %q of %s; accepted: a number from 1", version, key)
		}
	}
	command.Key = []byte(key)
	p.script.labels[label] = true
	a.do = func(w *world) error { return w.issue(id, label, command) }
	return nil
}
