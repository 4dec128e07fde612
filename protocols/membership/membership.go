package membership

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quorumbench/protocols/quorum"
)

// Membership says which replicas vote and which learn. It must not be changed; the methods that change something
// return another one. Safe for use by several goroutines.
type Membership struct {
	Parts    []quorum.Roles // the configurations, one or more, of which all are in force
	Learners quorum.Set     // receive the log and do not count
	Goal     quorum.Roles   // the configuration that a change leads to; nil: no change is under way
	Request  uint64         // the highest number of a request that is included

	first   quorum.Roles // the configuration that the cluster began with
	roles   quorum.Roles // of all parts together
	meeting []quorum.Meeting
	encoded []byte
}

// First returns the membership that a cluster begins with: its quorums by role, of which the listed ones must meet. Members
// that are in no quorum system are learners.
func First(members quorum.Set, roles quorum.Roles, meeting []quorum.Meeting) *Membership {
	return (&Membership{Parts: []quorum.Roles{roles}, Learners: members, first: roles, meeting: meeting}).complete()
}

// complete computes what follows from the fields.
func (m *Membership) complete() *Membership {
	m.roles = quorum.Roles{}
	for role := range m.Parts[0] {
		var systems []quorum.System
		for _, part := range m.Parts {
			systems = append(systems, part[role])
		}
		m.roles[role] = quorum.All(systems...)
	}
	m.Learners = m.Learners.Without(m.Voters())
	m.encoded = m.encode()
	return m
}

// Role returns the quorum system of a role: of all configurations together.
func (m *Membership) Role(role quorum.Role) quorum.System { return m.roles[role] }

// Voters are the members of all configurations.
func (m *Membership) Voters() (all quorum.Set) {
	for _, part := range m.Parts {
		all |= membersOf(part)
	}
	return all
}

// Group are all who receive the log: voters and learners.
func (m *Membership) Group() quorum.Set { return m.Voters() | m.Learners }

func membersOf(part quorum.Roles) (all quorum.Set) {
	for _, system := range part {
		all |= system.Members()
	}
	return all
}

// Meets decides rule 3 exactly: it returns nil if every quorum of the next membership meets every quorum of this
// one, in the roles whose quorums must meet. Otherwise the error is a *quorum.ApartError, or says that it could not
// be decided.
func (m *Membership) Meets(next *Membership) error {
	for _, roles := range m.meeting {
		if len(roles) != 2 {
			return fmt.Errorf("found the condition %v; accepted: conditions of two roles", roles)
		}
		for _, turn := range [][2]quorum.Role{{roles[0], roles[1]}, {roles[1], roles[0]}} {
			systems := []quorum.System{m.roles[turn[0]], next.roles[turn[1]]}
			apart, err := quorum.Apart(systems...)
			if err != nil {
				return err
			}
			if apart != nil {
				return &quorum.ApartError{Roles: turn[:], Systems: systems, Quorums: apart}
			}
		}
	}
	return nil
}

// Shares tells whether the memberships have a configuration in common, which suffices for rule 3 if the quorums of each
// configuration meet.
func (m *Membership) Shares(next *Membership) bool {
	return slices.ContainsFunc(m.Parts, func(mine quorum.Roles) bool {
		return slices.ContainsFunc(next.Parts, func(its quorum.Roles) bool { return same(mine, its) })
	})
}

// same tells whether two configurations have the same quorums, by their texts.
func same(a, b quorum.Roles) bool {
	for role, system := range a {
		if b[role] == nil || b[role].String() != system.String() {
			return false
		}
	}
	return true
}

// Uniform returns the configuration that has one quorum system in all roles of this membership. It is refused if two
// quorums of it need not meet, if it has none, or if its text is too long for an entry.
func (m *Membership) Uniform(system quorum.System) (quorum.Roles, error) {
	if !system.IsQuorum(system.Members()) {
		return nil, fmt.Errorf("found %v, of which not even all replicas are a quorum; accepted: a system that has quorums", system)
	}
	if _, err := quorum.Parse(system.String(), Number); err != nil {
		return nil, fmt.Errorf("reading the text of a quorum system: %w", err)
	}
	part := quorum.Roles{}
	for role := range m.roles {
		part[role] = system
	}
	return part, part.Check(m.meeting...)
}

// with returns a copy that has other configurations. Voters that are in none of them any more become learners.
func (m *Membership) with(parts ...quorum.Roles) *Membership {
	return (&Membership{Parts: parts, Learners: m.Group(), Goal: m.Goal, Request: m.Request, first: m.first, meeting: m.meeting}).complete()
}

// Awaited returns those who are to vote at the goal, do not vote yet, and have not caught up (rule 5).
func (m *Membership) Awaited(caughtUp quorum.Set) quorum.Set {
	if m.Goal == nil {
		return 0
	}
	return membersOf(m.Goal).Without(m.Voters() | caughtUp)
}

