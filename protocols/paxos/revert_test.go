package paxos

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/kv"
)

// With the option revert, a prepare without an answer is sent again under the same ballot, to those that have not promised,
// as long as each repetition brings a promise. Then the promises are taken back, and the next prepare has another ballot
// (rule 13). Without the option it is sent again under the same ballot for ever (rule 4).
func TestALostPrepareIsSentAgainBeforePromisesAreTakenBack(t *testing.T) {
	command, err := proto.Marshal(&kv.Command{Client: 7, Seq: 1, Op: kv.Op_PUT, Key: []byte("k"), Value: []byte("v")})
	if err != nil {
		t.Fatal(err)
	}
	for _, revert := range []string{"on", "off"} {
		a := newAlone(t, revert)
		a.step(protocols.Input{Kind: protocols.InputStart})
		toAll := func(messages ...string) [4][]string { return [4][]string{messages, messages, messages, messages} }
		const first = "Prepare k/1 1.0"
		want := func(what string, got, want [4][]string) {
			t.Helper()
			if !slices.EqualFunc(got[:], want[:], slices.Equal) {
				t.Errorf("revert %s, %s: sends %q, want %q", revert, what, got, want)
			}
		}
		want("a command", a.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 7, Seq: 1}, Data: command}), toAll(first))
		want("no answer", a.fire(), toAll(first))
		promise := &keypaxos.Message{Kind: keypaxos.Kind_PROMISE, Key: []byte("k"), Version: 1, Ballot: uint64(protocols.NewBallot(1, 0))}
		want("a promise, which is not enough", a.receive(1, promise), [4][]string{})
		want("no other one", a.fire(), [4][]string{nil, {first}, {first}, {first}})
		if revert == "off" {
			want("none the second time", a.fire(), [4][]string{nil, {first}, {first}, {first}})
			continue
		}
		want("none the second time", a.fire(), toAll("Revert k/1 1.0"))
		want("the back-off is over", a.fire(), toAll("Prepare k/1 2.0"))
	}
}

// An acceptor takes promises back one by one, each to the one before it, as far as its chain of eight goes: of more, the
// oldest are forgotten, and then nothing is taken back (rules 11 and 12).
func TestPromisesAreTakenBackAsFarAsTheChainGoes(t *testing.T) {
	a := newAlone(t, "on")
	a.step(protocols.Input{Kind: protocols.InputStart})
	receive := func(kind keypaxos.Kind, round uint64) string {
		sent := a.receive(1, &keypaxos.Message{Kind: kind, Key: []byte("k"), Version: 1, Ballot: uint64(protocols.NewBallot(round, 1))})
		if len(sent[0]) == 0 {
			return ""
		}
		var m keypaxos.Message
		if err := protocols.Decode(a.out.Sends[0].Data, &m); err != nil {
			t.Fatal(err)
		}
		return protocols.Ballot(m.LastBallot).String()
	}
	const most = 12
	for round := uint64(1); round <= most; round++ {
		receive(keypaxos.Kind_PREPARE, round)
	}
	for round := uint64(most); round > 0; round-- {
		receive(keypaxos.Kind_REVERT, round)
	}
	if got, want := receive(keypaxos.Kind_PREPARE, 1), "4.1"; got != want { // the ballots 4.1 to 11.1 were below 12.1
		t.Errorf("after %d promises, and as many reverts, the highest promise is %s, want %s", most, got, want)
	}
}
