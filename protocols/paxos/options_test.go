package paxos

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// with chooses the value of an option for newAlone.
func with(option, value string) func(*protocols.Config) {
	return func(c *protocols.Config) {
		*c = Driver.MustComplete(protocols.Config{
			ID: c.ID, Members: c.Members, Delays: c.Delays, Leader: c.Leader, Seed: c.Seed, Options: protocols.Choices{option: value},
		})
	}
}

func encoded(t *testing.T, key string) []byte {
	t.Helper()
	command, err := proto.Marshal(&kv.Command{Client: 7, Seq: 1, Op: kv.Op_PUT, Key: []byte(key), Value: []byte("v")})
	if err != nil {
		t.Fatal(err)
	}
	return command
}

// Of five replicas, three must have accepted a value under one ballot, its proposer among them, before another replica takes it for
// chosen. A copy of what an acceptor has told changes nothing, nor does what it has told of another ballot (rule 14).
func TestAReplicaLearnsWhatAQuorumHasToldIt(t *testing.T) {
	a := newAlone(t, "off", with("learn", "broadcast"))
	a.step(protocols.Input{Kind: protocols.InputStart})
	older, newer := protocols.NewBallot(1, 2), protocols.NewBallot(2, 4)
	value := encoded(t, "k")
	for i, step := range []struct {
		from    protocols.NodeID
		version uint64
		ballot  protocols.Ballot
		learns  bool
	}{
		{1, 1, older, false}, // 1 and the proposer, 2
		{1, 1, older, false},
		{3, 1, newer, false}, // 3 and the proposer, 4
		{1, 1, older, false},
		{1, 1, newer, true},
		{1, 3, newer, false},
		{3, 3, newer, false}, // version 2 is missing
	} {
		sent := a.receive(step.from, &keypaxos.Message{
			Kind: keypaxos.Kind_ACCEPTED, Key: []byte("k"), Version: step.version, Ballot: uint64(step.ballot), Value: value,
		})
		if learns := len(a.out.Commits) > 0; learns != step.learns {
			t.Errorf("after %d messages: learns a value: %t, want %t", i+1, learns, step.learns)
		}
		var want [4][]string
		if step.version == 3 && step.from == 3 {
			want[2] = []string{"Fetch k/2"}
		}
		if !slices.EqualFunc(sent[:], want[:], slices.Equal) {
			t.Errorf("after %d messages: sends %q, want %q", i+1, sent, want)
		}
	}
}

// What was chosen under a ballot is learned also when a proposal under a higher one has been heard of meanwhile: those who know that
// it is chosen accept nothing more, so that nobody tells it under the higher one (rule 14).
func TestAReplicaLearnsWhatWasChosenUnderAnOlderBallot(t *testing.T) {
	a := newAlone(t, "off", with("learn", "broadcast"))
	a.step(protocols.Input{Kind: protocols.InputStart})
	older, newer := protocols.NewBallot(1, 2), protocols.NewBallot(2, 4)
	for _, step := range []struct {
		from   protocols.NodeID
		ballot protocols.Ballot
		learns bool
	}{{1, older, false}, {3, newer, false}, {4, older, true}} { // 1, 4 and the proposer, 2
		a.receive(step.from, &keypaxos.Message{
			Kind: keypaxos.Kind_ACCEPTED, Key: []byte("k"), Version: 1, Ballot: uint64(step.ballot), Value: encoded(t, "k"),
		})
		if learns := len(a.out.Commits) > 0; learns != step.learns {
			t.Errorf("told by %d under %v: learns a value: %t, want %t", step.from, step.ballot, learns, step.learns)
		}
	}
}

