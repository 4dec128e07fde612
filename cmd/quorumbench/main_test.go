package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"quorumbench": main})
}

// The scripts are what a user types and what must come out. All runs are in virtual time.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: os.Getenv("UPDATE") != "", Condition: condition})
}

// condition tells whether what a script needs is there: namespaces, if the system lets this user make them, and real-time priority, if
// it lets this user have it.
func condition(name string) (bool, error) {
	probe, ok := map[string][]string{
		"namespaces": {"unshare", "--user", "--map-root-user", "--net", "true"},
		"realtime":   {"chrt", "--fifo", "1", "true"},
	}[name]
	if !ok {
		return false, fmt.Errorf("found the condition %q; accepted: namespaces, realtime", name)
	}
	return exec.Command(probe[0], probe[1:]...).Run() == nil, nil
}
