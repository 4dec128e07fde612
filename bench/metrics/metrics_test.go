package metrics_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/metrics"
)

func TestPrometheusIsToldHowARunGoes(t *testing.T) {
	m := metrics.New("1.0", "e", "eu-west-1")
	listener, err := metrics.Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	if at := listener.Addr().String(); !strings.HasPrefix(at, "127.0.0.1:") {
		t.Errorf("listens on %s; want this machine alone", at)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- m.Serve(ctx, listener) }()
	get := func() string {
		answer, err := http.Get("http://" + listener.Addr().String() + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v: %s", answer.Status, err, text)
		}
		return string(text)
	}
	if before := get(); strings.Contains(before, "quorumbench_run ") || !strings.Contains(before, `quorumbench_info{experiment="e",site="eu-west-1",version="1.0"} 1`) {
		t.Errorf("before the first run: %s", before)
	}
	m.Watch(bench.Status{
		Protocol: "raft", Point: "rate=50/s", Repeat: 1, Run: 2, Runs: 6, Phase: "measuring", Elapsed: 3 * time.Second, Length: 12 * time.Second,
		Left: bench.Unknown, Issued: 1234, Count: 1000, P50: 1500 * time.Microsecond,
	})
	text, labels := get(), `{point="rate=50/s",protocol="raft",repeat="1"} `
	for _, want := range []string{
		"quorumbench_run" + labels + "3\n", "quorumbench_runs" + labels + "6\n", "quorumbench_commands_issued_total" + labels + "1234\n",
		"quorumbench_run_elapsed_seconds" + labels + "3\n", "# TYPE quorumbench_commands_measured_total counter\n", "go_goroutines ",
		`quorumbench_response_seconds{point="rate=50/s",protocol="raft",quantile="0.5",repeat="1"} 0.0015` + "\n",
		`quorumbench_phase{phase="measuring",point="rate=50/s",protocol="raft",repeat="1"} 1` + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %s", want)
		}
	}
	for _, none := range []string{"quorumbench_left_seconds{", `quantile="0.99"`} {
		if strings.Contains(text, none) {
			t.Errorf("told, though it is not known: %s", none)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestAnAddressWithoutAPortIsRefused(t *testing.T) {
	if _, err := metrics.Listen("9464"); err == nil || !strings.Contains(err.Error(), "accepted: an address with a port") {
		t.Errorf("found %v", err)
	}
}
