package site

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/netem/quicnet"
)

// connectTimeout is how long the sites may take to connect for a run.
const connectTimeout = 30 * time.Second

// part makes the part of a run that is played here.
func (s *Site) part(config *run.Config) *run.Part {
	var net *quicnet.Net
	p := &run.Part{Place: s.Site, Scheduler: s.scheduler}
	p.Join = func(receive func(from int, message []byte)) (func(int, ...[]byte), func(), error) {
		if err := s.emulate(config); err != nil {
			return nil, nil, err
		}
		mode, err := quicnet.ParseMode(string(config.Plan.Experiment.StreamMode()))
		if err != nil {
			return nil, nil, err
		}
		net, err = s.join(fmt.Sprintf("quorumbench-run-%d", s.run), emulator.Emulated, quicnet.Config{
			Mode: mode, Receive: func(_, from int, data []byte) { receive(from, data) },
		})
		if err != nil {
			return nil, nil, err
		}
		return net.Endpoint(s.Site).Send, func() { _ = net.Close() }, nil
	}
	p.Change = func(to int, link netem.LinkConfig) {
		link.Delay -= s.takes(to)
		s.uplink.Change(to, link)
	}
	p.Count = func(sum *emulator.Counters, stats *quicnet.Stats) {
		for to := range config.Plan.Experiment.Regions {
			c := s.uplink.Counters(to)
			sum.Packets += c.Packets
			sum.Bytes += c.Bytes
			sum.Lost += c.Lost
			sum.Cut += c.Cut
			sum.Dropped += c.Dropped
			sum.Overflow += c.Overflow
		}
		*stats = net.Stats()
	}
	p.Begin = func(ctx context.Context) (time.Duration, error) {
		return 0, s.connect(ctx, net)
	}
	return p
}

// connect waits until this site is connected with all others for a run. It gives up if a site is lost, or the coordinator has
// ended the run.
func (s *Site) connect(ctx context.Context, net *quicnet.Net) error {
	connecting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	connected := make(chan error, 1)
	go func() { connected <- net.WaitConnected(connecting) }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-connected:
			if err != nil {
				err = fmt.Errorf("connecting the sites: %w", err)
			}
			return err
		case <-tick.C:
		}
		err := s.silent(s.others())
		if !s.coordinates() {
			err = s.stoppedEarly()
		}
		if err != nil {
			cancel()
			<-connected
			return err
		}
	}
}

// emulate sets up the links to the other sites for a run: the model's delay, less what the real link takes; real links are left as they are.
func (s *Site) emulate(config *run.Config) error {
	seed := config.Plan.Experiment.Seed + uint64(config.Repeat)<<32 // as in a run of one process
	for _, to := range s.others() {
		if config.Plan.Experiment.Network.Links == experiment.Real {
			s.uplink.Restart(to, netem.NewLink(netem.LinkConfig{}, seed, s.Site, to))
			continue
		}
		link := config.Plan.Link(s.Site, to)
		takes := s.takes(to)
		if takes > link.Delay {
			return fmt.Errorf("found a link from %s to %s that takes %v one way; accepted: at most the %v that it is to take",
				s.name(s.Site), s.name(to), takes, link.Delay)
		}
		link.Delay -= takes
		s.uplink.Restart(to, netem.NewLink(link, seed, s.Site, to))
	}
	return nil
}

// takes is how long the real link to another site takes one way.
func (s *Site) takes(to int) time.Duration { return s.links[to].Best.RoundTrip / 2 }

