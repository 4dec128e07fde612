package keypaxos

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Of values accepted under the fast ballot, recovery takes the one that may have been chosen, if there is one, whatever is more frequent.
func TestRecoveryTakesTheValueThatMayBeChosen(t *testing.T) {
	three, five := quorum.First(3), quorum.First(5)
	both := quorum.Size(2, quorum.Of[int32](0, 1)) // replicas 0 and 1
	for _, test := range []struct {
		name string
		fast quorum.System
		told string // by replica: what it has accepted; -: nothing; a space: it has not promised
		want string
	}{
		{"all of three are needed: one of two tells it", quorum.Size(3, three), "a- ", ""},
		{"all of three are needed: both tell it", quorum.Size(3, three), "aa ", "a"},
		{"all of three are needed: one, and another one", quorum.Size(3, three), "ab ", ""},
		{"four of five: nobody", quorum.Size(4, five), "---  ", ""},
		{"four of five: a could have four, b could not", quorum.Size(4, five), "aab  ", "a"},
		{"four of five: a could have four, wherever its acceptors are", quorum.Size(4, five), " baa ", "a"},
		{"four of five: neither could", quorum.Size(4, five), "ab-  ", ""},
		{"four of five: one and two that have nothing", quorum.Size(4, five), "a--  ", ""},
		{"four of five: with a fourth promise, not any more", quorum.Size(4, five), "aab- ", ""},
		{"four of five: three of four", quorum.Size(4, five), "aaab ", "a"},
		{"two certain ones: the most frequent could not", both, " abb ", "a"},
		{"two certain ones: one of them has another", both, "aa b ", "a"},
		{"two certain ones: the other promised with nothing", both, "-abb ", ""},
		{"classic ballots alone", nil, "aab  ", ""},
	} {
		var p Proposal
		for id, told := range test.told {
			switch told {
			case ' ':
				continue
			case '-':
			default:
				p.AdoptValue(protocols.NodeID(id), FastBallot, []byte(string(told)))
			}
			p.Agreed.Add(int32(id))
		}
		p.recoverFast(test.fast)
		if string(p.Value) != test.want {
			t.Errorf("%s: of %q recovery takes %q, want %q", test.name, test.told, p.Value, test.want)
		}
	}
}
