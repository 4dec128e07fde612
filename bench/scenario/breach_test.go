package scenario_test

import (
	"os"
	"strings"
	"testing"

	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

// outcome plays a scenario of which the script was changed.
func outcome(t *testing.T, name string, change func(script string) string) error {
	t.Helper()
	data, err := os.ReadFile("scripts/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	script, err := scenario.Parse(name, []byte(change(string(data))), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	run, err := script.Play()
	if err != nil {
		t.Fatal(err)
	}
	return run.Check()
}

func TestABreachIsAnErrorUnlessItIsExpected(t *testing.T) {
	err := outcome(t, "recovery-wrong", func(script string) string {
		return strings.ReplaceAll(script, "expect breach R4", "# expect breach R4")
	})
	if err == nil || !strings.Contains(err.Error(), "R4 applies another command at 2") || strings.Contains(err.Error(), "R1 applies another") {
		t.Errorf("with the breach of R1 expected and that of R4 not: %v", err)
	}
	err = outcome(t, "recovery-zab", func(script string) string {
		return script + "expect breach R1 applies another command at 2\n"
	})
	if err == nil || !strings.Contains(err.Error(), "no check finds that R1 applies another command at 2") {
		t.Errorf("with a breach expected that does not happen: %v", err)
	}
}

func TestNoExperimentCanUseWhatExistsForScenarios(t *testing.T) {
	for _, name := range []string{"recovery-wrong", "recovery-zab", "epaxos-one-ballot", "epaxos-answer-seq"} {
		script, err := scenario.Load(name, registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		if registry.Drivers.Find(script.Protocol) != nil {
			t.Errorf("%s is registered", script.Protocol)
		}
	}
}
