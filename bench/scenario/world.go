package scenario

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/bench/graph"
	"quorumbench/bench/result"
	"quorumbench/netem/sim"
	"quorumbench/protocols"
	"quorumbench/protocols/host"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/membership"
)

// world is a script being played: replicas in virtual time, a network that obeys the script, and
// the clients.
type world struct {
	script   *Script
	run      *Run
	loop     sim.Loop[func()]
	hosts    []*replica
	rules    []*rule
	groups   []int      // of the partition, by replica
	losses   *rand.Rand // draws the messages that are lost where a share is
	commands *rand.Rand // draws random commands
	bytes    [][]byte   // the encoded messages, by their number
	agreed   host.Agreement
	watcher  protocols.InstanceWatcher // of the driver; nil if it has none
	graph    graph.Collector
	asked    uint64 // the number of the last request for another membership
	err      error  // the first error, which ends the run
}

// replica is one replica with its host. It implements host.World.
type replica struct {
	*world
	id        int
	host      *host.Host
	waiting   bool          // timers do not fire; see stall
	late      []func()      // the timers that would have fired
	log       []string      // the labels of the commands that it has applied in this incarnation
	last      host.Position // its position in the agreed orders in this incarnation
	restoring bool          // it is being restored, and what it applies was noted before the crash
}

func (h *replica) alive() bool { return h.host.Up() }

