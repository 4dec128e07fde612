package exploretest

import (
	"quorumbench/protocols"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
)

// Memberships returns those that a log has after an operator's requests, each of which came when the one before was done: every
// membership on the way, in order. All replicas are members at first, and have caught up whenever that matters.
func Memberships(driver protocols.Driver, replicas int, requests ...string) []*membership.Membership {
	c := driver.MustComplete(protocols.Config{Members: protocols.Members(replicas), Replicas: replicas})
	last := membership.First(c.All(), c.Quorums, driver.Meeting)
	var all []*membership.Membership
	for i, text := range requests {
		for next := turn(last, i+1, text); next != nil; next = last.Step(quorum.First(replicas)) {
			last, all = next, append(all, next)
		}
	}
	return all
}

// turn returns the membership that a leader proposes after another one when it has that request, of that number.
func turn(last *membership.Membership, number int, text string) *membership.Membership {
	request, err := membership.ParseRequest(uint64(number), text)
	if err != nil {
		panic(err) // an error of the test's author
	}
	return last.Advance(membership.Requests{request}, quorum.First(protocols.MaxReplicas))
}
