package scenario

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumbench/bench/scenario/recovery"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Parse reads a script; file is what errors call it, and drivers are those that it may name besides
// those of package recovery. Every error begins with file:line.
func Parse(file string, data []byte, drivers protocols.Drivers) (*Script, error) {
	p := &parser{drivers: drivers, script: &Script{
		Name: strings.TrimSuffix(path.Base(file), extension), file: file, Sum: fmt.Sprintf("%x", sha256.Sum256(data)),
		Seed: 1, leader: protocols.Nobody, labels: map[string]bool{},
	}}
	for i, text := range strings.Split(string(data), "\n") {
		p.line = i + 1
		text, _, _ = strings.Cut(text, "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if err := p.parseLine(words[0], words[1:]); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, p.line, err)
		}
	}
	if err := p.finish(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, p.line, err)
	}
	return p.script, nil
}

type parser struct {
	drivers protocols.Drivers
	script  *Script
	line    int
}

// keywords are what a line may begin with.
var keywords = []string{"title", "about", "protocol", "replicas", "members", "option", "quorum", "witnesses", "leader", "delay", "seed", "draw", "hide", "at", "expect"}

func (p *parser) parseLine(keyword string, words []string) error {
	s := p.script
	if len(words) == 0 && slices.Contains(keywords, keyword) {
		return fmt.Errorf("found nothing behind %s", keyword)
	}
	switch keyword {
	case "title":
		s.Title = strings.Join(words, " ")
	case "about":
		s.About = strings.TrimSpace(s.About + " " + strings.Join(words, " "))
	case "protocol":
		return p.parseProtocol(words[0])
	case "replicas":
		return p.parseReplicas(words[0])
	case "members":
		return p.parseMembers(words[0])
	case "option":
		return p.parseOption(words)
	case "quorum":
		return p.parseQuorum(words)
	case "witnesses":
		return p.parseWitnesses(words)
	case "leader":
		id, err := p.replica(words[0])
		s.leader = protocols.NodeID(id)
		return err
	case "delay":
		return p.parseDelay(words)
	case "seed":
		return parseNumber(words[0], &s.Seed)
	case "draw":
		return p.parseWindow(words)
	case "hide":
		f, err := p.filter(words)
		s.hidden = append(s.hidden, f)
		return err
	case "at":
		return p.parseAction(words)
	case "expect":
		e, err := p.expectation(words)
		e.line, e.text = p.line, strings.Join(words, " ")
		s.expectations = append(s.expectations, e)
		return err
	default:
		return unknown(keyword, keywords)
	}
	return nil
}

// unknown is the error for a word that is none of those accepted.
func unknown(word string, accepted []string) error {
	return fmt.Errorf("found %q; accepted: %s%s", word, strings.Join(accepted, ", "), strictyaml.DidYouMean(word, accepted))
}

func parseNumber(word string, into *uint64) error {
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil {
		return fmt.Errorf("found %q; accepted: a number from 0", word)
	}
	*into = n
	return nil
}

func parseTime(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("found %q; accepted: a time with its unit, such as 10ms", word)
	}
	return d, nil
}

func (p *parser) parseProtocol(name string) error {
	p.script.Protocol, p.script.driver = name, cmp.Or(p.drivers.Find(name), p.drivers.FindWrong(name), recovery.Find(name))
	if p.script.driver == nil {
		return unknown(name, p.drivers.Names())
	}
	return nil
}

func (p *parser) parseReplicas(word string) error {
	s := p.script
	if s.driver == nil {
		return errors.New("found replicas before protocol")
	}
	var n uint64
	if err := parseNumber(word, &n); err != nil {
		return err
	}
	if err := s.driver.CheckReplicas(int(n)); err != nil {
		return err
	}
	s.Replicas = int(n)
	s.delays = make(protocols.Delays, n)
	for i := range s.delays {
		s.delays[i] = make([]time.Duration, n)
	}
	return nil
}

func (p *parser) parseMembers(word string) error {
	var n uint64
	if err := parseNumber(word, &n); err != nil {
		return err
	}
	if n == 0 || int(n) > p.script.Replicas {
		return fmt.Errorf("found %d members; accepted: some of the replicas, 1 to %d", n, p.script.Replicas)
	}
	p.script.members = int(n)
	return nil
}

// parseOption reads the name of an option of the protocol and its value.
func (p *parser) parseOption(words []string) error {
	s := p.script
	switch {
	case s.Replicas == 0:
		return errors.New("found option before replicas")
	case len(words) != 2:
		return fmt.Errorf("found option with %d words behind it; accepted: its name and its value", len(words))
	}
	name, value := words[0], words[1]
	if names := s.driver.OptionNames(); !slices.Contains(names, name) {
		return fmt.Errorf("found the option %q; accepted for %s: %s%s", name, s.Protocol,
			cmp.Or(strings.Join(names, ", "), "none"), strictyaml.DidYouMean(name, names))
	}
	_, err := s.driver.Choose(s.Replicas, protocols.Choices{name: value})
	if err != nil {
		return err
	}
	if s.options == nil {
		s.options = protocols.Choices{}
	}
	s.options[name] = value
	return nil
}