// Play makes a run with all sites, and returns what they know of it. Only the coordinator may call it. If a site is lost, or the
// context ends, the run ends early, and the record has what the other sites know.
func (s *Site) Play(ctx context.Context, config run.Config) (*verify.Record, error) {
	s.mu.Lock()
	s.run++
	clear(s.standings)
	s.mu.Unlock()
	preparing := &message{Kind: prepare, Run: s.run, Protocol: config.Protocol.Label, Point: config.Plan.Point, Repeat: config.Repeat}
	if config.Plan.Experiment.Network.Links == experiment.Real {
		preparing.Delays = s.delays()
	}
	s.toAll(preparing)
	p := s.part(&config)
	connect, begun := p.Begin, false
	var before []probes
	p.Begin = func(ctx context.Context) (at time.Duration, err error) {
		if _, err := connect(ctx); err != nil {
			return 0, err
		}
		if before, err = s.measure(ctx, s.others(), s.Silence, true); err != nil {
			return 0, err
		}
		if err := s.allReady(ctx); err != nil {
			return 0, err
		}
		longest := time.Duration(0)
		for _, l := range before {
			longest = max(longest, l.Best.RoundTrip)
		}
		at = s.now() + 300*time.Millisecond + 4*longest // so that all know it before
		s.toAll(&message{Kind: begin, Run: s.run, Begin: at})
		begun = true
		return at, nil
	}
	p.Heard = func() (all []run.Standing, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, one := range s.standings {
			all = append(all, one)
		}
		return all, s.silent(s.others())
	}
	config.Part = p
	record, err := run.Play(ctx, config)
	s.toAll(&message{Kind: stop, Run: s.run})
	if !begun {
		return record, err
	}
	patient := context.WithoutCancel(ctx)
	there := slices.DeleteFunc(s.others(), func(site int) bool { return s.silent([]int{site}) != nil })
	after, _ := s.measure(patient, there, afterwards, true) // what is missing of it is missing in the record
	s.enterLinks(record, s.Site, before, after)
	return record, errors.Join(s.collect(patient, record), err) // the first names all sites that are missing
}

// afterwards is how long an answer to probes is waited for when a run is over: a site that has ended gives none.
const afterwards = 3 * time.Second

// enterLinks enters into the record what a site has measured of its links before and after a run.
func (s *Site) enterLinks(record *verify.Record, from int, before, after []probes) {
	for to := range s.Plan.Experiment.Regions {
		if to == from || to >= len(before) {
			continue
		}
		l := result.Link{From: s.name(from), To: s.name(to), Joined: s.roundTrip(from, to), Before: before[to].summary()}
		if to < len(after) {
			l.After = after[to].summary()
		}
		record.Links = append(record.Links, l)
	}
}

// allReady waits until all other sites are ready for the run.
func (s *Site) allReady(ctx context.Context) error {
	are := map[int]bool{}
	return s.await(ctx, func() error { return s.silent(s.others()) }, func(e envelope) (bool, error) {
		if e.Kind == bye {
			return false, fmt.Errorf("%s has ended: %s", s.name(e.from), e.Text)
		}
		if e.Kind != ready || e.Run != s.run {
			return false, nil
		}
		if e.Text != "" {
			return false, fmt.Errorf("%s: %s", s.name(e.from), e.Text)
		}
		are[e.from] = true
		return len(are) == len(s.others()), nil
	})
}

// mostHandover bounds what one site may hand over, in bytes: some 30 million commands.
const mostHandover = 2 << 30

