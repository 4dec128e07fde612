package reports

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// box is a rectangle at any angle, by its corners in turn; or a line, by its ends.
type box []vg.Point

// boxAround is a rectangle of the given size around a middle, turned by an angle.
func boxAround(middle vg.Point, width, height vg.Length, angle float64) box {
	sin, cos := math.Sincos(angle)
	along := vg.Point{X: width / 2 * vg.Length(cos), Y: width / 2 * vg.Length(sin)}
	across := vg.Point{X: -height / 2 * vg.Length(sin), Y: height / 2 * vg.Length(cos)}
	return box{
		middle.Sub(along).Sub(across), middle.Add(along).Sub(across),
		middle.Add(along).Add(across), middle.Sub(along).Add(across),
	}
}

// meets reports whether two boxes overlap: no edge of either has all of one on one side of it and
// all of the other on the other (the separating axis theorem).
func (b box) meets(other box) bool { return !b.separates(other) && !other.separates(b) }

func (b box) separates(other box) bool {
	for i, corner := range b {
		edge := b[(i+1)%len(b)].Sub(corner)
		normal := vg.Point{X: -edge.Y, Y: edge.X}
		least, most := b.along(normal)
		otherLeast, otherMost := other.along(normal)
		if most <= otherLeast || otherMost <= least {
			return true
		}
	}
	return false
}

// along is how far the box reaches in a direction.
func (b box) along(direction vg.Point) (least, most vg.Length) {
	least, most = vg.Length(math.Inf(1)), vg.Length(math.Inf(-1))
	for _, p := range b {
		reach := p.X*direction.X + p.Y*direction.Y
		least, most = min(least, reach), max(most, reach)
	}
	return least, most
}

// placer finds room for texts among lines and texts that have been placed.
type placer struct {
	texts      []box
	lines      []box
	collisions int // texts that lie on others
}

// What it costs a text to lie on another, to lie on a line, and to leave the page.
const (
	onText  = 100
	onLine  = 6
	offPage = 1000
)

// candidate is a text in a place, and what is to be said against it beforehand.
type candidate struct {
	writing
	cost float64
}

// place takes the best of the candidates, the first of equals.
func (p *placer) place(candidates []candidate) writing {
	best, least := -1, math.Inf(1)
	for i := range candidates {
		if cost := p.cost(&candidates[i], least); cost < least {
			best, least = i, cost
		}
	}
	chosen := candidates[best].writing
	if slices.ContainsFunc(p.texts, chosen.room.meets) {
		p.collisions++
	}
	p.texts = append(p.texts, chosen.room)
	return chosen
}

// cost is what speaks against a candidate; counting ends at a limit.
func (p *placer) cost(c *candidate, limit float64) float64 {
	cost := c.cost
	for _, text := range p.texts {
		if cost >= limit {
			return cost
		}
		if c.room.meets(text) {
			cost += onText
		}
	}
	for _, line := range p.lines {
		if c.room.meets(line) {
			cost += onLine
		}
	}
	return cost
}
