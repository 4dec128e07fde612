//go:build !js

package run_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/system"
	"quorumbench/bench/verify"
	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/protocols/registry"
)

// register is a system with one copy of the data, in memory, whose answers take the floor: it plays etcd. It is its own network
// and its own processes. Time is that of a testing/synctest bubble.
type register struct {
	plan      *experiment.Plan
	scheduler *emulator.Scheduler
	loseEvery int // every so many writes are answered and not carried out; 0: none
	stale     bool
	unready   bool // no node ever serves
	awake     bool // the processors are kept awake, as far as the run is told

	certificate result.Certificate

	mu     sync.Mutex
	data   map[string][]byte
	before map[string][]byte // the value before the last
	writes int
	leader int
	up     []bool
	paused []bool
}

func (s *register) Name() string { return "etcd" }
func (s *register) About(system.Cluster) []system.Setting {
	return []system.Setting{{Name: "version", Value: "0"}}
}
func (s *register) Address(int) netip.Addr              { return netip.AddrFrom4([4]byte{10, 0, 0, 1}) }
func (s *register) Dial(int) system.Dialer              { return nil }
func (s *register) Change(int, int, netem.LinkConfig)   {}
func (s *register) Counters(int, int) emulator.Counters { return emulator.Counters{} }
func (s *register) Scheduler() *emulator.Scheduler      { return s.scheduler }
func (s *register) Dropped() uint64                     { return 0 }
func (s *register) String() string                      { return "none" }

func (s *register) Certify(context.Context) (*result.Certificate, error) { return &s.certificate, nil }

func (s *register) Close() error {
	s.scheduler.Close()
	return nil
}

func (s *register) Ready(ctx context.Context, _ system.Cluster, _ int) error {
	if s.unready {
		return system.Again(ctx, func(context.Context) error { return errors.New("connection refused") })
	}
	return nil
}

func (s *register) Lead(_ context.Context, _ system.Cluster, replica int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leader = replica
	return nil
}

func (c *registerClient) Leader(context.Context) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused[c.replica] {
		return -1, context.DeadlineExceeded
	}
	return c.leader, nil
}

func (s *register) Open(_ system.Cluster, region, replica int) (system.Client, error) {
	return &registerClient{s, region, replica}, nil
}

// adapter and network have methods of one name.
type (
	registerAdapter struct{ *register }
	registerNetwork struct{ *register }
	registerProcess struct {
		*register
		replica int
		ended   chan struct{}
	}
	registerClient struct {
		*register
		region, replica int
	}
)

func (a registerAdapter) Start(_ system.Cluster, replica int) (system.Process, error) {
	return system.Process{Argv: []string{fmt.Sprint(replica)}}, nil
}

func (n registerNetwork) Start(region int, _ system.Process, log string) (run.Process, error) {
	if err := os.WriteFile(log, fmt.Appendf(nil, "node %d waits\n", region), 0o600); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.up[region] = true
	return registerProcess{n.register, region, make(chan struct{})}, nil
}

// Kill lets the next node lead, as if there were an election that takes no time.
func (p registerProcess) Kill() error {
	close(p.ended)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up[p.replica] = false
	p.leaves()
	return nil
}

func (p registerProcess) Ended() <-chan struct{} { return p.ended }
func (p registerProcess) How() string            { return "signal: killed" }

// Pause lets the node answer nothing, and the next one lead.
func (p registerProcess) Pause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused[p.replica] = true
	p.leaves()
	return nil
}

func (p registerProcess) Resume() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused[p.replica] = false
	return nil
}

func (p registerProcess) leaves() {
	if p.leader == p.replica {
		p.leader = (p.replica + 1) % len(p.up)
	}
}

// way waits for the way to the leader and back, and its round trip to the nearest other replica.
func (c *registerClient) way(ctx context.Context) error {
	c.mu.Lock()
	leader, up, paused := c.leader, c.up[c.replica], c.paused[c.replica]
	c.mu.Unlock()
	if !up {
		return errors.New("connection refused")
	}
	if paused {
		<-ctx.Done()
		return ctx.Err()
	}
	delays := c.plan.Topology.OneWay
	nearest := time.Hour
	for i := range c.up {
		if i != leader {
			nearest = min(nearest, delays[leader][i]+delays[i][leader])
		}
	}
	time.Sleep(delays[c.region][c.replica] + delays[c.replica][leader] + nearest + delays[leader][c.replica] + delays[c.replica][c.region])
	return nil
}

