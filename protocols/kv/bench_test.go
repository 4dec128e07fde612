package kv

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
)

// BenchmarkApply measures a PUT of 128 bytes by one of 300 clients, which acknowledge their previous command, to one of
// 1,000 keys that are present.
func BenchmarkApply(b *testing.B) {
	const clients, keys = 300, 1000
	store, value := NewStore(), make([]byte, 128)
	commands, seqs := make([][]byte, 4096), [clients]uint64{}
	fill := func() {
		for i := range commands {
			client := uint64(i*7919) % clients
			seqs[client]++
			c := Command{Client: client, Seq: seqs[client], Acked: seqs[client], Key: fmt.Appendf(nil, "key%06d", i*31%keys), Value: value}
			commands[i] = encode(&c)
		}
	}
	fill()
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		if i := n % len(commands); i == 0 && n > 0 {
			b.StopTimer()
			fill()
			b.StartTimer()
		}
		store.Apply(commands[n%len(commands)])
	}
}

// BenchmarkApplyNewKey measures a PUT of 128 bytes to a key that is absent.
func BenchmarkApplyNewKey(b *testing.B) {
	store, value := NewStore(), make([]byte, 128)
	var command []byte
	b.ReportAllocs()
	for n := range uint64(b.N) {
		c := Command{Client: 1, Seq: n + 1, Acked: n, Key: fmt.Appendf(nil, "key%09d", n), Value: value}
		command, _ = protocols.Append(command[:0], &c)
		store.Apply(command)
	}
}

// manyKeys returns a store of 100,000 keys with values of 32 bytes.
func manyKeys() *Store {
	store := NewStore()
	for i := range 100_000 {
		c := Command{Client: 1, Seq: uint64(i + 1), Acked: uint64(i + 1), Key: fmt.Appendf(nil, "key%06d", i), Value: make([]byte, 32)}
		store.Apply(encode(&c))
	}
	return store
}

// BenchmarkSnapshot measures the step that encodes a store of 100,000 keys at once.
func BenchmarkSnapshot(b *testing.B) {
	store := manyKeys()
	b.ReportAllocs()
	for b.Loop() {
		store.Snapshot()
	}
}

// BenchmarkCapture measures the steps that encode the same store, of 64 KiB each, with a PUT before each: the mean of all
// steps, and the mean of the longest of each capture.
func BenchmarkCapture(b *testing.B) {
	store, seq, steps, longest := manyKeys(), uint64(100_000), 0, time.Duration(0)
	command := func() []byte {
		seq++
		return encode(&Command{Client: 1, Seq: seq, Acked: seq, Key: fmt.Appendf(nil, "key%06d", seq*7919%100_000), Value: make([]byte, 32)})
	}
	b.ReportAllocs()
	for b.Loop() {
		var most time.Duration
		began := time.Now()
		for c := store.Capture(); ; steps++ {
			done := c.Advance(64 << 10)
			most = max(most, time.Since(began))
			if done {
				break
			}
			store.Apply(command())
			began = time.Now()
		}
		longest += most
	}
	b.ReportMetric(float64(longest.Microseconds())/float64(b.N), "µs/longest-step")
	b.ReportMetric(float64(steps)/float64(b.N), "steps/op")
}
