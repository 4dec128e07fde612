package browser

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/stepwise"
	"quorumbench/protocols/registry"
	reports "quorumbench/reports/page"
	"quorumbench/reports/site"
)

const reported = `
name: </script><script>alert(1)<
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [paxos, {name: raft, leader: us-east-1}, mmp3]
world: sim
load: {rate: 150/s, duration: 10s, reads: 20%}
network: {loss: 2%, jitter: true}
faults: [{at: 5s, crash: eu-west-1, for: 1s}]
`

const sweptOver = `
name: sweep
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [raft, mmp3]
world: sim
load: {duration: 5s}
sweep: {load.rate: [20/s, 50/s, 200/s]}
`

// drawn runs an experiment and draws its page into a folder.
func drawn(t *testing.T, text string) (found *result.Result, path string) {
	t.Helper()
	plan, err := experiment.Parse("reported.yaml", []byte(strings.Replace(text, "name: </script><script>alert(1)<", "name: reported", 1)), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	if found, err = bench.Execute(t.Context(), plan, bench.Options{}); err != nil {
		t.Fatal(err)
	}
	told, err := stepwise.OfResult(t.Context(), plan, found)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "</script>") {
		found.Experiment.Name = "</script><script>alert(1)</script>"
	}
	if path, err = reports.Draw(t.TempDir(), found, told); err != nil {
		t.Fatal(err)
	}
	return found, path
}

// showReport opens a page from the file system, where nothing could answer a request.
func showReport(t *testing.T, path string) *report {
	t.Helper()
	p := &report{page: openURL(t, findBrowser(t), "file://"+path)}
	chromedp.ListenTarget(p, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && !strings.HasPrefix(e.Request.URL, "data:") && e.Request.URL != p.url {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.requests = append(p.requests, e.Request.URL)
		}
	})
	p.do(log.Enable(), network.Enable(), chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(p.url))
	p.until(`document.body.dataset.drawn === "yes"`)
	return p
}

// report is a report in a browser, and what it has asked the network for.
type report struct {
	*page
	mu       sync.Mutex
	requests []string
}

// within checks that the page is not wider than the window, at a width.
func (p *report) within(width int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, 900), chromedp.Sleep(200*time.Millisecond))
	if got := eval[int64](p.page, `document.documentElement.scrollWidth`); got > width {
		p.t.Errorf("at a width of %d the page is %d wide", width, got)
	}
}

// bar is the time that a bar shows.
func (p *report) bar(protocol, region string) time.Duration {
	p.t.Helper()
	return time.Duration(eval[int64](p.page, fmt.Sprintf(`Number(document.querySelector('.series[data-protocol="%s"][data-region="%s"]')?.dataset.ns ?? -1)`, protocol, region)))
}

