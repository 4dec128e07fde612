package main

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"image/color"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"quorumbench/netem"
)

// cities is a topology of 217 cities.
//
//go:embed cities.yaml
var cities []byte

// axis is one of the quantities that runs are measured against. The other ones stay as they are.
type axis struct {
	name   string // in the table
	title  string // below the figure's axis
	values []int
	file   func(protocol string, value int) string // the experiment
}

// The load of runs in which something else than the load grows.
const (
	regionRate    = 100 // commands a second from each region with clients
	regionSeconds = 10
)

// clientRegions is the name of one of the quantities.
const clientRegions = "client regions"

// mostForPaxos is how many regions of clients paxos is measured with at most. With 217 the proposers of the three replicas get into
// each other's way on the 10,000 keys, and the run is overloaded.
const mostForPaxos = 75

// axes are the four quantities. Regions is the list of cities, topology the path of their file, most the most commands of a run.
func axes(regions []string, topology string, most int) []axis {
	experiment := func(protocol string, replicas, clients int, load string) string {
		return fmt.Sprintf("world: sim\ntopology: %q\nreplicas: [%s]\nclients: [%s]\nprotocols: [%s]\nload: {warmup: 1s, value_size: 16B, keys: {count: 10000}, %s}\n",
			topology, strings.Join(regions[:replicas], ", "), strings.Join(regions[:clients], ", "), protocol, load)
	}
	open := fmt.Sprintf("rate: %d/s, duration: %ds", regionRate, regionSeconds)
	all := []axis{
		{"replicas", "replicas, with 3000 commands", []int{3, 9, 25, 64}, func(protocol string, n int) string {
			return experiment(protocol, n, 3, open)
		}},
		{clientRegions, "regions of clients, 1000 commands each", []int{3, 25, 75, len(regions)}, func(protocol string, n int) string {
			return experiment(protocol, 3, n, open)
		}},
		{"clients", "clients in a region, 300 k commands", []int{1000, 10_000, 100_000, 1_000_000}, func(protocol string, n int) string {
			think := time.Duration(n) * time.Millisecond // 1000 commands a second, whatever their number
			return experiment(protocol, 3, 3, fmt.Sprintf("arrivals: closed, clients: %d, think_time: %v, duration: 100s", n, think))
		}},
		{"commands", "commands", nil, func(protocol string, n int) string {
			seconds := float64(n) / (3 * perSecond)
			return experiment(protocol, 3, 3, fmt.Sprintf("rate: %d/s, duration: %.3fs", perSecond, seconds))
		}},
	}
	for n := 10_000; n <= most; n *= 10 {
		all[3].values = append(all[3].values, n)
	}
	return all
}

// heading is the first line of the table.
var heading = []string{"protocol", "against", "value", "commands", "messages", "memory in MiB", "processor time in s"}

// measured is a line of the table: what one run took.
type measured struct {
	protocol, axis string
	value          int
	cost
}

// scale adds to the table in a file the runs of protocols that it does not have, one after the other, and draws it.
func scale(file string, protocols []string, most int) (err error) {
	dir, err := os.MkdirTemp("", "cost")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "cities.yaml")
	if err := os.WriteFile(path, cities, 0o600); err != nil {
		return err
	}
	topology, err := netem.ParseTopology(path, cities)
	if err != nil {
		return err
	}
	table, err := readTable(file)
	if err != nil {
		return err
	}
	all := axes(topology.Regions, path, most)
	for _, a := range all {
		for _, protocol := range protocols {
			for _, value := range a.values {
				if a.name == clientRegions && protocol == "paxos" && value > mostForPaxos {
					continue
				}
				if slices.ContainsFunc(table, func(m measured) bool {
					return m.protocol == protocol && m.axis == a.name && m.value == value
				}) {
					continue
				}
				c, err := measureFile(a.file(protocol, value))
				if err != nil {
					return err
				}
				table = append(table, measured{protocol, a.name, value, c})
				fmt.Printf("%s, %d %s: %d commands, %d messages, %d MiB, %.1f s\n", protocol, value, a.name, c.commands, c.messages, c.memory>>20, c.processor.Seconds())
				if err := writeTable(file, table); err != nil {
					return err
				}
			}
		}
	}
	return drawScale(strings.TrimSuffix(file, filepath.Ext(file))+".png", all, table)
}

// readTable reads the table in a file, which has no rows if there is no file.
func readTable(file string) (table []measured, err error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || !slices.Equal(lines[0], heading) {
		return nil, fmt.Errorf("%s: found no table of this program; accepted: one that begins with %s", file, strings.Join(heading, ","))
	}
	for i, line := range lines[1:] {
		m := measured{protocol: line[0], axis: line[1]}
		var seconds float64
		var errs [5]error
		m.value, errs[0] = strconv.Atoi(line[2])
		m.commands, errs[1] = strconv.ParseUint(line[3], 10, 64)
		m.messages, errs[2] = strconv.ParseUint(line[4], 10, 64)
		m.memory, errs[3] = strconv.ParseUint(line[5], 10, 64)
		seconds, errs[4] = strconv.ParseFloat(line[6], 64)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+2, err)
		}
		m.memory <<= 20
		m.processor = time.Duration(seconds * float64(time.Second))
		table = append(table, m)
	}
	return table, nil
}

