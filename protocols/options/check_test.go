package options_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/protocols/options"
)

func TestCheckTellsMistakesInTags(t *testing.T) {
	for _, c := range []struct {
		name    string
		options any
		want    string // a part of the error; empty: none
	}{
		{"no options", nil, ""},
		{"none wrong", &struct {
			Batch time.Duration `option:"batch" range:"0s..1m" zero:"off" tries:"off,7ms" help:"how long"`
			Order string        `option:"order" accepts:"near,number" tries:"default,number" help:"who follows whom"`
			Kept  int           // no option
		}{Order: "near"}, ""},
		{"a tag of another name", &struct {
			Order string `option:"order" values:"near,number" help:"who follows whom"`
		}{"near"}, "option order: found the tag values"},
		{"any word", &struct {
			Order string `option:"order" help:"who follows whom"`
		}{"near"}, "option order: a string needs its words"},
		{"no help", &struct {
			Fast bool `option:"fast"`
		}{}, "option fast: it has no tag help"},
		{"not exported", &struct {
			fast bool `option:"fast" help:"quicker"`
		}{fast: true}, "option fast: its field is not exported"},
		{"the default", &struct {
			Copies int `option:"copies" range:"1..n" unit:"replicas" help:"how many"`
		}{}, "option copies: its default 0 is not accepted with 3 replicas; accepted: 1 to 3 replicas"},
		{"a value to try", &struct {
			Copies int `option:"copies" range:"1..n" tries:"1,4" help:"how many"`
		}{1}, "option copies: it tries 4, which is not accepted"},
	} {
		switch err := options.Check(c.options, 3); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: found %v, want %q", c.name, err, c.want)
		}
	}
}
