package fastpaxos_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/fastpaxos"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
)

const ms = time.Millisecond

// apart returns the delays of so many replicas that are all as far from each other.
func apart(replicas int, oneWay time.Duration) protocols.Delays {
	delays := make(protocols.Delays, replicas)
	for i := range delays {
		for j := range replicas {
			delays[i] = append(delays[i], min(oneWay, time.Duration(max(i-j, j-i))*oneWay))
		}
	}
	return delays
}

// A replica that has accepted a value and not got its commit waits for the commit, and not any more when it should have come long ago.
// Then the first request prepares, and is told what was decided, one round trip later (rule 7).
func TestAVersionWhoseCommitWasLostIsNotWaitedFor(t *testing.T) {
	const oneWay = 50 * ms
	for _, test := range []struct {
		what  string
		after time.Duration // the write
		most  time.Duration // that it takes: a round trip to get the state, and one to a fast quorum
	}{
		{"write", 5 * time.Second, 4*oneWay + 10*ms},
		{"read", 5 * time.Second, 2*oneWay + 10*ms},
	} {
		c := prototest.NewCluster(t, fastpaxos.Driver, prototest.Network{Delays: apart(3, oneWay), Drop: func(_, to protocols.NodeID, m []byte) bool {
			return to == 2 && strings.HasPrefix(fastpaxos.Driver.Describe(m), "Commit k/1 ")
		}}, protocols.Nobody, 1)
		c.Put(0, 1, "k", "v")
		c.Run(test.after)
		id := protocols.CommandID{}
		if test.what == "read" {
			id = c.Get(2, 2, "k")
		} else {
			id = c.Put(2, 2, "k", "w")
		}
		c.RunUntilAnswered(5 * time.Second)
		if took := c.Answers[id].Latency; took > test.most {
			t.Errorf("a %s at the replica that lacks the commit takes %v, want %v at most", test.what, took, test.most)
		}
		c.Check()
	}
}

// A replica gets each write of another proposer just before the commit of the one before. A read there finds a value accepted in each
// version; it does not wait for all of them in turn, but prepares after one wait (rule 7).
func TestAReadThatMeetsOneAcceptedValueAfterTheOtherIsAnswered(t *testing.T) {
	c := fastpaxos.Driver.MustComplete(protocols.Config{ID: 2, Members: protocols.Members(3), Delays: apart(3, 50*ms), Leader: protocols.Nobody, Seed: 1})
	node := fastpaxos.Driver.New(c)
	prepares := 0
	step := func(in protocols.Input) {
		var out protocols.Outbox
		node.Step(&in, &out)
		for _, s := range out.Sends {
			if strings.HasPrefix(fastpaxos.Driver.Describe(s.Data), "Prepare ") {
				prepares++
			}
		}
	}
	encode := func(command *kv.Command) []byte {
		command.Key = []byte("k")
		data, err := command.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	receive := func(at time.Duration, kind keypaxos.Kind, version uint64, ballot protocols.Ballot) {
		value := encode(&kv.Command{Client: 1, Seq: version, Acked: version, Value: []byte("v")})
		data, err := protocols.Append(nil, &keypaxos.Message{Kind: kind, Key: []byte("k"), Version: version, Ballot: uint64(ballot), Value: value})
		if err != nil {
			t.Fatal(err)
		}
		step(protocols.Input{Kind: protocols.InputMessage, From: 0, Now: at, Data: data})
	}
	const versions, every = 50, 20 * ms
	receive(time.Second, keypaxos.Kind_FAST_ACCEPT, 1, keypaxos.FastBallot)
	read := protocols.CommandID{Client: 2, Seq: 1}
	step(protocols.Input{Kind: protocols.InputCommand, Command: read, Now: time.Second, Data: encode(&kv.Command{Client: 2, Seq: 1, Op: kv.Op_GET})})
	for v := range uint64(versions) {
		at := time.Second + time.Duration(v+1)*every
		receive(at, keypaxos.Kind_FAST_ACCEPT, v+2, keypaxos.FastBallot)
		receive(at, keypaxos.Kind_COMMIT, v+1, 0)
	}
	if want := 2; prepares != want { // to both others
		t.Errorf("in %v the read has sent %d prepares, want %d", versions*every, prepares, want)
	}
}
