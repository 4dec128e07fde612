package multipaxos_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/quorum"
)

// firstOfThree is the membership that the desks of this file begin with.
var firstOfThree = membership.First(quorum.First(3), quorum.Roles{
	quorum.Phase1: quorum.Majority(quorum.First(3)), quorum.Phase2: quorum.Majority(quorum.First(3)),
}, multipaxos.Driver.Meeting)

const (
	three    = "<majority(R0,R1,R2)>"
	learning = "<majority(R0,R1,R2), learners (R3)>"
	leaving  = "<majority(R0,R1,R2), learners (R3), on the way to majority(R1,R2,R3)>"
	joint    = "<majority(R0,R1,R2) + majority(R1,R2,R3), on the way to majority(R1,R2,R3)>"
	left     = "<majority(R1,R2,R3), learners (R0)>"
)

// memberships are those above as values of the log.
func memberships(t *testing.T) map[string][]byte {
	t.Helper()
	request := func(number uint64, text string) membership.Requests {
		r, err := membership.ParseRequest(number, text)
		if err != nil {
			t.Fatal(err)
		}
		return membership.Requests{r}
	}
	goal := firstOfThree.Next(request(1, "change majority(1,2,3)"))
	both := goal.Step(quorum.First(4))
	values := map[string][]byte{}
	for _, m := range []*membership.Membership{firstOfThree, firstOfThree.Next(request(1, "add-learner 3")), goal, both, both.Step(quorum.First(4))} {
		values["<"+m.String()+">"] = append([]byte{0}, m.Encoded()...)
	}
	for _, want := range []string{three, learning, leaving, joint, left} {
		if values[want] == nil {
			t.Fatalf("no membership %s", want)
		}
	}
	return values
}

// newElasticDesk starts replica 0 of four, of which three are members.
func newElasticDesk(t *testing.T) *desk {
	d := &desk{t: t, leader: 1, most: 4}
	d.start(3)
	return d
}

// ask hands the replica a request for another membership.
func (d *desk) ask(number uint64, text string) {
	d.step(protocols.Input{Kind: protocols.InputMembership, Notice: number, Data: []byte(text)})
}

// command hands the replica a command of a client.
func (d *desk) command(v string) {
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: uint64(v[0])}, Data: d.value(v)})
}

func found(index uint64, b protocols.Ballot, value []byte) *multipaxos.Proposal {
	return &multipaxos.Proposal{Index: index, Ballot: uint64(b), Command: value}
}

// A candidate that finds a later membership needs a quorum of that, and of nobody else (rule 25).
func TestACandidateNeedsAQuorumOfTheLastMembershipFound(t *testing.T) {
	for _, c := range []struct {
		found string
		leads []protocols.NodeID // those whose promises are needed, besides its own and that of replica 1
	}{{learning, nil}, {joint, []protocols.NodeID{2}}, {left, []protocols.NodeID{3}}} {
		d := newElasticDesk(t)
		d.stand()
		expect(t, c.found+": it asks those that it knows", d.sent(1)+", "+d.sent(3), "1.0 prepare from 1, ")
		d.tell(1, ballot(1, 0), promise(found(1, ballot(1, 1), memberships(t)[c.found])))
		if c.leads != nil {
			if strings.Contains(d.sent(2), "accept") {
				t.Fatalf("%s: it leads with promises of 0 and 1", c.found)
			}
			expect(t, c.found+": it asks the new voter", d.sent(3), "1.0 prepare from 1")
			d.tell(c.leads[0], ballot(1, 0), promise())
		}
		if !strings.Contains(d.sent(2), "accept from 1 "+c.found) {
			t.Errorf("%s: it sends %q, want the membership again", c.found, d.sent(2))
		}
	}
}