// collect takes what the other sites know of a run into the record. Sites that are lost are left out, and named in the error.
func (s *Site) collect(ctx context.Context, record *verify.Record) error {
	pieces, links, wait := map[int][]byte{}, map[int]*message{}, s.others()
	lost := &LostError{After: s.Silence}
	record.Clocks = make([]verify.Clock, len(s.Plan.Experiment.Regions))
	without := func(site int) {
		wait = slices.DeleteFunc(wait, func(other int) bool { return other == site })
	}
	done := errors.New("done")
	err := s.await(ctx, func() error {
		for _, site := range slices.Clone(wait) {
			if s.silent([]int{site}) != nil {
				lost.Sites = append(lost.Sites, s.name(site))
				without(site)
			}
		}
		if len(wait) == 0 {
			return done
		}
		return nil
	}, func(e envelope) (bool, error) {
		if e.Kind == bye && slices.Contains(wait, e.from) {
			lost.Sites = append(lost.Sites, s.name(e.from))
			without(e.from)
			return len(wait) == 0, nil
		}
		if e.Kind != handover || e.Run != s.run || e.Total > mostHandover || !slices.Contains(wait, e.from) {
			return false, nil
		}
		if e.Offset == 0 {
			pieces[e.from], links[e.from] = nil, e.message
		}
		if e.Offset == len(pieces[e.from]) {
			pieces[e.from] = append(pieces[e.from], e.Data...)
		}
		s.send(e.from, &message{Kind: taken, Run: s.run, Offset: len(pieces[e.from])})
		if len(pieces[e.from]) < e.Total {
			return false, nil
		}
		before, after := links[e.from].Before, links[e.from].After
		if n := len(s.matrix); len(before) != n || len(after) != n {
			return false, fmt.Errorf("found the links of %s to %d and %d sites; accepted: to %d", s.name(e.from), len(before), len(after), n)
		}
		clock, at := clockOf(before[s.Site].Best, after[s.Site].Best, record.Until)
		record.Clocks[e.from] = clock
		s.enterLinks(record, e.from, before, after)
		without(e.from)
		return len(wait) == 0, record.AddPart(e.from, pieces[e.from], at)
	})
	switch {
	case err != nil && err != done:
		return err
	case len(lost.Sites) > 0:
		record.Missing = lost.Sites
		return lost
	}
	return nil
}

// Finish tells all other sites that the experiment is over, and how, and waits a little until they have heard it. Only the
// coordinator calls it.
func (s *Site) Finish(code int, text string) {
	const patience = 3 * time.Second
	left, began := map[int]bool{}, s.now()
	gone := errors.New("gone")
	_ = s.await(context.Background(), func() error {
		for _, to := range s.others() {
			if !left[to] {
				s.send(to, &message{Kind: finished, Code: code, Text: text})
			}
		}
		if s.now()-began > patience {
			return gone
		}
		return nil
	}, func(e envelope) (bool, error) {
		if e.Kind == bye {
			left[e.from] = true
		}
		return len(left) == len(s.others()), nil
	})
}

// Outcome is how an experiment has ended, as the coordinator has told.
type Outcome struct {
	Code int
	Text string
}

// Serve makes the runs that the coordinator tells, until it tells that the experiment is over.
func (s *Site) Serve(ctx context.Context) (Outcome, error) {
	for {
		var next envelope
		err := s.await(ctx, func() error { return cmp.Or(s.refusedBy(s.Coordinator), s.silent([]int{s.Coordinator})) }, func(e envelope) (bool, error) {
			next = e
			return e.from == s.Coordinator && (e.Kind == prepare || e.Kind == finished), nil
		})
		if err == nil && next.Kind == finished {
			for range 3 { // it may be lost, and nobody asks again
				s.send(s.Coordinator, &message{Kind: bye})
				time.Sleep(20 * time.Millisecond)
			}
			return Outcome{next.Code, next.Text}, nil
		}
		if err == nil {
			err = s.serveOne(ctx, next.message)
		}
		if err != nil {
			s.send(s.Coordinator, &message{Kind: bye, Text: err.Error()})
			time.Sleep(50 * time.Millisecond)
			return Outcome{}, err
		}
	}
}

