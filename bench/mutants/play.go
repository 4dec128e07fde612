package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"quorumbench/bench/variants"
)

// verdict is what became of a mutant.
type verdict struct {
	mutant
	Driver string // that it was caught in
	Seed   uint64 // of the life that caught it, 0: none did
	By     string // the checks that failed; empty: it survives
	Lives  uint64 // played, of each driver
	Test   string // of a survivor: the package's own test that fails
}

// player plays mutants.
type player struct {
	program   string
	drivers   []string
	seeds     uint64
	scenarios bool
	indices   []int   // of the mutants, among those that all shards try
	keeper    *keeper // may be nil
}

// playOnce is play for a mutant of which no earlier process has told what became of it. It stores that.
func (p *player) playOnce(ctx context.Context, index int, m mutant) (verdict, error) {
	if f := p.keeper.before(index); f != nil {
		v := f.verdict()
		v.ID, v.edit, v.Test = m.ID, m.edit, ""
		return v, nil
	}
	v, err := p.play(ctx, m)
	if err == nil {
		err = p.keeper.keep(index, &v)
	}
	return v, err
}

// limits end a life that does not: how long none may come to its end, and how much memory the program
// may use.
var limits = []string{"-stuck", "60s", "-memory", "2000", "-procs", "1"}

// play plays lives of the drivers, one after the other, and then their scenarios, until the mutant is
// caught.
func (p *player) play(ctx context.Context, m mutant) (verdict, error) {
	v := verdict{mutant: m}
	try := func(driver string, arguments ...string) error {
		out, err := variants.Search(ctx, p.program, m.ID, append(limits, arguments...)...)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, variants.ErrDied):
			v.Driver, v.By = driver, "died: "+why(err)
		case err != nil:
			return err
		case len(out.Failed) > 0:
			v.Driver, v.Seed, v.By = driver, out.Seed, strings.Join(out.Failed, ", ")
		}
		if out != nil {
			v.Lives = max(v.Lives, out.Tally.Lives)
		}
		return nil
	}
	for _, driver := range p.drivers {
		if err := try(driver, "lives", driver, "1", fmt.Sprint(p.seeds)); err != nil || v.By != "" {
			return v, err
		}
	}
	if !p.scenarios {
		return v, nil
	}
	for _, driver := range p.drivers {
		if err := try(driver, "scenarios", driver); err != nil || v.By != "" {
			return v, err
		}
	}
	return v, nil
}

// why is the line that tells why a program died.
func why(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	for _, line := range lines {
		if strings.HasPrefix(line, "search:") || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			return line
		}
	}
	return lines[0]
}
