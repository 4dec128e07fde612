package result

import (
	"encoding/binary"
	"iter"
	"time"
)

// packedEvents holds trace events as bytes: of each event the client and the kind, and by how much its times and its
// number differ from those before, as varints. Blocks stay where they are.
type packedEvents struct {
	count  int
	blocks [][]byte // the last one has room
	last   packing
}

const (
	packedBlock = 32 << 10
	packedMost  = binary.MaxVarintLen32 + 3*binary.MaxVarintLen64 // bytes of an event
	kindBits    = 3
)

// packing is what the next event is told apart from: the time of the event before, and the number of the client's
// command in its event before.
type packing struct {
	out time.Duration
	seq []uint32 // by client
}

func (p *packing) seqOf(client uint16) *uint32 {
	for len(p.seq) <= int(client) {
		p.seq = append(p.seq, 0)
	}
	return &p.seq[client]
}

func (l *packedEvents) add(e traceEvent) {
	last := len(l.blocks) - 1
	if last < 0 || cap(l.blocks[last])-len(l.blocks[last]) < packedMost {
		l.blocks = append(l.blocks, make([]byte, 0, packedBlock))
		last++
	}
	seq := l.last.seqOf(e.client)
	b := binary.AppendUvarint(l.blocks[last], uint64(e.client)<<kindBits|uint64(e.kind))
	b = binary.AppendVarint(b, int64(e.out-l.last.out))
	b = binary.AppendVarint(b, int64(e.out-e.in))
	b = binary.AppendVarint(b, int64(e.seq)-int64(*seq))
	l.blocks[last], l.last.out, *seq = b, e.out, e.seq
	l.count++
}

// all are the events in the order in which they were added.
func (l *packedEvents) all() iter.Seq[traceEvent] {
	return func(yield func(traceEvent) bool) {
		var last packing
		for _, b := range l.blocks {
			for len(b) > 0 {
				var e traceEvent
				head, n := binary.Uvarint(b)
				b = b[n:]
				e.client, e.kind = uint16(head>>kindBits), traceKind(head&(1<<kindBits-1))
				next := func() int64 {
					v, n := binary.Varint(b)
					b = b[n:]
					return v
				}
				e.out = last.out + time.Duration(next())
				e.in = e.out - time.Duration(next())
				seq := last.seqOf(e.client)
				e.seq = uint32(int64(*seq) + next())
				last.out, *seq = e.out, e.seq
				if !yield(e) {
					return
				}
			}
		}
	}
}
