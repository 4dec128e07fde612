package scenario

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/netem/sim"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// world is a script being played: replicas in virtual time, a network that obeys the script, and
// the clients.
type world struct {
	script *Script
	run    *Run
	loop   sim.Loop[func()]
	hosts  []*host
	rules  []*rule
	groups []int      // of the partition, by replica
	losses *rand.Rand // which messages a share of is lost
	wishes *rand.Rand // random commands
	agreed map[protocols.Slot][]byte
	err    error // the first that ends the run
}

// host is one replica with its disk.
type host struct {
	id      int
	node    protocols.Node // nil while it is down
	life    int
	out     protocols.Outbox
	disk    [][]byte
	timers  map[protocols.TimerID]uint64 // which setting of each is pending
	setting uint64
	waiting bool              // timers wait
	late    []func()          // timers that would have fired meanwhile
	log     []string          // what it has applied in this life: commands' labels
	last    map[string]uint64 // the last index of each key, or of the one log, in this life
}

func (h *host) alive() bool { return h.node != nil }

// Play runs the script to its end. An error means that the script asks for something that cannot
// be, and begins with its file:line; whether the outcome is the expected one is for [Run.Outcomes]
// to tell.
func (s *Script) Play() (*Run, error) {
	w := &world{
		script: s, run: &Run{Script: s, End: s.end},
		groups: make([]int, s.Replicas),
		losses: rand.New(rand.NewPCG(s.Seed, 0)),
		wishes: rand.New(rand.NewPCG(s.Seed, 1)),
		agreed: map[protocols.Slot][]byte{},
	}
	w.run.world = w
	for id := range s.Replicas {
		w.hosts = append(w.hosts, &host{id: id})
	}
	early := func(a *action) bool { return a.at == 0 && a.rule }
	w.schedule(early)
	w.loop.At(0, func() {
		for _, h := range w.hosts {
			w.begin(h)
		}
	})
	w.schedule(func(a *action) bool { return !early(a) })
	w.loop.Run(s.end, func(happen func()) {
		if w.err == nil {
			happen()
		}
	})
	return w.run, w.err
}

// schedule enters those actions of the script that are chosen.
func (w *world) schedule(chosen func(*action) bool) {
	for i := range w.script.actions {
		if a := &w.script.actions[i]; chosen(a) {
			w.loop.At(a.at, func() {
				if err := a.do(w); err != nil {
					w.err = fmt.Errorf("%s:%d: %w", w.script.file, a.line, err)
				}
			})
		}
	}
}

func (w *world) now() time.Duration { return w.loop.Now() }

// tell notes an event.
func (w *world) tell(e Event) {
	e.At = w.now()
	w.run.Events = append(w.run.Events, e)
}

// begin starts a life of a replica from its disk.
func (w *world) begin(h *host) {
	h.node = w.script.driver.New(protocols.Config{
		ID: protocols.NodeID(h.id), Replicas: w.script.Replicas, Leader: w.script.leader, Delays: w.script.delays, Options: w.script.options,
		Seed: w.script.Seed<<16 + uint64(h.id)<<8 + uint64(h.life),
	})
	h.timers, h.log = map[protocols.TimerID]uint64{}, nil
	h.last = map[string]uint64{}
	for _, record := range h.disk {
		h.out.Reset()
		h.node.Step(&protocols.Input{Kind: protocols.InputRestore, Now: w.now(), Data: bytes.Clone(record)}, &h.out)
		for _, c := range h.out.Commits { // told before, in an earlier life
			w.commit(h, c)
		}
	}
	w.step(h, protocols.Input{Kind: protocols.InputStart})
}

func (w *world) crash(id int) error {
	h := w.hosts[id]
	if !h.alive() {
		return fmt.Errorf("found a crash of R%d, which is down", id)
	}
	h.node, h.late = nil, nil
	h.life++
	w.tell(Event{Kind: Crashed, Replica: id, Text: "crashes"})
	return nil
}

func (w *world) restart(id int) error {
	h := w.hosts[id]
	if h.alive() {
		return fmt.Errorf("found a restart of R%d, which is up", id)
	}
	w.tell(Event{Kind: Restarted, Replica: id, Text: "restarts"})
	w.begin(h)
	return nil
}