// serveOne makes this site's part of a run, and hands over what it knows of it.
func (s *Site) serveOne(ctx context.Context, m *message) error {
	s.mu.Lock()
	s.run = m.Run
	s.mu.Unlock()
	if m.Delays != nil {
		if len(m.Delays) != len(s.Plan.Experiment.Regions) {
			return fmt.Errorf("found the delays of %d regions to be taken for measured; accepted: of %d", len(m.Delays), len(s.Plan.Experiment.Regions))
		}
		s.Plan = s.Plan.OnLinks(m.Delays)
	}
	protocols := s.Plan.Experiment.Protocols
	i := slices.IndexFunc(protocols, func(p experiment.Protocol) bool { return p.Label == m.Protocol })
	points := s.Plan.Points()
	j := slices.IndexFunc(points, func(p *experiment.Plan) bool { return p.Point == m.Point })
	if i < 0 || j < 0 {
		return fmt.Errorf("found a run of %s at %q to be made; accepted: one of the experiment", m.Protocol, m.Point)
	}
	config := run.Config{
		Plan: points[j], Protocol: protocols[i], Repeat: m.Repeat, Scratch: s.Scratch, Spin: s.Spin, Hurry: s.Hurry, TraceEvents: result.MaxTraceEvents,
	}
	p := s.part(&config)
	connect := p.Begin
	var before, after []probes
	begun := false
	p.Begin = func(ctx context.Context) (at time.Duration, err error) {
		if _, err = connect(ctx); err != nil {
			return 0, err
		}
		if before, err = s.measure(ctx, s.others(), s.Silence, true); err != nil {
			return 0, err
		}
		s.send(s.Coordinator, &message{Kind: ready, Run: s.run})
		err = s.await(ctx, func() error { return s.stoppedEarly() }, func(e envelope) (bool, error) {
			at = e.Begin - before[s.Coordinator].Best.Offset
			return e.from == s.Coordinator && e.Kind == begin && e.Run == s.run, nil
		})
		begun = err == nil
		return at, err
	}
	p.Tell = func(now run.Standing) (over bool, err error) {
		s.send(s.Coordinator, &message{Kind: standing, Run: s.run, Standing: now})
		return s.stopped.Load() >= int64(s.run), s.silent([]int{s.Coordinator})
	}
	config.Part = p
	record, err := run.Play(ctx, config)
	if errors.Is(err, errStopped) {
		return nil // it did not come to begin
	}
	if err != nil && !begun {
		if ctx.Err() == nil {
			s.send(s.Coordinator, &message{Kind: ready, Run: s.run, Text: err.Error()})
			return nil // the coordinator ends the experiment
		}
		return err
	}
	data, encoding := record.EncodePart(s.Site)
	if encoding != nil {
		return errors.Join(err, encoding)
	}
	name, storing := s.keep(record, data, before)
	if storing != nil {
		return errors.Join(err, storing)
	}
	if err == nil {
		var unanswered *unansweredError // by sites that have ended, which the coordinator knows
		if after, err = s.measure(ctx, s.others(), afterwards, true); errors.As(err, &unanswered) {
			err = nil
		}
	}
	if err == nil {
		err = s.handOver(ctx, data, before, after)
	}
	if err != nil {
		return fmt.Errorf("%w; what this site knows of the run is in %s: quorumbench merge reads it", err, name)
	}
	return os.Remove(name)
}

// errStopped is the error of a run that the coordinator has ended before it began.
var errStopped = errors.New("the run was ended before it began")

// stoppedEarly returns an error if the coordinator is lost, or has ended the run.
func (s *Site) stoppedEarly() error {
	if s.stopped.Load() >= int64(s.run) {
		return errStopped
	}
	return s.silent([]int{s.Coordinator})
}

// pieceSize is how many bytes of a handover go in one message.
const pieceSize = 1 << 20

// handOver sends the coordinator what this site knows of a run, piece by piece, each when the one before was taken.
func (s *Site) handOver(ctx context.Context, data []byte, before, after []probes) error {
	have := 0
	sent := time.Duration(-time.Hour)
	give := func() {
		sent = s.now()
		piece := &message{Kind: handover, Run: s.run, Total: len(data), Offset: have, Data: data[have:min(len(data), have+pieceSize)]}
		if have == 0 {
			piece.Before, piece.After = before, after
		}
		s.send(s.Coordinator, piece)
	}
	give()
	return s.await(ctx, func() error {
		if s.now()-sent > 2*time.Second {
			give() // it was lost with its connection
		}
		return s.silent([]int{s.Coordinator})
	}, func(e envelope) (bool, error) {
		if e.Kind == finished && e.from == s.Coordinator { // it has given this site up, as one of which nothing was heard
			return false, fmt.Errorf("%s has ended the experiment and did not say that it had taken all", s.name(s.Coordinator))
		}
		if e.Kind == taken && e.Run == s.run && e.Offset > have {
			have = e.Offset
			if have < len(data) {
				give()
			}
		}
		return have >= len(data), nil
	})
}
