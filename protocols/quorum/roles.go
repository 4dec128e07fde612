package quorum

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Role is what a protocol needs quorums of a system for.
type Role string

// The roles that mean the same in every protocol.
const (
	Phase1   Role = "phase1"   // Paxos: acceptors whose promises a proposer needs
	Phase2   Role = "phase2"   // Paxos: acceptors who accept what is then chosen
	Fast     Role = "fast"     // Fast Paxos: acceptors who accept what is chosen without phase 1
	Election Role = "election" // those whose votes make a leader
	Write    Role = "write"    // those who hold a command that is then decided
	Read     Role = "read"     // those who are asked for the latest state
)

// Roles are the systems of a protocol, by what they are for.
type Roles map[Role]System

// Meeting lists roles of which every choice of quorums, one each, must have a common member. A role that
// stands twice says that any two of its quorums must meet.
type Meeting []Role

// Check holds the systems against the conditions that the protocol sets. The error is an *ApartError where
// the quorums of a condition need not meet.
func (r Roles) Check(conditions ...Meeting) error {
	for _, roles := range conditions {
		systems := make([]System, len(roles))
		for i, role := range roles {
			if systems[i] = r[role]; systems[i] == nil {
				return fmt.Errorf("found no quorums for %s; accepted: systems for %s", role, words(roles))
			}
		}
		apart, err := Apart(systems...)
		if err != nil {
			return fmt.Errorf("deciding whether the quorums of %s meet: %w", words(roles), err)
		}
		if apart != nil {
			return &ApartError{Roles: roles, Systems: systems, Quorums: apart}
		}
	}
	return nil
}

func words(roles []Role) string {
	var names []string
	for _, role := range roles {
		names = append(names, string(role))
	}
	return strings.Join(names, ", ")
}

// Names returns the roles that have systems, in the order of the alphabet.
func (r Roles) Names() []Role { return slices.Sorted(maps.Keys(r)) }

// ApartError says that quorums which must meet need not, and which do not.
type ApartError struct {
	Roles   []Role
	Systems []System // of the roles
	Quorums []Set    // of the systems: they have no common member
}

// Error is Text with the replicas' numbers.
func (e *ApartError) Error() string { return e.Text(nil) }

// Text tells which quorums miss each other.
func (e *ApartError) Text(name Namer) string {
	var found, apart []string
	for i, role := range e.Roles {
		system := fmt.Sprintf("%s %s", role, e.Systems[i].Text(name))
		if !slices.Contains(found, system) {
			found = append(found, system)
		}
		apart = append(apart, e.Quorums[i].Text(name))
	}
	return fmt.Sprintf("found quorums for %s, which need not meet: %s have no replica in common; accepted: quorums that always have one",
		strings.Join(found, " and for "), strings.Join(apart, " and "))
}
