package strictyaml_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"quorumbench/configs/strictyaml"
)

// experiment has a field of every sort.
type experiment struct {
	Name      string             `yaml:"name,required"`
	Verify    bool               `yaml:"verify"`
	Clients   int                `yaml:"clients"`
	Small     uint8              `yaml:"small"`
	Share     float64            `yaml:"share"`
	Duration  time.Duration      `yaml:"duration"`
	Regions   []string           `yaml:"regions"`
	Weights   map[string]float64 `yaml:"weights"`
	Load      load               `yaml:"load"`
	Optional  *load              `yaml:"optional"`
	Level     level              `yaml:"level"`
	Protocols []protocol         `yaml:"protocols"`
	Untouched string
}

type load struct {
	Rate    float64       `yaml:"rate,required"`
	Timeout time.Duration `yaml:"timeout"`
}

// level reads itself from a text.
type level int

var errLevel = errors.New("accepted: low, high")

func (l *level) UnmarshalText(text []byte) error {
	switch string(text) {
	case "low":
		*l = 1
	case "high":
		*l = 2
	default:
		return fmt.Errorf("found the level %q; %w", text, errLevel)
	}
	return nil
}

// protocol is a word or a mapping.
type protocol struct {
	Name   string `yaml:"name,required"`
	Leader string `yaml:"leader"`
}

func (p *protocol) UnmarshalNode(n *strictyaml.Node) error {
	if n.IsScalar() {
		p.Name = n.Text()
		return nil
	}
	type plain protocol
	return n.Decode((*plain)(p))
}

const full = `# an experiment
name: first
verify: true
clients: 1_000
small: 0xff
share: 1e-3
duration: 1m30s
regions: [us-east-1, "5"]
weights:
  us-east-1: 1
  eu-west-1: 2.5
load: {rate: 100, timeout: 2s}
optional:
  rate: 7
level: high
protocols:
  - paxos
  - {name: raft, leader: us-east-1}
`

