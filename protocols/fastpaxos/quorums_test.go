package fastpaxos

import (
	"errors"
	"strings"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// By default classic quorums are majorities, and fast ones the smallest that Fast Paxos permits beside them: three quarters.
func TestDefaultQuorums(t *testing.T) {
	for n := 1; n <= 13; n++ {
		c := Driver.MustComplete(protocols.Config{Members: protocols.Members(n)})
		if got, want := c.Quorums[quorum.Fast].String(), quorum.Size((3*n+3)/4, c.All()).String(); got != want {
			t.Errorf("%d replicas: fast quorums are %s, want %s", n, got, want)
		}
	}
}

// With other classic quorums the fast ones follow, as small as can be.
func TestFastQuorumsFollowPhase1(t *testing.T) {
	all := quorum.First(5)
	for phase2, want := range map[int]string{1: "3 of (0,1,2,3,4)", 2: "4 of (0,1,2,3,4)", 3: "4 of (0,1,2,3,4)", 4: "5 of (0,1,2,3,4)", 5: "5 of (0,1,2,3,4)"} {
		c := Driver.MustComplete(protocols.Config{Members: protocols.Members(5), Quorums: quorum.Roles{quorum.Phase2: quorum.Size(phase2, all)}})
		if got := c.Quorums[quorum.Fast].String(); got != want {
			t.Errorf("with %d in a phase-2 quorum, fast quorums are %s, want %s", phase2, got, want)
		}
	}
}

// Quorums that need not meet are refused with a witness: two of the classic ones, or a phase-1 quorum and two fast ones.
func TestQuorumsThatNeedNotMeetAreRefused(t *testing.T) {
	all := quorum.First(5)
	for _, test := range []struct {
		name    string
		options protocols.Choices
		quorums quorum.Roles
		field   string
		want    string // in the message; empty: accepted
	}{
		{"a majority as fast quorum", protocols.Choices{"fast": "3"}, nil, "options.fast", "(0,1,2) and (0,3,4) and (1,2,3) have no replica in common"},
		{"the same by an expression", nil, quorum.Roles{quorum.Fast: quorum.Majority(all)}, "quorums", "have no replica in common"},
		{"three, beside all in phase 1", protocols.Choices{"fast": "3"}, quorum.Roles{quorum.Phase1: quorum.Size(5, all), quorum.Phase2: quorum.Size(1, all)}, "", ""},
		{"fast quorums that do not meet phase 2", nil, quorum.Roles{quorum.Phase1: quorum.Size(4, all), quorum.Phase2: quorum.Size(2, all), quorum.Fast: quorum.Size(4, all)}, "", ""},
		{"classic quorums that miss each other", nil, quorum.Roles{quorum.Phase1: quorum.Size(2, all), quorum.Phase2: quorum.Size(3, all)}, "quorums", "phase1 2 of (0,1,2,3,4) and for phase2 3 of (0,1,2,3,4)"},
		{"one replica in all fast quorums", nil, quorum.Roles{quorum.Phase1: quorum.One(0), quorum.Phase2: quorum.One(0), quorum.Fast: quorum.One(0)}, "", ""},
	} {
		_, err := Driver.Complete(protocols.Config{Members: protocols.Members(5), Options: test.options, Quorums: test.quorums})
		var refused *protocols.FieldError
		switch {
		case err == nil && test.want == "":
		case err == nil || test.want == "" || !errors.As(err, &refused):
			t.Errorf("%s: %v", test.name, err)
		case refused.Field != test.field || !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: refused %s: %v, want %s: … %s …", test.name, refused.Field, err, test.field, test.want)
		}
	}
}
