package kv_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

func encode(t *testing.T, c *kv.Command) []byte {
	t.Helper()
	data, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t *testing.T, seq, acked uint64, key, value string) []byte {
	return encode(t, &kv.Command{Client: 1, Seq: seq, Acked: acked, Op: kv.Op_PUT, Key: []byte(key), Value: []byte(value)})
}

func get(t *testing.T, seq uint64, key string) []byte {
	return encode(t, &kv.Command{Client: 2, Seq: seq, Op: kv.Op_GET, Key: []byte(key)})
}

func decode(t *testing.T, result []byte) *kv.Result {
	t.Helper()
	r := &kv.Result{}
	if err := protocols.Decode(result, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryWriteMakesAVersion(t *testing.T) {
	s := kv.NewStore()
	s.Apply(put(t, 1, 1, "k", "a"))
	s.Apply(put(t, 2, 1, "k", "b"))
	s.Apply(put(t, 3, 1, "other", "c"))
	if version, value := s.Get([]byte("k")); version != 2 || string(value) != "b" {
		t.Errorf("k is %q in version %d", value, version)
	}
	id, result := s.Apply(get(t, 1, "k"))
	if r := decode(t, result); id != (protocols.CommandID{Client: 2, Seq: 1}) || r.Version != 2 || string(r.Value) != "b" {
		t.Errorf("%v reads %v", id, r)
	}
	if _, result := s.Apply(get(t, 2, "absent")); decode(t, result).Version != 0 {
		t.Error("an absent key has a version")
	}
}

func TestACommandTakesEffectOnce(t *testing.T) {
	s := kv.NewStore()
	// A client that pipelines: 2 commits before 1, and both again.
	for _, seq := range []uint64{2, 1, 2, 1} {
		if _, result := s.Apply(put(t, seq, 1, "k", "v")); result == nil {
			t.Errorf("command %d has no result", seq)
		}
	}
	if version, _ := s.Get([]byte("k")); version != 2 {
		t.Errorf("two commands made %d versions", version)
	}
	_, first := s.Apply(get(t, 1, "k"))
	s.Apply(put(t, 3, 1, "k", "w"))
	if _, again := s.Apply(get(t, 1, "k")); !bytes.Equal(first, again) {
		t.Error("a read that is committed twice has two results")
	}
}

func TestWhatTheClientHoldsIsForgottenAndNotDoneAgain(t *testing.T) {
	s := kv.NewStore()
	s.Apply(put(t, 1, 1, "k", "a"))
	s.Apply(put(t, 2, 2, "k", "b")) // the client has its answer to 1
	if _, known := s.Result(protocols.CommandID{Client: 1, Seq: 1}); known {
		t.Error("the result of 1 is still kept")
	}
	if _, known := s.Result(protocols.CommandID{Client: 1, Seq: 2}); !known {
		t.Error("the result of 2 is not kept")
	}
	if _, result := s.Apply(put(t, 1, 1, "k", "a")); result != nil {
		t.Error("a late copy of 1 has a result")
	}
	if version, value := s.Get([]byte("k")); version != 2 || string(value) != "b" {
		t.Errorf("a late copy of 1 made k %q in version %d", value, version)
	}
}

func TestNoopsAndForeignBytesChangeNothing(t *testing.T) {
	s := kv.NewStore()
	empty := s.Snapshot()
	for _, command := range [][]byte{nil, {}, {0xff, 0xff}} {
		if id, result := s.Apply(command); id != (protocols.CommandID{}) || result != nil {
			t.Errorf("%v is command %v", command, id)
		}
	}
	if !bytes.Equal(s.Snapshot(), empty) {
		t.Error("the store has changed")
	}
}

func TestASnapshotIsTheStoreSessionsIncluded(t *testing.T) {
	s := kv.NewStore()
	for i := range uint64(50) {
		s.Apply(put(t, i+1, 1+i/2, string(rune('a'+i%7)), "v"))
	}
	restored := kv.NewStore()
	if err := restored.Restore(s.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(restored.Snapshot(), s.Snapshot()) {
		t.Error("the snapshot of the restored store is another")
	}
	for _, store := range []*kv.Store{s, restored} {
		store.Apply(put(t, 50, 25, "a", "again")) // a retry
		store.Apply(put(t, 51, 25, "a", "new"))
	}
	if !bytes.Equal(restored.Snapshot(), s.Snapshot()) {
		t.Error("the restored store takes the same commands differently")
	}
	before := s.Snapshot()
	if s.Restore([]byte{0xff}) == nil {
		t.Error("bytes that are no snapshot were accepted")
	}
	if !bytes.Equal(s.Snapshot(), before) {
		t.Error("a failed restore changed the store")
	}
}
