package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"
)

// visitor looks at the live page whose address is written to it, from then on until it has been told how all ended.
type visitor struct {
	bytes.Buffer
	t       *testing.T
	looking sync.WaitGroup
	late    error // the page was gone before it was told
	last    struct {
		Done  []struct{ Protocol string }
		Ended string
	}
}

func (v *visitor) Write(p []byte) (int, error) {
	if address, is := strings.CutPrefix(string(p), "live page: "); is {
		address = strings.TrimSpace(address) + "status.json"
		if err := v.look(address); err != nil { // so that the page is open before anything is run
			v.t.Error(err)
		}
		v.looking.Go(func() {
			for v.last.Ended == "" && v.late == nil {
				time.Sleep(10 * time.Millisecond)
				v.late = v.look(address)
			}
		})
	}
	return v.Buffer.Write(p)
}

func (v *visitor) look(address string) error {
	answer, err := http.Get(address)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(&v.last)
}

// A page that is open while an experiment is run is told of its runs, and how it has ended.
func TestALivePageFollowsAnExperiment(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "e.yaml", []byte(`topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [raft, mmp3]
load: {rate: 20/s, duration: 2s, warmup: 500ms}
world: sim
`))
	folder := filepath.Join(dir, "result")
	v := &visitor{t: t}
	var out bytes.Buffer
	code := cli.Run(context.Background(), registry.Drivers, []string{"run", filepath.Join(dir, "e.yaml"), "--live-page", "-q", "-o", folder}, strings.NewReader(""), &out, v)
	v.looking.Wait()
	if v.late != nil {
		t.Skipf("SKIPPED: the machine was so busy that the page did not ask for two seconds: %v", v.late)
	}
	if code != 0 || !strings.Contains(v.last.Ended, "The result is in "+folder) {
		t.Errorf("code %d, and the page says %q\n%s%s", code, v.last.Ended, &out, v)
	}
	if d := v.last.Done; len(d) != 2 || d[0].Protocol == d[1].Protocol {
		t.Errorf("the page has the runs %+v, want one of each protocol", d)
	}
}