func TestReport(t *testing.T) {
	found, path := drawn(t, reported)
	p := showReport(t, path)
	run := &found.Runs[0]

	t.Run("the figures have the values of run.json, by percentile, time, kind and region", func(t *testing.T) {
		p.t = t
		for _, run := range found.Runs {
			for _, region := range run.Regions {
				if got := p.bar(run.Protocol, region.Region); got != region.Response.P50 {
					t.Errorf("%s in %s: the bar has %v, run.json %v", run.Protocol, region.Region, got, region.Response.P50)
				}
			}
		}
		first := &run.Regions[0]
		for _, step := range []struct {
			id, value string
			want      time.Duration
		}{{"choose-percentile", "1", first.Response.P90}, {"choose-service", "1", first.Service.P90}, {"choose-kind", "1", first.Reads.Service.P90}, {"choose-kind", "0", first.Service.P90}} {
			p.choose(step.id, step.value, "change")
			if got := p.bar(run.Protocol, first.Region); got != step.want {
				t.Errorf("%s %s: the bar has %v, run.json %v", step.id, step.value, got, step.want)
			}
		}
		p.choose("choose-service", "0", "change")
		p.choose("choose-percentile", "0", "change")
		p.choose("choose-aboveFloor", "1", "change")
		p.choose("choose-aboveFloor", "0", "change")
		p.do(chromedp.Click(`#choose-regions label:nth-of-type(1) input`))
		if got := p.bar(run.Protocol, first.Region); got != -1 {
			t.Errorf("%s was taken away, and is still there with %v", first.Region, got)
		}
		if n := eval[int](p.page, `[...document.querySelectorAll("#rows tbody tr")].filter((r) => !r.hidden).length`); n != 2*len(found.Runs) {
			t.Errorf("the table shows %d rows, want those of two regions", n)
		}
		p.do(chromedp.Click(`#choose-regions label:nth-of-type(1) input`))
	})

	t.Run("pointer and keyboard read values", func(t *testing.T) {
		p.t = t
		p.do(chromedp.ScrollIntoView(`.series[data-protocol="paxos"] rect`))
		at := eval[[]float64](p.page, `(() => { const r = document.querySelector('.series[data-protocol="paxos"] rect').getBoundingClientRect(); return [r.left + 20, r.top + r.height / 2] })()`)
		p.do(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
		want := fmt.Sprintf("p50 %.1f ms", float64(run.Regions[0].Response.P50)/1e6)
		if run.Protocol != "paxos" {
			want = "paxos, us-east-1"
		}
		if got := eval[string](p.page, `document.querySelector(".tip:not([hidden])")?.textContent ?? "nothing"`); !strings.Contains(got, want) {
			t.Errorf("under the pointer stands %q, want %q in it", got, want)
		}
		p.do(chromedp.Focus(`#charts .chart:nth-of-type(1) svg[role=img]`), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
		if got := eval[string](p.page, `document.getElementById("reading").textContent`); !strings.Contains(got, "us-east-1\np50 ") {
			t.Errorf("the second value that the arrow keys read is %q", got)
		}
		if n := eval[int](p.page, `[...document.querySelectorAll("#charts svg[role=img]")].filter((s) => !s.getAttribute("aria-label")).length`); n != 0 {
			t.Errorf("%d figures have no alternative text", n)
		}
	})

	t.Run("the table sorts", func(t *testing.T) {
		p.t = t
		p.do(chromedp.Click(`#rows th[data-key="0"] button`))
		times := eval[[]int64](p.page, `[...document.querySelectorAll("#rows tbody tr")].filter((r) => !r.hidden).map((r) => Number(r.querySelector(".cell").dataset.ns))`)
		for i := range times[1:] {
			if times[i] > times[i+1] {
				t.Errorf("sorted by p50 the table has %v", times)
				break
			}
		}
		p.do(chromedp.Click(`#rows th[data-key="0"] button`))
		if got := eval[int64](p.page, `Number([...document.querySelectorAll("#rows tbody tr")].find((r) => !r.hidden).querySelector(".cell").dataset.ns)`); got != times[len(times)-1] {
			t.Errorf("sorted the other way the first p50 is %d, want %d", got, times[len(times)-1])
		}
	})

	t.Run("steps have the times of run.json", func(t *testing.T) {
		p.t = t
		for _, run := range found.Runs {
			for _, region := range run.Regions {
				if region.Errors > 0 {
					continue // its slowest writes have no answer, and so no messages to step through
				}
				typical, _ := p.step(run.Protocol, region.Region, "typical")
				if d := region.Response.P50 - typical; d < 0 || d > region.Response.P50/500 {
					t.Errorf("%s in %s: the typical write takes %v, run.json has the median %v", run.Protocol, region.Region, typical, region.Response.P50)
				}
				if slowest, _ := p.step(run.Protocol, region.Region, "slowest"); slowest != region.Response.Max {
					t.Errorf("%s in %s: the slowest write takes %v, run.json has %v", run.Protocol, region.Region, slowest, region.Response.Max)
				}
			}
		}
	})

	p.t = t
	p.step("raft", "eu-west-1", "typical")
	for _, width := range []int64{1280, 380} {
		p.within(width)
		p.screenshot(fmt.Sprintf("report-%d-light", width), width, 900, false)
		p.screenshot(fmt.Sprintf("report-%d-dark", width), width, 900, true)
	}
	p.quiet()
	for _, url := range p.requests {
		t.Errorf("the page has asked for %s", url)
	}
}

func TestReportOfASweep(t *testing.T) {
	found, path := drawn(t, sweptOver)
	p := showReport(t, path)
	titles := eval[string](p.page, `[...document.querySelectorAll(".chart h3")].map((h) => h.textContent).join("; ")`)
	for _, want := range []string{"p50 by load.rate", "p50 over what was answered a second"} {
		if !strings.Contains(titles, want) {
			t.Errorf("the figures are %s; want %s among them", titles, want)
		}
	}
	p.choose("choose-point", "2", "change")
	for _, run := range found.Runs {
		if got := p.bar(run.Protocol, "us-east-1"); run.Point == "200/s" && got != run.Regions[0].Response.P50 {
			t.Errorf("%s: the bar has %v, run.json %v", run.Protocol, got, run.Regions[0].Response.P50)
		}
	}
	p.within(380)
	p.screenshot("report-sweep", 1280, 900, false)
	p.quiet()
}

const crashedOften = `
name: crashed
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [{name: raft, leader: us-east-1}, mmp3]
world: sim
repeats: 6
load: {rate: 50/s, duration: 8s}
network: {loss: 1%, jitter: true}
faults: [{at: 2s, crash: us-east-1, for: 2s}]
`

// With six repeats bars have intervals, and crashes are a table that sorts.
func TestReportOfRepeatedCrashes(t *testing.T) {
	found, path := drawn(t, crashedOften)
	p := showReport(t, path)
	least, most := found.Runs[0].Regions[0].Response.P50, found.Runs[0].Regions[0].Response.P50
	for _, run := range found.RunsOf("raft") {
		least, most = min(least, run.Regions[0].Response.P50), max(most, run.Regions[0].Response.P50)
	}
	const interval = `document.querySelector('.series[data-protocol="raft"][data-region="us-east-1"] .interval')`
	if got := eval[[]int64](p.page, `[Number(`+interval+`?.dataset.low), Number(`+interval+`?.dataset.high)]`); got[0] != int64(least) || got[1] != int64(most) {
		t.Errorf("the interval of the bar is %v, run.json has medians from %v to %v", got, least, most)
	}
	if got := eval[float64](p.page, interval+`.getBoundingClientRect().width`); got <= 0 && least < most {
		t.Error("the interval of the bar is not drawn")
	}
	rows := func() []string {
		return eval[[]string](p.page, `[...document.querySelectorAll("#crashes tbody tr")].filter((r) => !r.hidden).map((r) => [...r.cells].slice(0, 4).map((c) => c.textContent).join("|"))`)
	}
	if got := rows(); len(got) != 9 || !strings.HasPrefix(got[0], "raft|the leader|a write from us-east-1 is answered|") && !strings.HasPrefix(got[0], "raft|us-east-1|a write from us-east-1 is answered|") {
		t.Errorf("the table of crashes has the rows %q", got)
	}
	values := func() []float64 {
		return eval[[]float64](p.page, `[...document.querySelectorAll("#crashes tbody tr")].filter((r) => !r.hidden).map((r) => Number(r.cells[3].dataset.value))`)
	}
	p.do(chromedp.Click(`#crashes th:nth-of-type(4) button`))
	if got := values(); !slices.IsSorted(got) || slices.Max(got) == slices.Min(got) {
		t.Errorf("sorted by the median the table has %v", got)
	}
	p.do(chromedp.Click(`#crashes th:nth-of-type(4) button`))
	if got := values(); slices.Max(got) != got[0] {
		t.Errorf("sorted the other way the table has %v", got)
	}
	p.do(chromedp.Click(`#choose-protocols label:nth-of-type(1) input`))
	for _, row := range rows() {
		if strings.HasPrefix(row, "raft") {
			t.Errorf("raft was taken away, and the table of crashes has %q", row)
		}
	}
	p.do(chromedp.Click(`#choose-protocols label:nth-of-type(1) input`))
	p.within(380)
	p.screenshot("report-crashes", 1280, 900, false)
	p.screenshot("report-crashes-dark", 1280, 900, true)
	p.quiet()
}

// Without JavaScript the page shows the same figures, which do not change.
func TestReportWithoutJavaScript(t *testing.T) {
	found, path := drawn(t, crashedOften)
	p := openURL(t, findBrowser(t), "file://"+path)
	p.do(log.Enable(), emulation.SetScriptExecutionDisabled(true), chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(p.url))
	p.until(`document.querySelectorAll("#crashes tbody tr").length > 0`)
	if eval[bool](p, `document.body.dataset.drawn === "yes"`) {
		t.Fatal("the script ran")
	}
	for _, name := range []string{"latency", "distribution", "timeline", "outages"} {
		box := eval[[]float64](p, `(() => { const r = document.querySelector("#static-`+name+` svg")?.getBoundingClientRect(); return r ? [r.width, r.height] : [] })()`)
		if len(box) != 2 || box[0] < 600 || box[1] < 100 {
			t.Errorf("the figure %s takes %v", name, box)
		}
	}
	merged, _ := found.Merged("mmp3", 1)
	want := fmt.Sprintf("%.1f ms", float64(merged.Response.P50)/1e6)
	if text := eval[string](p, `document.querySelector("#static-latency svg").textContent`); !strings.Contains(text, want) {
		t.Errorf("the figure of latencies does not have the p50 of mmp3 in eu-west-1, %s: %s", want, text)
	}
	fills := eval[[]string](p, `[...new Set([...document.querySelectorAll("#static-latency svg path")].map((e) => getComputedStyle(e).fill))]`)
	if len(fills) < 4 {
		t.Errorf("the figure has the colours %v only", fills)
	}
	for _, width := range []int64{1280, 380} {
		p.do(chromedp.EmulateViewport(width, 900), chromedp.Sleep(200*time.Millisecond))
		if got := eval[int64](p, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at a width of %d the page is %d wide", width, got)
		}
		p.screenshot(fmt.Sprintf("report-static-%d", width), width, 900, false)
	}
	for _, problem := range p.problems {
		if !strings.Contains(problem, "script") { // the browser may say that it runs none
			t.Error(problem)
		}
	}
}

// The site lists results, shows the page of one in an origin of its own, and compares two.
func TestSite(t *testing.T) {
	found, path := drawn(t, sweptOver)
	folder := filepath.Dir(path)
	for _, name := range []string{"one", "two"} {
		if err := result.Write(found, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := site.Open(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
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
	})
	p := openURL(t, findBrowser(t), "http://"+listener.Addr().String())
	p.do(log.Enable(), chromedp.EmulateViewport(1280, 900), chromedp.Navigate(p.url))
	p.screenshot("site-list", 1280, 900, false)
	p.do(chromedp.Click(`input[value="one"]`), chromedp.Click(`input[value="two"]`), chromedp.Click(`button[type="submit"]`), chromedp.WaitVisible(`pre.comparison`))
	if text := eval[string](p, `document.querySelector("pre.comparison").textContent`); !strings.Contains(text, "× is the ratio to the first") {
		t.Errorf("the comparison is %s", text)
	}
	p.screenshot("site-compare", 1280, 900, true)
	p.do(chromedp.Navigate(p.url + "/result/one/report.html"))
	p.until(`document.body.dataset.drawn === "yes"`)
	if origin := eval[string](p, `self.origin`); origin != "null" {
		t.Errorf("the page of a result has the origin %s, want one of its own", origin)
	}
	p.quiet()
}

func TestLivePage(t *testing.T) {
	live := site.NewLive("under way")
	listener, err := site.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- live.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	p := openURL(t, findBrowser(t), "http://"+listener.Addr().String())
	p.do(log.Enable(), chromedp.EmulateViewport(1280, 900), chromedp.Navigate(p.url))
	show := func(run int, protocol string, elapsed time.Duration) {
		live.Show(site.Progress{Protocol: protocol, Run: run, Runs: 2, Phase: "measuring", Elapsed: elapsed, Length: 10 * time.Second, Left: 20*time.Second - elapsed,
			Issued: int64(150 * elapsed.Seconds()), Rate: 450, P50: 141 * time.Millisecond, P99: 150*time.Millisecond + elapsed/1000})
	}
	show(0, "raft", 9*time.Second)
	p.until(`document.getElementById("state").textContent === "Run 1 of 2: raft, measuring"`)
	for i := range 4 {
		show(1, "mmp3", time.Duration(i+2)*time.Second)
		p.until(fmt.Sprintf(`document.getElementById("states").textContent.includes("%d.0 of 10.0 s")`, i+2))
	}
	if rows := eval[string](p, `document.querySelector("#done tbody").textContent`); !strings.Contains(rows, "raft1,350450141.0 ms") {
		t.Errorf("the runs that are over are %s", rows)
	}
	p.until(`document.querySelector("#course polyline.p99")?.points.length >= 4`)
	p.screenshot("live", 1280, 900, false)
	live.End(t.Context(), "All runs are over.")
	p.until(`document.body.dataset.ended === "yes" && document.getElementById("state").textContent === "All runs are over."`)
	p.quiet()
}
