package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"quorumbench": main})
}

// serveS3 serves buckets called bench and other in memory, over the protocol of S3, at an address of this machine. Written, if it is not nil,
// is called after an object was written. The query that it returns goes behind URLs.
//
// Objects whose keys begin with broken/ can be written until their manifest is, which is refused.
func serveS3(t *testing.T, written func(key string)) (query string) {
	t.Helper()
	backend := s3mem.New()
	for _, name := range []string{"bench", "other"} {
		if err := backend.CreateBucket(name); err != nil {
			t.Fatal(err)
		}
	}
	s3 := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.URL.Path, "/bench/")
		if r.Method == http.MethodPut && strings.HasPrefix(key, "broken/") && strings.HasSuffix(key, "manifest.sha256") {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>this is not allowed</Message></Error>`)
			return
		}
		s3.ServeHTTP(w, r)
		if r.Method == http.MethodPut && written != nil {
			written(key)
		}
	}))
	t.Cleanup(server.Close)
	return "?region=us-east-1&use_path_style=true&endpoint=" + server.URL
}

// credentials are those that the server takes, and no question to the machine that this is not.
var credentials = []string{"AWS_ACCESS_KEY_ID=somebody", "AWS_SECRET_ACCESS_KEY=something", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/none", "AWS_SHARED_CREDENTIALS_FILE=/none"}

// The scripts are what a user types and what must come out. All runs are in virtual time.
func TestScripts(t *testing.T) {
	query := serveS3(t, nil)
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: os.Getenv("UPDATE") != "", Setup: func(e *testscript.Env) error {
		e.Vars = append(e.Vars, append(credentials, "S3="+query)...)
		return nil
	}})
}

const small = `
topology: {rtt: {a-b: 20ms, a-c: 30ms, b-c: 40ms}}
protocols: [raft, mmp3]
repeats: 3
load: {rate: 50/s, duration: 2s, warmup: 500ms}
world: sim
`

// quorumbench is a command line of the program, in a folder, with small in e.yaml.
func quorumbench(folder string, arguments ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command("quorumbench", arguments...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), credentials...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	return cmd, &said
}

// A process that is killed when the first of its runs is in the store leaves that there, and another one goes on with it.
func TestAKilledRunGoesOnFromTheStore(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "e.yaml"), []byte(small), 0o644); err != nil {
		t.Fatal(err)
	}
	stored := make(chan struct{}, 100)
	done := make(chan struct{})
	query := serveS3(t, func(key string) {
		if strings.HasPrefix(key, "killed/") && strings.HasSuffix(key, "manifest.sha256") {
			stored <- struct{}{}
			<-done // until the process was killed
		}
	})
	first, said := quorumbench(folder, "run", "e.yaml", "-q", "--out", "s3://bench/killed"+query)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	select {
	case <-stored:
	case err := <-ended:
		t.Fatalf("it ended before anything was stored: %v\n%s", err, said)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	close(done)
	for _, arguments := range [][]string{
		{"run", "e.yaml", "-q", "--out", "one"},
		{"run", "-q", "--resume", "s3://bench/killed" + query},
		{"collect", "s3://bench/killed" + query},
	} {
		cmd, said := quorumbench(folder, arguments...)
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", arguments, err, said)
		}
		if arguments[0] != "collect" {
			continue
		}
		unpack := exec.Command("tar", "-xz")
		unpack.Dir, unpack.Stdin = folder, said
		if out, err := unpack.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, name := range []string{"latency.hlog", "summary.csv", "bench.txt", "latency.csv"} {
		want, err := os.ReadFile(filepath.Join(folder, "one", name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(folder, "killed", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from that of one process, or is not there: %v", name, err)
		}
	}
}
