package reports

import (
	"os"
	"testing"
)

// terminal opens one side of a terminal.
func terminal(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal can be opened here: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestColorsAreForTerminalsWhoseUsersWantThem(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	screen := terminal(t)
	if !ColorTerminal(screen) {
		t.Error("no colours on a terminal")
	}
	t.Setenv("NO_COLOR", "1")
	if ColorTerminal(screen) {
		t.Error("colours in spite of NO_COLOR")
	}
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	if ColorTerminal(screen) {
		t.Error("colours on a dumb terminal")
	}
	t.Setenv("TERM", "xterm")
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	if ColorTerminal(writer) {
		t.Error("colours in a pipe")
	}
}