// writeTable writes the table, so that a program that is stopped can go on with it.
func writeTable(file string, table []measured) error {
	lines := [][]string{heading}
	for _, m := range table {
		lines = append(lines, []string{m.protocol, m.axis, strconv.Itoa(m.value), strconv.FormatUint(m.commands, 10), strconv.FormatUint(m.messages, 10),
			strconv.FormatUint(m.memory>>20, 10), strconv.FormatFloat(m.processor.Seconds(), 'f', 2, 64)})
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(csv.NewWriter(f).WriteAll(lines), f.Close())
}

// hues are the lines' colors, in the order in which protocols come first in the table: those that the color blind tell apart.
var hues = []color.Color{color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff}, color.RGBA{0xcc, 0x79, 0xa7, 0xff}}

// drawScale draws the table: processor time above, memory below, against each quantity, both axes logarithmic. The grey line is
// what would double whenever the quantity does.
func drawScale(file string, all []axis, table []measured) error {
	var protocols []string
	for _, m := range table {
		if !slices.Contains(protocols, m.protocol) {
			protocols = append(protocols, m.protocol)
		}
	}
	quantities := []struct {
		title string
		of    func(measured) float64
	}{
		{"processor time (s)", func(m measured) float64 { return m.processor.Seconds() }},
		{"memory (MiB)", func(m measured) float64 { return float64(m.memory >> 20) }},
	}
	plots := make([][]*plot.Plot, len(quantities))
	for row, quantity := range quantities {
		for _, a := range all {
			p := plot.New()
			p.X.Label.Text, p.Y.Label.Text = a.title, quantity.title
			p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
			p.X.Tick.Marker, p.Y.Tick.Marker = shortTicks(a.ticks(table)), plot.LogTicks{Prec: -1}
			least, most := math.Inf(1), math.Inf(-1)
			for i, protocol := range protocols {
				points := plotter.XYs{}
				for _, m := range table {
					if m.protocol == protocol && m.axis == a.name {
						points = append(points, plotter.XY{X: float64(m.value), Y: quantity.of(m)})
						least, most = min(least, quantity.of(m)), max(most, quantity.of(m))
					}
				}
				if len(points) == 0 {
					continue
				}
				slices.SortFunc(points, func(a, b plotter.XY) int { return int(a.X - b.X) })
				line, dots, err := plotter.NewLinePoints(points)
				if err != nil {
					return err
				}
				line.Color, dots.Color, dots.Shape = hues[i%len(hues)], hues[i%len(hues)], draw.CircleGlyph{}
				line.Width = vg.Points(1.5)
				if i == 0 {
					grey, err := plotter.NewLine(proportional(points))
					if err != nil {
						return err
					}
					grey.Color, grey.Dashes = color.Gray{0xb0}, []vg.Length{vg.Points(3), vg.Points(3)}
					p.Add(grey)
					if row == 0 && a.name == all[0].name {
						p.Legend.Add("proportional", grey)
					}
				}
				p.Add(line, dots)
				if row == 0 && a.name == all[0].name {
					p.Legend.Add(protocol, line, dots)
				}
			}
			if math.IsInf(least, 0) {
				return fmt.Errorf("found no runs against %s", a.name)
			}
			p.Y.Min, p.Y.Max = min(p.Y.Min, least/1.5), most*1.5
			if row == 0 {
				p.Y.Min = max(p.Y.Min, least/3)
			} else {
				p.Y.Min = least / 1.5
			}
			p.Legend.Top, p.Legend.Left = false, false
			plots[row] = append(plots[row], p)
		}
	}
	image := vgimg.NewWith(vgimg.UseWH(14*vg.Inch, 6.5*vg.Inch), vgimg.UseDPI(100), vgimg.UseBackgroundColor(color.White))
	tiles := draw.Tiles{Rows: len(plots), Cols: len(all), PadX: vg.Points(16), PadY: vg.Points(14), PadTop: vg.Points(8), PadBottom: vg.Points(6), PadLeft: vg.Points(10), PadRight: vg.Points(16)}
	canvases := plot.Align(plots, tiles, draw.New(image))
	for row := range plots {
		for column, p := range plots[row] {
			p.Draw(canvases[row][column])
		}
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = vgimg.PngCanvas{Canvas: image}.WriteTo(f)
	return errors.Join(err, f.Close())
}

// proportional is the line through the last of some points on which both coordinates grow alike.
func proportional(points plotter.XYs) plotter.XYs {
	first, last := points[0], points[len(points)-1]
	return plotter.XYs{{X: first.X, Y: last.Y * first.X / last.X}, last}
}

// ticks are the values at which there are runs.
func (a axis) ticks(table []measured) (values []int) {
	for _, m := range table {
		if m.axis == a.name && !slices.Contains(values, m.value) {
			values = append(values, m.value)
		}
	}
	return values
}

// shortTicks labels values, thousands as k and millions as M.
func shortTicks(values []int) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, v := range values {
		label := strconv.Itoa(v)
		switch {
		case v >= 1_000_000 && v%1_000_000 == 0:
			label = strconv.Itoa(v/1_000_000) + " M"
		case v >= 1000 && v%1000 == 0:
			label = strconv.Itoa(v/1000) + " k"
		}
		ticks = append(ticks, plot.Tick{Value: float64(v), Label: label})
	}
	return ticks
}
