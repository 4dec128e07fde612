package reports

import (
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"quorumbench/bench/result"
)

// figureData is what a figure is drawn from: a table that is written beside it as CSV. Times are in milliseconds, and a cell
// of something that is not shown is empty.
type figureData struct {
	header []string
	rows   [][]string
}

func newData(header ...string) *figureData { return &figureData{header: header} }

// add adds a row, of texts, times, numbers and truth values.
func (d *figureData) add(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		switch c := cell.(type) {
		case string:
			row[i] = c
		case time.Duration:
			row[i] = number(millis(c))
		case float64:
			row[i] = number(c)
		case int64:
			row[i] = strconv.FormatInt(c, 10)
		case bool:
			row[i] = strconv.FormatBool(c)
		case result.Confidence:
			row[i] = stateName(c)
		}
	}
	d.rows = append(d.rows, row)
}

// number writes a number with at most six decimals: of milliseconds, these are nanoseconds.
func number(x float64) string {
	text := strconv.FormatFloat(x, 'f', 6, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// stateName is what the data calls how sure something is.
func stateName(c result.Confidence) string {
	switch c {
	case result.Withheld:
		return "withheld"
	case result.Dimmed:
		return "faint"
	}
	return "solid"
}

// encode returns the table as CSV (RFC 4180, with line feeds).
func (d *figureData) encode() []byte {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(d.header)  // a Builder takes everything
	_ = w.WriteAll(d.rows) // and this flushes
	return []byte(b.String())
}
