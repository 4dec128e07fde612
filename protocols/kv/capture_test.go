package kv_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// commands draws commands of a few clients to a few keys: new and old ones, retries, reads, named versions, values of
// several sizes.
type commands struct {
	*rand.Rand
	seqs [6]uint64
}

func (d *commands) next() []byte {
	client := d.IntN(len(d.seqs))
	if d.seqs[client] == 0 || d.IntN(8) > 0 {
		d.seqs[client]++
	}
	seq := d.seqs[client]
	c := &kv.Command{
		Client: uint64(client) + 1, Seq: seq, Acked: seq - min(seq, uint64(d.IntN(5))),
		Key: fmt.Appendf(nil, "k%d", d.IntN(40)), Op: kv.Op(d.IntN(5) / 4),
	}
	if c.Op == kv.Op_PUT {
		c.Value = bytes.Repeat([]byte{byte(d.IntN(256))}, d.IntN(20))
	}
	if d.IntN(4) == 0 {
		c.Version = uint64(d.IntN(6))
	}
	data, err := protocols.Append(nil, c)
	if err != nil {
		panic(err)
	}
	return data
}

// A capture is the state at its beginning, whatever is applied while it is encoded, however large the steps are.
func TestACaptureIsTheStateAtItsBeginning(t *testing.T) {
	for seed := range uint64(300) {
		d := &commands{Rand: rand.New(rand.NewPCG(seed, 1))}
		store := kv.NewStore()
		for range 10 {
			for range d.IntN(100) {
				store.Apply(d.next())
			}
			want := store.Snapshot()
			step := 1 + d.IntN(200)
			for c := store.Capture(); ; {
				for range d.IntN(4) {
					store.Apply(d.next())
				}
				if !c.Advance(step) {
					continue
				}
				for range d.IntN(4) {
					store.Apply(d.next())
				}
				if !bytes.Equal(c.Bytes(), want) {
					t.Fatalf("seed %d: steps of %d bytes give another state than one step", seed, step)
				}
				break
			}
			if d.IntN(3) == 0 { // a store that was restored is captured likewise
				restored := kv.NewStore()
				if err := restored.Restore(store.Snapshot()); err != nil {
					t.Fatal(err)
				}
				store = restored
			}
		}
	}
}

// A step encodes at most its share and one entry more, however many keys there are. Taking the capture encodes nothing.
func TestAStepOfACaptureIsBounded(t *testing.T) {
	const keys, share, value = 100_000, 64 << 10, 32
	store := kv.NewStore()
	for i := range uint64(keys) {
		store.Apply(put(t, i+1, i+1, fmt.Sprintf("key%06d", i), string(make([]byte, value))))
	}
	c, steps, encoded := store.Capture(), 0, 0
	if len(c.Bytes()) > 0 {
		t.Errorf("taking the capture has encoded %d bytes", len(c.Bytes()))
	}
	for done := false; !done; steps++ {
		done = c.Advance(share)
		if now := len(c.Bytes()); now-encoded > share+value+32 {
			t.Fatalf("step %d has encoded %d bytes", steps, now-encoded)
		}
		encoded = len(c.Bytes())
	}
	if whole := len(store.Snapshot()); encoded != whole || steps != whole/share+1 {
		t.Errorf("%d steps have encoded %d of %d bytes", steps, encoded, whole)
	}
}

// A capture that was begun and never encoded is replaced by the next, and by a restored state.
func TestACaptureIsReplaced(t *testing.T) {
	store := kv.NewStore()
	store.Apply(put(t, 1, 1, "a", "1"))
	store.Apply(put(t, 2, 2, "b", "1"))
	store.Capture().Advance(1)
	store.Apply(put(t, 3, 3, "b", "2"))
	want := store.Snapshot()
	c := store.Capture()
	store.Apply(put(t, 4, 4, "a", "3"))
	if err := store.Restore(kv.NewStore().Snapshot()); err != nil {
		t.Fatal(err)
	}
	store.Apply(put(t, 1, 1, "a", "4"))
	if c.Advance(1 << 20); !bytes.Equal(c.Bytes(), want) {
		t.Error("a capture is not the state at its beginning after another was restored")
	}
}

func TestASnapshotWithAKeyTwiceIsRefused(t *testing.T) {
	store := kv.NewStore()
	store.Apply(put(t, 1, 1, "a", "1"))
	twice := append(store.Snapshot(), store.Snapshot()...)
	if store.Restore(twice) == nil {
		t.Error("a snapshot with a key twice was accepted")
	}
}
