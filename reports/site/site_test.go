package site_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
	"quorumbench/reports/site"
)

const secret = "what is outside of the folder"

// started serves a folder with the results a, deep/b and hostile names, beside a file and a result that it must not show. It
// returns a function that gets a path with a Host header, the server's own if that is empty.
func started(t *testing.T) (folder string, get func(method, host, path string) (*http.Response, string)) {
	t.Helper()
	outside := t.TempDir()
	folder = filepath.Join(outside, "results")
	write(t, filepath.Join(folder, "a"), "seed: 1")
	write(t, filepath.Join(folder, "deep", "b <i>"), "seed: 2")
	write(t, filepath.Join(folder, "other"), "load: {rate: 20/s, duration: 3s}")
	write(t, filepath.Join(outside, "private"), "seed: 3")
	for name, content := range map[string]string{"secret.txt": secret, "results/a/page.html": "<p>somebody else's</p>"} {
		if err := os.WriteFile(filepath.Join(outside, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"a/link.txt": "../../secret.txt", "linked": "../private", "absolute": filepath.Join(outside, "private")} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	s, err := site.Open(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := site.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return folder, func(method, host, path string) (*http.Response, string) {
		t.Helper()
		request, err := http.NewRequest(method, "http://"+listener.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL.Opaque = path // as it is, with its dots
		request.Host = host
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(body)
	}
}

func write(t *testing.T, folder, more string) {
	t.Helper()
	load := "load: {rate: 20/s, duration: 2s}\n"
	if strings.HasPrefix(more, "load:") {
		load = ""
	}
	plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\nprotocols: [raft, mmp3]\nworld: sim\n"+load+more+"\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	found, err := bench.Execute(t.Context(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Write(found, folder); err != nil {
		t.Fatal(err)
	}
}

func TestResultsAreListedShownAndCompared(t *testing.T) {
	_, get := started(t)
	for path, want := range map[string]string{
		"/":                                    "/result/deep/b%20%3Ci%3E/report.html",
		"/result/a/report.html":                "What it shows",
		"/result/deep/b%20%3Ci%3E/report.html": "What it shows",
		"/result/a/run.json":                   `"schema"`,
		"/result/a/summary.csv":                "protocol,point",
		"/compare?of=a&of=deep/b%20%3Ci%3E":    "× is the ratio to the first",
		"/compare?of=a&of=other&force=yes":     "DIFFERENT: ",
		"/site.css":                            "main.site",
	} {
		response, body := get("GET", "", path)
		if response.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %s, without %q:\n%.300s", path, response.Status, want, body)
		}
		if strings.Contains(body, "<i>") {
			t.Errorf("%s: the name of a folder is not escaped", path)
		}
	}
	if response, body := get("GET", "", "/compare?of=a&of=other"); response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "Compare all the same") {
		t.Errorf("results that differ: %s\n%s", response.Status, body)
	}
	if _, body := get("GET", "", "/"); strings.Contains(body, "private") || strings.Contains(body, "linked") || strings.Contains(body, "absolute") {
		t.Errorf("the list has results from outside:\n%s", body)
	}
}

func TestNothingOutsideOfTheFolderIsSent(t *testing.T) {
	_, get := started(t)
	for _, path := range []string{
		"/result/../secret.txt", "/result/a/../../../secret.txt", "/result/%2e%2e/secret.txt", "/result/..%2fsecret.txt", "/result/a/..%5c..%5c..%5csecret.txt",
		"/result//etc/passwd", "/result/%2fetc%2fpasswd", "/result/a/link.txt", "/result/linked/run.json", "/result/absolute/run.json",
		"/result/linked/report.html", "/result/absolute/report.html", "/result/../private/report.html", "/result/..%2fprivate%2freport.html",
		"/compare?of=a&of=linked", "/compare?of=a&of=absolute", "/compare?of=a&of=../private", "/compare?of=a&of=%2e%2e%2fprivate", "/result/a", "/result/",
	} {
		response, body := get("GET", "", path)
		if response.StatusCode == http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
		for _, leaked := range []string{secret, "root:", `"schema"`, "seed 3", "What it shows"} {
			if strings.Contains(body, leaked) {
				t.Errorf("%s: sent %q", path, body)
			}
		}
	}
}

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	_, get := started(t)
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "localhost:8080": 200, "127.0.0.1": 200, "[::1]:80": 200, "127.0.0.1:1": 200,
		"rebound.example": 421, "rebound.example:8080": 421, "localhost.example": 421, "127.0.0.1.example": 421, "192.168.1.1": 421, "0.0.0.0:80": 421, "[::]": 421,
	} {
		if response, _ := get("GET", host, "/"); response.StatusCode != want {
			t.Errorf("Host %q: %s, want %d", host, response.Status, want)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if response, _ := get(method, "", "/"); response.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %s", method, response.Status)
		}
	}
}

func TestPoliciesAreSent(t *testing.T) {
	_, get := started(t)
	for path, want := range map[string]string{
		"/":                     "default-src 'none'; script-src 'self'",
		"/compare?of=a":         "default-src 'none'",
		"/result/a/report.html": "sandbox allow-scripts allow-downloads",
		"/result/a/page.html":   "sandbox allow-scripts allow-downloads",
		"/result/nowhere":       "sandbox",
		"/nothing":              "default-src 'none'",
	} {
		response, _ := get("GET", "", path)
		if got := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, want) || !strings.Contains(got, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", path, got)
		}
		for header, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer"} {
			if got := response.Header.Get(header); got != value {
				t.Errorf("%s: %s is %q, want %q", path, header, got, value)
			}
		}
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: other sites may read it: %q", path, got)
		}
	}
}

func TestListenAcceptsLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1", "", "localhost.:0"} {
		if listener, err := site.Listen(address); err == nil || !strings.Contains(err.Error(), "accepted: a loopback address") {
			t.Errorf("%q: %v", address, err)
			if err == nil {
				_ = listener.Close()
			}
		}
	}
	listener, err := site.Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
}
