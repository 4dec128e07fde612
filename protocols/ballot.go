package protocols

import "fmt"

// Ballot is the number of an attempt to get a value chosen: a round N and the proposer that
// made it, ordered lexicographically. It is packed so that it compares as a number and travels
// as one. Zero is below every ballot and belongs to nobody.
type Ballot uint64

// MaxReplicas is the largest cluster a Ballot has room for.
const MaxReplicas = 64

// NewBallot returns the ballot of a round, from 1, of a proposer, 0 … MaxReplicas-1.
func NewBallot(round uint64, proposer NodeID) Ballot {
	return Ballot(round*MaxReplicas + uint64(proposer))
}

// Round is the first part of a ballot.
func (b Ballot) Round() uint64 { return uint64(b) / MaxReplicas }

// Proposer is the only replica that may use the ballot, Nobody for the zero ballot.
func (b Ballot) Proposer() NodeID {
	if b == 0 {
		return Nobody
	}
	return NodeID(b % MaxReplicas)
}

// Next is the lowest ballot of a proposer above b.
func (b Ballot) Next(proposer NodeID) Ballot { return NewBallot(b.Round()+1, proposer) }

// String returns round.proposer.
func (b Ballot) String() string {
	if b == 0 {
		return "0"
	}
	return fmt.Sprintf("%d.%d", b.Round(), b.Proposer())
}
