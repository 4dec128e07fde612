// Package page makes a result a page: one HTML file that needs nothing else, with the verdict, figures whose values a
// pointer or the keyboard reads, a table that sorts, single writes message by message, and what was run. It asks no network
// for anything, and its content security policy forbids it.
//
// All texts of a result, such as the names of regions and experiments, are taken to be hostile: html/template escapes those
// in the page, json.Marshal those in its data, and the script puts them into text nodes and attributes only.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"quorumbench/bench/result"
	"quorumbench/bench/stepwise"
	"quorumbench/configs"
	"quorumbench/playground"
	"quorumbench/reports"
)

// The names of the files in a result folder.
const (
	File       = "report.html"
	WritesFile = "writes.json" // the writes that the page steps through; a stepwise.Told
)

//go:embed static/report.html
var htmlText string

//go:embed static/charts.js
var chartsScript string

//go:embed static/report.js
var reportScript string

//go:embed static/report.css
var reportStyle string

var (
	script = bundle(playground.Part("dom.js"), playground.Part("step.js"), chartsScript, reportScript)
	style  = playground.Part("style.css") + reportStyle
	pages  = template.Must(template.New("report").Funcs(template.FuncMap{"number": number, "percentile": percentile}).Parse(htmlText))
)

var (
	importLine = regexp.MustCompile(`(?m)^import .*$`)
	exportWord = regexp.MustCompile(`(?m)^export (const|function|class) `)
)

// bundle makes one script of modules that import each other by lines of their own, in the order in which they need each
// other. Their names are then those of one scope, so they must differ.
func bundle(modules ...string) string {
	return exportWord.ReplaceAllString(importLine.ReplaceAllString(strings.Join(modules, "\n"), ""), "$1 ")
}

// content is what the template fills in.
type content struct {
	*reports.Data
	Policy, Style, Script any
	JSON                  template.JS // Data and the writes
	Versions              [][2]string
	YAML                  string
	Downloads             []download
	Percentiles           []float64
	HasSteps, HasKinds    bool
	Static                []static // the figures for a browser that runs no script
	TooBig                []string // names of figures that are left out of Static
}

// static is a figure that does not change.
type static struct {
	Name string
	SVG  template.HTML
}

// mostStatic is the greatest size of a figure inside the page, in bytes.
const mostStatic = 400 << 10

type download struct {
	Name, Text string
	URL        template.URL
}

// Write writes the page of a result. Told, which may be nil, are the writes that it steps through. Of a simulated result, the
// same seed gives the same page, byte for byte, by the same program on machines with as many processors.
func Write(w io.Writer, r *result.Result, told *stepwise.Told) error {
	data := reports.DataOf(r)
	packed, err := json.Marshal(struct {
		*reports.Data
		Percentiles []float64      `json:"percentiles"`
		Told        *stepwise.Told `json:"told"`
	}{data, reports.PagePercentiles, told})
	if err != nil {
		return fmt.Errorf("making the page of %s: %w", r.Experiment.Name, err)
	}
	yaml, err := r.Experiment.YAML()
	if err != nil {
		return err
	}
	csv, err := reports.CSV(r)
	if err != nil {
		return err
	}
	table, err := reports.Describe(r)
	if err != nil {
		return err
	}
	c := content{
		Data: data, Style: template.CSS(style), Script: template.JS(script), JSON: template.JS(packed), Policy: policy,
		Versions: reports.Versions(r), YAML: string(yaml), Percentiles: reports.PagePercentiles,
		HasSteps: told != nil && len(told.Writes) > 0,
		Downloads: []download{
			{data.Name + ".csv", "Table as CSV", dataURL("text/csv", csv)},
			{data.Name + ".yaml", "Experiment as YAML", dataURL("text/yaml", yaml)},
			{data.Name + ".json", "Table as JSON", dataURL("application/json", table)},
		},
	}
	figures, err := reports.InlineFigures(r)
	if err != nil {
		return fmt.Errorf("making the page of %s: %w", r.Experiment.Name, err)
	}
	for _, f := range figures {
		if len(f.SVG) > mostStatic {
			c.TooBig = append(c.TooBig, f.Name)
		} else {
			c.Static = append(c.Static, static{f.Name, template.HTML(f.SVG)})
		}
	}
	for _, row := range data.Rows {
		c.HasKinds = c.HasKinds || row.Kind != "write"
	}
	var b bytes.Buffer
	if err := pages.Execute(&b, c); err != nil {
		return fmt.Errorf("making the page of %s: %w", r.Experiment.Name, err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("writing the page of %s: %w", r.Experiment.Name, err)
	}
	return nil
}

// policy lets the page run its own script and style, by their hashes, and load nothing.
var policy = fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'", hashOf(script), hashOf(style))

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func dataURL(kind string, data []byte) template.URL {
	return template.URL("data:" + kind + ";charset=utf-8;base64," + base64.StdEncoding.EncodeToString(data))
}

// number writes a number of the table with as many digits as it has, and nothing in place of 0.
func number(x float64, digits int) string {
	if x == 0 {
		return "–"
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}

func percentile(p float64) string { return "p" + strconv.FormatFloat(p, 'f', -1, 64) }

// Draw writes the page of a result, and the writes it steps through unless told is nil, into the result's folder, and returns
// the path of the page. Without writes it takes those that are in the folder. Each file appears as a whole or not at all.
func Draw(folder string, r *result.Result, told *stepwise.Told) (path string, err error) {
	path = filepath.Join(folder, File)
	if told == nil {
		if told, err = readWrites(folder); err != nil {
			return "", fmt.Errorf("%s was not drawn: %w", path, err)
		}
	} else if data, err := json.Marshal(told); err != nil {
		return "", fmt.Errorf("%s was not drawn: %w", path, err)
	} else if err := writeWhole(filepath.Join(folder, WritesFile), append(data, '\n')); err != nil {
		return "", fmt.Errorf("%s was not drawn: %w", path, err)
	}
	var b bytes.Buffer
	if err := Write(&b, r, told); err != nil {
		return "", err
	}
	if err := writeWhole(path, b.Bytes()); err != nil {
		return "", fmt.Errorf("%s was not drawn: %w", path, err)
	}
	return path, nil
}

// mostWrites is the greatest size of a file of writes that is read, in bytes.
const mostWrites = 64 << 20

// readWrites reads the writes in a result folder; nil if there are none.
func readWrites(folder string) (*stepwise.Told, error) {
	data, err := configs.ReadFile(filepath.Join(folder, WritesFile), mostWrites)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return stepwise.Parse(data)
}

// writeWhole writes a file under a temporary name and renames it.
func writeWhole(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // of no effect once it has its name
	_, err = file.Write(content)
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
