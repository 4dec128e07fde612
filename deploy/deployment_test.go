package deploy_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/deploy"
	"quorumbench/protocols/registry"
)

const small = "topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1]\nprotocols: [raft]\nload: {rate: 50/s, duration: 1s}\n"

// deployment is one of an experiment with that text.
func deployment(t *testing.T, name, text string) (*deploy.Deployment, error) {
	t.Helper()
	plan, err := experiment.Parse(name, []byte(text), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	return deploy.New("", plan, name, []byte(text))
}

func TestNamesAreThoseThatEnginesTake(t *testing.T) {
	for text, want := range map[string]string{
		"Three Regions": "quorumbench-three-regions", "é": "quorumbench", "a_b.": "quorumbench-a-b",
		strings.Repeat("x", 100): "quorumbench-" + strings.Repeat("x", deploy.MaxName-len("quorumbench-")),
	} {
		d, err := deployment(t, "e.yaml", "name: \""+text+"\"\n"+small)
		if err != nil || d.Name != want {
			t.Errorf("%q: found %v, %v; want %s", text, d, err, want)
		}
	}
}

func TestFilesAreFoundFromTheExperiment(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	for name, data := range map[string]string{
		"topologies/t.yaml": "rtt: {a-b: 10ms}\n", "one/two/trace.csv": "at,region,op,key,size\n0s,a,write,k,10\n1s,b,write,k,10\n",
	} {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := at("one/two/e.yaml")
	d, err := deployment(t, file, "topology: ../../topologies/t.yaml\nregions: [a, b]\nprotocols: [raft]\nload: {rate: 50/s, duration: 1s}\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Files) != 2 || d.Files[0].Path != "below/below/e.yaml" || d.Files[1].Path != "topologies/t.yaml" {
		t.Errorf("found %v", d.Files)
	}
	_, err = deployment(t, file, "topology: "+at("topologies/t.yaml")+"\nregions: [a, b]\nprotocols: [raft]\nload: {rate: 50/s, duration: 1s}\n")
	if err == nil || !strings.Contains(err.Error(), "accepted: files by paths that are relative") {
		t.Errorf("an absolute path: %v", err)
	}
}

func TestWhatCannotBeDeployedIsRefused(t *testing.T) {
	fine := deploy.Kubernetes{Image: "q:1", Pull: "Never", CPU: "500m", Memory: "1Gi", Spread: deploy.None, Join: time.Minute}
	for want, change := range map[string]func(*deploy.Kubernetes, *deploy.Deployment){
		"":               func(*deploy.Kubernetes, *deploy.Deployment) {},
		"--cpu":          func(k *deploy.Kubernetes, _ *deploy.Deployment) { k.CPU = "0" },
		"--memory":       func(k *deploy.Kubernetes, _ *deploy.Deployment) { k.Memory = "1 Gi" },
		"--image":        func(k *deploy.Kubernetes, _ *deploy.Deployment) { k.Image = "a b" },
		"--pull":         func(k *deploy.Kubernetes, _ *deploy.Deployment) { k.Pull = "never" },
		"--spread":       func(k *deploy.Kubernetes, _ *deploy.Deployment) { k.Spread = "wide" },
		"--namespace":    func(k *deploy.Kubernetes, _ *deploy.Deployment) { k.Namespace = "A" },
		"--claim":        func(k *deploy.Kubernetes, _ *deploy.Deployment) { k.Claim = "a/b" },
		"--region-label": func(k *deploy.Kubernetes, _ *deploy.Deployment) { k.RegionLabel = "a b" },
		"value of a label": func(k *deploy.Kubernetes, d *deploy.Deployment) {
			k.RegionLabel, d.Regions = "topology.kubernetes.io/region", []string{"a", "b c"}
		},
		"--shards": func(_ *deploy.Kubernetes, d *deploy.Deployment) { d.Shards = 2 },
	} {
		d, err := deployment(t, "e.yaml", small)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.MakeKeys(time.Now(), time.Hour); err != nil {
			t.Fatal(err)
		}
		k := fine
		change(&k, d)
		var out bytes.Buffer
		err = d.WriteKubernetes(&out, k)
		switch {
		case want == "" && (err != nil || out.Len() == 0):
			t.Errorf("refused: %v", err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "accepted:") || out.Len() > 0):
			t.Errorf("%s: %v, and %d bytes", want, err, out.Len())
		}
	}
	d, err := deployment(t, "e.yaml", small)
	if err != nil {
		t.Fatal(err)
	}
	for _, hosts := range [][]string{nil, {"a"}, {"a", "-oProxyCommand=x"}, {"a", "b c"}, {"a", "b;c"}, {"a", "$(b)"}} {
		if err := d.WriteSSH(&bytes.Buffer{}, deploy.SSH{Program: "q", Hosts: hosts}); err == nil || !strings.Contains(err.Error(), "--hosts") {
			t.Errorf("hosts %q: %v", hosts, err)
		}
	}
}

func TestSitesOnOneMachineHavePortsOfTheirOwn(t *testing.T) {
	d, err := deployment(t, "e.yaml", small)
	if err != nil {
		t.Fatal(err)
	}
	d.Port = 4460
	var out bytes.Buffer
	if err := d.WriteSSH(&out, deploy.SSH{Program: "q", Hosts: []string{"me@::1", "you@::1"}}); err != nil {
		t.Fatal(err)
	}
	if want := `0=[::1]:4460,1=[::1]:4461`; !strings.Contains(out.String(), want) {
		t.Errorf("not found: %s", want)
	}
}
