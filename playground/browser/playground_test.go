package browser

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/playground"
	"quorumbench/protocols/registry"
)

var screenshots = flag.String("screenshots", "", "folder for pictures of the page; empty for none")

// page is the playground in a browser, and what its console has said.
type page struct {
	context.Context
	t        *testing.T
	url      string
	mu       sync.Mutex
	problems []string
}

// open builds the playground and shows it in a browser.
func open(t *testing.T) *page {
	t.Helper()
	browser := findBrowser(t)
	folder := t.TempDir()
	sizes, err := playground.Write(folder, "../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the program has %d bytes, %d compressed", sizes.Raw, sizes.Compressed)
	return openFolder(t, browser, folder)
}

func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED: there is no Chromium here; install the package chromium")
	return ""
}

// openFolder starts a browser, and a server of the folder for it.
func openFolder(t *testing.T, browser, folder string) *page {
	t.Helper()
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(server.Close)
	return openURL(t, browser, server.URL)
}

// openURL starts a browser, which notes what the console of its page says.
func openURL(t *testing.T, browser, url string) *page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute) // for a machine that is very busy
	t.Cleanup(cancel)
	p := &page{Context: ctx, t: t, url: url}
	chromedp.ListenTarget(ctx, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.problems = append(p.problems, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
				p.problems = append(p.problems, fmt.Sprintf("console.%s: %s", e.Type, e.Args[0].Value))
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
				p.problems = append(p.problems, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
			}
		}
	})
	return p
}

func (p *page) do(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p, actions...); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.t.Fatalf("%v; the console says: %s", err, strings.Join(p.problems, "; "))
	}
}

// eval returns what a JavaScript expression gives.
func eval[T any](p *page, expression string) (value T) {
	p.t.Helper()
	p.do(chromedp.Evaluate(expression, &value))
	return value
}

// until waits until an expression is true.
func (p *page) until(expression string) {
	p.t.Helper()
	p.do(chromedp.Poll(expression, nil, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(4*time.Minute)))
}

