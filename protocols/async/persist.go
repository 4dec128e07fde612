package async

import (
	"cmp"
	"maps"
	"slices"

	"quorumbench/protocols"
)

// compact writes a snapshot in the place of the records on disk when there are enough of them.
func (r *replica) compact() {
	if r.config.NeverRestarts || !r.config.SnapshotDue(uint64(r.logged), r.loggedBytes, r.snapshot) {
		return
	}
	r.logged, r.loggedBytes, r.snapshot = 0, 0, 0
	s := &Snapshot{Applied: r.applied, Stamp: r.stamp}
	for _, name := range slices.Sorted(maps.Keys(r.keys)) {
		k := r.keys[name]
		s.Keys = append(s.Keys, &Snapshot_Key{Key: []byte(name), Version: k.version, Latest: k.latest, Seen: k.seen})
		r.snapshot += len(name) + len(k.value)
	}
	for _, id := range slices.Sorted(maps.Keys(r.clients)) {
		known := r.clients[id]
		c := &Snapshot_Client{Client: id, Acked: known.acked}
		for _, seq := range slices.Sorted(maps.Keys(known.results)) {
			c.Done, c.Results = append(c.Done, seq), append(c.Results, known.results[seq])
		}
		s.Clients = append(s.Clients, c)
	}
	for i := range r.streams {
		s.Kept = append(s.Kept, r.streams[i].held...)
	}
	r.out.Snapshot(&Record{Snapshot: s})
}

// restore takes back a record from the disk after a crash.
func (r *replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil {
		return // a torn record: nothing was sent or answered that rests on it
	}
	r.restoring = true
	defer func() { r.restoring = false }()
	r.logged++
	r.loggedBytes += len(data)
	if s := record.Snapshot; s != nil {
		r.logged, r.loggedBytes, r.snapshot = 0, 0, len(data)
		r.adopt(s)
	}
	if w := record.Write; w != nil && w.Index == r.applied[w.Stream]+1 {
		r.apply(w)
	}
}

// adopt replaces the state by a snapshot of this replica.
func (r *replica) adopt(s *Snapshot) {
	copy(r.applied, s.Applied)
	r.stamp = s.Stamp
	clear(r.keys)
	clear(r.clients)
	for _, k := range s.Keys {
		one := &key{version: k.Version, latest: k.Latest, seen: slices.Concat(k.Seen)}
		if r.command.Reset(); r.command.UnmarshalVT(k.Latest.GetCommand()) == nil {
			one.value = r.command.Value
		}
		r.keys[string(k.Key)] = one
	}
	for _, c := range s.Clients {
		known := r.client(c.Client)
		known.acked = c.Acked
		for i, seq := range c.Done {
			known.results[seq] = c.Results[i]
		}
	}
	for i := range r.streams {
		r.streams[i].held = nil
	}
	slices.SortStableFunc(s.Kept, func(a, b *Write) int {
		return cmp.Or(cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Index, b.Index))
	})
	for _, w := range s.Kept {
		r.streams[w.Stream].held = append(r.streams[w.Stream].held, w)
	}
	for i, n := range r.applied {
		if n > 0 {
			r.out.Adopt(protocols.Slot{Key: r.streams[i].name, Index: n})
		}
	}
}