// stall lets a replica's timers wait, or fires those that have.
func (w *world) stall(id int, wait bool) {
	h := w.hosts[id]
	h.waiting = wait
	if !wait {
		for _, fire := range h.late {
			w.loop.At(w.now(), fire)
		}
		h.late = nil
	}
}

// step hands an input to a replica and carries out what it wants.
func (w *world) step(h *host, in protocols.Input) {
	in.Now = w.now()
	h.out.Reset()
	h.node.Step(&in, &h.out)
	for _, record := range h.out.Records {
		if record.Snapshot {
			h.disk = nil
		}
		h.disk = append(h.disk, bytes.Clone(record.Data))
	}
	for _, c := range h.out.Commits {
		w.commit(h, c)
		if c.Adopted {
			w.tell(Event{Kind: Applied, Replica: h.id, Text: "adopts the state after " + slotName(c.Slot)})
			continue
		}
		w.tell(Event{Kind: Applied, Replica: h.id, Text: fmt.Sprintf("applies %s %s", slotName(c.Slot), w.logLabel(c.ID))})
	}
	for _, mark := range h.out.Marks {
		w.tell(Event{Kind: Marked, Replica: h.id, Text: withLabel(mark.Event, w.label(mark.ID)), Routine: routine[mark.Event] || mark.Value != 0})
	}
	for _, a := range h.out.Answers {
		w.answer(h, a)
	}
	for _, s := range h.out.Sends {
		w.transmit(h.id, int(s.To), bytes.Clone(s.Data))
	}
	for _, change := range h.out.Timers {
		w.setTimer(h, change)
	}
	w.checkInvariants()
}

// commit enters a command into a replica's log, and holds it against the logs of all lives.
func (w *world) commit(h *host, c protocols.Commit) {
	if c.Adopted {
		if c.Slot.Index < h.last[c.Slot.Key] {
			w.breach("R%d adopts the state after %s, which it has left behind", h.id, slotName(c.Slot))
		}
		h.last[c.Slot.Key] = c.Slot.Index
		return
	}
	h.log = append(h.log, w.logLabel(c.ID))
	if issued := w.run.command(c.ID); issued != nil {
		issued.applied = true
	}
	h.last[c.Slot.Key]++
	if due := h.last[c.Slot.Key]; c.Slot.Index != due {
		w.breach("R%d applies %s where %d was next", h.id, slotName(c.Slot), due)
	}
	first, known := w.agreed[c.Slot]
	if !known {
		w.agreed[c.Slot] = bytes.Clone(c.Command)
	} else if !bytes.Equal(first, c.Command) {
		w.breach("R%d applies another command at %s than a replica before", h.id, slotName(c.Slot))
	}
}

// breach notes that the driver has broken a promise.
func (w *world) breach(format string, args ...any) {
	w.run.breaches = append(w.run.breaches, breach{w.now(), fmt.Errorf(format, args...)})
}

func (w *world) setTimer(h *host, change protocols.TimerChange) {
	delete(h.timers, change.ID)
	if change.Stop {
		return
	}
	h.setting++
	setting, life := h.setting, h.life
	h.timers[change.ID] = setting
	var fire func()
	fire = func() {
		switch {
		case !h.alive() || h.life != life || h.timers[change.ID] != setting:
		case h.waiting:
			h.late = append(h.late, fire)
		default:
			delete(h.timers, change.ID)
			w.step(h, protocols.Input{Kind: protocols.InputTimer, Timer: change.ID})
		}
	}
	w.loop.At(w.now()+change.After, fire)
}

// checkInvariants holds the driver's own after every step, until something is wrong.
func (w *world) checkInvariants() {
	if w.script.driver.Invariants == nil || len(w.run.breaches) > 0 {
		return
	}
	nodes := make([]protocols.Node, len(w.hosts))
	for i, h := range w.hosts {
		nodes[i] = h.node
	}
	if err := w.script.driver.Invariants(nodes); err != nil {
		w.breach("%w", err)
	}
}

// issued is a command and what became of it. Every command has a client of its own, whose number
// is one more than its place.
type issued struct {
	label    string
	command  *kv.Command
	at       time.Duration
	applied  bool // by any replica, in any life
	answers  int
	answered time.Duration
	value    string // that a read found
	outcome  kv.Outcome
}

