package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quorumbench/bench/experiment"
	"quorumbench/bench/experiment/schema"
	"quorumbench/configs"
	"quorumbench/netem"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

var draws = flag.Int("draws", 500, "how many files the reader and the schema are both asked about")

func TestTheSchemasAreWhatTheReaderGoesBy(t *testing.T) {
	files, err := schema.Files("../../..", registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range schema.Names {
		shipped, err := configs.Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(shipped, files[name]) {
			t.Errorf("configs/schema/%s.json is not what its types and documents make; run go generate ./bench/experiment/schema", name)
		}
		printed, err := schema.Text(name, registry.Drivers)
		if err != nil || !bytes.Equal(printed, shipped) {
			t.Errorf("what the command prints of %s is not what is checked in (%v)", name, err)
		}
	}
}

func TestASchemaHasTheDriversOfTheProgram(t *testing.T) {
	raft := registry.Drivers.Find("raft")
	own := *raft
	own.Name = "own"
	text, err := schema.Text("experiment", protocols.Drivers{&own})
	if err != nil {
		t.Fatal(err)
	}
	s := compile(t, text)
	for file, want := range map[string]bool{
		`{"topology": "x", "protocols": ["own", {"name": "own", "options": {"prevote": "on"}}]}`: true,
		`{"topology": "x", "protocols": ["raft"]}`:                                               false,
		`{"topology": "x", "protocols": [{"name": "own", "options": {"prevote": "perhaps"}}]}`:   false,
	} {
		if got := accepts(t, s, []byte(file)); got != want {
			t.Errorf("%s: accepted %v, want %v", file, got, want)
		}
	}
}

// The tables of the documents have a row for each key of the schemas, which have their descriptions from there.
func TestTheDocumentsHaveARowForEachKey(t *testing.T) {
	for name, document := range map[string]string{"experiment": "experiments.md", "topology": "topologies.md"} {
		text, err := os.ReadFile("../../../docs/" + document)
		if err != nil {
			t.Fatal(err)
		}
		described := schema.Describe(string(text))
		shipped, err := configs.Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		paths, err := schema.Paths(shipped)
		if err != nil {
			t.Fatal(err)
		}
		if name == "experiment" { // an entry of the list of protocols is a name or a mapping
			paths = append(paths, "protocols[].name", "protocols[].system", "protocols[].command.argv", "protocols[].command.env", "protocols[].command.peer", "protocols[].command.client", "protocols[].command.port", "protocols[].command.path", "protocols[].command.connection", "protocols[].command.ready", "protocols[].command.promise", "protocols[].command.floor", "protocols[].command.no_failover", "protocols[].leader", "protocols[].options", "protocols[].quorum", "protocols[].witnesses", "protocols[].label")
			paths = slices.DeleteFunc(paths, func(path string) bool { return path == "protocols" })
		}
		for _, path := range paths {
			if described[path] == "" {
				t.Errorf("docs/%s has no row for %s", document, path)
			}
		}
		for path := range described {
			isList := slices.ContainsFunc(paths, func(key string) bool { return strings.HasPrefix(key, path+"[].") })
			if !slices.Contains(paths, path) && !isList && registry.Drivers.Find(path) == nil {
				t.Errorf("docs/%s has a row for %s, which is no key", document, path)
			}
		}
		if len(paths) < 13 {
			t.Errorf("found %d keys of %s, which cannot be all", len(paths), name)
		}
	}
}

// beyond says why the reader alone refuses a file, which begins its message after the place: what depends on a topology, on several
// lists together, and on how large something with a unit is.
var beyond = map[string]*regexp.Regexp{
	"a region that is not in the topology": regexp.MustCompile(`^found the unknown region|^found "[^"]*"; accepted: two of|^found "[^"]*"; accepted: (af-south-1, ap-east-1|us-east-1, eu-west-1)`),
	"no such topology":                     regexp.MustCompile(`; accepted: aws-2020-06-05, gcp-2020, or the path|which cannot be read: `),
	"links that are missing":               regexp.MustCompile(`^found no round trip between|has no round trip inside|does not say how much round trips vary`),
	"a region that the experiment does not use": regexp.MustCompile(`^found "[^"]*"; accepted: (auto, or a region with a replica, )?([a-z0-9#-]+, )*[a-z]+-[a-z]+-[0-9#]+(; did you|$)|` +
		`^found the region "[^"]*"; accepted: the regions with clients`),
	"a region without a rate":               regexp.MustCompile(`^found no rate for`),
	"a pair that may be split otherwise":    regexp.MustCompile(`in which more than one - may be|accepted: two regions with - between them`),
	"rows that are not the regions'":        regexp.MustCompile(`^found [0-9]+ rows; |^found [0-9]+ round trips; |accepted: a symmetric matrix`),
	"a quorum system":                       regexp.MustCompile(`^found "[^"]*", which is no replica|^found the end; accepted: a replica|^found quorums for |^found phase[12]: |^found the option phase[12] beside|^found .* in a quorum system`),
	"a membership":                          regexp.MustCompile(`; accepted: the first of the replicas, in their order|, which is a member by then; |, which does not learn by then; |, two quorums of which need not meet: |^found a membership that changes, `),
	"a link, a protocol or a region twice":  regexp.MustCompile(`^found (the link|the round trip|[a-z0-9]+@|[a-z]+-[a-z]+-[0-9]).* (twice|a second time); `),
	"a number of replicas of a protocol":    regexp.MustCompile(`^found [0-9]+ replicas for `),
	"what a system cannot":                  regexp.MustCompile(`^found the system [a-z]+ with |^found [a-z_]+ beside the system |^found mine a second time|^found the placeholder |^found a leader without failover, and the floor of `),
	"how large a number of an option is":    regexp.MustCompile(`^found [a-z]+: "[+-]?[0-9]+"; accepted for `),
	"how large a time is":                   regexp.MustCompile(`^found [0-9]+[0-9hmsµn.]*; accepted: (a round trip from )?(up to )?[0-9]+[0-9hmsµn]*(, or .*| to .*)?$|; accepted: more than 0s, up to |; accepted: (avg|min), [0-9.a-zµ]+, or more$|; accepted: from 0s to max, |, up to the timeout$|; accepted: a round trip from |a loss up to 100%, a delay of`),
	"how large a rate, size or share is":    regexp.MustCompile(`which makes [0-9]+/s in|^found [0-9.e+]+/s; accepted: |^found "[^"]*%"; accepted: a |; accepted: 0s to 1us for each byte|; accepted: (0B|min) to max, |^found [0-9.]+%; accepted: `),
	"what real links do not have":           regexp.MustCompile(`^found .* with (real links|world: sim)`),
	"a setting that another one must allow": regexp.MustCompile(`; accepted: with (a rate|jitter)|^found it (beside conflicts|with distribution: latest|without read-modify-writes)|^found a search without an objective|beside a trace|without a trace|accepted: up to 100% together|^found it with keys of distribution`),
}

// samples are values of all sorts.
var samples = []string{
	`null`, `true`, `false`, `0`, `1`, `2`, `3`, `-1`, `14`, `1.5`, `1000`, `1001`, `20000`, `100000000000000000000`, `[]`, `{}`, `[[]]`, `["x"]`, `{"x": 1}`, `{"a": "5ms"}`,
	`""`, `"x"`, `"5ms"`, `"2s"`, `"-5s"`, `"0s"`, `"90s"`, `"1h"`, `"5"`, `"1m30s"`, `"+1.5h"`, `"1 s"`, `"50/s"`, `"3000/min"`, `"1e2/h"`, `"-50/s"`, `"50"`, `"50 /s"`, `"0x10/s"`, `"NaN/s"`,
	`"128B"`, `"4KiB"`, `"1.5KiB"`, `"-1B"`, `"4"`, `"5%"`, `"0%"`, `"101%"`, `"0.5 %"`, `"-1%"`, `"5e-1%"`, `"100Mbit/s"`, `"5bit"`, `"measured"`, `"leader"`, `"random"`, `"all"`, `"auto"`,
	`"on"`, `"off"`, `"sim"`, `"live"`, `"closed"`, `"poisson"`, `"day"`, `"burst"`, `"step"`, `"saturate"`, `"zipf"`, `"memory"`, `"one-stream"`, `"us-east-1"`, `"eu-west-1"`, `"a\nb"`, `".x"`, `"a/b"`, `"aws-2020-06-05"`,
	`["us-east-1"]`, `["us-east-1", "us-east-1"]`, `["us-east-1", "eu-west-1"]`, `["5ms", "6ms"]`, `["5%"]`, `[["us-east-1"]]`, `[["us-east-1", "eu-west-1"], ["ap-northeast-1"]]`, `[["5ms"]]`,
	`"raft"`, `"mmp3"`, `["raft", "mmp3"]`, `["raft", "raft"]`, `{"name": "raft"}`, `{"name": "paxos", "leader": "us-east-1"}`, `{"at": "1s", "crash": "leader"}`, `{"p99": "300ms"}`, `{"us-east-1": "5/s"}`, `{"us-east-1": -5}`,
}

// Files that are fine are changed: each key gets each value, each file each key of the others, and more is drawn. Whatever the schema refuses, the reader refuses; and what the reader refuses
// and the schema does not is something that a schema cannot say.
func TestTheReaderAndTheSchemaAgree(t *testing.T) {
	for _, c := range []struct {
		name  string
		fine  []string
		parse func(text []byte) error
	}{
		{"experiment", fineExperiments(t), func(text []byte) error {
			_, err := experiment.Parse("e.yaml", text, registry.Drivers)
			return err
		}},
		{"topology", fineTopologies, func(text []byte) error {
			topology, err := netem.ParseTopology("t.yaml", text)
			if err == nil && len(topology.Regions) == 0 {
				return fmt.Errorf("it has no regions")
			}
			return err
		}},
	} {
		shipped, err := configs.Schema(c.name)
		if err != nil {
			t.Fatal(err)
		}
		s := compile(t, shipped)
		var trees []any
		for _, text := range c.fine {
			var tree any
			if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
				t.Fatal(err)
			}
			text := encode(t, tree)
			if err := c.parse(text); err != nil {
				t.Fatalf("the reader refuses what is fine: %v\n%s", err, text)
			}
			if err := validate(s, text); err != nil {
				t.Fatalf("the schema refuses what is fine: %v\n%s", err, text)
			}
			trees = append(trees, tree)
		}
		j := judge{t: t, schema: s, parse: c.parse, onlyReader: map[string]int{}}
		// Each key with each value, in the first file that has it; and each file with each key of the others.
		seen := map[string]bool{}
		for _, tree := range trees {
			eachWay(tree, nil, func(w way) {
				if path := strings.Join(w, "/"); !seen[path] {
					seen[path] = true
					for _, sample := range samples {
						one := copied(tree)
						w.set(one, decoded(sample))
						j.ask(one)
					}
					one := copied(tree)
					w.remove(one)
					j.ask(one)
					for _, other := range trees {
						if one := copied(other); w.set(one, copied(w.get(tree))) {
							j.ask(one)
						}
					}
				}
			})
		}
		random := rand.New(rand.NewPCG(13, 10))
		for range *draws {
			tree := copied(trees[random.IntN(len(trees))])
			for range 1 + random.IntN(2) {
				tree = changed(random, tree, trees[random.IntN(len(trees))])
			}
			j.ask(tree)
		}
		t.Logf("%s: %d files were accepted and %d refused by both; the reader alone refused: %v", c.name, j.both, j.neither, j.onlyReader)
		if j.both < 100 || j.neither < 1000 {
			t.Errorf("%d files were accepted and %d refused by both, which are few", j.both, j.neither)
		}
	}
}