// Play runs the script to its end. An error means that the script asks for something impossible, and begins with
// file:line. [Run.Outcomes] says whether the outcome is the expected one.
func (s *Script) Play() (*Run, error) {
	w := &world{
		script: s, run: s.newRun(),
		groups:   make([]int, s.Replicas),
		losses:   rand.New(rand.NewPCG(s.Seed, 0)),
		commands: rand.New(rand.NewPCG(s.Seed, 1)),
	}
	w.run.world = w
	if s.driver.Watch != nil {
		w.watcher = s.driver.Watch()
	}
	for id := range s.Replicas {
		w.hosts = append(w.hosts, w.newReplica(id))
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
	w.checkLemmas()
	return w.run, w.err
}

// PlaySeed is Play with another seed. The script stays as it is.
func (s *Script) PlaySeed(seed uint64) (*Run, error) {
	one := *s
	one.Seed = seed
	return one.Play()
}

// noteInstance notes what has become of an instance at a replica.
func (w *world) noteInstance(e protocols.InstanceEvent) {
	w.graph.Note(e)
	if w.watcher != nil {
		w.watcher.Note(e)
	}
}

// checkLemmas checks what the driver's protocol rests on, of all instances of the run.
func (w *world) checkLemmas() {
	if w.watcher == nil {
		return
	}
	for _, l := range w.watcher.Lemmas() {
		if err := l.Err(); err != nil {
			w.breach("%w", err)
		}
	}
}

// schedule schedules the actions of the script for which chosen is true.
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

// newReplica makes a replica that is not running yet.
func (w *world) newReplica(id int) *replica {
	r := &replica{world: w, id: id}
	r.host = host.New(host.Config{
		World: r, Disk: &host.MemoryDisk{},
		Breach:    func(err error) { w.breach("R%d %w", id, err) },
		Instances: w.noteInstance,
		New: func(incarnation uint64) protocols.Node {
			c := w.script.driver.MustComplete(w.script.config())
			c.ID, c.Seed = protocols.NodeID(id), w.script.Seed<<16+uint64(id)<<8+incarnation
			return w.script.driver.New(c)
		},
	})
	return r
}

func (w *world) now() time.Duration { return w.loop.Now() }

// note adds an event to the run.
func (w *world) note(e Event) {
	e.At = w.now()
	w.run.Events = append(w.run.Events, e)
}

// begin starts an incarnation of a replica from its disk. What it applies while it is restored is compared with the
// other replicas, but makes no events, since it was applied before the crash.
func (w *world) begin(h *replica) {
	h.log, h.last = nil, host.Position{}
	h.restoring = true
	h.host.Restore()
	h.host.Release()
	h.restoring = false
	w.step(h, protocols.Input{Kind: protocols.InputStart})
}

func (w *world) crash(id int) error {
	h := w.hosts[id]
	if !h.alive() {
		return fmt.Errorf("found a crash of R%d, which is down", id)
	}
	h.host.Crash()
	h.late = nil
	w.note(Event{Kind: Crashed, Replica: id, Text: "crashes"})
	return nil
}

func (w *world) restart(id int) error {
	h := w.hosts[id]
	if h.alive() {
		return fmt.Errorf("found a restart of R%d, which is up", id)
	}
	w.note(Event{Kind: Restarted, Replica: id, Text: "restarts"})
	w.begin(h)
	return nil
}

// membership hands a request for another membership to a replica, or to all.
func (w *world) membership(request *membership.Request, to int) {
	w.asked++
	w.note(Event{Kind: Network, Replica: to, Text: "operator: " + request.Text(replicaName)})
	for id, h := range w.hosts {
		if to == anyone || to == id {
			h.host.Membership(w.asked, request.String())
			h.host.Release()
			w.checkInvariants()
		}
	}
}

func replicaName(id int32) string { return fmt.Sprintf("R%d", id) }

// stall stops a replica's timers from firing or, with wait false, fires those that are due and lets them go on.
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

// step gives a replica an input, releases the effects, and checks the invariants.
func (w *world) step(h *replica, in protocols.Input) {
	h.host.Input(&in, w.now())
	h.host.Release()
	w.checkInvariants()
}

// Now implements host.World.
func (h *replica) Now() time.Duration { return h.now() }

// Send implements host.World.
func (h *replica) Send(messages []protocols.Send) {
	for _, m := range messages {
		h.transmit(h.id, int(m.To), bytes.Clone(m.Data))
	}
}

// Wake implements host.World.
func (h *replica) Wake(at time.Duration, id protocols.TimerID, setting uint64) {
	var fire func()
	fire = func() {
		switch {
		case !h.host.Due(id, setting):
		case h.waiting:
			h.late = append(h.late, fire)
		default:
			h.host.Fire(id, setting, h.now())
			h.host.Release()
			h.checkInvariants()
		}
	}
	h.loop.At(at, fire)
}

// Commit implements host.World: it compares what the replica applies with what the others have applied.
func (h *replica) Commit(c protocols.Commit) {
	if err := h.agreed.Apply(h.last, c); err != nil {
		h.breach("R%d %w", h.id, err)
	}
	if c.Adopted {
		h.note(Event{Kind: Applied, Replica: h.id, Text: fmt.Sprintf("adopts the state after %v", c.Slot)})
		return
	}
	h.log = append(h.log, h.logLabel(c.ID))
	if issued := h.run.command(c.ID); issued != nil {
		issued.applied = true
	}
	h.note(Event{Kind: Applied, Replica: h.id, Text: fmt.Sprintf("applies %v %s", c.Slot, h.logLabel(c.ID))})
}

// Mark implements host.World.
func (h *replica) Mark(mark protocols.Mark, _ time.Duration) {
	text := withLabel(mark.Event, h.label(mark.ID))
	if result.CountsTogether(mark.Event) { // how many is what the scenario is about
		text = fmt.Sprintf("%s %d", text, mark.Value)
	}
	h.note(Event{Kind: Marked, Replica: h.id, Text: text, Routine: routine[mark.Event] || mark.Value != 0})
}

// Answer implements host.World. The clients of a scenario are beside the replica that they ask.
func (h *replica) Answer(_ protocols.NodeID, a protocols.Answer) { h.answer(h, a) }

// note adds an event of the replica to the run, unless it is being restored.
func (h *replica) note(e Event) {
	if !h.restoring {
		h.world.note(e)
	}
}

// breach records that the driver has violated the contract or an invariant.
func (w *world) breach(format string, args ...any) {
	w.run.breaches = append(w.run.breaches, breach{w.now(), fmt.Errorf(format, args...)})
}

// checkInvariants checks the driver's invariants. It is called after every step, and does nothing after the first
// breach.
func (w *world) checkInvariants() {
	if w.script.driver.Invariants == nil || len(w.run.breaches) > 0 {
		return
	}
	nodes := make([]protocols.Node, len(w.hosts))
	for i, h := range w.hosts {
		nodes[i] = h.host.Node()
	}
	if err := w.script.driver.Invariants(nodes); err != nil {
		w.breach("%w", err)
	}
}

// issued is a command with its outcome. Every command has a client of its own, whose number is one more than the
// command's index in Run.issued.
type issued struct {
	label    string
	command  *kv.Command
	at       time.Duration
	applied  bool // by any replica, in any incarnation
	answers  int
	answered time.Duration
	value    string // the value that a read returned
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
	w.note(Event{Kind: Issued, Replica: id, Text: text})
	h.host.Request(protocols.NodeID(w.script.Replicas+id), data, w.now())
	h.host.Release()
	w.checkInvariants()
	return nil
}

// issueRandom schedules writes and reads of the given keys at random replicas. They are called c1
// and so on, and a write writes what it is called.
func (w *world) issueRandom(count int, until time.Duration, keys []string) {
	from := w.now()
	for i := range count {
		label := fmt.Sprintf("c%d", i+1)
		command := &kv.Command{Key: []byte(keys[w.commands.IntN(len(keys))])}
		if w.commands.IntN(2) == 0 {
			command.Op, command.Value = kv.Op_PUT, []byte(label)
		} else {
			command.Op = kv.Op_GET
		}
		id := w.commands.IntN(len(w.hosts))
		w.loop.At(from+time.Duration(w.commands.Int64N(int64(until-from))), func() {
			if err := w.issue(id, label, command); err != nil {
				w.err = fmt.Errorf("%s: %s: %w", w.script.file, label, err)
			}
		})
	}
}

func (w *world) answer(h *replica, a protocols.Answer) {
	c := w.run.command(a.ID)
	c.answers++
	c.answered = w.now()
	var result kv.Result
	if err := protocols.Decode(a.Result, &result); err != nil {
		w.breach("the answer to %s is not a kv.Result: %w", c.label, err)
	}
	c.value, c.outcome = string(result.Value), result.Outcome
	w.note(Event{Kind: Answered, Replica: h.id, Text: "answers " + c.label + c.describe(&result)})
}

// describe describes an answer for the trace, with a space before it.
func (c *issued) describe(result *kv.Result) string {
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

// logLabel is the label of a command in expectations about logs.
func (w *world) logLabel(id protocols.CommandID) string {
	if label := w.label(id); label != "" {
		return label
	}
	return noOp
}

// routine holds the marks that every command gets, which diagrams leave out. They leave measures out, too.
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