func TestDecodeReadsEverySortOfValue(t *testing.T) {
	got := experiment{Untouched: "kept"}
	if _, err := strictyaml.Decode("full.yaml", []byte(full), &got); err != nil {
		t.Fatal(err)
	}
	want := experiment{
		Name: "first", Verify: true, Clients: 1000, Small: 255, Share: 0.001, Duration: 90 * time.Second,
		Regions:   []string{"us-east-1", "5"},
		Weights:   map[string]float64{"us-east-1": 1, "eu-west-1": 2.5},
		Load:      load{100, 2 * time.Second},
		Optional:  &load{Rate: 7},
		Level:     2,
		Protocols: []protocol{{Name: "paxos"}, {"raft", "us-east-1"}},
		Untouched: "kept",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestWhatIsLeftOutKeepsItsDefault(t *testing.T) {
	got := experiment{Clients: 3, Load: load{Timeout: time.Second}}
	if _, err := strictyaml.Decode("f.yaml", []byte("name: a\nload: {rate: 1}"), &got); err != nil {
		t.Fatal(err)
	}
	if got.Clients != 3 || got.Load != (load{1, time.Second}) {
		t.Errorf("got %+v", got)
	}
}

func TestMistakesAreToldWithPlaceAndRemedy(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"unknown key", "name: a\nclinets: 3", `2:1: found the unknown key "clinets"; accepted: name, verify, clients, ` +
			`small, share, duration, regions, weights, load, optional, level, protocols; did you mean clients?`},
		{"unknown key, nothing near", "name: a\nload: {rate: 1, x: 2}", `2:17: found the unknown key "x"; accepted: rate, timeout`},
		{"unknown key in a list", "name: a\nprotocols:\n  - {name: raft, laeder: b}",
			`3:18: found the unknown key "laeder"; accepted: name, leader; did you mean leader?`},
		{"key twice", "name: a\nname: b", `2:1: found the key "name" twice; accepted: once`},
		{"key of a map twice", "name: a\nweights:\n  b: 1\n  b: 2", `4:3: found the key "b" twice; accepted: once`},
		{"key missing", "verify: true", `1:1: found no key "name"; accepted: a text`},
		{"key missing further in", "name: a\nload:\n  timeout: 1s", `3:3: found no key "rate"; accepted: a number`},
		{"nothing", "name:", `1:7: found nothing; accepted: a text`},

		{"number for a text", "name: 5", `1:7: found 5; accepted: a text; did you mean "5", in quotes?`},
		{"list for a text", "name: [a]", `1:7: found a list; accepted: a text`},
		{"yes for a boolean", "name: a\nverify: yes", `2:9: found "yes"; accepted: true or false`},
		{"text for an integer", "name: a\nclients: many", `2:10: found "many"; accepted: a whole number`},
		{"fraction for an integer", "name: a\nclients: 1.5", `2:10: found 1.5; accepted: a whole number`},
		{"integer too great", "name: a\nsmall: 256", `2:8: found 256; accepted: a whole number from 0 to 255`},
		{"negative", "name: a\nsmall: -1", `2:8: found -1; accepted: a whole number from 0 to 255`},
		{"text for a number", "name: a\nshare: half", `2:8: found "half"; accepted: a number`},
		{"number in quotes", "name: a\nshare: '0.5'", `2:8: found "0.5"; accepted: a number`},
		{"infinite", "name: a\nshare: .inf", `2:8: found ".inf"; accepted: a number`},
		{"infinite, in Go's spelling", "name: a\nshare: inf", `2:8: found "inf"; accepted: a number`},
		{"duration without a unit", "name: a\nduration: 10",
			`2:11: found 10 without a unit; accepted: a duration with its unit, such as 10s or 250ms; did you mean 10s?`},
		{"duration of an unknown unit", "name: a\nduration: 10sec",
			`2:11: found "10sec"; accepted: a duration with its unit, such as 10s or 250ms`},
		{"mapping for a list", "name: a\nregions: {b: c}", `2:10: found a mapping; accepted: a list`},
		{"list for a mapping", "name: a\nweights: [b]", `2:10: found a list; accepted: a mapping`},
		{"word for a mapping", "name: a\nload: heavy", `2:7: found "heavy"; accepted: a mapping with rate, timeout`},
		{"word for an optional mapping", "name: a\noptional: heavy", `2:11: found "heavy"; accepted: a mapping with rate, timeout`},
		{"list for the file", "- a", `1:1: found a list; accepted: a mapping with name, verify, clients, ` +
			`small, share, duration, regions, weights, load, optional, level, protocols`},
		{"value in a map", "name: a\nweights:\n  b: c", `3:6: found "c"; accepted: a number`},
		{"long value", "name: a\nverify: " + strings.Repeat("é", 101), `2:9: found "` + strings.Repeat("é", 100) + `"…; accepted: true or false`},
		{"item of a list", "name: a\nregions:\n  - b\n  - [c]", `4:5: found a list; accepted: a text`},
		{"refused by the type", "name: a\nlevel: middle", `2:8: found the level "middle"; accepted: low, high`},
		{"list for a word", "name: a\nlevel: [low]", `2:8: found a list; accepted: a word`},

		{"empty", "", `1:1: found an empty document; accepted: a mapping of keys to values`},
		{"comment only", "# nothing\n", `1:1: found an empty document; accepted: a mapping of keys to values`},
		{"two documents", "name: a\n---\nname: b", `2:1: found a second document; accepted: one document a file`},
		{"two documents, the first ended", "name: a\n...\nname: b", `3:1: found a second document; accepted: one document a file`},
		{"two ends", "---\nname: a\n...\n...", `4:1: found the end of a second document; accepted: one document a file`},
		{"bracket open", "name: a\nregions: [b", `2:10: found what is not YAML: sequence end token ']' not found`},
		{"tab", "name: a\n\tverify: true", `2:1: found what is not YAML: found character '	' that cannot start any token`},
		{"anchor", "name: &x a", `1:7: found a YAML anchor; accepted: plain values, lists and mappings`},
		{"alias", "name: *x", `1:7: found a YAML alias; accepted: plain values, lists and mappings`},
		{"tag", "name: !!str a", `1:7: found a YAML tag; accepted: plain values, lists and mappings`},
		{"merge key", "name: a\n<<: {verify: true}", `2:1: found a YAML merge key; accepted: plain values, lists and mappings`},
		{"directive", "%YAML 1.2\n---\nname: a", `1:1: found a YAML directive; accepted: plain values, lists and mappings`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var e experiment
			_, err := strictyaml.Decode("f.yaml", []byte(c.file), &e)
			if want := "f.yaml:" + c.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %v", err, want)
			}
		})
	}
}

func TestErrorOfATypeIsWrapped(t *testing.T) {
	_, err := strictyaml.Decode("f.yaml", []byte("name: a\nlevel: middle"), new(experiment))
	if !errors.Is(err, errLevel) {
		t.Errorf("%v is not the type's error", err)
	}
	var placed *strictyaml.Error
	if !errors.As(err, &placed) || placed.File != "f.yaml" || placed.Line != 2 || placed.Column != 8 {
		t.Errorf("the error is at %+v, want f.yaml:2:8", placed)
	}
}

