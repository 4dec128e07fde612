package epaxos

import (
	"fmt"

	"quorumbench/protocols"
)

// Options are the choices that an experiment has.
type Options struct {
	Fast int `option:"fast" range:"1..n" unit:"replicas" default:"n-e: 2 of 3, 3 of 5, 5 of 7" help:"replicas in a fast quorum, the submitter among them; more of them survive fewer failures on the fast path"`

	Thrifty bool `option:"thrifty" tries:"off,on" help:"a command is sent to the nearest fast quorum first, and to the others when that does not answer"`

	Answer string `option:"answer" accepts:"execution,commit" help:"when a write is answered; commit is wrong, and there to show it (rule 13)"`

	Kept int `option:"kept" range:"0..1048576" unit:"instances" tries:"1024,16,0" help:"how many executed instances are kept for a replica that is behind, before it needs the state of the key"`
}

// The values of answer.
const (
	answerExecution = "execution"
	answerCommit    = "commit"
)

func defaultOptions(replicas int) any {
	return &Options{Fast: replicas - fastFailures(replicas), Answer: answerExecution, Kept: 1024}
}

// failures is f: how many of n replicas may be down.
func failures(n int) int { return (n - 1) / 2 }

// fastFailures is the largest e: how many of n replicas may be down so that the fast path still works, as long as
// n ≥ 2e+f-1.
func fastFailures(n int) int {
	f := failures(n)
	return min(f, (f+2)/2)
}

// validate refuses fast quorums that are too small for recovery to tell what was committed.
func validate(c protocols.Config) error {
	n, fast := c.Size(), c.Options.(*Options).Fast
	if least := n - fastFailures(n); fast < least {
		return &protocols.FieldError{Field: "options.fast", Err: fmt.Errorf(
			"found fast: %d; accepted for epaxos with %d replicas: %d to %d: recovery cannot tell what smaller quorums have committed", fast, n, least, n)}
	}
	return nil
}
