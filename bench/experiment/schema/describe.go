package schema

import (
	"regexp"
	"strings"
)

var (
	row  = regexp.MustCompile("(?m)^\\| `([a-z0-9_.\\[\\]]+)` \\| (.+) \\|$")
	link = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// Describe returns what the tables of a document say of each key, by its path: the meaning, and the default in front of it if there is
// such a column.
func Describe(document string) map[string]string {
	described := map[string]string{}
	for _, found := range row.FindAllStringSubmatch(document, -1) {
		cells := strings.Split(found[2], " | ")
		meaning := cells[len(cells)-1]
		if len(cells) == 2 && cells[0] != "required" {
			meaning += " (default: " + cells[0] + ")"
		}
		described[found[1]] = strings.ReplaceAll(link.ReplaceAllString(meaning, "$1"), "`", "")
	}
	return described
}
