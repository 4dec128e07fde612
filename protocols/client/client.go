package client

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/options"
)

// longestRetry bounds the doubling of the retry timeout (rule 2).
const longestRetry = 2 * time.Second

// avoided is for how many retry timeouts a replica that did not answer comes last (rule 1).
const avoided = 10

type client struct {
	config  protocols.ClientConfig
	pending map[protocols.CommandID]*request
	timers  map[protocols.TimerID]*request
	next    protocols.TimerID
	late    []time.Duration // by replica: until when it comes last, because it did not answer

	sequential bool   // reads are sequentially consistent only (rule 4)
	seen       uint64 // the highest slot that an answer has told of (rule 4)
}

// request is a command without an answer so far.
type request struct {
	id      protocols.CommandID
	data    []byte
	issued  time.Duration
	timer   protocols.TimerID
	to      protocols.NodeID
	asked   uint64 // the replicas asked in this round, one bit each
	retries int
}

// New returns the standard client of a region.
func New(c protocols.ClientConfig) protocols.Node {
	n := 0
	for _, replica := range c.Replicas {
		n = max(n, int(replica)+1)
	}
	return &client{
		config: c, late: make([]time.Duration, n), sequential: options.AreSequential(c.Options),
		pending: map[protocols.CommandID]*request{}, timers: map[protocols.TimerID]*request{},
	}
}

// Step implements protocols.Node.
func (c *client) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputCommand:
		c.onCommand(in, out)
	case protocols.InputMessage:
		c.onAnswer(in, out)
	case protocols.InputTimer:
		if r := c.timers[in.Timer]; r != nil {
			c.onLate(r, in.Now, out)
		}
	}
}

// onCommand sends a command of the load to a replica. Without a retry timeout it keeps nothing about it.
func (c *client) onCommand(in *protocols.Input, out *protocols.Outbox) {
	data := in.Data
	if c.sequential {
		data = kv.WithSeen(data, c.seen)
	}
	if c.config.Retry == 0 {
		out.SendEncoded(c.choose(0, in.Now), data)
		return
	}
	r := c.pending[in.Command]
	if r == nil {
		c.next++
		r = &request{id: in.Command, data: bytes.Clone(data), issued: in.Now, timer: c.next}
		c.pending[r.id], c.timers[r.timer] = r, r
	}
	c.ask(r, in.Now, out)
}

// ask sends a command to the next replica and sets the retry timeout (rules 1 and 2).
func (c *client) ask(r *request, now time.Duration, out *protocols.Outbox) {
	if r.asked == c.all() {
		r.asked = 0
	}
	r.to = c.choose(r.asked, now)
	r.asked |= 1 << r.to
	out.SendEncoded(r.to, r.data)
	wait := min(c.config.Retry<<min(r.retries, 10), max(c.config.Retry, longestRetry))
	out.SetTimer(r.timer, wait)
}

// all has the bits of all replicas.
func (c *client) all() (all uint64) {
	for _, replica := range c.config.Replicas {
		all |= 1 << replica
	}
	return all
}

// choose returns the first replica in the configured order that is not among those asked. It returns one that did not
// answer in time only if there is no other (rule 1).
func (c *client) choose(asked uint64, now time.Duration) protocols.NodeID {
	last := protocols.Nobody
	for _, replica := range c.config.Replicas {
		switch {
		case asked&(1<<replica) != 0:
		case now >= c.late[replica]:
			return replica
		case last == protocols.Nobody:
			last = replica
		}
	}
	return last
}

// onLate handles the retry timeout of a command: it asks another replica, unless the command is given up.
func (c *client) onLate(r *request, now time.Duration, out *protocols.Outbox) {
	c.late[r.to] = now + avoided*c.config.Retry
	if c.config.GiveUp > 0 && now-r.issued >= c.config.GiveUp {
		c.forget(r)
		return
	}
	r.retries++
	out.Mark(r.id, protocols.MarkRetried)
	c.ask(r, now, out)
}

// forget drops a command that is answered or given up.
func (c *client) forget(r *request) {
	delete(c.pending, r.id)
	delete(c.timers, r.timer)
}

// onAnswer hands an answer to the load, and notes that the replica answers again.
func (c *client) onAnswer(in *protocols.Input, out *protocols.Outbox) {
	id, result, err := Answer(in.Data)
	if err != nil || in.From < 0 || int(in.From) >= len(c.late) {
		return // not from the host of a replica
	}
	c.late[in.From] = 0
	if c.sequential {
		c.seen = max(c.seen, kv.ResultSeen(result))
	}
	if r := c.pending[id]; r != nil {
		c.forget(r)
		out.StopTimer(r.timer)
	}
	out.Answer(id, result)
}

// AppendAnswer appends an encoded answer to data. A replica's host sends it to the client node that sent the command.
func AppendAnswer(data []byte, a protocols.Answer) []byte {
	data = binary.AppendUvarint(data, a.ID.Client)
	data = binary.AppendUvarint(data, a.ID.Seq)
	return append(data, a.Result...)
}

var errAnswer = errors.New("decoding an answer: it has no command's number")

// Answer decodes an answer. The result is a part of data.
func Answer(data []byte) (id protocols.CommandID, result []byte, err error) {
	var n, m int
	if id.Client, n = binary.Uvarint(data); n <= 0 {
		return protocols.CommandID{}, nil, errAnswer
	}
	if id.Seq, m = binary.Uvarint(data[n:]); m <= 0 {
		return protocols.CommandID{}, nil, errAnswer
	}
	return id, data[n+m:], nil
}
