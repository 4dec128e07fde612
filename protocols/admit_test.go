package protocols_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

type flexibleOptions struct {
	Phase1 int    `option:"phase1" range:"1..n" zero:"auto"`
	Phase2 int    `option:"phase2" range:"1..n"`
	Reads  string `option:"reads" accepts:"log,lease" trustsclocks:"lease"`
	Eager  bool   `option:"eager"`
}

// flexible works with odd numbers of replicas.
var flexible = protocols.Driver{
	Name:    "flexible",
	Options: func(n int) any { return &flexibleOptions{Phase2: quorum.MajoritySize(n), Reads: "log"} },
	Quorums: func(c protocols.Config) quorum.Roles {
		chosen := c.Options.(*flexibleOptions)
		phase1 := chosen.Phase1
		if phase1 == 0 {
			phase1 = quorum.MeetingSize(c.Size(), chosen.Phase2)
		}
		return quorum.Roles{quorum.Phase1: quorum.Size(phase1, c.All()), quorum.Phase2: quorum.Size(chosen.Phase2, c.All())}
	},
	Meeting: []quorum.Meeting{{quorum.Phase1, quorum.Phase2}},
	Validate: func(c protocols.Config) error {
		if c.Size()%2 == 0 {
			return &protocols.FieldError{Field: protocols.FieldMembers, Err: fmt.Errorf("found %d replicas; accepted: an odd number", c.Size())}
		}
		return nil
	},
}

