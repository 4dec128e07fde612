package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"

	"quorumbench/bench/result"
)

// DrawSpaceTime draws a scenario's run as a space-time diagram: replicas are vertical lines, time
// runs downwards, messages are arrows. It draws the parts that the script names, all of the run if
// there are none. The file is a PNG at 300 dpi, an SVG or a PDF, by the extension of path, and appears as
// a whole or not at all.
func DrawSpaceTime(path string, run *result.SpaceTime) error {
	format, err := FormatOfFile(path)
	if err != nil {
		return fmt.Errorf("drawing a space-time diagram: %w", err)
	}
	d := spaceTimeOf(run)
	picture := drawing{width: d.width, height: d.height, scale: 1, draw: d.draw}
	encoded, err := picture.encode(format, Light, provenance{title: d.head[0].text})
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	return writeWhole(path, encoded)
}

// spaceTime is a diagram, laid out.
type spaceTime struct {
	run    *result.SpaceTime
	head   []headLine
	arrows []arrow
	notes  []note
	strips []strip
	axis   timeAxis

	width, height vg.Length
	top           vg.Length   // of the axis' beginning, from below
	lines         []vg.Length // of the replicas, from the left
	fall          vg.Length   // how much the shortest flight of a message falls

	flights []flight
	texts   []writing
}

// arrow is the messages that went from one replica to another at once and arrived at once.
type arrow struct {
	from, to      int
	sent, arrived time.Duration
	names         []string
	fate          result.Fate
	cut           cut
}

// cut says which part of an arrow lies within what is drawn.
type cut uint8

const (
	whole    cut = iota
	leaving      // it arrives later
	arriving     // it was sent before
)

// note is what happens at one replica at one time, besides sending and receiving.
type note struct {
	replica int
	at      time.Duration
	kinds   []result.EventKind
	lines   []string
}

// strip is an event of the network: a line across.
type strip struct {
	at   time.Duration
	text string
}

// The measures of a diagram.
const (
	timeRoom  = vg.Length(34) // of the times at the left
	sideRoom  = vg.Length(92) // beside the outermost lines, for notes
	lineApart = vg.Length(128)
)

func spaceTimeOf(run *result.SpaceTime) *spaceTime {
	d := &spaceTime{run: run}
	parts := run.Parts
	if len(parts) == 0 {
		parts = []result.Window{{From: 0, To: run.End}}
	}
	for _, part := range parts {
		d.addPart(part)
	}
	gaps := vg.Length(run.Replicas - 1)
	d.width = max(pageWidth, 2*pageEdge+timeRoom+2*sideRoom+gaps*lineApart)
	for id := range run.Replicas {
		first, last := pageEdge+timeRoom+sideRoom, d.width-pageEdge-sideRoom
		at := (first + last) / 2
		if gaps > 0 {
			at = first + vg.Length(id)/gaps*(last-first)
		}
		d.lines = append(d.lines, at)
	}
	d.head = d.headLines(d.width - 2*pageEdge)
	d.fit(parts)
	return d
}

// falls are the slopes that are tried: the flattest at which no text lies on another is taken.
var falls = []vg.Length{27, 34, 42, 52, 64, 80}

// fit lays the diagram out, and returns how many texts lie on others.
func (d *spaceTime) fit(parts []result.Window) int {
	best, least := falls[0], math.MaxInt
	for _, fall := range falls {
		if collisions := d.layOut(parts, fall); collisions < least {
			best, least = fall, collisions
		}
		if least == 0 {
			return 0
		}
	}
	return d.layOut(parts, best)
}

func (d *spaceTime) layOut(parts []result.Window, fall vg.Length) (collisions int) {
	d.fall = fall
	d.axis = newTimeAxis(d, parts)
	d.height = 2*pageEdge + d.axis.height + 3*lineHeight(headText) + headHeight(d.head)
	d.top = pageEdge + d.axis.height + lineHeight(headText)/2
	d.fly()
	return d.arrange()
}

// addPart takes up what happens within a part of the run.
func (d *spaceTime) addPart(part result.Window) {
	within := func(at time.Duration) bool { return part.From <= at && at <= part.To }
	for _, m := range d.run.Messages {
		a := arrow{from: m.From, to: m.To, sent: m.Sent, arrived: m.Arrived, names: []string{m.Name}, fate: m.Fate}
		arrives := m.Fate != result.Underway && within(m.Arrived)
		switch {
		case m.Hidden || !within(m.Sent) && (!arrives || m.Fate == result.Lost):
			continue
		case !arrives:
			a.cut = leaving
		case !within(m.Sent):
			a.cut = arriving
		}
		d.addArrow(a)
	}
	for _, e := range d.run.Events {
		if !within(e.At) || e.Routine {
			continue
		}
		switch e.Kind {
		case result.Network:
			d.strips = append(d.strips, strip{e.At, e.Text})
		case result.Issued, result.Answered, result.Applied, result.Marked, result.Crashed, result.Restarted:
			d.addNote(e)
		}
	}
}

// addArrow puts messages that travel together on one arrow.
func (d *spaceTime) addArrow(a arrow) {
	for i := range d.arrows {
		b := &d.arrows[i]
		if b.from == a.from && b.to == a.to && b.fate == a.fate && b.cut == a.cut &&
			(a.cut == arriving || b.sent == a.sent) && (a.cut == leaving || b.arrived == a.arrived) {
			b.names = append(b.names, a.names...)
			return
		}
	}
	d.arrows = append(d.arrows, a)
}

// addNote gathers what happens at a replica at one time; what is applied stands in one line.
func (d *spaceTime) addNote(e result.Event) {
	i := slices.IndexFunc(d.notes, func(n note) bool { return n.replica == e.Replica && n.at == e.At })
	if i < 0 {
		i = len(d.notes)
		d.notes = append(d.notes, note{replica: e.Replica, at: e.At})
	}
	n := &d.notes[i]
	n.kinds = append(n.kinds, e.Kind)
	if last := len(n.lines) - 1; last >= 0 && e.Kind == result.Applied && n.kinds[len(n.kinds)-2] == result.Applied {
		_, what, _ := strings.Cut(e.Text, " ")
		if longer := n.lines[last] + ", " + what; noteText.Width(longer) <= sideRoom-noteGap {
			n.lines[last] = longer
			return
		}
		n.lines = append(n.lines, what)
		return
	}
	if !slices.Contains(n.lines, e.Text) {
		n.lines = append(n.lines, e.Text)
	}
}

func (d *spaceTime) headLines(width vg.Length) []headLine {
	run := d.run
	return wrapHead([]headLine{
		{run.Title, titleText},
		{run.About, labelText},
		{fmt.Sprintf("%s, %d replicas, virtual time in ms, downwards; long waits are shortened.", run.Protocol, run.Replicas), remarkText},
	}, width)
}