func (w *world) issue(id int, label string, command *kv.Command) error {
	h := w.hosts[id]
	if !h.alive() {
		return fmt.Errorf("found a command for R%d, which is down", id)
	}
	command = proto.CloneOf(command) // the script may be played again
	command.Client, command.Seq = uint64(len(w.run.issued)+1), 1
	w.run.issued = append(w.run.issued, &issued{label: label, command: command, at: w.now()})
	data, err := proto.Marshal(command)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", label, err)
	}
	key := string(command.Key)
	if command.Version > 0 {
		key = fmt.Sprintf("%s/%d", key, command.Version)
	}
	text := fmt.Sprintf("put %s %s as %s", key, command.Value, label)
	if command.Op == kv.Op_GET {
		text = fmt.Sprintf("get %s as %s", key, label)
	}
	w.tell(Event{Kind: Issued, Replica: id, Text: text})
	w.step(h, protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: command.Client, Seq: 1}, Data: data})
	return nil
}

// issueRandom schedules writes and reads of the given keys at random replicas. They are called c1
// and so on, and a write writes what it is called.
func (w *world) issueRandom(count int, until time.Duration, keys []string) {
	from := w.now()
	for i := range count {
		label := fmt.Sprintf("c%d", i+1)
		command := &kv.Command{Key: []byte(keys[w.wishes.IntN(len(keys))])}
		if w.wishes.IntN(2) == 0 {
			command.Op, command.Value = kv.Op_PUT, []byte(label)
		} else {
			command.Op = kv.Op_GET
		}
		id := w.wishes.IntN(len(w.hosts))
		w.loop.At(from+time.Duration(w.wishes.Int64N(int64(until-from))), func() {
			if err := w.issue(id, label, command); err != nil {
				w.err = fmt.Errorf("%s: %s: %w", w.script.file, label, err)
			}
		})
	}
}

func (w *world) answer(h *host, a protocols.Answer) {
	c := w.run.command(a.ID)
	if c == nil {
		w.breach("R%d answers a command that nobody issued", h.id)
		return
	}
	c.answers++
	if c.answers > 1 {
		w.breach("%s is answered again", c.label)
		return
	}
	c.answered = w.now()
	var result kv.Result
	if err := protocols.Decode(a.Result, &result); err != nil {
		w.breach("the answer to %s is not a kv.Result: %w", c.label, err)
	}
	c.value, c.outcome = string(result.Value), result.Outcome
	w.tell(Event{Kind: Answered, Replica: h.id, Text: "answers " + c.label + c.tell(&result)})
}

// tell is what an answer says, with a space before it.
func (c *issued) tell(result *kv.Result) string {
	latest := fmt.Sprintf("%s/%d", c.command.Key, result.Version)
	switch {
	case result.Outcome == kv.Outcome_REFUSED:
		return " refused, latest " + latest
	case result.Outcome == kv.Outcome_DROPPED:
		return " dropped, latest " + latest
	case result.Outcome == kv.Outcome_ABSENT || c.command.Op == kv.Op_GET && result.Version == 0:
		return " absent"
	case c.command.Op == kv.Op_GET:
		return " " + c.value + " " + latest
	case c.command.Version > 0:
		return " " + latest
	}
	return ""
}

// label is what the script calls a command, empty for a no-op.
func (w *world) label(id protocols.CommandID) string {
	if c := w.run.command(id); c != nil {
		return c.label
	}
	return ""
}

const noOp = "no-op"

// logLabel is what a log's entry is called.
func (w *world) logLabel(id protocols.CommandID) string {
	if label := w.label(id); label != "" {
		return label
	}
	return noOp
}

// routine are the marks that every command gets. So are numbers that a driver notes.
var routine = map[string]bool{
	protocols.MarkProposed: true, protocols.MarkPrepared: true, protocols.MarkAccepted: true,
	protocols.MarkCommitted: true, protocols.MarkApplied: true,
}

func withLabel(text, label string) string {
	if label == "" {
		return text
	}
	return text + " " + label
}

// slotName is key/version in an order of its own, else the number.
func slotName(s protocols.Slot) string {
	if s.Key == "" {
		return fmt.Sprint(s.Index)
	}
	return fmt.Sprintf("%s/%d", s.Key, s.Index)
}
