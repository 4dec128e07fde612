package quorum_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"quorumbench/protocols/quorum"
)

var names = []string{"a", "b", "c", "d", "e", "f", "us east, (1)", "東京#2", "of"}

func find(name string) (int32, bool) {
	at := slices.Index(names, name)
	return int32(at), at >= 0
}

func name(replica int32) string { return names[replica] }

func set(of string) (s quorum.Set) {
	for _, word := range strings.Fields(of) {
		replica, known := find(word)
		if !known {
			panic(word)
		}
		s.Add(replica)
	}
	return s
}

// Each expression has these smallest quorums, and no others, among the sets that are tried.
func TestExpressions(t *testing.T) {
	for _, c := range []struct{ text, canonical, are, areNot string }{
		{"a", "a", "a", "b c d"},
		{" majority( a , b,c ) ", "majority(a,b,c)", "a b; b c", "a; b; a d"},
		{"2 of (a,b,c,d)", "2 of (a,b,c,d)", "a b; c d", "a"},
		{"majority(a=3,b=2,c)", "majority(a=3,b=2,c)", "a b; a c", "a; b c"},
		{"4 of (a=3, b=2, c, d)", "4 of (a=3,b=2,c,d)", "a c; b c d", "a; b c"},
		{"majority(majority(a,b,c),majority(d,e,f),of)", "majority(majority(a,b,c),majority(d,e,f),of)", "a b d e; a c of", "a b c; a b c d; a d of"},
		{"joint({a,b,c},{d,b,c})", "all(majority(a,b,c),majority(d,b,c))", "b c; a d b", "a b; d c"},
		{"joint({a, b,c})", "majority(a,b,c)", "a b", "c"},
		{"grid({a,b},{c,d})", "all(any(2 of (a,b),2 of (c,d)),all(1 of (a,b),1 of (c,d)))", "a b c; d c b", "a b; a c; b d"},
		{"rows({a,b},{c,d})", "any(2 of (a,b),2 of (c,d))", "a b; c d", "a c; b d"},
		{"columns({a,b},{c,d})", "all(1 of (a,b),1 of (c,d))", "a c; b d", "a b; c d"},
		{"any(all(a,b),c)", "any(2 of (a,b),c)", "a b; c", "a; b"},
		{`majority("us east, (1)",東京#2,of)`, `majority("us east, (1)",東京#2,of)`, "東京#2 of", "of"},
	} {
		s, err := quorum.Parse(c.text, find)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := s.Text(name); !alike(t, got, c.canonical) {
			t.Errorf("%s prints itself as %s", c.text, got)
		}
		for _, one := range strings.Split(c.are, ";") {
			if !s.IsQuorum(set(one)) {
				t.Errorf("%s: %s is no quorum", c.text, one)
			}
		}
		for _, one := range strings.Split(c.areNot, ";") {
			if s.IsQuorum(set(one)) {
				t.Errorf("%s: %s is a quorum", c.text, one)
			}
		}
	}
}

// alike tells whether two expressions are the same but for the order of replicas, which a set does not keep.
func alike(t *testing.T, a, b string) bool {
	t.Helper()
	first, err := quorum.Parse(a, find)
	if err != nil {
		t.Fatalf("%s: %v", a, err)
	}
	second, err := quorum.Parse(b, find)
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return first.Text(name) == second.Text(name)
}

func TestTextReadsAsTheSameSystem(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		n := 1 + random.IntN(len(names))
		s := drawn(random, n, 3)
		if len(s.Text(name)) > 8<<10 {
			return // longer than what is accepted
		}
		again, err := quorum.Parse(s.Text(name), find)
		if err != nil {
			t.Fatalf("%s: %v", s.Text(name), err)
		}
		for of := range quorum.First(n) + 1 {
			if s.IsQuorum(of) != again.IsQuorum(of) {
				t.Fatalf("%s reads as %s", s.Text(name), again.Text(name))
			}
		}
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		text   string
		column int
		want   string
	}{
		{"", 1, "found the end"},
		{"majority(a,b", 13, `found the end; accepted: "," or ")"`},
		{"majority()", 10, `found ")"`},
		{"majority(a,,b)", 12, `found ","`},
		{"majority(a,x)", 12, `found "x", which is no replica`},
		{"majority(a,a)", 12, "found a a second time"},
		{"majority(東京#2,a,東京#2)", 17, "found 東京#2 a second time"},
		{"majority(a,b) c", 15, `found "c" behind the expression`},
		{"4 of (a,b,c)", 1, "found 4; accepted: 1 to 3"},
		{"0 of (a,b,c)", 1, "found 0; accepted: 1 to 3"},
		{"99999999999999999999 of (a,b)", 1, "accepted: 1 to 2"},
		{"2 of a", 1, `found "2 of" and no bracket behind it`},
		{"most(a,b)", 1, `found "most" before a bracket`},
		{"majority(a=0,b)", 12, `found the weight "0"`},
		{"majority(a=-1,b)", 12, `found the weight "-1"`},
		{"majority(a=99999999,b)", 12, "accepted: 1 to 32767"},
		{"majority(a=20000,b=20000)", 18, "found weights of 40000 together"},
		{"all(a=2,b)", 1, "found weights in all(…)"},
		{"joint(a,b)", 7, `found "a"; accepted: "{"`},
		{"joint({a,b},{a,a})", 16, "found a a second time"},
		{"joint({a,b} {a})", 13, `found "{"; accepted: ","`},
		{"joint({})", 8, `found "}"`},
		{`majority("a,b)`, 10, "none that closes it"},
		{strings.Repeat("all(a,", 20), 101, "found systems 17 deep"},
		{strings.Repeat("all(a,", 14) + "grid({a,b},{b,c})", 85, "found grid(…) with systems 17 deep"},
		{strings.Repeat("a", 9000), 1, "found an expression of 9000 bytes"},
		{"a\xff", 1, "no UTF-8"},
	} {
		_, err := quorum.Parse(c.text, find)
		var refused *quorum.SyntaxError
		if !errors.As(err, &refused) || refused.Column != c.column || !strings.Contains(refused.Text, c.want) || !strings.Contains(refused.Text, "accepted: ") {
			t.Errorf("%q: found %v at %+v, want %q in column %d", c.text, err, refused, c.want, c.column)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"majority(majority(a,b,c),2 of (d=2,e,f))", `joint({a,b},{"us east, (1)",d})`, "grid({a,b},{c,d})", "3 of(a,b,of)", "joint({a},{a})", strings.Repeat("all(a,", 13) + "grid({a,b},{b,c})" + strings.Repeat(")", 13)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := quorum.Parse(text, find)
		if err != nil {
			return
		}
		if len(s.Text(name)) > 8<<10 {
			return // longer than what is accepted
		}
		again, err := quorum.Parse(s.Text(name), find)
		if err != nil || again.Text(name) != s.Text(name) {
			t.Errorf("%q reads as %s, and that as %v, %v", text, s.Text(name), again, err)
		}
		if !s.IsQuorum(s.Members()) {
			t.Errorf("%q has no quorum at all", text)
		}
	})
}