// Step returns the next membership on the shortest way to the goal, when this one is committed: the goal, if it is a configuration of
// this one or its quorums meet those of this one, and otherwise the goal together with that configuration of this one which has most
// replicas in common with it, the first of several; so also if it cannot be decided whether they meet. It is nil if there is no goal, or if some who are to vote have not caught up (rule 5).
func (m *Membership) Step(caughtUp quorum.Set) *Membership {
	if m.Goal == nil || m.Awaited(caughtUp) != 0 {
		return nil
	}
	if there := m.with(m.Goal); m.Shares(there) || m.Meets(there) == nil {
		there.Goal = nil
		return there.complete()
	}
	common := func(part quorum.Roles) int { return (membersOf(part) & membersOf(m.Goal)).Size() }
	kept := m.Parts[0]
	for _, part := range m.Parts[1:] {
		if common(part) > common(kept) {
			kept = part
		}
	}
	return m.with(kept, m.Goal)
}

// String tells the configurations, of which "+" joins several, then the learners and the goal. Replicas are called R0 and
// so on, as traces call them.
func (m *Membership) String() string {
	var parts []string
	for _, part := range m.Parts {
		parts = append(parts, text(part))
	}
	s := strings.Join(parts, " + ")
	if m.Learners != 0 {
		s += ", learners " + m.Learners.Text(name)
	}
	if m.Goal != nil {
		s += OnTheWay + text(m.Goal)
	}
	return s
}

// OnTheWay stands before the goal in the text of a membership, and not in that of one without a goal.
const OnTheWay = ", on the way to "

// Prefix and the replica's number are its name in the text of a membership.
const Prefix = "R"

func name(replica int32) string { return Prefix + strconv.Itoa(int(replica)) }

// text tells a configuration: its one system, or those of all roles.
func text(part quorum.Roles) string {
	var all []string
	for _, role := range part.Names() {
		if system := part[role].Text(name); !slices.Contains(all, system) {
			all = append(all, system)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	all = all[:0]
	for _, role := range part.Names() {
		all = append(all, fmt.Sprintf("%s %s", role, part[role].Text(name)))
	}
	return strings.Join(all, " and ")
}

// Encoded is the membership in bytes, the same for equal memberships. They must not be changed.
func (m *Membership) Encoded() []byte { return m.encoded }

func (m *Membership) encode() []byte {
	e := &Encoded{Learners: uint64(m.Learners), Request: m.Request}
	for _, part := range m.Parts {
		e.Parts = append(e.Parts, m.message(part))
	}
	if m.Goal != nil {
		e.Goal = m.message(m.Goal)
	}
	data, err := e.MarshalVT()
	if err != nil {
		panic(fmt.Sprintf("membership: encoding %v: %v", m, err)) // an invalid message type
	}
	return data
}

// message is a configuration as it is encoded. The first one is empty: all replicas know it, and not every system has a text
// that can be read.
func (m *Membership) message(part quorum.Roles) *Configuration {
	c := &Configuration{}
	if m.first != nil && same(m.first, part) {
		return c
	}
	for _, role := range part.Names() {
		c.Quorums = append(c.Quorums, &Quorums{Role: string(role), System: part[role].String()})
	}
	return c
}

// Decode reads what Encoded returned for a membership of the same cluster, whose first one this is. The error says that
// no membership of it is encoded so.
func (m *Membership) Decode(data []byte) (*Membership, error) {
	var e Encoded
	if err := e.UnmarshalVT(data); err != nil {
		return nil, fmt.Errorf("decoding a membership: %w", err)
	}
	if len(e.Parts) == 0 {
		return nil, fmt.Errorf("decoding a membership: found no configuration; accepted: one or more")
	}
	decoded := &Membership{Learners: quorum.Set(e.Learners), Request: e.Request, first: m.first, meeting: m.meeting}
	for _, c := range e.Parts {
		part, err := m.configuration(c)
		if err != nil {
			return nil, err
		}
		decoded.Parts = append(decoded.Parts, part)
	}
	if e.Goal != nil {
		var err error
		if decoded.Goal, err = m.configuration(e.Goal); err != nil {
			return nil, err
		}
	}
	return decoded.complete(), nil
}

// configuration reads a configuration, which must have the roles of this membership.
func (m *Membership) configuration(c *Configuration) (quorum.Roles, error) {
	if len(c.Quorums) == 0 && m.first != nil {
		return m.first, nil
	}
	part := quorum.Roles{}
	for _, q := range c.Quorums {
		system, err := quorum.Parse(q.System, Number)
		if err != nil {
			return nil, fmt.Errorf("decoding the quorums for %s: %w", q.Role, err)
		}
		part[quorum.Role(q.Role)] = system
	}
	if !slices.Equal(part.Names(), m.roles.Names()) {
		return nil, fmt.Errorf("decoding a configuration: found quorums for %v; accepted: for %v", part.Names(), m.roles.Names())
	}
	return part, nil
}

// Number is what quorum.Parse finds replicas by in texts that name them by their numbers.
func Number(name string) (replica int32, known bool) {
	n, err := strconv.ParseUint(name, 10, 32)
	return int32(n), err == nil && n <= quorum.MaxReplica
}