// A candidate tells those that it has asked that it comes on, although it finds a membership without them: they would stand
// otherwise, and it would begin anew (rule 11).
func TestACandidateTellsThoseWhoAreInNoMembershipFoundThatItComesOn(t *testing.T) {
	request, err := membership.ParseRequest(1, "change majority(0,1)")
	if err != nil {
		t.Fatal(err)
	}
	goal := firstOfThree.Next(membership.Requests{request})
	for goal.Step(quorum.First(3)) != nil {
		goal = goal.Step(quorum.First(3))
	}
	d := newElasticDesk(t)
	d.stand()
	expect(t, "it asks", d.sent(2), "1.0 prepare from 1")
	for i, value := range [][]byte{append([]byte{0}, goal.Encoded()...), d.value("x")} {
		part := promise(found(uint64(i)+1, ballot(1, 1), value))
		part.GetPromise().Next = uint64(i) + 2
		d.tell(1, ballot(1, 0), part)
		told := d.sent(2)
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
		expect(t, "what it tells the former member after a part", told+d.sent(2), "1.0 prepare from 1")
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
		expect(t, "and without another", d.sent(2), "")
	}
}

// A membership that a command of a higher ballot has overridden counts no more (rules 21 and 25).
func TestAMembershipThatIsOverriddenCountsNoMore(t *testing.T) {
	d := newElasticDesk(t)
	d.tell(1, ballot(1, 1), accept(1, 0, memberships(t)[left]))
	d.tell(2, ballot(2, 2), accept(1, 0, d.value("x")))
	d.stand()
	expect(t, "it asks the voters of the first membership", d.sent(1)+", "+d.sent(2)+", "+d.sent(3), "3.0 prepare from 1, 3.0 prepare from 1, ")

	d = newElasticDesk(t)
	d.tell(1, ballot(1, 1), accept(1, 0, memberships(t)[left]))
	d.now += time.Hour
	d.tell(2, ballot(2, 2), prepare(1))
	d.stand()
	d.tell(1, ballot(3, 0), promise(found(1, ballot(2, 2), d.value("x"))))
	expect(t, "with promises of 0 and 1", d.sent(1), "3.0 heartbeat, commit 0; 3.0 accept from 1 x")
}

// A snapshot carries the membership in force after it (rule 30).
func TestAPieceOfASnapshotCarriesTheMembership(t *testing.T) {
	d := &desk{t: t, leader: 1, most: 4}
	d.disk = [][]byte{d.encode(&multipaxos.Record{Ballot: uint64(ballot(1, 1)), Commit: 5, Snapshot: &multipaxos.Snapshot{
		State: kv.NewStore().Snapshot(), Membership: &membership.EncodedPlaced{Index: 3, Membership: memberships(t)[left][1:]},
	}})}
	d.start(3)
	d.tell(2, ballot(1, 1), catchUp(1))
	var sent multipaxos.Message
	if err := protocols.Decode(d.out.Sends[0].Data, &sent); err != nil || sent.GetPiece() == nil || sent.Membership == nil {
		t.Fatalf("it sends %v, %v; want a piece with a membership", &sent, err)
	}
	d = newElasticDesk(t)
	d.tell(1, ballot(1, 1), heartbeat(5))
	d.tell(1, ballot(1, 1), &sent)
	d.expectCommits("state after 5")
	d.stand()
	expect(t, "it is no voter, and does not stand", d.sent(1), "")
}

// The leader proposes a membership when all before it is chosen; commands that come meanwhile follow it at once (rule 22).
func TestAMembershipWaitsForWhatIsBeforeIt(t *testing.T) {
	d := newElasticDesk(t)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	expect(t, "first of all the membership in force", d.sent(2), "1.0 heartbeat, commit 0; 1.0 accept from 1 "+three)
	d.ask(1, "add-learner 3")
	expect(t, "before that is chosen", d.sent(1), "")
	d.command("a")
	expect(t, "a command", d.sent(1), "1.0 accept from 2 a")
	d.tell(1, ballot(1, 0), accepted(1, 1))
	expect(t, "before the command is chosen", d.sent(1), "")
	d.command("b")
	expect(t, "another command", d.sent(1), "")
	d.tell(1, ballot(1, 0), accepted(2, 1))
	expect(t, "after that", d.sent(2), "1.0 accept from 3 "+learning+"; 1.0 accept from 4 b")
	expect(t, "the learner gets it, too", d.sent(3), "1.0 accept from 3 "+learning+"; 1.0 accept from 4 b")
	d.ask(2, "change majority(1,2,3)")
	d.command("c")
	expect(t, "before the membership is chosen, commands go on", d.sent(1), "1.0 accept from 5 c")
	d.tell(1, ballot(1, 0), accepted(4, 2))
	expect(t, "the next membership waits for the last", d.sent(1), "")
	d.tell(1, ballot(1, 0), accepted(3, 1))
	expect(t, "and is proposed then", d.sent(1), "1.0 accept from 6 "+leaving)
}

