package netem_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quorumbench/netem"
)

// The same round trips, written in all ways.
func TestRoundTripsMayBeWrittenAsPairsOrAsAMatrix(t *testing.T) {
	for _, text := range []string{
		"rtt: {fra-new-york: 82ms, fra-sgp: 160ms, new-york-sgp: 230ms, sgp-sgp: 0.4ms}",
		"rtt: {new-york-fra: 82ms, sgp-fra: 160ms, sgp - new-york: 230ms, sgp-sgp: 0.4ms}",
		"rtt: {fra: {new-york: 82ms, sgp: 160ms}, new-york: {sgp: 230ms}, sgp: {sgp: 400us}}",
		"rtt: {fra: {new-york: 82ms}, fra-sgp: 160ms, sgp: {new-york: 230ms}, sgp-sgp: 0.4ms}",
		"rtt: [[0s, 82ms, 160ms], [82ms, 0s, 230ms], [160ms, 230ms, 0.4ms]]",
		"rtt: [[0s], [82ms, 0s], [160ms, 230ms, 0.4ms]]",
	} {
		topology, err := netem.ParseTopology("t.yaml", []byte("regions: [fra, new-york, sgp]\n"+text+"\nmdev: 1ms\n"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, c := range []struct {
			from, to string
			rtt      time.Duration
		}{{"fra", "new-york", 82 * ms}, {"fra", "sgp", 160 * ms}, {"new-york", "sgp", 230 * ms}, {"sgp", "sgp", 400 * us}, {"fra", "fra", 0}} {
			want := netem.Measured{Min: c.rtt, Avg: c.rtt, Max: c.rtt, Mdev: ms, OneWay: c.rtt / 2}
			if c.rtt == 0 {
				want = netem.Measured{Assumed: true}
			}
			for _, way := range [][2]string{{c.from, c.to}, {c.to, c.from}} {
				if m, err := topology.Link(way[0], way[1]); err != nil || m != want {
					t.Errorf("%s: %s to %s: %+v, %v, want %+v", text, way[0], way[1], m, err, want)
				}
			}
		}
	}
}

func TestRegionsAreThoseThatRoundTripsName(t *testing.T) {
	topology, err := netem.ParseTopology("t.yaml", []byte("rtt: {sgp-fra: 160ms, new-york: {fra: 82ms, sgp: 230ms}}"))
	if err != nil || strings.Join(topology.Regions, " ") != "sgp fra new-york" {
		t.Errorf("found the regions %v, %v", topology, err)
	}
}

func TestRoundTripsThatAreNoneAreRefused(t *testing.T) {
	const pairs = "accepted: round trips by pairs of regions, as in {fra-nyc: 82ms, fra-sgp: 160ms}, or a matrix"
	for _, c := range []struct{ regions, rtt, want string }{
		{"", "{us-east-1-eu-west-1: 82ms}", `1:7: found "us-east-1-eu-west-1", in which more than one - may be between two regions; ` +
			`accepted: with a list of regions, or by region, as in us-east-1: {eu-west-1: 82ms}`},
		{"", "{fra: 82ms}", `1:7: found "fra"; accepted: two regions with - between them, as in fra-nyc: 82ms`},
		{"", "{fra-nyc: 82}", `1:16: found 82 without a unit; accepted: a duration with its unit, such as 10s or 250ms; did you mean 82s?`},
		{"", "{fra-nyc: [82ms]}", `1:16: found a list; accepted: a duration with its unit, such as 10s or 250ms`},
		{"", "{fra-nyc: 82ms, nyc-fra: 82ms}", `1:22: found the round trip between nyc and fra twice; accepted: once, for both directions`},
		{"", "{fra-nyc: 61s}", `1:16: found 1m1s; accepted: a round trip from 0s to 1m0s`},
		{"", "{fra: {nyc: -1ms}}", `1:18: found -1ms; accepted: a round trip from 0s to 1m0s`},
		{"", `{"fra-n\nyc": 1ms}`, `1:7: found the region name "n\nyc"; ` + nameRule},
		{"", "{fra: {leader: 1ms}}", `1:13: found the region name "leader"; accepted: others than all, auto, leader, measured, random, which mean something else in experiment files`},
		{"", "{a b-c: 1ms, a_b-c: 1ms}", `1:19: found the regions "a b" and "a_b"; accepted: names that differ in more than spaces and underscores`},
		{"", "{}", `1:1: found no regions; accepted: one or more`},
		{"", "5ms", `1:6: found "5ms"; ` + pairs},
		{"", "[[0s]]", `1:6: found a matrix without a list of regions; accepted: with regions, in the order of the rows, or by pairs, as in {fra-nyc: 82ms}`},
		{"fra, nyc", "{fra-nycc: 82ms}", `2:7: found "fra-nycc"; accepted: two of fra, nyc, with - between them; did you mean fra-nyc?`},
		{"fra, nyc", "{fra: {sgp: 82ms}}", `2:13: found the unknown region "sgp"; accepted: fra, nyc`},
		{"fra, nyc", "{sgp: {fra: 82ms}}", `2:7: found the unknown region "sgp"; accepted: fra, nyc`},
		{"a, a-b, b-c, c", "{a-b-c: 82ms}", `2:7: found "a-b-c", which may mean a and b-c, or a-b and c; accepted: by region, as in a: {b-c: 82ms}`},
		{"fra, nyc", "[[0s]]", `2:6: found 1 rows; accepted: 2, one for each region`},
		{"fra, nyc", "[[0s], 5ms]", `2:13: found "5ms"; accepted: 2 in row 2 of a lower triangle, which ends with the region itself`},
		{"fra, nyc", "[[0s, 5ms], [5ms]]", `2:18: found 1 round trips; accepted: 2 in row 2 of a whole matrix, one for each region`},
		{"fra, nyc", "[[0s, 5ms], [6ms, 0s]]", `2:19: found 6ms between nyc and fra, and 5ms in row 1; accepted: a symmetric matrix, since a round trip is the same both ways, or links`},
		{"fra, nyc", "[[0s, 5], [6ms, 0s]]", `2:12: found 5 without a unit; accepted: a duration with its unit, such as 10s or 250ms; did you mean 5s?`},
		{"fra, nyc", "{fra-nyc: 1ms}\nmdev: -1s", `3:7: found -1s; accepted: 0s to 1m0s`},
		{"fra, fra", "{fra-fra: 1ms}", `1:16: found the region fra twice; accepted: once`},
	} {
		text := "rtt: " + c.rtt
		if c.regions != "" {
			text = "regions: [" + c.regions + "]\n" + text
		}
		if _, err := netem.ParseTopology("t.yaml", []byte(text)); err == nil || err.Error() != "t.yaml:"+c.want {
			t.Errorf("%s\ngot  %v\nwant t.yaml:%s", text, err, c.want)
		}
	}
	if topology, err := netem.ParseTopology("t.yaml", []byte("regions: [a, a-a]\nrtt: {a-a-a: 1ms}")); err != nil || topology.CheckLinks(topology.Regions) != nil {
		t.Errorf("a-a-a, which is the same round trip however it is split: %v", err)
	}
}

// All round trips that are missing are told at once, up to a dozen.
func TestAllMissingRoundTripsAreTold(t *testing.T) {
	topology, err := netem.ParseTopology("t.yaml", []byte("regions: [a, b, c, d, e, f]\nrtt:\n  a-b: 1ms\n  c-d: 1ms\n"))
	if err != nil {
		t.Fatal(err)
	}
	for regions, want := range map[string]string{
		"a b":         "<nil>",
		"a b c":       "t.yaml:2:1: found no round trip between a and c, b and c; accepted: one for every two regions that are used",
		"c c":         "<nil>",
		"a b c d e f": "t.yaml:2:1: found no round trip between a and c, b and c, a and d, b and d, a and e, b and e, c and e, d and e, a and f, b and f, c and f, d and f, 1 more pairs; accepted: one for every two regions that are used",
	} {
		if err := topology.CheckLinks(strings.Fields(regions)); fmt.Sprint(err) != want {
			t.Errorf("%s:\ngot  %v\nwant %s", regions, err, want)
		}
	}
}
