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

// at is put, or get with an empty value, of a version.
func at(t *testing.T, seq uint64, key string, version uint64, value string) []byte {
	c := &kv.Command{Client: 3, Seq: seq, Key: []byte(key), Version: version, Value: []byte(value)}
	if value == "" {
		c.Op = kv.Op_GET
	}
	return encode(t, c)
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

// What a command that names a version gives, in a store and in a register.
func TestAVersionIsMadeOnceAndKeptUntilTheNext(t *testing.T) {
	s, g := kv.NewStore(), &kv.Register{}
	for i, step := range []struct {
		version uint64
		value   string // empty: a read
		want    *kv.Result
	}{
		{1, "", &kv.Result{Outcome: kv.Outcome_ABSENT}},
		{2, "early", &kv.Result{Outcome: kv.Outcome_REFUSED}},
		{1, "one", &kv.Result{Version: 1}},
		{1, "late", &kv.Result{Version: 1, Outcome: kv.Outcome_REFUSED}},
		{1, "", &kv.Result{Version: 1, Value: []byte("one")}},
		{0, "two", &kv.Result{}},
		{1, "", &kv.Result{Version: 2, Outcome: kv.Outcome_DROPPED}},
		{2, "", &kv.Result{Version: 2, Value: []byte("two")}},
		{0, "", &kv.Result{Version: 2, Value: []byte("two")}},
		{3, "", &kv.Result{Version: 2, Outcome: kv.Outcome_ABSENT}},
	} {
		command := at(t, uint64(i+1), "k", step.version, step.value)
		_, inStore := s.Apply(command)
		_, inRegister := g.Apply(bytes.Clone(command))
		if got := decode(t, inStore); !proto.Equal(got, step.want) {
			t.Errorf("step %d: found %v, want %v", i, got, step.want)
		}
		if !bytes.Equal(inStore, inRegister) || inRegister == nil {
			t.Errorf("step %d: a store gives %v and a register %v", i, inStore, inRegister)
		}
	}
}

func TestARefusedWriteStaysRefused(t *testing.T) {
	s := kv.NewStore()
	early := at(t, 1, "k", 2, "v")
	_, first := s.Apply(early)
	s.Apply(put(t, 1, 1, "k", "a")) // now it could become version 2
	if _, again := s.Apply(early); !bytes.Equal(first, again) {
		t.Errorf("a retry finds %v, the first time it was %v", decode(t, again), decode(t, first))
	}
	if version, _ := s.Get([]byte("k")); version != 1 {
		t.Errorf("the key is in version %d", version)
	}
}

func TestOnlyWritesWithoutAVersionAreAnsweredBeforeTheyAreApplied(t *testing.T) {
	for _, c := range []struct {
		command *kv.Command
		depends bool
	}{
		{&kv.Command{Op: kv.Op_PUT}, false},
		{&kv.Command{Op: kv.Op_PUT, Version: 1}, true},
		{&kv.Command{Op: kv.Op_GET}, true},
		{&kv.Command{Op: kv.Op_GET, Version: 1}, true},
	} {
		if got := c.command.DependsOnState(); got != c.depends {
			t.Errorf("%v depends on the state: %t", c.command, got)
		}
	}
}

// What is known of a version holds in every later state: it stays, or is dropped.
func TestWhatIsKnownOfAVersionIsKnownForEver(t *testing.T) {
	g := &kv.Register{}
	if _, known := g.Known(kv.Op_GET, 1); known {
		t.Error("something is known of a version that does not exist")
	}
	g.Apply(put(t, 1, 1, "k", "one"))
	if _, known := g.Known(kv.Op_GET, 0); known {
		t.Error("the latest version is known to be the latest")
	}
	if result, known := g.Known(kv.Op_GET, 1); !known || string(decode(t, result).Value) != "one" {
		t.Error("version 1 is not known")
	}
	if result, known := g.Known(kv.Op_PUT, 1); !known || decode(t, result).Outcome != kv.Outcome_REFUSED {
		t.Error("a second version 1 is not refused")
	}
	if _, known := g.Known(kv.Op_PUT, 2); known {
		t.Error("it is known what becomes of version 2")
	}
	if g.Version() != 1 {
		t.Errorf("asking has made version %d", g.Version())
	}
}

func TestTheStateOfARegisterIsAllOfIt(t *testing.T) {
	g, restored := &kv.Register{}, &kv.Register{}
	for i := range uint64(30) {
		g.Apply(put(t, i+1, 1+i/2, "k", "v"))
		g.Apply(at(t, i+1, "k", i, "w"))
	}
	if err := restored.Restore(g.State()); err != nil {
		t.Fatal(err)
	}
	if !restored.Equal(g) || !bytes.Equal(restored.State(), g.State()) {
		t.Error("the restored register is another")
	}
	if result, over := restored.Result(protocols.CommandID{Client: 1, Seq: 30}); !over || result == nil {
		t.Error("it has forgotten a result")
	}
	if result, over := restored.Result(protocols.CommandID{Client: 1, Seq: 1}); !over || result != nil {
		t.Error("it has forgotten that the client holds a result")
	}
	g.Apply(put(t, 31, 1, "k", "x"))
	if restored.Equal(g) {
		t.Error("two registers with different versions are equal")
	}
	if restored.Restore([]byte{0xff}) == nil {
		t.Error("bytes that are no state were accepted")
	}
}

// Registers are equal if nothing in them differs, the sessions included.
func TestRegistersDifferInWhateverTheyHold(t *testing.T) {
	of := func(change func(*kv.State)) *kv.Register {
		state := &kv.State{Version: 2, Value: []byte("v"), Sessions: []*kv.Session{{Client: 1, Acked: 3, Answers: []*kv.Session_Answer{{Seq: 3, Result: []byte("r")}}}}}
		change(state)
		data, err := proto.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		register := &kv.Register{}
		if err := register.Restore(data); err != nil {
			t.Fatal(err)
		}
		return register
	}
	nothing := func(*kv.State) {}
	if !of(nothing).Equal(of(nothing)) {
		t.Error("two registers of one state differ")
	}
	for what, change := range map[string]func(*kv.State){
		"version":         func(s *kv.State) { s.Version = 3 },
		"value":           func(s *kv.State) { s.Value = []byte("w") },
		"no session":      func(s *kv.State) { s.Sessions = nil },
		"client":          func(s *kv.State) { s.Sessions[0].Client = 2 },
		"acked":           func(s *kv.State) { s.Sessions[0].Acked = 2 },
		"no answer":       func(s *kv.State) { s.Sessions[0].Answers = nil },
		"sequence number": func(s *kv.State) { s.Sessions[0].Answers[0].Seq = 4 },
		"result":          func(s *kv.State) { s.Sessions[0].Answers[0].Result = []byte("s") },
	} {
		if of(nothing).Equal(of(change)) {
			t.Errorf("with another %s, two registers are equal", what)
		}
	}
}

func TestIDAllocatesNothing(t *testing.T) {
	command, err := protocols.Append(nil, &kv.Command{Client: 1, Seq: 2, Key: []byte("key"), Value: make([]byte, 1000)})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = kv.ID(command) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The quick way to read a command is as good as the long one.
func FuzzID(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0xff})
	f.Add([]byte{8, 1, 16, 2, 24, 1, 42, 1, 'k', 50, 1, 'v', 56, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		var c kv.Command
		if proto.Unmarshal(data, &c) != nil || protocols.Decode(data, &c) != nil {
			return // no command: nobody makes such bytes
		}
		id, err := kv.ID(data)
		if err != nil || id != (protocols.CommandID{Client: c.Client, Seq: c.Seq}) {
			t.Errorf("command %d.%d is read as %v, %v", c.Client, c.Seq, id, err)
		}
		short, long := &kv.Register{}, kv.NewStore()
		_, got := short.Apply(bytes.Clone(data))
		if _, result := long.Apply(data); !bytes.Equal(got, result) {
			t.Errorf("a register gives %v, a store %v", got, result)
		}
	})
}

// Stores are equal if nothing in them differs, the sessions included.
func TestEqualStores(t *testing.T) {
	first := put(t, 1, 1, "k", "a")
	base := func() *kv.Store {
		s := kv.NewStore()
		s.Apply(first)
		return s
	}
	if !base().Equal(base()) {
		t.Error("two stores with the same commands differ")
	}
	for name, command := range map[string][]byte{
		"another value":         put(t, 2, 1, "k", "b"),
		"the same value again":  put(t, 2, 1, "k", "a"),
		"another key":           put(t, 2, 1, "other", "a"),
		"a read":                at(t, 1, "k", 1, ""),
		"an answer is given up": put(t, 2, 2, "k", "a"),
	} {
		changed := base()
		changed.Apply(command)
		if changed.Equal(base()) || base().Equal(changed) {
			t.Errorf("%s: equal", name)
		}
	}
}
