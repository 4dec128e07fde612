package membership

import (
	"strconv"
	"strings"
	"testing"

	"quorumbench/protocols/quorum"
)

// raft's conditions: the quorums of elections meet each other, and those that hold an entry.
var meeting = []quorum.Meeting{{quorum.Election, quorum.Election}, {quorum.Election, quorum.Write}}

// of returns the membership of some configurations, each a quorum system by an expression, such as majority(0,1,2).
func of(t *testing.T, systems ...string) *Membership {
	t.Helper()
	m := &Membership{meeting: meeting}
	for _, text := range systems {
		system, err := quorum.Parse(text, Number)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		m.Parts = append(m.Parts, quorum.Roles{quorum.Election: system, quorum.Write: system})
	}
	return m.complete()
}

// The configurations of the example, whose majorities need not meet each other.
const (
	c1 = "majority(0,1,2)"
	c2 = "majority(3,4,5)"
	c3 = "majority(6,7,8)"
	c4 = "majority(9,10,11)"
)

// Every step between memberships of three configurations that have no replica in common is allowed if, and only if, they
// share a configuration: then both tests say the same.
func TestStepsOfConfigurationsApart(t *testing.T) {
	memberships := [][]string{{c1}, {c2}, {c3}, {c1, c2}, {c1, c3}, {c2, c3}}
	for _, from := range memberships {
		for _, to := range memberships {
			old, next := of(t, from...), of(t, to...)
			shares := false
			for _, one := range from {
				for _, other := range to {
					shares = shares || one == other
				}
			}
			if old.Shares(next) != shares {
				t.Errorf("%v → %v: sharing a configuration is %t, want %t", old, next, !shares, shares)
			}
			if err := old.Meets(next); (err == nil) != shares {
				t.Errorf("%v → %v: the exact test says %v; they share a configuration: %t", old, next, err, shares)
			}
		}
	}
}

// Configurations that overlap may meet though they share none: the exact test allows more.
func TestStepsOfConfigurationsThatOverlap(t *testing.T) {
	for _, c := range []struct {
		from, to      string
		exact, simple bool
	}{
		{"majority(0,1,2)", "majority(0,1,2,3)", true, false},       // grows by one
		{"majority(0,1,2,3)", "majority(0,1,2)", true, false},       // shrinks by one
		{"majority(0,1,2)", "majority(0,1,3)", false, false},        // exchanges one: 1,2 and 0,3
		{"majority(0,1,2)", "majority(0,1,2,3,4)", false, false},    // grows by two: 1,2 and 0,3,4
		{"majority(0,1,2,3)", "majority(0,1,2,3,4)", true, false},   // 2,3 … of four need three
		{"majority(0,1,2)", "all(0,1,2)", true, false},              // the same replicas, other quorums
		{"majority(0,1,2)", "majority(2,1,0)", true, true},          // the same
		{"majority(0,1,2)", "any(0,1,2)", false, false},             // its own quorums do not meet
		{"all(0,1)", "any(0,1)", true, false},                       // each replica stands for both
		{"majority(0=3,1,2,3)", "majority(0=3,4,5,6)", true, false}, // one that weighs more than the others
	} {
		old, next := of(t, c.from), of(t, c.to)
		if err := old.Meets(next); (err == nil) != c.exact {
			t.Errorf("%s → %s: the exact test says %v, want met: %t", c.from, c.to, err, c.exact)
		}
		if shares := old.Shares(next); shares != c.simple {
			t.Errorf("%s → %s: they share a configuration: %t, want %t", c.from, c.to, shares, c.simple)
		}
	}
}

// What the simple test allows the exact one allows, too, if the quorums of each configuration meet.
func TestSharingSuffices(t *testing.T) {
	systems := []string{c1, "majority(0,1,3)", "all(0,1)", "majority(majority(0,1,2),majority(3,4,5),majority(6,7,8))", "grid({0,1},{2,3})"}
	for _, a := range systems {
		for _, b := range systems {
			for _, c := range systems {
				if err := of(t, a, b).Meets(of(t, b, c)); err != nil {
					t.Errorf("%s + %s → %s + %s: %v", a, b, b, c, err)
				}
			}
		}
	}
}

// chain asks for a goal and takes all steps to it, with all replicas caught up.
func chain(t *testing.T, m *Membership, goal string) (steps []string) {
	t.Helper()
	m = ask(t, m, "change "+goal)
	for range 5 {
		next := m.Step(^quorum.Set(0))
		if next == nil {
			return steps
		}
		if !m.Shares(next) { // which suffices: see TestSharingSuffices
			if err := m.Meets(next); err != nil {
				t.Errorf("%v → %v: %v", m, next, err)
			}
		}
		var parts []string
		for _, part := range next.Parts {
			parts = append(parts, part[quorum.Write].String())
		}
		steps = append(steps, strings.Join(parts, " + "))
		m = next
	}
	t.Errorf("no end: %v", steps)
	return nil
}