func TestAConfigIsCompleted(t *testing.T) {
	c, err := flexible.Complete(protocols.Config{Members: protocols.Members(5), Options: protocols.Choices{"phase2": "2", "eager": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := *c.Options.(*flexibleOptions); got != (flexibleOptions{Phase2: 2, Reads: "log", Eager: true}) {
		t.Errorf("the options are %+v", got)
	}
	if got := fmt.Sprint(c.Quorums); got != "map[phase1:4 of (0,1,2,3,4) phase2:2 of (0,1,2,3,4)]" {
		t.Errorf("the quorums are %s", got)
	}
	again, err := flexible.Complete(c)
	if err != nil || again.Options != c.Options || fmt.Sprint(again.Quorums) != fmt.Sprint(c.Quorums) {
		t.Errorf("completed again it is %+v, %v", again, err)
	}
}

func TestQuorumsOfTheConfigTakeThePlaceOfTheDriversOwn(t *testing.T) {
	three := quorum.Size(3, quorum.First(3))
	c := flexible.MustComplete(protocols.Config{Members: protocols.Members(3), Quorums: quorum.Roles{quorum.Phase1: three}})
	if c.Quorums[quorum.Phase1] != three || c.Quorums[quorum.Phase2].String() != "2 of (0,1,2)" {
		t.Errorf("the quorums are %v", c.Quorums)
	}
}

func TestARefusalNamesTheField(t *testing.T) {
	five := protocols.Members(5)
	for _, c := range []struct {
		name         string
		config       protocols.Config
		field, error string
	}{
		{"no replicas", protocols.Config{}, "members", "flexible works with 1 to 64 replicas, not 0"},
		{"too many", protocols.Config{Members: protocols.Members(65)}, "members", "not 65"},
		{"a gap", protocols.Config{Members: []protocols.NodeID{0, 2, 1}}, "members", "accepted: 0 to 2, in that order"},
		{"what the driver refuses", protocols.Config{Members: protocols.Members(4)}, "members", "accepted: an odd number"},
		{"no option", protocols.Config{Members: five, Options: protocols.Choices{"phase3": "1"}}, "options.phase3", "accepted for flexible: phase1, phase2, reads, eager"},
		{"no number", protocols.Config{Members: five, Options: protocols.Choices{"phase2": "most"}}, "options.phase2", `found phase2: "most"; accepted for flexible with 5 replicas: 1 to 5`},
		{"out of range", protocols.Config{Members: five, Options: protocols.Choices{"phase2": "6"}}, "options.phase2", "1 to 5"},
		{"out of range, typed", protocols.Config{Members: five, Options: &flexibleOptions{Phase2: 6, Reads: "log"}}, "options.phase2", "1 to 5"},
		{"no word", protocols.Config{Members: five, Options: protocols.Choices{"reads": "index"}}, "options.reads", "log, lease"},
		{"quorums apart", protocols.Config{Members: five, Options: protocols.Choices{"phase1": "2", "phase2": "2"}}, "options.phase1", "(0,1) and (2,3) have no replica in common"},
		{"quorums apart, phase 1 as by default", protocols.Config{Members: five, Options: protocols.Choices{"phase2": "2"},
			Quorums: quorum.Roles{quorum.Phase1: quorum.Majority(quorum.First(5))}}, "options.phase2", "majority(0,1,2,3,4)"},
		{"an unknown role", protocols.Config{Members: five, Quorums: quorum.Roles{quorum.Write: quorum.Majority(quorum.First(5))}}, "quorums", "accepted for flexible: [phase1 phase2]"},
		{"quorums of others", protocols.Config{Members: five, Quorums: quorum.Roles{quorum.Phase2: quorum.Majority(quorum.First(6))}}, "quorums", "accepted: of the members (0,1,2,3,4)"},
		{"a membership that changes", protocols.Config{Members: five, Replicas: 7}, "replicas", "found a membership that changes, of flexible"},
		{"no quorum at all", protocols.Config{Members: five, Quorums: quorum.Roles{quorum.Phase2: quorum.Size(6, quorum.First(5))}}, "quorums", "6 of (0,1,2,3,4)"},
	} {
		_, err := flexible.Complete(c.config)
		var refused *protocols.FieldError
		if !errors.As(err, &refused) || refused.Field != c.field || !strings.Contains(refused.Error(), c.error) {
			t.Errorf("%s: found %#v: %v; want %s: %s", c.name, refused, err, c.field, c.error)
		}
	}
}

func TestADriverWorksWithOneReplicaToTheMost(t *testing.T) {
	anyNumber := protocols.Driver{Name: "any number"}
	for n, accepted := range map[int]bool{0: false, 1: true, 2: true, protocols.MaxReplicas: true, protocols.MaxReplicas + 1: false} {
		if err := anyNumber.CheckReplicas(n); (err == nil) != accepted {
			t.Errorf("%d replicas: %v; want accepted: %t", n, err, accepted)
		}
	}
}

func TestTheListOfOptionsTellsDefaultsAndWhatTrustsClocks(t *testing.T) {
	var got []string
	for _, o := range flexible.List(5) {
		got = append(got, fmt.Sprint(o.Name, " ", o.Default, " ", o.TrustsClocks))
	}
	if want := "phase1 auto [], phase2 3 [], reads log [lease], eager off []"; strings.Join(got, ", ") != want {
		t.Errorf("lists %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestPeersAreTheOtherMembers(t *testing.T) {
	c := protocols.Config{ID: 1, Members: protocols.Members(3)}
	for id, want := range map[protocols.NodeID]bool{protocols.Nobody: false, 0: true, 1: false, 2: true, 3: false} {
		if c.IsPeer(id) != want {
			t.Errorf("to replica 1 of 3, %d is a peer: %t", id, !want)
		}
	}
}

func TestChoicesAreWhatIsNotTheDefault(t *testing.T) {
	texts := protocols.Texts(flexible.MustComplete(protocols.Config{
		Members: protocols.Members(5), Options: protocols.Choices{"phase2": "4", "eager": "on", "reads": "log"}}).Options)
	if want := (protocols.Choices{"phase1": "auto", "phase2": "4", "reads": "log", "eager": "on"}); !maps.Equal(texts, want) {
		t.Errorf("the texts are %v, want %v", texts, want)
	}
	if got, want := flexible.Chosen(5, texts), (protocols.Choices{"phase2": "4", "eager": "on"}); !maps.Equal(got, want) {
		t.Errorf("chosen are %v, want %v", got, want)
	}
	if got := flexible.Chosen(7, texts); len(got) != 1 {
		t.Errorf("of 7 replicas, 4 are a majority, and chosen are %v", got)
	}
	if got := strings.Join(flexible.Words(5, texts), "+"); got != "phase24+eager" {
		t.Errorf("the words are %s", got)
	}
}

func TestAMembershipThatChangesHasRoomForItsReplicas(t *testing.T) {
	elastic := protocols.Driver{Name: "elastic", ChangesMembership: true}
	for replicas, accepted := range map[int]bool{0: true, 2: false, 3: true, protocols.MaxReplicas: true, protocols.MaxReplicas + 1: false} {
		c, err := elastic.Complete(protocols.Config{Members: protocols.Members(3), Replicas: replicas})
		if (err == nil) != accepted || c.Changes() != (replicas > 0) || c.MostReplicas() != max(3, replicas) {
			t.Errorf("3 members of %d replicas: %v; want accepted: %t; changes: %t, at most %d replicas", replicas, err, accepted, c.Changes(), c.MostReplicas())
		}
	}
	c := protocols.Config{ID: 1, Members: protocols.Members(3), Replicas: 4}
	for id, want := range map[protocols.NodeID]bool{protocols.Nobody: false, 0: true, 1: false, 3: true, 4: false} {
		if c.IsOther(id) != want {
			t.Errorf("to replica 1 of 4, %d is another: %t", id, !want)
		}
	}
}
