package keypaxos

import (
	"testing"
	"time"
)

// A replica that is behind again and again adopts states of keys, which are as large as the keys. They count for the next snapshot,
// so that the log stays in proportion to what it holds.
func TestStatesThatWereAdoptedCountForTheNextSnapshot(t *testing.T) {
	const size, states = 100_000, 1000
	const most = 40 << 20 // a snapshot is due after 32 MiB
	a := newAlone(t)
	_, state := write(t, 1, make([]byte, size))
	log, longest := 0, 0
	for i := range states {
		a.receive(time.Duration(i), 1, &Message{Kind: Kind_STATE, Key: []byte("k"), Version: uint64(i + 1), State: state}, Kind_FETCH)
		for _, record := range a.out.Records {
			if record.Snapshot {
				log = 0
			}
			log += len(record.Data)
			longest = max(longest, log)
		}
	}
	if longest > most {
		t.Errorf("of %d states of a key of %d bytes the log has grown to %d bytes, want %d at most", states, size, longest, most)
	}
}
