package snapshot

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
)

// KeyWalk takes the snapshots of a driver that orders each key by itself. A snapshot is taken a bounded part in each step of
// the replica, while the replica goes on: it has each key as it is when the walk comes to it and, after all keys, what has
// been written to the log since the walk began. Whoever reads it goes through the changes of a key again, from a state in the
// middle of them to the present one. The zero value has no snapshot under way. Not safe for use by several goroutines.
type KeyWalk struct {
	logged        int // records since the last snapshot
	loggedBytes   int // of these records, about
	snapshotBytes int // of the last snapshot

	underWay bool
	timerSet bool
	next     int    // the key that is next
	end      int    // the key that is not in it any more: what is known of later ones is in the log
	data     []byte // the encoded keys
	after    []byte // likewise, what has been logged since it began
}

// Logged notes a record that the replica writes to its log, of about so many bytes.
func (w *KeyWalk) Logged(record proto.Message, bytes int) {
	w.logged++
	w.loggedBytes += bytes
	if w.underWay {
		w.after = encode(w.after, record)
	}
}

// Restored notes a record of so many bytes that the replica has taken back from the disk: a whole snapshot, or one of the log.
func (w *KeyWalk) Restored(bytes int, whole bool) {
	if whole {
		w.logged, w.loggedBytes, w.snapshotBytes = 0, 0, bytes
		return
	}
	w.logged++
	w.loggedBytes += bytes
}

// Step begins a snapshot if one is due, and goes on with one that is under way: it encodes at most the configured number of
// bytes, and one key more. When it is whole, it replaces the log. Otherwise the timer is set, so that the walk goes on
// without other input. Keys are numbered from 0, in the order in which the replica met them, of which there are as many as
// keys says; describe returns what is known of one. The encodings of several records in a row must read as one that has all
// their entries. The replica calls Step once in each step, and OnTimer when the timer has fired. A replica that is never
// restarted takes none.
func (w *KeyWalk) Step(c *protocols.Config, timer protocols.TimerID, out *protocols.Outbox, keys int, describe func(key int) proto.Message) {
	if !w.underWay {
		if c.NeverRestarts || !c.SnapshotDue(uint64(w.logged), w.loggedBytes, w.snapshotBytes) {
			return
		}
		w.underWay, w.next, w.end = true, 0, keys
		w.data, w.after = make([]byte, 0, w.snapshotBytes+w.snapshotBytes/8), nil
	}
	for full := len(w.data) + c.SnapshotStepBytes(); w.next < w.end && len(w.data) < full; w.next++ {
		w.data = encode(w.data, describe(w.next))
	}
	if w.next < w.end {
		if !w.timerSet {
			w.timerSet = true
			out.SetTimer(timer, walkPause)
		}
		return
	}
	out.SnapshotEncoded(append(w.data, w.after...))
	*w = KeyWalk{snapshotBytes: len(w.data), timerSet: w.timerSet}
}

// OnTimer notes that the timer has fired. The next Step sets it again.
func (w *KeyWalk) OnTimer() { w.timerSet = false }

func encode(data []byte, record proto.Message) []byte {
	data, err := protocols.Append(data, record)
	if err != nil {
		panic(fmt.Sprintf("snapshot: encoding a record: %v", err)) // an invalid message type: a programming error
	}
	return data
}
