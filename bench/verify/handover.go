package verify

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/load"
	"quorumbench/bench/result"
)

// handover is what a process that has run one place of a run knows of it, as it is sent to the process that coordinates.
type handover struct {
	Place    int
	Network  result.NetworkRun
	Lateness *hdrhistogram.Snapshot // nil if there is none
	Usage    *result.Usage
	Work     *result.Work
	Clients  *load.Part      // nil if the place has no clients
	Measures result.Measures // of the client node
	Replica  *replicaPart    // nil if the place has no replica
}

// replicaPart is a Replica.
type replicaPart struct {
	Up                bool
	Journal           []map[string]appliedPart // by incarnation
	Incarnations      []Incarnation
	Events            *result.TraceLog
	Measures          result.Measures
	Messages, Records uint64
	Leaderships       []Leadership
	Failed            string
	Leading           bool
}

// appliedPart is what a replica has applied of one order.
type appliedPart struct {
	Stretches []stretchPart
	Gap       bool
}

// stretchPart is a stretch, with its commands in columns.
type stretchPart struct {
	First       uint64
	Hashes      []uint64
	Client, Seq []uint32
	Begun       time.Duration
	When        []time.Duration
}

// EncodePart encodes what this process knows of the place that it has run.
func (r *Record) EncodePart(place int) ([]byte, error) {
	h := handover{Place: place, Network: r.Network, Usage: r.Usage, Work: r.Work}
	if r.Lateness != nil {
		h.Lateness = r.Lateness.Export()
	}
	for i, c := range r.Clients {
		if r.Plan.ClientRegion(i) == place {
			part := c.Part()
			h.Clients = &part
			if len(r.ClientMeasures) > i {
				h.Measures = r.ClientMeasures[i]
			}
		}
	}
	if place < len(r.Replicas) {
		h.Replica = r.Replicas[place].part()
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&h); err != nil {
		return nil, fmt.Errorf("encoding the record of %s: %w", r.Region(place), err)
	}
	return b.Bytes(), nil
}

// part encodes the replica.
func (r *Replica) part() *replicaPart {
	p := &replicaPart{
		Up: r.up(), Incarnations: r.Incarnations, Events: r.Events, Measures: r.Measures, Messages: r.Messages, Records: r.Records,
		Leaderships: r.Leaderships, Failed: r.Failed, Leading: r.Leading.Load(),
	}
	for _, incarnation := range r.Journal.incarnations {
		orders := map[string]appliedPart{}
		for key, a := range incarnation {
			part := appliedPart{Gap: a.gap}
			for i := range a.stretches {
				s := &a.stretches[i]
				one := stretchPart{First: s.first, Begun: s.begun, When: s.when}
				for at := range s.commands.len() {
					e := s.commands.at(at)
					one.Hashes, one.Client, one.Seq = append(one.Hashes, e.hash), append(one.Client, e.client), append(one.Seq, e.seq)
				}
				part.Stretches = append(part.Stretches, one)
			}
			orders[key] = part
		}
		p.Journal = append(p.Journal, orders)
	}
	return p
}

// AddPart enters what another process knows of the place that it has run, as EncodePart has encoded it, into the record of the
// coordinator. At gives for each time of that process the same moment by the coordinator's clock.
func (r *Record) AddPart(place int, data []byte, at func(time.Duration) time.Duration) error {
	var h handover
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&h); err != nil {
		return fmt.Errorf("decoding the record of %s: %w", r.Region(place), err)
	}
	if h.Place != place || (h.Replica != nil) != (place < len(r.Replicas)) {
		return fmt.Errorf("decoding the record of %s: found that of another place", r.Region(place))
	}
	moved := func(t time.Duration) time.Duration {
		if t == result.Never {
			return t
		}
		return at(t)
	}
	for i, c := range r.Clients {
		if r.Plan.ClientRegion(i) != place || h.Clients == nil {
			continue
		}
		for j := range h.Clients.Samples {
			s := &h.Clients.Samples[j]
			s.Intended, s.Sent, s.Answered, s.Applied = moved(s.Intended), moved(s.Sent), moved(s.Answered), moved(s.Applied)
		}
		for j := range h.Clients.Modifications {
			m := &h.Clients.Modifications[j]
			m.Intended, m.Sent, m.Answered = moved(m.Intended), moved(m.Sent), moved(m.Answered)
		}
		c.Adopt(*h.Clients)
		if len(r.ClientMeasures) > i && h.Measures != nil {
			r.ClientMeasures[i] = h.Measures
		}
	}
	if h.Replica != nil {
		r.Replicas[place].adopt(h.Replica, moved)
	}
	r.addNetwork(&h)
	return nil
}