// judge asks the reader and the schema about files.
type judge struct {
	t             *testing.T
	schema        *jsonschema.Schema
	parse         func(text []byte) error
	both, neither int
	onlyReader    map[string]int // by reason
	failures      int
}

func (j *judge) ask(tree any) {
	j.t.Helper()
	text := encode(j.t, tree)
	refusal, violation := j.parse(text), validate(j.schema, text)
	switch {
	case refusal == nil && violation == nil:
		j.both++
	case refusal != nil && violation != nil:
		j.neither++
	case refusal == nil:
		j.failures++
		j.t.Errorf("the reader accepts what the schema refuses: %v\n%s", violation, text)
	default:
		_, message, _ := strings.Cut(refusal.Error(), ": ")
		reason := ""
		for _, why := range slices.Sorted(maps.Keys(beyond)) {
			if beyond[why].MatchString(message) {
				reason = why
			}
		}
		j.onlyReader[reason]++
		if reason == "" {
			j.failures++
			j.t.Errorf("the schema accepts what the reader refuses: %v\n%s", refusal, text)
		}
	}
	if j.failures > 20 {
		j.t.Fatal("and so on")
	}
}

// way leads from the root of a tree to a value: keys of mappings, and the first item of lists, which is an empty word.
type way []string

// eachWay visits the ways to all values of a tree.
func eachWay(tree any, w way, visit func(way)) {
	if len(w) > 0 {
		visit(w)
	}
	switch tree := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			eachWay(tree[key], append(w[:len(w):len(w)], key), visit)
		}
	case []any:
		if len(tree) > 0 {
			eachWay(tree[0], append(w[:len(w):len(w)], ""), visit)
		}
	}
}

