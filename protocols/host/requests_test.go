package host_test

import (
	"slices"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/host"
	"quorumbench/protocols/kv"
)

// answering is a host whose node answers every command it gets, count times, and counts them.
func answering(w *world, count int) (h *host.Host, stepped *int, broken *[]string) {
	stepped, broken = new(int), &[]string{}
	h = host.New(host.Config{
		World:  w,
		Breach: func(err error) { *broken = append(*broken, err.Error()) },
		New: func(uint64) protocols.Node {
			return script(func(in *protocols.Input, out *protocols.Outbox) {
				if in.Kind == protocols.InputCommand {
					*stepped++
					for range count {
						out.Answer(in.Command, []byte("result"))
					}
				}
			})
		},
	})
	h.Restore()
	h.Start()
	h.Release()
	return h, stepped, broken
}

func request(h *host.Host, command *kv.Command) {
	data, err := protocols.Append(nil, command)
	if err != nil {
		panic(err)
	}
	h.Request(clientNode, data, 0)
	h.Release()
}

// An answer may get lost on its way to the client, which then hands the command over again.
func TestACommandThatIsHandedOverAgainIsAnsweredAgain(t *testing.T) {
	w := &world{}
	h, stepped, broken := answering(w, 1)
	for range 3 {
		request(h, &kv.Command{Client: 1, Seq: 1})
	}
	if want := []string{"answer 1", "answer 1", "answer 1"}; !slices.Equal(w.did, want) || *stepped != 1 || len(*broken) > 0 {
		t.Errorf("did %v in %d steps, found %v; want %v in one", w.did, *stepped, *broken, want)
	}
	h.Crash()
	h.Restore()
	h.Start()
	h.Release()
	request(h, &kv.Command{Client: 1, Seq: 1})
	if *stepped != 2 {
		t.Errorf("the next incarnation got it %d times, want once", *stepped-1)
	}
}

func TestWhatAClientWantsNoMoreIsForgotten(t *testing.T) {
	w := &world{}
	h, stepped, _ := answering(w, 1)
	for seq := range uint64(100) {
		request(h, &kv.Command{Client: 1, Seq: seq + 1, Acked: seq})
	}
	*stepped = 0
	request(h, &kv.Command{Client: 1, Seq: 98, Acked: 98})
	if *stepped != 1 {
		t.Error("the answer to a command below what the client wants was kept")
	}
	request(h, &kv.Command{Client: 1, Seq: 100})
	if *stepped != 1 {
		t.Error("the answer to the last command was not kept")
	}
}

// A client may count in steps of any size. What its host forgets then costs no more than what it has kept.
func TestAClientMaySkipNumbers(t *testing.T) {
	w := &world{}
	h, stepped, _ := answering(w, 1)
	request(h, &kv.Command{Client: 1, Seq: 1})
	request(h, &kv.Command{Client: 1, Seq: 1 << 62, Acked: 1 << 62}) // one step for each number between them would not end
	if *stepped != 2 {
		t.Errorf("%d of two commands were handed over", *stepped)
	}
	request(h, &kv.Command{Client: 1, Seq: 1, Acked: 1 << 62})
	if *stepped != 3 {
		t.Error("the answer to the first was kept")
	}
}

func TestAnswersThatNobodyWaitsForAreFound(t *testing.T) {
	w := &world{}
	h, _, broken := answering(w, 2)
	request(h, &kv.Command{Client: 1, Seq: 1})
	if want := []string{"answers 1.1 a second time"}; !slices.Equal(*broken, want) {
		t.Errorf("found %v, want %v", *broken, want)
	}
	*broken = nil
	h.Input(&protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 7, Seq: 7}}, 0)
	h.Release()
	if want := []string{"answers 7.7, which it was not handed", "answers 7.7, which it was not handed"}; !slices.Equal(*broken, want) {
		t.Errorf("found %v, want %v", *broken, want)
	}
}

func TestBytesThatAreNoCommandAreDropped(t *testing.T) {
	w := &world{}
	h, stepped, _ := answering(w, 1)
	h.Request(clientNode, []byte{0xff, 0xff, 0xff}, 0)
	h.Release()
	if *stepped != 0 || len(w.did) > 0 {
		t.Errorf("%d steps, %v", *stepped, w.did)
	}
}
