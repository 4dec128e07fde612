package run

import (
	"fmt"

	"quorumbench/bench/experiment"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// finalReads asks replicas to read keys when the load is over. Where each key has an order of its own, a replica that has missed
// the last commit of a key learns of it with the next message about the key, which may never come; a read must bring it up
// to date. Its commands are those of a client that the load does not have, so that its answers count for nothing.
type finalReads struct {
	record *verify.Record
	places []*place
	issued uint64
	asked  []verify.KeyBehind // what the last reads are to bring
}

// canLose reports whether messages of an experiment may be lost, or records by a crash.
func canLose(e *experiment.Experiment) bool {
	if e.Network.Loss > 0 {
		return true
	}
	for _, f := range e.Faults {
		if f.Crash != "" || len(f.Partition) > 0 || len(f.Cut) > 0 || f.Isolate != "" || f.Loss > 0 {
			return true
		}
	}
	return false
}

// ask has each replica that is behind read the key, and asks again only when all reads asked for before have brought what
// others had applied by then: a read may get a value chosen that its proposer had left behind, and that commit may be
// lost, too.
func (f *finalReads) ask(behind []verify.KeyBehind) {
	for _, b := range f.asked {
		if f.record.Applied(b.Replica, b.Key) < b.Latest {
			return
		}
	}
	f.asked = behind
	for _, b := range behind {
		f.issued++
		data, err := protocols.Append(nil, &kv.Command{
			Client: uint64(len(f.record.Clients)) + 1, Seq: f.issued, Acked: f.issued, Op: kv.Op_GET, Key: []byte(b.Key),
		})
		if err != nil {
			panic(fmt.Sprintf("run: encoding a read: %v", err)) // an invalid message type: a programming error
		}
		client := protocols.NodeID(len(f.record.Replicas)) // any client node; it drops the answer
		p := f.places[b.Replica]
		p.handle([]event{{kind: messageEvent, from: client, to: protocols.NodeID(b.Replica), data: data}})
	}
}