// around is the mapping or the list that has the last step of the way, nil if there is none.
func (w way) around(tree any) any {
	for _, step := range w[:len(w)-1] {
		switch here := tree.(type) {
		case map[string]any:
			tree = here[step]
		case []any:
			if step != "" || len(here) == 0 {
				return nil
			}
			tree = here[0]
		default:
			return nil
		}
	}
	return tree
}

func (w way) get(tree any) any {
	switch around := w.around(tree).(type) {
	case map[string]any:
		return around[w[len(w)-1]]
	case []any:
		return around[0]
	}
	return nil
}

// set gives the value at the end of the way another one, and reports whether the way leads there.
func (w way) set(tree, value any) bool {
	last := w[len(w)-1]
	switch around := w.around(tree).(type) {
	case map[string]any:
		around[last] = value
		return last != ""
	case []any:
		if last == "" && len(around) > 0 {
			around[0] = value
			return true
		}
	}
	return false
}

func (w way) remove(tree any) {
	if around, is := w.around(tree).(map[string]any); is {
		delete(around, w[len(w)-1])
	}
}

func decoded(text string) any {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}

func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

func accepts(t *testing.T, s *jsonschema.Schema, text []byte) bool {
	t.Helper()
	return validate(s, text) == nil
}

func encode(t *testing.T, tree any) []byte {
	t.Helper()
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func copied(tree any) any {
	switch tree := tree.(type) {
	case map[string]any:
		one := map[string]any{}
		for key, value := range tree {
			one[key] = copied(value)
		}
		return one
	case []any:
		one := make([]any, len(tree))
		for i, value := range tree {
			one[i] = copied(value)
		}
		return one
	}
	return tree
}

// changed changes something somewhere in a tree. Other is another one, of which parts are taken.
func changed(random *rand.Rand, tree, other any) any {
	if mapping, is := tree.(map[string]any); is && len(mapping) > 0 && random.IntN(10) > 0 {
		keys := slices.Sorted(maps.Keys(mapping))
		key := keys[random.IntN(len(keys))]
		others, _ := other.(map[string]any)
		switch random.IntN(8) {
		case 0:
			delete(mapping, key)
		case 1:
			mapping[key+"s"] = mapping[key]
			if random.IntN(2) == 0 {
				delete(mapping, key)
			}
		case 2, 3:
			for _, key := range slices.Sorted(maps.Keys(others)) {
				if random.IntN(len(others)) == 0 {
					mapping[key] = copied(others[key])
				}
			}
		default:
			mapping[key] = changed(random, mapping[key], others[key])
		}
		return mapping
	}
	if list, is := tree.([]any); is && len(list) > 0 && random.IntN(10) > 0 {
		i := random.IntN(len(list))
		others, _ := other.([]any)
		switch random.IntN(6) {
		case 0:
			return slices.Delete(list, i, i+1)
		case 1:
			return append(list, copied(list[i]))
		case 2:
			if len(others) > 0 {
				return append(list, copied(others[random.IntN(len(others))]))
			}
		}
		var there any
		if len(others) > 0 {
			there = others[random.IntN(len(others))]
		}
		list[i] = changed(random, list[i], there)
		return list
	}
	return decoded(samples[random.IntN(len(samples))])
}

var fineTopologies = []string{
	`{name: t, description: d, source: s, measured: m, regions: [a, b-c, d], rtt: {a-b-c: 5ms, a: {d: 6ms}, b-c: {d: 7ms}, d-d: 0.4ms}, mdev: 1ms}`,
	`{rtt: {a-b: 5ms, b-c: 1m, a-c: 0s}}`,
	`{regions: [a, b], rtt: [[0s], [5ms, 0s]]}`,
	`{regions: [a, b], rtt: [[0s, 5ms], [5ms, 0s]], mdev: 0s}`,
	`{links: [{from: a, to: b, avg: 5ms}, {from: b, to: c, min: 1ms, avg: 5ms, max: 6ms, mdev: 1ms, one_way: 3ms}]}`,
	`{name: t, regions: [a, b], links: [{from: a, to: b, avg: 5ms, mdev: 0s}]}`,
}

// fineExperiments are those that are shipped, and others that have all keys together.
func fineExperiments(t *testing.T) []string {
	t.Helper()
	const three = "regions: [us-east-1, eu-west-1, ap-northeast-1]\n"
	all := []string{
		"topology: {regions: [us-east-1, eu-west-1, ap-northeast-1], rtt: [[0s], [70ms, 0s], [150ms, 200ms, 0s]]}\nprotocols: [raft]\n",
		"name: n\ntopology: aws-2020-06-05\n" + three + `
protocols:
  - {name: raft, leader: us-east-1, options: {prevote: on, checkquorum: true, revert: "off", reads: lease, transfer: off}}
  - {name: multipaxos, leader: auto, options: {phase1: auto, phase2: 2, preferred: on}}
  - {name: mmp3, options: {batch: 5ms, reads: quorum, kept: 1024}}
  - {name: mmp3, options: {batch: off, kept: "100"}}
  - {name: paxos, options: {revert: on}}
load: {arrivals: constant, rate: {us-east-1: 5/s, eu-west-1: 300/min, ap-northeast-1: 1/s}, reads: 5%, versions: 1%, ask: leader, retry: 1s,
  duration: 5s, warmup: 0s, timeout: 2s, value_size: 4KiB, keys: {count: 100, distribution: zipf, exponent: 1.5, conflicts: 5%}}
network: {local: 0.5ms, jitter: true, loss: 1%, rate: 100Mbit/s, queue: 64KiB, reorder: true}
transport: {kind: quic, mode: stream-per-batch}
durability: fsync
world: sim
repeats: 2
seed: 7
simulation: {command_cost: 1us, batch_cost: 1us, byte_cost: 2.5ns, sync_cost: 1ms, processors: 2, message_cost: 5us, persist_cost: 1ms, doubled: 1%}
thresholds: {p50_above_floor: 3ms, p99_above_floor: 50ms}
faults:
  - {at: 1s, crash: leader, for: 1s}
  - {at: 1s, restart: all}
  - {at: 1s, partition: [[us-east-1], [eu-west-1, ap-northeast-1]]}
  - {at: 1s, cut: [us-east-1, eu-west-1]}
  - {at: 1s, isolate: random}
  - {at: 1s, heal: true}
  - {at: 1s, loss: 5%}
  - {at: 1s, delay: 5ms}
  - {at: 1s, slow: {region: us-east-1, by: 5ms}}
  - {at: 1s, skew: {region: us-east-1, rate: 50%}}
`,
		"topology: aws-2020-06-05\nreplicas: [us-east-1, eu-west-1, ap-northeast-1]\nclients: [us-east-1, us-west-2]\nsweep: {load.rate: [5/s, 10/s]}\nnetwork: {local: measured}\n",
		"topology: aws-2020-06-05\n" + three + "load: {arrivals: closed, clients: 5, think_time: 1s, commands: 10}\nsweep: {load.keys.conflicts: [0%, 5%]}\n",
		"topology: aws-2020-06-05\n" + three + "load: {reads: 10%, rmw: {share: 20%, atomic: false}, sizes: {distribution: uniform, min: 1B, max: 1KiB}, keys: {distribution: latest, exponent: 0.5}}\n",
		"topology: aws-2020-06-05\n" + three + "load: {sizes: {distribution: lognormal, min: 1B, max: 1KiB, median: 200B, spread: 3}, keys: {distribution: hotspot, hot_keys: 5, hot_share: 90%, foreign: 5%}}\n",
		"topology: aws-2020-06-05\n" + three + "load: {keys: {distribution: zipf}, sizes: {distribution: table, table: {64B: 9, 4KiB: 0.5}}}\nsweep: {load.keys.exponent: [0.5, 1]}\n",
		"topology: aws-2020-06-05\n" + three + "load: {mix: ycsb-f, rmw: {atomic: true}, keys: {exponent: 1}}\nprotocols: [{name: raft, label: mine, quorum: \"majority(us-east-1, eu-west-1, ap-northeast-1)\"}, {name: multipaxos, quorum: {phase1: \"2 of (us-east-1, eu-west-1, ap-northeast-1)\"}}]\n",
		"topology: aws-2020-06-05\n" + three + "protocols: [{system: etcd, leader: auto}, {system: command, label: mine, leader: us-east-1, command: {argv: [store, \"{address}\"], env: {A: b}, " +
			"peer: \"n{index}\", client: http, port: 80, path: /keys/, ready: write, promise: sequential, floor: raft, no_failover: true}}]\n",
		"topology: aws-2020-06-05\n" + three + "protocols: [{system: command, command: {argv: [store], client: resp, port: 6379, promise: nothing, floor: async}}]\n",
		"topology: aws-2020-06-05\n" + three + "load: {keys: {exponent: 1}}\nsweep: {load.mix: [ycsb-a, ycsb-d]}\n",
		"topology: aws-2020-06-05\n" + three + "load: {arrivals: saturate, rate: 100/s, slo: {p50: 200ms, p99: 300ms}, precision: 5%}\n",
		"topology: aws-2020-06-05\n" + three + "load: {arrivals: step, peak: 2.5, steps: 5}\nsweep: {durability: [memory, fsync]}\n",
		"topology: aws-2020-06-05\n" + three + "load: {arrivals: burst, peak: 2, every: 1s, burst: 100ms}\nsweep: {network.jitter: [true, false]}\n",
		"topology: aws-2020-06-05\n" + three + "load: {arrivals: day, every: 5s, hours: {us-east-1: -5, eu-west-1: 0.5}}\nsweep: {load.keys.count: [5, 10, 20]}\n",
	}
	for _, fault := range []string{"restart: all", "partition: [[us-east-1]]", "cut: [us-east-1, eu-west-1]", "isolate: random", "heal: true", "loss: 5%",
		"delay: 5ms", "slow: {region: us-east-1, by: 5ms}", "skew: {region: us-east-1, rate: 50%}"} {
		all = append(all, "topology: aws-2020-06-05\n"+three+"faults: [{at: 1s, "+fault+"}]\n")
	}
	for _, name := range configs.Experiments() {
		text, err := configs.Experiment(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}