// parseQuorum reads what a quorum system is for and its expression, in which replicas are called R0, R1, …
func (p *parser) parseQuorum(words []string) error {
	s := p.script
	switch {
	case s.Replicas == 0:
		return errors.New("found quorum before replicas")
	case len(words) < 2:
		return errors.New("accepted: what the quorums are for and an expression, such as quorum phase2 majority(R0, R1, R2)")
	case len(s.driver.Meeting) == 0:
		return fmt.Errorf("found quorums for %s, whose quorums follow from its rules", s.Protocol)
	}
	role := quorum.Role(words[0])
	if accepted := s.driver.MustComplete(protocols.Config{Members: protocols.Members(s.Replicas)}).Quorums.Names(); !slices.Contains(accepted, role) {
		return fmt.Errorf("found quorums for %q; accepted for %s: %v", role, s.Protocol, accepted)
	}
	system, err := quorum.Parse(strings.Join(words[1:], " "), func(name string) (int32, bool) {
		id, err := p.replica(name)
		return int32(id), err == nil
	})
	if err != nil {
		return err
	}
	if s.quorums == nil {
		s.quorums = quorum.Roles{}
	}
	s.quorums[role] = system
	return nil
}

// parseWitnesses reads which replicas hold no commands.
func (p *parser) parseWitnesses(words []string) error {
	for _, word := range words {
		id, err := p.replica(word)
		if err != nil {
			return err
		}
		p.script.witnesses.Add(int32(id))
	}
	return nil
}

// replica reads R0 and so on.
func (p *parser) replica(word string) (int, error) {
	number, prefixed := strings.CutPrefix(word, "R")
	id, err := strconv.ParseUint(number, 10, 32)
	if !prefixed || err != nil || int(id) >= p.script.Replicas {
		return 0, fmt.Errorf("found %q; accepted: a replica, R0 to R%d", word, p.script.Replicas-1)
	}
	return int(id), nil
}

// snapshotEvery is how many commands, or records, lie between two snapshots of a replica. A script has few commands.
const snapshotEvery = 100

// config is what all replicas know, but for what the driver fills in.
func (s *Script) config() protocols.Config {
	c := protocols.Config{
		Members: protocols.Members(s.Replicas), Leader: s.leader, Delays: s.delays, Options: s.options, Quorums: s.quorums, Witnesses: s.witnesses,
		SnapshotEvery: snapshotEvery,
	}
	if s.members > 0 {
		c.Members, c.Replicas = protocols.Members(s.members), s.Replicas
	}
	return c
}

func (p *parser) parseDelay(words []string) error {
	s := p.script
	delay, err := parseTime(words[len(words)-1])
	if err != nil {
		return err
	}
	if len(words) == 1 {
		for i := range s.delays {
			for j := range s.delays {
				if i != j {
					s.delays[i][j] = delay
				}
			}
		}
		return nil
	}
	if len(words) != 3 {
		return errors.New("accepted: delay 10ms, or delay R0 R1 10ms")
	}
	i, errI := p.replica(words[0])
	j, errJ := p.replica(words[1])
	if err := cmp.Or(errI, errJ); err != nil {
		return err
	}
	s.delays[i][j], s.delays[j][i] = delay, delay
	return nil
}

func (p *parser) parseWindow(words []string) error {
	if len(words) != 2 {
		return errors.New("accepted: draw 0ms 300ms")
	}
	from, errFrom := parseTime(words[0])
	to, errTo := parseTime(words[1])
	if err := cmp.Or(errFrom, errTo); err != nil {
		return err
	}
	parts := p.script.Parts
	if to <= from || len(parts) > 0 && from <= parts[len(parts)-1].To {
		return errors.New("accepted: parts that begin before they end, one after the other")
	}
	p.script.Parts = append(parts, Window{From: from, To: to})
	return nil
}

// finish makes the checks that need the whole script.
func (p *parser) finish() error {
	s := p.script
	switch {
	case s.Title == "":
		return errors.New("found no title")
	case s.Replicas == 0:
		return errors.New("found no replicas")
	case s.driver.HasLeader && s.leader == protocols.Nobody:
		return fmt.Errorf("found no leader, which %s needs", s.Protocol)
	case s.end == 0:
		return errors.New(`found no end; accepted: a line such as "at 1s end"`)
	case len(s.expectations) == 0:
		return errors.New("found no expect: a scenario has an outcome")
	}
	if _, err := s.driver.Complete(s.config()); err != nil {
		return err
	}
	for i := range s.actions {
		if a := &s.actions[i]; a.at > s.end {
			p.line = a.line
			return fmt.Errorf("found something at %v, after the end", a.at)
		}
	}
	return p.checkLabels()
}