// adopt makes the replica one that another process has run.
func (r *Replica) adopt(p *replicaPart, moved func(time.Duration) time.Duration) {
	r.Node, r.Away = nil, p.Up
	r.Incarnations, r.Leaderships, r.Measures = p.Incarnations, p.Leaderships, p.Measures
	r.Messages, r.Records, r.Failed = p.Messages, p.Records, p.Failed
	r.Leading.Store(p.Leading)
	for i := range r.Incarnations {
		one := &r.Incarnations[i]
		one.Began, one.Ended, one.Served = moved(one.Began), moved(one.Ended), moved(one.Served)
	}
	for i := range r.Leaderships {
		one := &r.Leaderships[i]
		one.Began, one.Ended = moved(one.Began), moved(one.Ended)
	}
	if p.Events != nil {
		r.Events = p.Events.Map(moved)
	}
	r.Journal.incarnations, r.Journal.log = nil, nil
	for _, orders := range p.Journal {
		incarnation := map[string]*applied{}
		for key, part := range orders {
			a := &applied{gap: part.Gap}
			for _, s := range part.Stretches {
				one := stretch{first: s.First, begun: moved(s.Begun), when: s.When}
				for i := range one.when {
					one.when[i] = moved(one.when[i])
				}
				for i := range min(len(s.Hashes), len(s.Client), len(s.Seq)) {
					one.commands.add(entry{hash: s.Hashes[i], client: s.Client[i], seq: s.Seq[i]})
				}
				a.stretches = append(a.stretches, one)
			}
			incarnation[key] = a
		}
		r.Journal.incarnations = append(r.Journal.incarnations, incarnation)
	}
}

// addNetwork adds what the links, the emulator and the processors of another process have done. Of the processors, the process that has
// used most of its machine counts.
func (r *Record) addNetwork(h *handover) {
	n, m := &r.Network, &h.Network
	n.Packets += m.Packets
	n.Bytes += m.Bytes
	n.Lost += m.Lost
	n.Cut += m.Cut
	n.Dropped += m.Dropped
	n.Overflow += m.Overflow
	n.Unsent += m.Unsent
	n.Crowded += m.Crowded
	n.Reconnects += m.Reconnects
	if h.Lateness != nil {
		other := hdrhistogram.Import(h.Lateness)
		if r.Lateness == nil {
			r.Lateness = other
		} else {
			r.Lateness.Merge(other)
		}
		sum := result.Summary{
			Count: r.Lateness.TotalCount(), Min: time.Duration(r.Lateness.Min()), Max: time.Duration(r.Lateness.Max()),
			Sum: time.Duration(r.Lateness.Mean() * float64(r.Lateness.TotalCount())),
		}
		n.Lateness = result.WithPercentiles(sum, r.Lateness)
	}
	if u := h.Usage; u != nil && (r.Usage == nil || u.Own+u.Others > r.Usage.Own+r.Usage.Others) {
		r.Usage = u
	}
	if w := h.Work; w != nil && r.Work != nil {
		sum := *r.Work
		sum.Time = max(sum.Time, w.Time)
		sum.Processors += w.Processors
		sum.Batches += w.Batches
		sum.Commands += w.Commands
		sum.Messages += w.Messages
		sum.Bytes += w.Bytes
		sum.Syncs += w.Syncs
		sum.Syncing += w.Syncing
		r.Work = &sum
	} else {
		r.Work = cmp.Or(r.Work, h.Work)
	}
}