func (c *registerClient) Put(ctx context.Context, key, value []byte) error {
	if err := c.way(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	if c.loseEvery > 0 && c.writes%c.loseEvery == 0 {
		return nil
	}
	c.before[string(key)] = c.data[string(key)]
	c.data[string(key)] = value
	return nil
}

func (c *registerClient) Get(ctx context.Context, key []byte) ([]byte, error) {
	if err := c.way(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stale {
		return c.before[string(key)], nil
	}
	return c.data[string(key)], nil
}

func (c *registerClient) Close() error { return nil }

// playRegister plays a run of an experiment with the register, which is changed before.
func playRegister(t *testing.T, text string, change func(*register)) (concluded result.Run, record *verify.Record) {
	t.Helper()
	record, _, err := tryRegister(t, text, change)
	if err != nil {
		t.Fatal(err)
	}
	return verify.Conclude(record, false), record
}

// tryRegister plays a run that may fail, and says how long it took.
func tryRegister(t *testing.T, text string, change func(*register)) (record *verify.Record, took time.Duration, failed error) {
	t.Helper()
	plan, err := experiment.Parse("test.yaml", []byte(`topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 70ms}}
protocols: [{system: etcd, leader: b}]
`+text), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &register{plan: plan, data: map[string][]byte{}, before: map[string][]byte{}, up: make([]bool, 3), paused: make([]bool, 3)}
		if change != nil {
			change(s)
		}
		var hurry func() (func(), bool)
		if s.awake {
			hurry = func() (func(), bool) { return func() {}, true }
		}
		began := time.Now()
		record, failed = run.Play(t.Context(), run.Config{
			Hurry: hurry,
			Plan:  plan, Protocol: plan.Experiment.Protocols[0], Scratch: scratch,
			System: &run.System{Adapter: registerAdapter{s}, Open: func(*experiment.Plan, uint64) (run.Network, error) {
				s.scheduler = emulator.NewPortable()
				return registerNetwork{s}, nil
			}},
		})
		took = time.Since(began)
	})
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("the run has left %v behind, %v", left, err)
	}
	return record, took, failed
}

const registerLoad = "load: {rate: 40/s, duration: 5s, warmup: 500ms, timeout: 2s, reads: 30%, keys: {count: 20}}\n"

// The clients of a system whose writes take the floor see the floor.
func TestASystemTakesItsFloor(t *testing.T) {
	r, _ := playRegister(t, registerLoad, nil)
	for _, region := range r.Regions {
		if off := region.Response.P50 - region.Floor; region.Answered < 80 || off < -region.Floor/500 || off > region.Floor/500 {
			t.Errorf("%s: p50 of %d writes is %v, the floor %v", region.Region, region.Answered, region.Response.P50, region.Floor)
		}
	}
	if len(r.Invalid) > 0 || len(r.Checks) != 2 || r.Checks[0].Verdict != result.Passed || r.Checks[1].Verdict != result.Passed {
		t.Errorf("invalid: %v, checks: %v", r.Invalid, r.Checks)
	}
	if r.System == nil || r.System.Promise != system.Linearizable || r.System.Settings[0].Name != "version" {
		t.Errorf("the result says of the system: %+v", r.System)
	}
}

func TestAWriteThatASystemLosesIsFound(t *testing.T) {
	r, _ := playRegister(t, registerLoad, func(s *register) { s.loseEvery = 4 })
	if r.Checks[0].Name != verify.CheckNothingLost || r.Checks[0].Verdict != result.Failed || r.Checks[1].Verdict != result.Failed {
		t.Errorf("checks: %v", r.Checks)
	}
}

func TestAStaleReadOfASystemIsFound(t *testing.T) {
	r, _ := playRegister(t, registerLoad, func(s *register) { s.stale = true })
	if last := r.Checks[1]; last.Name != verify.CheckLinearizable || last.Verdict != result.Failed {
		t.Errorf("checks: %v", r.Checks)
	}
}