// choose sets a form's element as a user would.
func (p *page) choose(id, value, event string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event(%q, {bubbles: true})); return e.value === %[2]q })()`, id, value, event))
}

func (p *page) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, problem := range p.problems {
		p.t.Errorf("the console says: %s", problem)
	}
}

func (p *page) screenshot(name string, width, height int64, dark bool) {
	p.t.Helper()
	if *screenshots == "" {
		return
	}
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	var picture []byte
	p.do(chromedp.EmulateViewport(width, height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Sleep(200*time.Millisecond), chromedp.FullScreenshot(&picture, 100))
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// native runs the experiment that the page offers to take away, as quorumbench run --sim does.
func (p *page) native() *result.Result {
	p.t.Helper()
	yaml := eval[string](p, `document.getElementById("yaml").textContent`)
	plan, err := experiment.Parse("playground.yaml", []byte(yaml), registry.Drivers)
	if err != nil {
		p.t.Fatalf("the experiment cannot be taken away: %v\n%s", err, yaml)
	}
	found, err := bench.Execute(p.t.Context(), plan, bench.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

// run presses Run, waits for the result, and holds it against that of the native program, byte by byte.
func (p *page) run() *result.Result {
	p.t.Helper()
	p.do(chromedp.Evaluate(`delete document.body.dataset.fingerprint`, nil), chromedp.Click("#run"))
	p.until(`document.body.dataset.fingerprint !== undefined && !document.getElementById("run").disabled || !document.getElementById("problem").hidden`)
	if problem := eval[string](p, `document.getElementById("problem").textContent`); problem != "" {
		p.t.Fatalf("the page says: %s", problem)
	}
	want := p.native()
	saved := ""
	p.do(chromedp.Evaluate(`fetch(document.getElementById("save-run").href).then((r) => r.text())`, &saved, chromedp.EvalAsValue, awaitPromise))
	var got struct {
		Fingerprint string
		Runs        json.RawMessage
	}
	if err := json.Unmarshal([]byte(saved), &got); err != nil {
		p.t.Fatalf("reading the page's run.json: %v", err)
	}
	if got.Fingerprint != want.Fingerprint {
		p.t.Errorf("the page's run.json has the fingerprint %s, that of run --sim %s", got.Fingerprint, want.Fingerprint)
	}
	runs, err := json.MarshalIndent(want.Runs, "  ", "  ")
	if err != nil {
		p.t.Fatal(err)
	}
	if string(got.Runs) != string(runs) {
		p.t.Errorf("the runs of the page's run.json differ from those of run --sim: %d bytes and %d", len(got.Runs), len(runs))
	}
	return want
}

func awaitPromise(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }

// step steps through a write to its end and returns its response time, and the time that the listed messages which the
// client waited for take together.
func (p *page) step(protocol, region, pick string) (response, path time.Duration) {
	p.t.Helper()
	p.choose("step-protocol", protocol, "input")
	p.choose("step-region", region, "input")
	p.do(chromedp.Evaluate(`document.querySelector("#diagram svg").remove()`, nil))
	p.choose("step-pick", pick, "change")
	p.until(fmt.Sprintf(`(document.querySelector("#diagram svg")?.dataset.protocol === %q && document.querySelector("#diagram svg").dataset.region === %q)`, protocol, region))
	for range 200 {
		if eval[bool](p, `document.getElementById("next").disabled`) {
			break
		}
		p.do(chromedp.Click("#next"))
	}
	response = time.Duration(eval[int64](p, `Number(document.querySelector("#diagram svg").dataset.responseNs)`))
	for _, m := range eval[[][2]int64](p, `[...document.querySelectorAll("#messages .awaited")].map((l) => [Number(l.dataset.sentNs), Number(l.dataset.arrivesNs)])`) {
		path += time.Duration(m[1] - m[0])
	}
	return response, path
}

func TestPlayground(t *testing.T) {
	p := open(t)
	p.do(log.Enable(), chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(p.url))
	p.until(`document.body.dataset.fingerprint !== undefined && !document.getElementById("run").disabled`)

	t.Run("the first run is that of run --sim, and steps have its times", func(t *testing.T) {
		p.t = t
		found := p.run()
		for _, run := range found.Runs {
			for _, region := range run.Regions {
				typical, path := p.step(run.Protocol, region.Region, "typical")
				if d := region.Response.P50 - typical; d < 0 || d > region.Response.P50/500 {
					t.Errorf("%s in %s: the typical write takes %v, run.json has the median %v", run.Protocol, region.Region, typical, region.Response.P50)
				}
				if path != typical {
					t.Errorf("%s in %s: the messages that were waited for take %v, the write %v", run.Protocol, region.Region, path, typical)
				}
				shown := time.Duration(eval[int64](p, fmt.Sprintf(`Number(document.querySelector('tr[data-protocol="%s"][data-region="%s"] td:nth-of-type(3)').dataset.ns)`, run.Protocol, region.Region)))
				if shown != region.Response.P50 {
					t.Errorf("%s in %s: the table has %v, run.json %v", run.Protocol, region.Region, shown, region.Response.P50)
				}
				if slowest, _ := p.step(run.Protocol, region.Region, "slowest"); slowest != region.Response.Max {
					t.Errorf("%s in %s: the slowest write takes %v, run.json has %v", run.Protocol, region.Region, slowest, region.Response.Max)
				}
			}
		}
	})
	p.step("raft", "eu-west-1", "typical")
	p.screenshot("wide-light", 1280, 1000, false)
	p.screenshot("wide-dark", 1280, 1000, true)
	p.screenshot("narrow-light", 390, 844, false)
	p.screenshot("narrow-dark", 390, 844, true)
	p.do(chromedp.EmulateViewport(1280, 1000))

	t.Run("jitter, loss, conflicts, a crash and another region", func(t *testing.T) {
		p.t = t
		p.do(chromedp.Evaluate(`document.querySelector('[data-region="sa-east-1"]').dispatchEvent(new Event("click"))`, nil))
		p.choose("rate", "20", "input")
		p.choose("conflicts", "10", "input")
		p.choose("loss", "1", "input")
		p.choose("fault", "crash", "change")
		p.do(chromedp.Click("#jitter"), chromedp.Click("#p-mmp3")) // which is for three replicas
		found := p.run()
		if len(found.Experiment.Replicas) != 4 || len(found.Experiment.Faults) != 1 || !found.Experiment.Network.Jitter {
			t.Errorf("the experiment is not what was chosen: %+v", found.Experiment)
		}
		p.screenshot("fault", 1280, 1000, false)
	})

	t.Run("the link brings it back", func(t *testing.T) {
		p.t = t
		yaml := eval[string](p, `document.getElementById("yaml").textContent`)
		link := eval[string](p, `location.href`)
		p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link))
		p.until(`document.body.dataset.fingerprint !== undefined`)
		if again := eval[string](p, `document.getElementById("yaml").textContent`); again != yaml {
			t.Errorf("the link gives\n%s\nwant\n%s", again, yaml)
		}
	})

	t.Run("round trips that were typed", func(t *testing.T) {
		p.t = t
		p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.url))
		p.until(`document.body.dataset.fingerprint !== undefined`)
		p.choose("topology", "round-trips.yaml", "change")
		p.choose("round-trips", "oslo rome 40ms\nrome lima 190ms", "input")
		p.until(`document.getElementById("problem").textContent.includes("no round trip between oslo and lima")`)
		p.choose("round-trips", "oslo rome 40ms\nrome lima 190ms\noslo lima 200ms", "input")
		p.until(`document.getElementById("problem").hidden`)
		found := p.run()
		if got := strings.Join(found.Experiment.Regions, " "); got != "oslo rome lima" {
			t.Errorf("the regions are %s", got)
		}
		// Names that YAML would read as something else, or as two regions.
		p.choose("round-trips", "no eu-west-1 70ms\neu-west-1 us-east-1 80ms\nno us-east-1 90ms", "input")
		p.until(`document.getElementById("problem").hidden && document.getElementById("yaml").textContent.includes("us-east-1")`)
		if got := strings.Join(p.run().Experiment.Regions, " "); got != "no eu-west-1 us-east-1" {
			t.Errorf("the regions are %s", got)
		}
		p.screenshot("typed", 1280, 1000, false)
	})
	p.t = t
	p.quiet()
}
