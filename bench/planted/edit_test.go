package planted

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/bench/variants"
)

const toy = `package toy

type replica struct{ votes, needed int }

func (r *replica) onVote(from int, yes bool) (done bool) {
	if /* a vote */ yes &&
		from >= 0 && !done {
		r.votes++ // counted
	}
	switch {
	case r.votes >= r.needed:
		r.announce(from, result{votes: r.votes, from: from})
		return true
	}
	r.announce(from, result{})
	r.votes = r.votes
	return false
}

func (r *replica) announce(to int, all ...any) {
	if to < 0 {
		return
	}
	r.send(all...)
}

func (r *replica) send(all ...any) {}

type result struct{ votes, from int }
`

// sources are a module with the package protocols/toy.
func sources(t *testing.T) *variants.Sources {
	t.Helper()
	folder := t.TempDir()
	dir := filepath.Join(folder, "protocols", "toy")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "toy.go"), []byte(toy), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := variants.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEdits(t *testing.T) {
	onVote, announce := in("toy.replica.onVote"), in("toy.replica.announce")
	for _, c := range []struct {
		edit     Edit
		old, new string // of the text
	}{
		{onVote.replace(`r.votes >= r.needed`, `r.votes > r.needed`), `r.votes >= r.needed`, `(r.votes > r.needed)`},
		{onVote.replace(`r.votes++`, `r.votes += 2`), `r.votes++`, `r.votes += 2`},
		{onVote.replace(`return true`, `r.votes = 0; return true`), `return true`, `r.votes = 0; return true`},
		{onVote.replace(`if yes && from >= 0 && !done { _ }`, `if yes { _ }`),
			"if /* a vote */ yes &&\n\t\tfrom >= 0 && !done {", "if yes {"},
		{onVote.drop(`from >= 0`), "yes &&\n\t\tfrom >= 0 ", "yes "},
		{onVote.drop(`yes`), "yes &&\n\t\tfrom >= 0", "from >= 0"},
		{onVote.drop(`!done`), "from >= 0 && !done", "from >= 0"},
		{onVote.drop(`r.announce(from, result{})`), "r.announce(from, result{})", ""},
		{onVote.drop(`r.announce(from, result{}); r.votes = r.votes`), "r.announce(from, result{})\n\tr.votes = r.votes", ""},
		{onVote.drop(`votes: r.votes`), "votes: r.votes, ", ""},
		{onVote.drop(`from: from`), "votes: r.votes, from: from", "votes: r.votes, "},
		{onVote.negate(`r.votes >= r.needed`), `r.votes >= r.needed`, `!(r.votes >= r.needed)`},
		{onVote.before(`return true`, `r.votes = 0`), `return true`, "r.votes = 0\nreturn true"},
		{onVote.after(`r.votes++`, `r.needed--`), `r.votes++`, "r.votes++\nr.needed--"},
		{onVote.inCase(`(r.votes) >= r.needed`, `r.votes++`), `r.needed:`, "r.needed:\nr.votes++\n"},
		{announce.first(`r.votes = 0`), "to int, all ...any) {", "to int, all ...any) {\nr.votes = 0\n"},
		{announce.replace(`r.send(all...)`, `r.send(all)`), `r.send(all...)`, `r.send(all)`},
		{in("toy.replica").field(`before int`), `votes, needed int }`, "votes, needed int before int\n}"},
	} {
		s := sources(t)
		resolved, err := c.edit.resolve(s)
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.Count(toy, c.old) != 1 {
			t.Fatalf("%q is not in the toy once", c.old)
		}
		p, err := s.Package("protocols/toy")
		if err != nil {
			t.Fatal(err)
		}
		file := p.Files[0].Syntax
		got := s.Text(file.FileStart, resolved.Pos) + resolved.New + s.Text(resolved.End, file.FileEnd)
		if want := strings.Replace(toy, c.old, c.new, 1); got != want {
			t.Errorf("the edit that %s makes:\n%s", c.edit.describe(), got)
		}
	}
}

// What cannot be found is told so that the row can be mended.
func TestAnchorsThatAreGone(t *testing.T) {
	onVote := in("toy.replica.onVote")
	for _, c := range []struct {
		edit Edit
		want string
	}{
		{in("toy.replica.onVotes").drop(`r.votes++`), "package toy has no replica.onVotes; methods of that type are onVote, announce, send"},
		{in("toy.voter.onVote").drop(`r.votes++`), "package toy has no voter.onVote; it has replica.onVote"},
		{in("toy.count").drop(`r.votes++`), "package toy has no count; has it been renamed?"},
		{in("toys.replica.onVote").drop(`r.votes++`), "has the package moved?"},
		{onVote.drop(`r.votes--`), "replica.onVote (protocols/toy/toy.go:5) does not have this any more, and no function of the package does"},
		{onVote.drop(`r.send(all...)`), "it is in replica.announce, protocols/toy/toy.go:24"},
		{onVote.replace(`r.votes`, `0`), "replica.onVote has this 5 times (protocols/toy/toy.go:8,"},
		{onVote.replace(`r.announce(from, result{})`, `r.`), "is no Go expression and no statements"},
		{in("toy.result2").field(`before int`), "package toy has no struct type result2"},
	} {
		_, err := c.edit.resolve(sources(t))
		switch {
		case err == nil:
			t.Errorf("the edit that %s is found", c.edit.describe())
		case !strings.Contains(err.Error(), c.want):
			t.Errorf("told: %v\nwanted: … %s …", err, c.want)
		case !strings.Contains(err.Error(), "edit_test.go:"):
			t.Errorf("told without the row: %v", err)
		}
	}
}