// A run over a network that was not as it should be is invalid, whatever its figures.
func TestANetworkThatIsOffIsFound(t *testing.T) {
	r, _ := playRegister(t, registerLoad, func(s *register) { s.certificate.Problems = []string{"a to b: the median delay is 30ms"} })
	if len(r.Invalid) != 1 || !strings.Contains(r.Invalid[0], "before the load the network was off: a to b: the median delay is 30ms") {
		t.Errorf("invalid: %v", r.Invalid)
	}
}

// When the leader's node is killed, its region's clients ask another one, and another node leads.
func TestANodeOfASystemIsKilled(t *testing.T) {
	r, record := playRegister(t, registerLoad+"faults: [{at: 1s, crash: leader, for: 2s}]\n", nil)
	if len(r.Invalid) > 0 {
		t.Errorf("invalid: %v", r.Invalid)
	}
	if len(r.Crashes) != 1 || r.Crashes[0].Region != "b" || r.Crashes[0].NewLeader == nil || *r.Crashes[0].NewLeader > 300*time.Millisecond {
		t.Fatalf("crashes: %+v", r.Crashes)
	}
	if n := len(record.Replicas[1].Incarnations); n != 2 {
		t.Errorf("the node has had %d incarnations", n)
	}
	for _, region := range r.Regions {
		if missing := region.Offered - region.Answered; region.Region != "b" && missing > 0 || missing > 2 {
			t.Errorf("%s: %d of %d writes were not answered", region.Region, missing, region.Offered)
		}
	}
}

// A leader's node that is paused answers nothing, and another one leads meanwhile. Afterwards it serves again.
func TestANodeOfASystemIsPaused(t *testing.T) {
	r, record := playRegister(t, registerLoad+"faults: [{at: 1s, pause: leader, for: 2s}]\n", nil)
	if len(r.Invalid) > 0 || len(r.Faults) != 1 || r.Faults[0].Text != "pause b for 2s" {
		t.Errorf("invalid: %v, faults: %v", r.Invalid, r.Faults)
	}
	if n := len(record.Replicas[1].Incarnations); n != 1 || len(r.Crashes) > 0 {
		t.Errorf("the node has had %d incarnations, and crashed %d times", n, len(r.Crashes))
	}
	if !record.Replicas[2].Leading.Load() || record.Replicas[1].Leading.Load() {
		t.Error("the next node does not lead alone in the end")
	}
	for _, region := range r.Regions {
		// In 2 s, 80 commands are for the paused node, of which 70 % are writes; those that are sent to it before its clients leave it,
		// and those that try it again, have no answer within the timeout of 2 s.
		missing := region.Offered - region.Answered
		if region.Region == "b" && (missing == 0 || missing > 100) || region.Region != "b" && missing > 0 {
			t.Errorf("%s: %d of %d writes were not answered", region.Region, missing, region.Offered)
		}
	}
}

// A run says whether its processors were kept awake; what that takes is not counted as used by other programs.
func TestProcessorsThatAreKeptAwakeAreTold(t *testing.T) {
	for _, awake := range []bool{false, true} {
		r, _ := playRegister(t, registerLoad, func(s *register) { s.awake = awake })
		if strings.Contains(r.Network.Emulator, "processors kept awake") != awake {
			t.Errorf("kept awake: %v; the run says %q", awake, r.Network.Emulator)
		}
	}
}

// A system that never serves is given up after a minute, with why and what its node has printed. The scratch folder is empty again.
func TestASystemThatIsNeverReady(t *testing.T) {
	_, took, err := tryRegister(t, registerLoad, func(s *register) { s.unready = true })
	if err == nil || !strings.Contains(err.Error(), "etcd in b was not ready within 1m0s") || !strings.Contains(err.Error(), "connection refused") ||
		!strings.Contains(err.Error(), "the last that it printed:\nnode 1 waits") {
		t.Errorf("error: %v", err)
	}
	if took < time.Minute || took > time.Minute+time.Second {
		t.Errorf("it took %v; the limit is a minute", took)
	}
}

func TestASystemWithoutAnAdapterIsRefused(t *testing.T) {
	plan, err := experiment.Parse("test.yaml", []byte("topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 70ms}}\nprotocols: [{system: etcd}]\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	_, err = run.Play(t.Context(), run.Config{Plan: plan, Protocol: plan.Experiment.Protocols[0]})
	if err == nil || !strings.Contains(err.Error(), "etcd") {
		t.Errorf("error %v", err)
	}
}