// An acceptor tells all what it has accepted, and only the proposer that it refuses (rule 14). Of three replicas the acceptor and
// the proposer are a quorum, so that it learns the value in the same step.
func TestAnAcceptorTellsAll(t *testing.T) {
	a := newAlone(t, "off", with("learn", "broadcast"))
	a.step(protocols.Input{Kind: protocols.InputStart})
	accept := func(round uint64) [4][]string {
		return a.receive(2, &keypaxos.Message{
			Kind: keypaxos.Kind_ACCEPT, Key: []byte("k"), Version: 1, Ballot: uint64(protocols.NewBallot(round, 2)), Value: encoded(t, "k"),
		})
	}
	told := []string{"Accepted k/1 2.2 v"}
	if got, want := accept(2), [4][]string{told, told, told, told}; !slices.EqualFunc(got[:], want[:], slices.Equal) {
		t.Errorf("sends %q, want %q", got, want)
	}
	if got, want := accept(1), [4][]string{nil, {"Refuse k/1 1.2 promised 2.2"}, nil, nil}; !slices.EqualFunc(got[:], want[:], slices.Equal) {
		t.Errorf("below its promise it sends %q, want %q", got, want)
	}
	if len(a.out.Commits) > 0 {
		t.Error("of five replicas two have accepted, and it takes the value for chosen")
	}
}

// The proposer has accepted before it asks others to. Where one acceptance is a quorum, also a replica that refuses knows that the
// value is chosen, and nobody tells it again (rule 14).
func TestAReplicaThatRefusesLearnsWhereOneIsAQuorum(t *testing.T) {
	one := func(c *protocols.Config) {
		c.Quorums = quorum.Roles{quorum.Phase1: quorum.Size(5, quorum.First(5)), quorum.Phase2: quorum.Size(1, quorum.First(5))}
	}
	a := newAlone(t, "off", with("learn", "broadcast"), one)
	a.step(protocols.Input{Kind: protocols.InputStart})
	message := func(kind keypaxos.Kind, from protocols.NodeID, round uint64) {
		a.receive(from, &keypaxos.Message{
			Kind: kind, Key: []byte("k"), Version: 1, Ballot: uint64(protocols.NewBallot(round, from)), Value: encoded(t, "k"),
		})
	}
	message(keypaxos.Kind_PREPARE, 3, 2)
	message(keypaxos.Kind_ACCEPT, 2, 1)
	if len(a.out.Commits) != 1 {
		t.Errorf("it takes %d values for chosen, want 1", len(a.out.Commits))
	}
}

// With silent refusals an acceptor answers nothing below its promise. A proposer that gets no answers sends its message twice, and
// then tries a ballot of twice the round (rule 15).
func TestSilentRefusals(t *testing.T) {
	a := newAlone(t, "off", with("refusals", "silent"))
	a.step(protocols.Input{Kind: protocols.InputStart})
	message := func(kind keypaxos.Kind, round uint64) [4][]string {
		return a.receive(2, &keypaxos.Message{
			Kind: kind, Key: []byte("other"), Version: 1, Ballot: uint64(protocols.NewBallot(round, 2)), Value: encoded(t, "other"),
		})
	}
	if got := message(keypaxos.Kind_PREPARE, 3); len(got[1]) != 1 {
		t.Errorf("a prepare is answered with %q, want a promise", got)
	}
	for _, kind := range []keypaxos.Kind{keypaxos.Kind_PREPARE, keypaxos.Kind_ACCEPT} {
		if got := message(kind, 2); len(a.out.Sends) > 0 {
			t.Errorf("%v below the promise is answered with %q, want nothing", kind, got)
		}
	}
	toAll := func(messages ...string) [4][]string { return [4][]string{messages, messages, messages, messages} }
	want := func(what string, got, want [4][]string) {
		t.Helper()
		if !slices.EqualFunc(got[:], want[:], slices.Equal) {
			t.Errorf("%s: sends %q, want %q", what, got, want)
		}
	}
	id := protocols.CommandID{Client: 7, Seq: 1}
	want("a command", a.step(protocols.Input{Kind: protocols.InputCommand, Command: id, Data: encoded(t, "k")}), toAll("Prepare k/1 1.0"))
	for _, next := range []string{"2.0", "4.0", "8.0"} {
		a.fire()
		want("no answer to the repetition either", a.fire(), [4][]string{})
		want("the back-off is over", a.fire(), toAll("Prepare k/1 "+next))
	}
}
