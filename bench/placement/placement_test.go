package placement_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/placement"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

const ms = time.Millisecond

// line is four regions on a line, 10 ms apart, one way.
func line() *placement.Network {
	n := &placement.Network{Regions: []string{"a", "b", "c", "d"}}
	for i := range 4 {
		n.OneWay = append(n.OneWay, nil)
		for j := range 4 {
			n.OneWay[i] = append(n.OneWay[i], time.Duration(max(i-j, j-i))*10*ms)
		}
	}
	return n
}

func drivers(names ...string) []placement.Protocol {
	var all []placement.Protocol
	for _, name := range names {
		all = append(all, placement.Protocol{Label: name, Driver: registry.Drivers.Find(name)})
	}
	return all
}

func floors(p *placement.Placement) []time.Duration {
	var all []time.Duration
	for _, c := range p.Floors {
		all = append(all, c.Floor)
	}
	return all
}

func TestEveryLeaderIsAPlacement(t *testing.T) {
	placements, err := placement.Of(line(), drivers("raft", "mmp3"), []int{0, 1, 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		leader      int
		floors      []time.Duration
		mean, worst time.Duration
	}{
		// The leader in a is 20 ms from its majority, with b; so is b. d is 40 ms from it.
		{0, []time.Duration{20 * ms, 40 * ms, 80 * ms}, 46666666, 80 * ms},
		{1, []time.Duration{40 * ms, 20 * ms, 60 * ms}, 40 * ms, 60 * ms},
		{3, []time.Duration{100 * ms, 80 * ms, 40 * ms}, 73333333, 100 * ms},
		{-1, []time.Duration{20 * ms, 20 * ms, 40 * ms}, 26666666, 40 * ms},
	} {
		p := &placements[i]
		if p.Leader != want.leader || !slices.Equal(floors(p), want.floors) || p.Mean != want.mean || p.Weighted != want.mean || p.Worst != want.worst {
			t.Errorf("leader %d: floors %v, mean %v, weighted %v, worst %v; want %+v", p.Leader, floors(p), p.Mean, p.Weighted, p.Worst, want)
		}
	}
}

// With its own replica, a client waits for its region's floor, even if a detour were shorter: that
// is what a run measures.
func TestAClientStaysWithTheReplicaBesideIt(t *testing.T) {
	n := &placement.Network{Regions: []string{"a", "b", "c"}, OneWay: protocols.Delays{{0, ms, 50 * ms}, {ms, 0, 50 * ms}, {50 * ms, 50 * ms, 0}}}
	placements, err := placement.Of(n, drivers("paxos"), []int{0, 1, 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{4 * ms, 4 * ms, 200 * ms}; !slices.Equal(floors(&placements[0]), want) {
		t.Errorf("floors %v, want %v", floors(&placements[0]), want)
	}
}

// A client without a replica beside it goes to the one that serves it best, which need not be the
// nearest: with the leader in d, c and b are alike for a client in the middle, d is not.
func TestAClientGoesWhereItIsServedBest(t *testing.T) {
	placements, err := placement.Of(line(), drivers("raft"), []int{0, 1, 3}, []placement.Client{{Region: 2, Weight: 3}, {Region: 0, Weight: 1}})
	if err != nil {
		t.Fatal(err)
	}
	p := placements[2] // the leader is in d: 40 ms beside it, and 20 ms from c to it
	if want := (placement.Cost{Floor: 60 * ms, Via: 3}); p.Floors[0] != want {
		t.Errorf("the client in c: %+v, want %+v", p.Floors[0], want)
	}
	if want := (3*60*ms + 100*ms) / 4; p.Weighted != want || p.Mean != 80*ms {
		t.Errorf("weighted %v, mean %v; want %v and 80ms", p.Weighted, p.Mean, want)
	}
}

func TestTheBestSetOfRegionsIsChosen(t *testing.T) {
	// All clients are in c and d: the leader belongs there, and wherever it is has a neighbour.
	clients := []placement.Client{{Region: 2, Weight: 1}, {Region: 3, Weight: 1}}
	best, compared, err := placement.Choose(t.Context(), line(), drivers("raft"), placement.Search{Size: 3, Among: 4, Clients: clients, Aim: result.ByWeighted, Top: 5})
	if err != nil {
		t.Fatal(err)
	}
	if compared != 4*3 || len(best) != 5 {
		t.Errorf("%d placements were compared and %d returned; want 12 and 5", compared, len(best))
	}
	if p := best[0]; !slices.Equal(p.Replicas, []int{0, 1, 2}) || p.Leader != 2 || p.Weighted != 30*ms {
		t.Errorf("the best are %v led from %d, %v; want a, b, c led from c, 30ms: as good as b, c, d, and first by name", p.Replicas, p.Leader, p.Weighted)
	}
	if !slices.IsSortedFunc(best, func(a, b placement.Placement) int { return int(a.Weighted - b.Weighted) }) {
		t.Error("the placements are not ranked")
	}
	for _, p := range best {
		if again, _ := placement.Of(line(), drivers("raft"), p.Replicas, clients); again[slices.Index(p.Replicas, p.Leader)].Weighted != p.Weighted {
			t.Errorf("%v led from %d: %v, alone it is another", p.Replicas, p.Leader, p.Weighted)
		}
	}
}

func TestFixedRegionsAreInEveryChoice(t *testing.T) {
	best, compared, err := placement.Choose(t.Context(), line(), drivers("mmp3"), placement.Search{Size: 3, Among: 4, Fixed: []int{3}, Aim: result.ByWorst, Top: 100})
	if err != nil || compared != 3 || len(best) != 3 {
		t.Fatalf("%d compared, %d returned, %v; want 3, 3", compared, len(best), err)
	}
	for _, p := range best {
		if !slices.Contains(p.Replicas, 3) {
			t.Errorf("%v is without d", p.Replicas)
		}
	}
	if all, compared, err := placement.Choose(t.Context(), line(), drivers("mmp3"), placement.Search{Size: 3, Among: 4, Fixed: []int{0, 1, 3}, Aim: result.ByWorst, Top: 100}); err != nil || compared != 1 || !slices.Equal(all[0].Replicas, []int{0, 1, 3}) {
		t.Errorf("with all fixed: %v, %v", all, err)
	}
}

func TestAimsRankDifferently(t *testing.T) {
	n := &placement.Network{}
	slow := placement.Placement{Protocol: placement.Protocol{Label: "slow"}, Mean: 50, Weighted: 10, Worst: 90}
	fast := placement.Placement{Protocol: placement.Protocol{Label: "fast"}, Mean: 40, Weighted: 20, Worst: 95}
	for aim, want := range map[result.Aim]string{result.ByWeighted: "slow", result.ByMean: "fast", result.ByWorst: "slow"} {
		both := []placement.Placement{fast, slow}
		placement.Rank(n, both, aim)
		if both[0].Protocol.Label != want {
			t.Errorf("by %s the best is %s, want %s", aim, both[0].Protocol.Label, want)
		}
	}
}

func TestWhatCannotBePlacedIsRefused(t *testing.T) {
	for _, c := range []struct {
		size   int
		fixed  []int
		names  string
		answer string
	}{
		{5, nil, "raft", "accepted: from 1, up to the 4 there are"},
		{1, []int{0, 1}, "raft", "accepted: from 2, up to the 4 there are"},
		{4, nil, "mmp3", "no protocol that works with 4 replicas"},
	} {
		_, _, err := placement.Choose(t.Context(), line(), drivers(c.names), placement.Search{Size: c.size, Among: 4, Fixed: c.fixed, Aim: result.ByMean, Top: 1})
		if err == nil || !strings.Contains(err.Error(), c.answer) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	bad := []placement.Protocol{{Label: "raft", Driver: registry.Drivers.Find("raft"), Options: protocols.Choices{"chalk": "on"}}}
	if _, err := placement.Of(line(), bad, []int{0, 1, 2}, nil); err == nil {
		t.Error("an option that raft does not have is accepted")
	}
}

func TestASearchEndsWithItsContextAndDoesNotBeginWithoutHope(t *testing.T) {
	n := &placement.Network{Regions: make([]string, 64), OneWay: make(protocols.Delays, 64)}
	for i := range n.OneWay {
		n.OneWay[i] = make([]time.Duration, 64)
	}
	_, _, err := placement.Choose(t.Context(), n, drivers("raft"), placement.Search{Size: 32, Among: 64, Aim: result.ByMean, Top: 1})
	if want := "found 1.83e+18 sets of 32 of 64 regions; accepted: up to 10000000 sets"; err == nil || err.Error() != want {
		t.Errorf("found %v, want %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, compared, err := placement.Choose(ctx, n, drivers("raft"), placement.Search{Size: 4, Among: 64, Aim: result.ByMean, Top: 1}); !errors.Is(err, context.Canceled) || compared > 4 {
		t.Errorf("a search that was interrupted: %v, after %d placements", err, compared)
	}
}

// Of many placements those that cannot be among the best are dropped early; the best are the same. Meanwhile it is told how far the
// search is.
func TestTheBestOfManyAreThoseOfAll(t *testing.T) {
	const regions = 16
	random := rand.New(rand.NewPCG(1, 1))
	n := &placement.Network{}
	for i := range regions {
		n.Regions, n.OneWay = append(n.Regions, string(rune('a'+i))), append(n.OneWay, make([]time.Duration, regions))
		for j := range i {
			n.OneWay[i][j] = time.Duration(1+random.IntN(20)) * ms // so few that many placements are as good as others
			n.OneWay[j][i] = n.OneWay[i][j]
		}
	}
	var shares []float64
	search := placement.Search{Size: 5, Among: regions, Aim: result.ByWorst, Top: 1_000_000, Watch: func(_ int, share float64) { shares = append(shares, share) }}
	all, compared, err := placement.Choose(t.Context(), n, drivers("raft"), search)
	if err != nil {
		t.Fatal(err)
	}
	if compared != 4368*5 || len(all) != compared || len(shares) != 4 || !slices.IsSorted(shares) || shares[3] < 0.9 || shares[3] > 1 {
		t.Errorf("%d placements were compared and %d returned, want 21,840; told were the shares %v", compared, len(all), shares)
	}
	search.Top = 20
	best, _, err := placement.Choose(t.Context(), n, drivers("raft"), search)
	if err != nil || len(best) != 20 {
		t.Fatalf("%d placements, %v", len(best), err)
	}
	for i := range best {
		if !slices.Equal(best[i].Replicas, all[i].Replicas) || best[i].Leader != all[i].Leader {
			t.Errorf("the %d. of the best is %v led from %d, of all %v led from %d", i+1, best[i].Replicas, best[i].Leader, all[i].Replicas, all[i].Leader)
		}
	}
}

// BenchmarkChoose is the search of every three regions of nineteen, under all protocols.
func BenchmarkChoose(b *testing.B) {
	n := &placement.Network{}
	for i := range 19 {
		n.Regions = append(n.Regions, string(rune('a'+i)))
		n.OneWay = append(n.OneWay, nil)
		for j := range 19 {
			n.OneWay[i] = append(n.OneWay[i], time.Duration(max(i-j, j-i))*ms)
		}
	}
	for b.Loop() {
		if _, _, err := placement.Choose(b.Context(), n, drivers(registry.Drivers.Names()...), placement.Search{Size: 3, Among: 19, Aim: result.ByWeighted, Top: 10}); err != nil {
			b.Fatal(err)
		}
	}
}