// What phase 1 has found behind a membership is proposed when everything before that is chosen, and commands after it (rules 22 and 23).
// It waits only if something before it was not found (rule 31).
func TestAMembershipThatWasFoundWaitsForWhatIsBeforeIt(t *testing.T) {
	d := newElasticDesk(t)
	d.stand()
	b := ballot(1, 1)
	d.tell(1, ballot(1, 0), promise(found(1, b, d.value("a")), found(3, b, memberships(t)[learning]), found(4, b, d.value("b"))))
	expect(t, "what is before the membership", d.sent(2), "1.0 heartbeat, commit 0; 1.0 accept from 1 a no-op")
	d.command("c")
	expect(t, "a command waits", d.sent(2), "")
	d.tell(2, ballot(1, 0), accepted(1, 1))
	expect(t, "one is open yet", d.sent(2), "")
	d.tell(2, ballot(1, 0), accepted(2, 1))
	expect(t, "then the membership and what is behind it", d.sent(2), "1.0 accept from 3 "+learning+"; 1.0 accept from 4 b")
	d.tell(2, ballot(1, 0), accepted(3, 1))
	expect(t, "what is behind it is open", d.sent(2), "")
	d.tell(2, ballot(1, 0), accepted(4, 1))
	expect(t, "then the membership in force once more, and the command", d.sent(2), "1.0 accept from 5 "+learning+"; 1.0 accept from 6 c")
}

// What promises tell before the last membership found is chosen, though those are gone whose quorums have chosen it (rule 31).
func TestALeaderTakesWhatIsBeforeTheLastMembershipFoundForChosen(t *testing.T) {
	d := newElasticDesk(t)
	d.tell(1, ballot(1, 1), accept(1, 0, d.values("a", "x")...))
	d.tell(2, ballot(2, 2), heartbeat(0))
	d.stand()
	b := ballot(2, 2)
	d.tell(1, ballot(3, 0), promise(found(1, b, d.value("a")), found(2, b, d.value("b")), found(3, b, memberships(t)[joint]),
		found(4, b, d.value("c")), found(5, b, memberships(t)[left]), found(6, b, d.value("d"))))
	d.tell(3, ballot(3, 0), promise())
	expect(t, "it proposes the membership and what is behind it", d.sent(1), "3.0 heartbeat, commit 4; 3.0 accept from 5 "+left+"; 3.0 accept from 6 d")
	d.expectCommits("1 a", "2 b", "3 no-op", "4 c")
	expect(t, "to one that has nothing", d.tell(3, ballot(3, 0), catchUp(1)), "3.0 accept from 1 a b "+joint+" c")
	d.start(3)
	expect(t, "after a crash it tells all under its own ballot", d.tell(1, ballot(4, 1), prepare(1)),
		"4.1 promise 1:3.0:a 2:3.0:b 3:3.0:"+joint+" 4:3.0:c 5:3.0:"+left+" 6:3.0:d")
}

// What a leader accepted under an older ballot, and has not proposed again yet, is none of its proposals (rule 22).
func TestWhatWaitsIsNotSentAgain(t *testing.T) {
	d := &desk{t: t, leader: 1, most: 4}
	d.disk = [][]byte{ // nothing at 2
		d.encode(&multipaxos.Record{Ballot: uint64(ballot(1, 1)), First: 1, Commands: d.values("a")}),
		d.encode(&multipaxos.Record{Ballot: uint64(ballot(1, 1)), First: 3, Commands: [][]byte{memberships(t)[learning], d.value("b")}}),
	}
	d.start(3)
	d.stand()
	d.tell(1, ballot(2, 0), promise(found(4, ballot(1, 2), d.value("x"))))
	expect(t, "the first", d.sent(2), "2.0 heartbeat, commit 0; 2.0 accept from 1 a no-op")
	d.now += time.Hour
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 4 + 2})
	expect(t, "sent again", d.sent(2), "2.0 accept from 1 a no-op")
}