func ask(t *testing.T, m *Membership, text string) *Membership {
	t.Helper()
	r, err := ParseRequest(m.Request+1, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if r.String() != text {
		t.Errorf("the request %s is told as %v", text, r)
	}
	next := m.Next(Requests{r})
	if next == nil {
		t.Fatalf("%v cannot include %s now", m, text)
	}
	return next
}

func TestShortestChain(t *testing.T) {
	rooms := "all(majority(0,1,2),majority(3,4,5))"
	three := "majority(majority(0,1,2),majority(3,4,5),majority(6,7,8))"
	for _, c := range []struct {
		from []string
		to   string
		want []string
	}{
		{[]string{c1}, c2, []string{c1 + " + " + c2, c2}},
		{[]string{c1, c2}, c1, []string{c1}},                                                          // turned back
		{[]string{c1, c2}, c3, []string{c1 + " + " + c3, c3}},                                         // led elsewhere
		{[]string{c1, c2}, "majority(4,5,6)", []string{c2 + " + majority(4,5,6)", "majority(4,5,6)"}}, // by way of the nearer one
		{[]string{c1, c2, c3}, c1, []string{c1}},                                                      // from three at once
		{[]string{c1}, "majority(0,1,2,3)", []string{"majority(0,1,2,3)"}},                            // in one step, by the exact test
		{[]string{c1}, "majority(0,1,3)", []string{c1 + " + majority(0,1,3)", "majority(0,1,3)"}},
		{[]string{c1}, rooms, []string{rooms}}, // both rooms: a quorum has one of the first, whatever else
		{[]string{rooms}, three, []string{three}},
		{[]string{c1}, three, []string{c1 + " + " + three, three}},
	} {
		if got := chain(t, of(t, c.from...), c.to); strings.Join(got, " → ") != strings.Join(c.want, " → ") {
			t.Errorf("%v to %s: %s, want %s", c.from, c.to, strings.Join(got, " → "), strings.Join(c.want, " → "))
		}
	}
}

// The rows of a square of replicas, and its columns: whether the quorums of both together meet those of the columns is too much to
// compare, and need not be compared.
func TestAStepToAConfigurationInForceIsNotCompared(t *testing.T) {
	const side = 7
	square := func(number func(i, j int) int) string {
		var rooms []string
		for i := range side {
			var room []string
			for j := range side {
				room = append(room, strconv.Itoa(number(i, j)))
			}
			rooms = append(rooms, "majority("+strings.Join(room, ",")+")")
		}
		return "majority(" + strings.Join(rooms, ",") + ")"
	}
	rows, columns := square(func(i, j int) int { return i*side + j }), square(func(i, j int) int { return j*side + i })
	want := []string{rows + " + " + columns, columns}
	if got := chain(t, of(t, rows), columns); strings.Join(got, " → ") != strings.Join(want, " → ") {
		t.Errorf("%s to %s: %s", rows, columns, strings.Join(got, " → "))
	}
}

func TestVotersCatchUpFirst(t *testing.T) {
	m := ask(t, of(t, c1), "change majority(1,2,3)")
	if m.Learners != quorum.Of[int32](3) {
		t.Errorf("learners %v, want the one that is to vote", m.Learners)
	}
	if next := m.Step(quorum.Of[int32](0, 1, 2)); next != nil {
		t.Errorf("the next membership is %v though 3 has not caught up", next)
	}
	joint := m.Step(quorum.Of[int32](3))
	if joint == nil || joint.Voters() != quorum.First(4) || joint.Learners != 0 || joint.Goal == nil {
		t.Fatalf("the next membership is %v, want the joint one", joint)
	}
	last := joint.Step(0) // all of the goal vote already
	if last == nil || last.Voters() != quorum.Of[int32](1, 2, 3) || last.Goal != nil {
		t.Fatalf("the last membership is %v", last)
	}
	if last.Learners != quorum.Of[int32](0) {
		t.Errorf("learners %v, want the voter that has left", last.Learners)
	}
	if gone := ask(t, last, "remove 0"); gone.Group() != quorum.Of[int32](1, 2, 3) {
		t.Errorf("after the removal the group is %v", gone.Group())
	}
}

func TestRequests(t *testing.T) {
	m := ask(t, of(t, c1), "add-learner 3")
	if m.Learners != quorum.Of[int32](3) || m.Request != 1 {
		t.Fatalf("found %v, request %d", m, m.Request)
	}
	if same := ask(t, m, "add-learner 1"); same.Learners != m.Learners || same.Request != 2 {
		t.Errorf("a voter was made a learner: %v", same)
	}
	if same := ask(t, m, "remove 1"); same.Group() != m.Group() || same.Request != 2 {
		t.Errorf("a voter was removed: %v", same)
	}
	if same := ask(t, m, "change 1 of (0,1,2)"); same.Goal != nil || same.Request != 2 {
		t.Errorf("a configuration whose quorums need not meet became the goal: %v", same)
	}
	leaving := ask(t, m, "change majority(1,2,3)")
	remove, _ := ParseRequest(7, "remove 0")
	if next := leaving.Next(Requests{remove}); next != nil {
		t.Errorf("a voter that is about to leave was removed: %v", next)
	}
	back, _ := ParseRequest(8, "change "+c1)
	next := leaving.Next(Requests{remove, back})
	if next == nil || next.Goal != nil || next.Request != 8 || !next.Voters().Has(0) {
		t.Errorf("turned back to %v", next)
	}
	learner, _ := ParseRequest(8, "add-learner 4")
	if next := leaving.Next(Requests{remove, learner}); next != nil {
		t.Errorf("a request came before a removal that waits, which counts as included from then on: %v", next)
	}
	later, _ := ParseRequest(9, "change "+c1)
	if next := leaving.Next(Requests{remove, learner, later}); next == nil || next.Request != 9 || next.Learners != quorum.Of[int32](3, 4) || next.Goal != nil {
		t.Errorf("turned back, with a learner asked for before that, to %v", next)
	}
	var all Requests
	for _, r := range []*Request{back, remove, back} {
		all.Add(r)
	}
	if len(all) != 2 || all[0] != remove {
		t.Errorf("%d requests, the first %v; want two in the order of their numbers", len(all), all[0])
	}
	if all.Drop(next); len(all) != 0 {
		t.Errorf("%d requests are left though the membership includes them", len(all))
	}
}

// A request that turns back from a joint membership is one proposal with the step back: it must not need the quorums of both.
// With one configuration in force, a request is a proposal of its own.
func TestAdvanceTurnsBackInOneProposal(t *testing.T) {
	everybody := ^quorum.Set(0)
	there, _ := ParseRequest(1, "change "+c2)
	back, _ := ParseRequest(2, "change "+c1)
	asked := of(t, c1).Advance(Requests{there}, everybody)
	if asked == nil || len(asked.Parts) != 1 || asked.Goal == nil {
		t.Fatalf("a change begins with %v, want the first configuration, on its way", asked)
	}
	joint := asked.Advance(nil, everybody)
	if joint == nil || len(joint.Parts) != 2 {
		t.Fatalf("%v leads to %v, want both configurations", asked, joint)
	}
	got := joint.Advance(Requests{back}, 0)
	if got == nil || len(got.Parts) != 1 || got.Goal != nil || got.Request != 2 || !same(got.Parts[0], of(t, c1).Parts[0]) {
		t.Errorf("%v is turned back to %v, want the first configuration alone", joint, got)
	}
	if got := of(t, c1).Advance(nil, everybody); got != nil {
		t.Errorf("without a request and a goal it leads to %v", got)
	}
}

func TestDecode(t *testing.T) {
	first := of(t, c1)
	for _, m := range []*Membership{
		first, ask(t, first, "add-learner 3"), ask(t, first, "change majority(majority(0,1,2),majority(3,4,5),6)"),
		ask(t, first, "change "+c2).Step(^quorum.Set(0)),
		First(quorum.First(5), quorum.Roles{quorum.Election: quorum.Size(4, quorum.First(5)), quorum.Write: quorum.Size(2, quorum.First(5))}, meeting),
	} {
		got, err := m.Decode(m.Encoded())
		if err != nil {
			t.Fatalf("%v: %v", m, err)
		}
		if got.String() != m.String() || string(got.Encoded()) != string(m.Encoded()) || got.Request != m.Request {
			t.Errorf("found %v, want %v", got, m)
		}
	}
	unread := quorum.AtLeast(1, quorum.Parts(quorum.One(0), quorum.One(0))...) // its text cannot be read
	odd := First(quorum.First(3), quorum.Roles{quorum.Election: unread, quorum.Write: unread}, meeting)
	if got, err := odd.Decode(ask(t, odd, "change "+c2).Encoded()); err != nil || got.Role(quorum.Write) == nil || !got.Role(quorum.Write).IsQuorum(1) {
		t.Errorf("a first configuration whose text cannot be read: found %v, %v", got, err)
	}
	for _, data := range []string{"", "\x01", "\x10\x01"} {
		if m, err := first.Decode([]byte(data)); err == nil {
			t.Errorf("%q was read as %v", data, m)
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	for _, text := range []string{"", "change", "change majority(a,b)", "add-learner", "add-learner x", "add-learner 64", "remove -1", "grow 3"} {
		if r, err := ParseRequest(1, text); err == nil {
			t.Errorf("%q was read as %v", text, r)
		} else if !strings.Contains(err.Error(), "accepted") {
			t.Errorf("%q: %v does not say what is accepted", text, err)
		}
	}
}
