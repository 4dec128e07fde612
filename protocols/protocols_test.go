package protocols_test

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

func TestBallotsAreOrderedByRoundThenProposer(t *testing.T) {
	ordered := []protocols.Ballot{
		0, protocols.NewBallot(1, 0), protocols.NewBallot(1, 1), protocols.NewBallot(1, 63), protocols.NewBallot(2, 0),
	}
	for i := range len(ordered) - 1 {
		if ordered[i] >= ordered[i+1] {
			t.Errorf("%v is not below %v", ordered[i], ordered[i+1])
		}
	}
	b := protocols.NewBallot(7, 5)
	if b.Round() != 7 || b.Proposer() != 5 || b.String() != "7.5" {
		t.Errorf("7.5 reads as %d of %d, %v", b.Round(), b.Proposer(), b)
	}
	if next := b.Next(2); next <= b || next.Proposer() != 2 {
		t.Errorf("the next ballot of 2 above 7.5 is %v", next)
	}
	if protocols.Ballot(0).Proposer() != protocols.Nobody {
		t.Error("the zero ballot belongs to somebody")
	}
}

func TestDelaysGoByRoundTripAndDirection(t *testing.T) {
	ms := time.Millisecond
	d := protocols.Delays{
		{0, 30 * ms, 10 * ms, 5 * ms},
		{1 * ms, 0, 2 * ms, 2 * ms},
		{10 * ms, 3 * ms, 0, 4 * ms},
		{90 * ms, 4 * ms, 5 * ms, 0},
	}
	if got := d.Nearest(0); got[0] != 2 || got[1] != 1 || got[2] != 3 {
		t.Errorf("from 0 the nearest are %v", got)
	}
	for _, c := range []struct {
		system quorum.System
		want   time.Duration
	}{
		{quorum.Size(1, quorum.First(4)), 0},
		{quorum.Size(2, quorum.First(4)), 20 * ms},
		{quorum.Majority(quorum.First(4)), 31 * ms},
		{quorum.Size(4, quorum.First(4)), 95 * ms},
		{quorum.Majority(quorum.Of[protocols.NodeID](0, 1, 3)), 31 * ms},
		{quorum.Size(1, quorum.Of[protocols.NodeID](3)), 95 * ms},
	} {
		if got := d.QuorumRoundTrip(0, c.system); got != c.want {
			t.Errorf("a quorum of %v is %v away, want %v", c.system, got, c.want)
		}
	}
	if got := d.MaxRoundTrip(); got != 95*ms {
		t.Errorf("the longest round trip is %v", got)
	}
}

func TestWhatAnOutboxHoldsStaysWhileItGrows(t *testing.T) {
	var out protocols.Outbox
	text := func(i int) *wrapperspb.StringValue {
		return wrapperspb.String(string(bytes.Repeat([]byte{byte('a' + i)}, 100)))
	}
	for range 2 { // the second time with the memory of the first
		out.Reset()
		for i := range 20 {
			out.Send(1, text(i))
			out.Persist(text(i))
		}
		for i := range 20 {
			want, err := proto.Marshal(text(i))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Sends[i].Data, want) || !bytes.Equal(out.Records[i].Data, want) {
				t.Fatalf("message %d of 20 was overwritten", i)
			}
		}
	}
}

func TestABroadcastGoesToAllOthers(t *testing.T) {
	var out protocols.Outbox
	out.Broadcast(1, protocols.Members(3), wrapperspb.Bool(true))
	if len(out.Sends) != 2 || out.Sends[0].To != 0 || out.Sends[1].To != 2 {
		t.Errorf("replica 1 of 3 sends %v", out.Sends)
	}
}