func TestDocumentPointsAtValues(t *testing.T) {
	doc, err := strictyaml.Decode("full.yaml", []byte(full), new(experiment))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, at string }{
		{"name", "2:7"},
		{"load.rate", "12:14"},
		{"load.missing", "12:7"}, // the nearest around it that is there
		{"load.missing.further", "12:7"},
		{"missing", "2:1"},
		{"", "2:1"},
		{"weights.eu-west-1", "11:14"},
		{"regions[1]", "8:22"},
		{"regions[2]", "8:10"},
		{"regions[-1]", "8:10"},
		{"regions[x", "8:10"},
		{"protocols[0].leader", "17:5"},
		{"protocols[1].leader", "18:26"},
	} {
		want := "full.yaml:" + c.at + ": found it at " + c.path
		if err := doc.Errorf(c.path, "found it at %s", c.path); err.Error() != want {
			t.Errorf("got  %v\nwant %v", err, want)
		}
	}
}

func TestNearestFindsSlipsOnly(t *testing.T) {
	candidates := []string{"load", "loss", "us-east-1", "us-east-2", "Duration"}
	for _, c := range []struct{ word, want string }{
		{"laod", "load"}, // swapped
		{"lod", "load"},  // left out
		{"los", "loss"},
		{"loads", "load"}, // one too many
		{"us-est-1", "us-east-1"},
		{"us-east-3", "us-east-1"}, // the first of two
		{"duration", "Duration"},
		{"x", ""},
		{"", ""},
		{"something else", ""},
	} {
		if got := strictyaml.Nearest(c.word, candidates); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(full))
	for _, seed := range []string{"", "name: [a", "? [a]\n: b", "name: |\n  a\n b", "{", "- - -", "a: &b *b", "<<: 1", "\"\\", "a:\n\tb"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var e experiment
		doc, err := strictyaml.Decode("f.yaml", data, &e)
		if err == nil {
			doc.At("protocols[0].leader")
			return
		}
		var placed *strictyaml.Error
		if !errors.As(err, &placed) || placed.Line < 1 || placed.Column < 1 || strings.TrimSpace(placed.Msg) == "" {
			t.Fatalf("%q: no place in the error %#v", data, err)
		}
	})
}

func TestADocumentIsReadWithAnotherValue(t *testing.T) {
	doc, err := strictyaml.Decode("f.yaml", []byte("name: a\nload: {rate: 5}\nlevel: high\n"), new(experiment))
	if err != nil {
		t.Fatal(err)
	}
	if !doc.Has("load.rate") || doc.Has("load.clients") || doc.Has("level.of") || doc.Has("missing") {
		t.Error("Has is wrong about what is there")
	}
	for _, c := range []struct{ path, at, want string }{
		{"load.rate", "name", `1:7: found "a"; accepted: a number`},            // in place of what is there
		{"optional.rate", "load.rate", ""},                                     // made
		{"load.rat", "load.rate", `2:14: found the unknown key "rat"`},         // at the place of the value
		{"missing.rate", "load.rate", `2:14: found the unknown key "missing"`}, //
	} {
		err := doc.With(c.path, doc.At(c.at)).Decode(new(experiment))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "f.yaml:"+c.want)) {
			t.Errorf("%s: got %v, want %s", c.path, err, c.want)
		}
	}
	if err := doc.Decode(new(experiment)); err != nil {
		t.Errorf("the document was changed: %v", err)
	}
}

// Flow writes what reads as the same.
func TestFlowIsTheSameDocumentInALine(t *testing.T) {
	doc, err := strictyaml.Parse("full.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	line := doc.Root().Flow()
	if strings.Contains(line, "\n") {
		t.Errorf("more than a line: %s", line)
	}
	var want, got experiment
	if err := doc.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if _, err := strictyaml.Decode("line", []byte(line), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s\nreads as %+v, %v\nwant %+v", line, got, err, want)
	}
}

// A name of a file that holds a command for terminals is told in quotes.
func TestFileNamesAreToldWithoutCommandsForTerminals(t *testing.T) {
	_, err := strictyaml.Parse("a\x1b[2J\nb.yaml", nil)
	if want := `"a\x1b[2J\nb.yaml":1:1: found an empty document; accepted: a mapping of keys to values`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
