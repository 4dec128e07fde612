package deploy

import (
	"fmt"
	"path"
	"strings"
)

// quote is a text as a POSIX shell reads it back, whatever is in it except a byte 0.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// quoteAll are texts as words of a shell's command.
func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// shellFiles are the commands that write the files of a deployment below the working folder's experiment/.
func (d *Deployment) shellFiles() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mkdir -p experiment")
	for _, folder := range d.folders() {
		fmt.Fprintf(&b, " %s", quote(path.Join("experiment", folder)))
	}
	b.WriteString("\n")
	for _, f := range d.Files {
		fmt.Fprintf(&b, "printf %%s %s >%s\n", quote(string(f.Data)), quote(path.Join("experiment", f.Path)))
	}
	return b.String()
}

// shellExperiment is the path of the experiment's file where shellFiles has put it, as a word of a shell's command.
func (d *Deployment) shellExperiment() string { return quote(path.Join("experiment", d.experiment())) }
