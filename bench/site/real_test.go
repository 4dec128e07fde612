package site_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/result"
	"quorumbench/bench/site"
	"quorumbench/netem"
	"quorumbench/protocols/registry"
)

// Over real links nothing is delayed, the links are measured, and floors follow from what was found.
func TestRealLinksAreMeasuredAndNotDelayed(t *testing.T) {
	plan := planOf(t, strings.Replace(small, "multipaxos, ", "", 1)+"network: real\n")
	d := deploy(t, plan)
	var serving sync.WaitGroup
	for number := 1; number < 3; number++ {
		s := d.open(plan, number)
		serving.Go(func() {
			defer s.Close()
			err := s.Join(t.Context())
			if err == nil {
				_, err = s.Serve(t.Context())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	s := d.open(plan, 0)
	defer s.Close()
	if err := s.Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	measured := s.Plan
	if measured.Topology.Name != "measured links" || measured.Topology.OneWay[0][1] == plan.Topology.OneWay[0][1] || plan.Topology.Name == "measured links" {
		t.Errorf("found the topology %+v", measured.Topology)
	}
	found, err := bench.Execute(t.Context(), measured, bench.Options{Play: s.Play})
	s.Finish(0, "")
	serving.Wait()
	if err != nil {
		t.Fatal(err)
	}
	one := found.Runs[0]
	if len(one.Links) != 6 || len(one.Clocks) != 3 {
		t.Fatalf("found %d links and %d clocks; want 6 and 3", len(one.Links), len(one.Clocks))
	}
	for _, l := range one.Links {
		for _, trips := range []result.RoundTrips{l.Before, l.After} {
			if trips.Probes < 20 || trips.Lost > trips.Probes/2 || trips.Min <= 0 || trips.Min > trips.P50 || trips.P50 > trips.P99 || trips.P99 > trips.Max || l.Joined <= 0 {
				t.Errorf("%s to %s: found %+v", l.From, l.To, l)
			}
		}
	}
	for i, c := range one.Clocks {
		if c.Region != plan.Experiment.Regions[i] || (c.Bound == 0) != (i == 0) || c.Wall.Abs() > time.Minute {
			t.Errorf("found the clock %+v", c)
		}
	}
	for _, region := range one.Regions {
		if region.Floor >= plan.Floor(plan.Experiment.Protocols[0], 0) || region.Operations.Response.Min >= 70*time.Millisecond {
			t.Errorf("%s: the floor is %v and a write took %v at least: it was delayed as the topology says", region.Region, region.Floor, region.Operations.Response.Min)
		}
	}
	folder := filepath.Join(t.TempDir(), "result")
	if err := result.Write(found, folder); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "measured.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if topology, err := netem.ParseTopology("measured.yaml", text); err != nil || len(topology.Regions) != 3 {
		t.Errorf("%v in\n%s", err, text)
	}
	if again, err := result.Read(folder); err != nil || len(again.Runs[0].Links) != 6 {
		t.Errorf("the result cannot be read again: %v", err)
	}
}

func TestSitesRunOverIPv6(t *testing.T) {
	plan := planOf(t, strings.Replace(small, "multipaxos, ", "", 1))
	d := deploy(t, plan)
	for i := range d.sockets {
		d.sockets[i].Close()
		socket, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
		if err != nil {
			t.Skipf("SKIPPED: NO IPv6 ON THE LOOPBACK DEVICE: %v", err)
		}
		d.sockets[i], d.peers[i] = socket, socket.LocalAddr().String()
	}
	var serving sync.WaitGroup
	for number := 1; number < 3; number++ {
		s := d.open(plan, number)
		serving.Go(func() {
			defer s.Close()
			err := s.Join(t.Context())
			if err == nil {
				_, err = s.Serve(t.Context())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	s := d.open(plan, 0)
	defer s.Close()
	found, err := coordinate(t.Context(), plan, s, nil)
	s.Finish(0, "")
	serving.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for _, region := range found.Runs[0].Regions {
		if region.Operations.Answered == 0 {
			t.Errorf("nothing was answered to %s", region.Region)
		}
	}
}

// What sites have left whose coordinator was lost is a partial result: of their own clients all, of the coordinator's nothing.
func TestWhatSitesHaveLeftIsAPartialResult(t *testing.T) {
	plan := lasting(t)
	d := deploy(t, plan)
	silence := func(c *site.Config) { c.Silence = 3 * time.Second }
	scratch := t.TempDir()
	var serving sync.WaitGroup
	for number := 1; number < 3; number++ {
		s := d.open(plan, number, silence, func(c *site.Config) { c.Scratch = scratch })
		serving.Go(func() {
			defer s.Close()
			if err := s.Join(t.Context()); err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "quorumbench merge reads it") {
				t.Errorf("site %d ended with %v", number, err)
			}
		})
	}
	ctx, die := context.WithCancel(t.Context())
	s := d.open(plan, 0, silence)
	_, _ = coordinate(ctx, plan, s, func(now bench.Status) {
		if now.Elapsed > 2*time.Second {
			d.sockets[0].Close()
			die()
		}
	})
	s.Close()
	serving.Wait()
	files, err := filepath.Glob(filepath.Join(scratch, "*.part"))
	if err != nil || len(files) != 2 {
		t.Fatalf("the sites have left %v, %v", files, err)
	}
	found, restored, err := site.ReadLeft(files, registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	if restored.Experiment.Name != "small" || !found.Partial || len(found.Runs) != 1 || !found.Runs[0].Partial {
		t.Fatalf("found %+v", found)
	}
	for i, region := range found.Runs[0].Regions {
		if (region.Operations.Answered > 0) != (i > 0) {
			t.Errorf("%s: found %d answers", region.Region, region.Operations.Answered)
		}
	}
	for _, c := range found.Runs[0].Checks {
		if c.Verdict == result.Failed {
			t.Errorf("%s: %s: %s", c.Name, c.Verdict, c.Detail)
		}
	}
	if err := result.Write(found, filepath.Join(scratch, "result")); err != nil {
		t.Error(err)
	}
	if _, _, err := site.ReadLeft([]string{files[0], files[0]}, registry.Drivers); err == nil || !strings.Contains(err.Error(), "a second time") {
		t.Errorf("the same file twice: %v", err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(scratch, "half.part")
	if err := os.WriteFile(half, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := site.ReadLeft([]string{half}, registry.Drivers); err == nil || !strings.Contains(err.Error(), "found no part of a run in it") {
		t.Errorf("half a file: %v", err)
	}
}