// An acceptor accepts a membership when it has everything before it (rule 24).
func TestAnAcceptorHasEverythingBeforeAMembership(t *testing.T) {
	d := newElasticDesk(t)
	d.tell(1, ballot(1, 1), accept(1, 0, d.value("a")))
	expect(t, "a gap", d.tell(1, ballot(1, 1), accept(3, 2, memberships(t)[learning])), "1.1 catch up from 2")
	d.now += time.Hour
	expect(t, "part of what was missing", d.tell(1, ballot(1, 1), accept(2, 2, d.value("b"), memberships(t)[learning], d.value("c"))),
		"1.1 accepted from 2 count 1; 1.1 accepted from 3 count 1; 1.1 accepted from 4 count 1")
	d = newElasticDesk(t)
	d.tell(2, ballot(1, 2), accept(1, 0, d.value("a")))
	expect(t, "a command of an older ballot", d.tell(1, ballot(2, 1), accept(2, 1, memberships(t)[learning])), "2.1 catch up from 1")
}

// Learners vote when they have accepted the last membership, which is sent to them again (rule 29). A leader that is no voter
// of the next one then tells one that has accepted it to stand, and steps down (rule 28).
func TestALeaderWaitsForNewVotersAndLeaves(t *testing.T) {
	d := newElasticDesk(t)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	d.tell(1, ballot(1, 0), accepted(1, 1))
	d.ask(1, "change majority(1,2,3)")
	expect(t, "the goal", d.sent(1), "1.0 accept from 2 "+leaving)
	d.tell(2, ballot(1, 0), accepted(2, 1))
	expect(t, "replica 3 has not caught up", d.sent(1), "")
	d.beat()
	expect(t, "it is sent the membership again", d.sent(3), "1.0 heartbeat, commit 2; 1.0 accept from 2 "+leaving)
	d.tell(3, ballot(1, 0), accepted(2, 1))
	expect(t, "it has caught up", d.sent(1), "1.0 accept from 3 "+joint)
	d.tell(2, ballot(1, 0), accepted(3, 1))
	expect(t, "one of each old and new", d.sent(1), "")
	d.command("a")
	expect(t, "a command waits until the membership of both is chosen", d.sent(1), "")
	d.tell(3, ballot(1, 0), accepted(3, 1))
	expect(t, "the last step, and the command", d.sent(1), "1.0 accept from 4 "+left+"; 1.0 accept from 5 a")
	d.tell(3, ballot(1, 0), accepted(4, 1))
	expect(t, "the leader does not count itself", d.sent(3), "")
	d.tell(2, ballot(1, 0), accepted(4, 1))
	expect(t, "the first of those who have it", d.sent(2), "1.0 stand")
	d.expectMark(protocols.MarkDeposed)
	d.stand()
	expect(t, "it does not stand again, and takes another for the leader", d.sent(1), "0 forward a")
}

// beat has the leader send its next heartbeat.
func (d *desk) beat() {
	d.now += time.Hour
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
}

// A follower that is told to stand does so at once, if it is a voter, and those who hear a leader listen to it (rules 26 and 27).
func TestAReplicaIsToldToStand(t *testing.T) {
	stand := func() *multipaxos.Message {
		return &multipaxos.Message{Kind: &multipaxos.Message_Stand{Stand: &multipaxos.Stand{}}}
	}
	d := newElasticDesk(t)
	d.tell(1, ballot(1, 1), accept(1, 0, memberships(t)[three]))
	expect(t, "not by its leader", d.tell(2, ballot(1, 1), stand()), "")
	expect(t, "by its leader", d.tell(1, ballot(1, 1), stand()), "2.0 prepare from 1")
	d = newElasticDesk(t)
	d.tell(1, ballot(1, 1), accept(1, 0, memberships(t)[left]))
	d.tell(1, ballot(1, 1), heartbeat(1))
	expect(t, "no voter", d.tell(1, ballot(1, 1), stand()), "")

	d = newElasticDesk(t)
	d.tell(1, ballot(1, 1), accept(1, 0, memberships(t)[three]))
	expect(t, "no voter's prepare", d.tell(3, ballot(2, 3), prepare(1)), "")
	told := prepare(1)
	told.GetPrepare().Told = true
	if got := d.tell(3, ballot(2, 3), told); !strings.HasPrefix(got, "2.3 promise") {
		t.Errorf("it answers %q a prepare of one that was told to stand", got)
	}
}
