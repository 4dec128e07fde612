package outside_test

import (
	"strings"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/outside"
	"quorumbench/protocols/registry"
)

func measure(t *testing.T, tables []outside.Table) *outside.Report {
	t.Helper()
	report, err := outside.Measure(t.Context(), tables, registry.Drivers, false, bench.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range report.Invalid {
		t.Error(reason)
	}
	return report
}

func TestOursAgreesWithThePublishedFigures(t *testing.T) {
	report := measure(t, outside.Tables)
	for _, line := range report.Missed() {
		t.Error(line)
	}
	seen := map[string]bool{}
	for _, c := range report.Cells {
		seen[c.Table] = true
		t.Logf("%s, %s, %s, %s: %v, ours %v %v", c.Table, c.Row, c.Protocol, c.Client, c.Theirs, c.Floor, c.Sim)
	}
	for _, table := range outside.Tables {
		if !seen[table.Name] {
			t.Errorf("no figure of %s was compared", table.Name)
		}
	}
}

// A figure that is 10 % off is told as missed, by the floor and by the simulated run.
func TestAFigureThatIsOffIsTold(t *testing.T) {
	tables, err := outside.Find("epaxos-paper")
	if err != nil {
		t.Fatal(err)
	}
	row := tables[0].Rows[1]
	row.Cells = append([]outside.Published(nil), row.Cells...)
	row.Cells[1].Figure = row.Cells[1].Figure * 9 / 10
	tables[0].Rows = []outside.Row{row}
	missed := strings.Join(measure(t, tables).Missed(), "\n")
	if strings.Count(missed, "raft from VA") != 2*2 || strings.Contains(missed, "from CA") { // raft and etcdraft
		t.Errorf("told as missed:\n%s", missed)
	}
}

// Rows whose driver there is not yet are listed.
func TestRowsWithoutADriverWait(t *testing.T) {
	tables, err := outside.Find("fantoch")
	if err != nil {
		t.Fatal(err)
	}
	tables[0].Rows = []outside.Row{tables[0].Rows[0]}
	tables[0].Rows[0].Ours = append([]outside.Protocol{{Name: "carrier-pigeons"}}, tables[0].Rows[0].Ours...)
	report := measure(t, tables)
	if len(report.Waiting) != 1 || report.Waiting[0].Driver != "carrier-pigeons" || len(report.Cells) != 4 {
		t.Errorf("waiting are %v beside %d cells", report.Waiting, len(report.Cells))
	}
}

func TestUnknownTablesAreRefused(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{"epaxos-papr"}, `found no table "epaxos-papr"; accepted: epaxos-paper, epaxos-talk, fantoch, etcd-zones; did you mean epaxos-paper?`},
		{[]string{"fantoch", "fantoch"}, "found the table fantoch twice; accepted: once"},
	} {
		if _, err := outside.Find(c.names...); err == nil || err.Error() != c.want {
			t.Errorf("%v: %v, want %s", c.names, err, c.want)
		}
	}
}
