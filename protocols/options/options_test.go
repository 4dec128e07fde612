package options_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/protocols/options"
)

// shade has a text of its own.
type shade int

func (s *shade) UnmarshalText(text []byte) error {
	if !slices.Contains([]string{"light", "dark"}, string(text)) {
		return errors.New("found neither light nor dark")
	}
	*s = shade(len(text))
	return nil
}

func (s shade) MarshalText() ([]byte, error) {
	return []byte(map[shade]string{4: "dark", 5: "light"}[s]), nil
}

type all struct {
	Fast  bool          `option:"fast" tries:"off,on" help:"is faster"`
	Wait  time.Duration `option:"wait" range:"0s..1m" zero:"off" tries:"off,5ms"`
	Size  int           `option:"size" range:"1..n" unit:"replicas" default:"a majority" tries:"default,1..n"`
	Mode  string        `option:"mode" accepts:"log,lease" tries:"log,lease" trustsclocks:"lease" sequential:"lease"`
	Shade shade         `option:"shade"`
	inner int           // no option
}

func field(t *testing.T, of *all, name string) options.Field {
	t.Helper()
	fields := options.Fields(of)
	i := slices.IndexFunc(fields, func(f options.Field) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("found no option %s", name)
	}
	return fields[i]
}

func TestFieldsAreTheTaggedOnesInOrder(t *testing.T) {
	var names []string
	for _, f := range options.Fields(&all{inner: 1}) {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "fast wait size mode shade" {
		t.Errorf("found %s", got)
	}
	if options.Fields(nil) != nil {
		t.Error("nil has options")
	}
}

func TestTextsAreReadAndWritten(t *testing.T) {
	for _, c := range []struct {
		name, text, want string // want is empty for a text that is refused
	}{
		{"fast", "on", "on"}, {"fast", "true", "on"}, {"fast", "off", "off"}, {"fast", "false", "off"}, {"fast", "yes", ""},
		{"wait", "7ms", "7ms"}, {"wait", "0.007s", "7ms"}, {"wait", "off", "off"}, {"wait", "0s", "off"}, {"wait", "7", ""},
		{"size", "2", "2"}, {"size", "two", ""}, {"size", "2.5", ""},
		{"mode", "lease", "lease"},
		{"shade", "dark", "dark"}, {"shade", "grey", ""},
	} {
		made := all{Wait: time.Second, Shade: 5}
		f := field(t, &made, c.name)
		before := f.Text()
		switch ok := f.Set(c.text); {
		case ok != (c.want != ""):
			t.Errorf("%s: %s is read: %t", c.name, c.text, ok)
		case ok && f.Text() != c.want:
			t.Errorf("%s: %s is written %s, want %s", c.name, c.text, f.Text(), c.want)
		case !ok && f.Text() != before:
			t.Errorf("%s: %s is refused, and the value is %s", c.name, c.text, f.Text())
		}
	}
}

func TestRangesAndWordsAreKept(t *testing.T) {
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"wait", "1m", true}, {"wait", "61s", false}, {"wait", "-1ms", false}, {"wait", "off", true},
		{"size", "1", true}, {"size", "3", true}, {"size", "4", false}, {"size", "0", false},
		{"mode", "log", true}, {"mode", "index", false}, {"fast", "on", true},
	} {
		made := all{}
		f := field(t, &made, c.name)
		if !f.Set(c.text) || f.IsAccepted(3) != c.ok {
			t.Errorf("%s: %s is accepted: %t", c.name, c.text, !c.ok)
		}
	}
}

func TestOptionsDescribeThemselves(t *testing.T) {
	made := all{Size: 2, Mode: "log", Shade: 4}
	for _, c := range []struct{ name, accepted, inAny, def, tries, clocks, help string }{
		{"fast", "on, off", "on, off", "off", "off on", "", "is faster"},
		{"wait", "a duration from 0s to 1m, off", "a duration from 0s to 1m, off", "off", "off 5ms", "", ""},
		{"size", "1 to 3 replicas", "1 to n replicas", "a majority", "2 1 3", "", ""},
		{"mode", "log, lease", "log, lease", "log", "log lease", "lease", ""},
		{"shade", "", "", "dark", "", "", ""},
	} {
		f := field(t, &made, c.name)
		for _, text := range [][2]string{
			{f.Accepted(3), c.accepted}, {f.Accepted(0), c.inAny}, {f.Default(), c.def}, {strings.Join(f.Tries(3), " "), c.tries},
			{strings.Join(f.TrustsClocks(), " "), c.clocks}, {f.Help(), c.help},
		} {
			if text[0] != text[1] {
				t.Errorf("%s: found %q, want %q", c.name, text[0], text[1])
			}
		}
	}
}

func TestReadsAreSequentialByWhatWasChosen(t *testing.T) {
	for made, want := range map[any]bool{nil: false, &all{Mode: "log"}: false, &all{Mode: "lease"}: true} {
		if got := options.AreSequential(made); got != want {
			t.Errorf("of %+v, reads are sequentially consistent only: %t", made, got)
		}
	}
}
