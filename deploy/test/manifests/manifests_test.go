// Package manifests checks what quorumbench deploy prints, by the types and parsers of those who read it: objects of Kubernetes
// are decoded strictly, a Compose file is loaded, scripts are parsed as those of a POSIX shell. It is a module of its own, so that
// quorumbench does not depend on any of them.
package manifests

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	composetypes "github.com/compose-spec/compose-go/v2/types"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"mvdan.cc/sh/v3/syntax"
	"sigs.k8s.io/yaml"

	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"
)

// Regions whose names mean something to YAML, shells, Kubernetes and Compose.
var odd = []string{`it's $(HOME)`, "a|b: &c*", "off"}

// place writes an experiment whose name, files and regions are odd, and returns its path.
func place(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "exp's $HOME", "of two")
	topology := fmt.Sprintf("rtt:\n  %q: {%q: 20ms, %q: 20ms}\n  %q: {%q: 20ms}\n", odd[0], odd[1], odd[2], odd[1], odd[2])
	text := "# $HOME ${HOME} $$ 'quoted' \"twice\" \\ `date` \t\n\n  # indented: [\ntopology: ../its $(topology)'s.yaml\nregions: [" +
		fmt.Sprintf("%q, %q, %q", odd[0], odd[1], odd[2]) + "]\nprotocols: [raft]\nload: {rate: 50/s, duration: 1s}\n# no line feed in the end: é € 𝄞"
	for name, data := range map[string]string{filepath.Join(folder, "my 'odd' $(experiment).yaml"): text, filepath.Join(filepath.Dir(folder), "its $(topology)'s.yaml"): topology} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "my 'odd' $(experiment).yaml")
}

// deploy returns what quorumbench deploy prints.
func deploy(t *testing.T, arguments ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := cli.Run(context.Background(), registry.Drivers, append([]string{"deploy"}, arguments...), strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	return out.String()
}

// objects are the objects of Kubernetes in a manifest. An unknown or repeated field is an error.
type objects struct {
	maps     []corev1.ConfigMap
	secrets  []corev1.Secret
	services []corev1.Service
	jobs     []batchv1.Job
}

func decode(t *testing.T, manifest string) (all objects) {
	t.Helper()
	for _, document := range strings.Split("\n"+manifest, "\n---\n") {
		var head struct{ Kind, APIVersion string }
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			t.Fatal(err)
		}
		var err error
		switch head.APIVersion + " " + head.Kind {
		case "v1 ConfigMap":
			all.maps, err = add(all.maps, document)
		case "v1 Secret":
			all.secrets, err = add(all.secrets, document)
		case "v1 Service":
			all.services, err = add(all.services, document)
		case "batch/v1 Job":
			all.jobs, err = add(all.jobs, document)
		default:
			t.Fatalf("found an object of %s %s", head.APIVersion, head.Kind)
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", head.Kind, err, document)
		}
	}
	return all
}

func add[T any](all []T, document string) ([]T, error) {
	var one T
	err := yaml.UnmarshalStrict([]byte(document), &one)
	return append(all, one), err
}

// checkPod says what a pod has that one without rights must not have.
func checkPod(t *testing.T, spec corev1.PodSpec) {
	t.Helper()
	c := spec.Containers[0]
	is := func(p *bool, want bool) bool { return p != nil && *p == want }
	for what, ok := range map[string]bool{
		"one container":     len(spec.Containers) == 1,
		"no root":           is(spec.SecurityContext.RunAsNonRoot, true) && *spec.SecurityContext.RunAsUser > 0,
		"seccomp":           spec.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"no escalation":     is(c.SecurityContext.AllowPrivilegeEscalation, false),
		"read-only root":    is(c.SecurityContext.ReadOnlyRootFilesystem, true),
		"no capabilities":   slices.Equal(c.SecurityContext.Capabilities.Drop, []corev1.Capability{"ALL"}) && c.SecurityContext.Capabilities.Add == nil,
		"no token":          is(spec.AutomountServiceAccountToken, false),
		"requests":          !c.Resources.Requests.Cpu().IsZero() && !c.Resources.Requests.Memory().IsZero(),
		"no processor cap":  c.Resources.Limits.Cpu().IsZero(),
		"restarts by a Job": spec.RestartPolicy == corev1.RestartPolicyNever,
	} {
		if !ok {
			t.Errorf("not there: %s", what)
		}
	}
}

func TestKubernetes(t *testing.T) {
	file := place(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := decode(t, deploy(t, "kubernetes", file, "--namespace", "bench", "--spread", "required"))
	if len(all.maps) != 1 || len(all.secrets) != 1 || len(all.services) != 1 || len(all.jobs) != 1 {
		t.Fatalf("found %d, %d, %d and %d objects; want one of each", len(all.maps), len(all.secrets), len(all.services), len(all.jobs))
	}
	if got := all.maps[0].Data["file-0"]; got != string(text) {
		t.Errorf("the experiment is %q; want %q", got, text)
	}
	job := all.jobs[0]
	pod := job.Spec.Template.Spec
	checkPod(t, pod)
	volumes := map[string]corev1.VolumeSource{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v.VolumeSource
	}
	files, secret := volumes["experiment"].ConfigMap.Items, volumes["keys"].Secret
	if len(files) != 2 || files[0].Path != "below/my 'odd' $(experiment).yaml" || files[1].Path != "its $(topology)'s.yaml" {
		t.Errorf("the files are placed as %v", files)
	}
	if *secret.DefaultMode != 0o440 || len(secret.Items) != 2*len(odd) || len(all.secrets[0].StringData) != 1+len(odd) {
		t.Errorf("the keys are placed as %v, mode %o", secret.Items, *secret.DefaultMode)
	}
	args := pod.Containers[0].Args
	if args[0] != "site" || args[1] != "/experiment/below/my 'odd' $$(experiment).yaml" || args[3] != job.Name+"-%d."+job.Name+":4460" {
		t.Errorf("the arguments are %q", args)
	}
	service := all.services[0]
	for what, ok := range map[string]bool{
		"a pod for each region":          *job.Spec.Completions == 3 && *job.Spec.Parallelism == 3 && *job.Spec.CompletionMode == batchv1.IndexedCompletion,
		"pods have names":                pod.Subdomain == service.Name && service.Spec.ClusterIP == corev1.ClusterIPNone && service.Spec.PublishNotReadyAddresses,
		"the service finds the pods":     len(service.Spec.Selector) > 0 && contains(job.Spec.Template.Labels, service.Spec.Selector),
		"one does not end the others":    *job.Spec.BackoffLimitPerIndex == 0 && job.Spec.BackoffLimit == nil,
		"finished ones are not retried":  job.Spec.PodFailurePolicy.Rules[0].Action == batchv1.PodFailurePolicyActionFailIndex && slices.Equal(job.Spec.PodFailurePolicy.Rules[0].OnExitCodes.Values, []int32{2, 3, 4}),
		"nodes of their own":             len(pod.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) == 1,
		"a pod sees its own keys":        slices.ContainsFunc(pod.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == "keys" && m.SubPathExpr == "$(JOB_COMPLETION_INDEX)" }),
		"everything is in the namespace": all.maps[0].Namespace == "bench" && all.secrets[0].Namespace == "bench" && service.Namespace == "bench" && job.Namespace == "bench",
	} {
		if !ok {
			t.Errorf("not there: %s", what)
		}
	}
}

func contains(all, some map[string]string) bool {
	for k, v := range some {
		if all[k] != v {
			return false
		}
	}
	return true
}

func TestKubernetesWithNodesByRegion(t *testing.T) {
	all := decode(t, deploy(t, "kubernetes", "three-regions", "--region-label", "topology.kubernetes.io/region", "--claim", "results"))
	if len(all.jobs) != 3 {
		t.Fatalf("found %d Jobs; want 3", len(all.jobs))
	}
	for i, job := range all.jobs {
		pod := job.Spec.Template.Spec
		checkPod(t, pod)
		region := []string{"us-east-1", "eu-west-1", "ap-northeast-1"}[i]
		if pod.NodeSelector["topology.kubernetes.io/region"] != region || pod.Hostname != fmt.Sprintf("quorumbench-three-regions-%d", i) || pod.Subdomain != all.services[0].Name {
			t.Errorf("pod %d: found %v, %s.%s", i, pod.NodeSelector, pod.Hostname, pod.Subdomain)
		}
		if env := pod.Containers[0].Env; len(env) != 1 || env[0].Name != "QUORUMBENCH_SITE" || env[0].Value != fmt.Sprint(i) {
			t.Errorf("pod %d: found %v", i, env)
		}
		if job.Spec.PodFailurePolicy.Rules[0].Action != batchv1.PodFailurePolicyActionFailJob {
			t.Errorf("Job %d: found %v", i, job.Spec.PodFailurePolicy)
		}
	}
}

func TestKubernetesWithShards(t *testing.T) {
	all := decode(t, deploy(t, "kubernetes", "conflicts", "--sim", "--shards", "4", "--claim", "results", "--parallel", "2", "--retries", "3"))
	if len(all.jobs) != 1 || len(all.secrets)+len(all.services) != 0 {
		t.Fatalf("found %d Jobs, %d Secrets and %d Services; want a Job", len(all.jobs), len(all.secrets), len(all.services))
	}
	job := all.jobs[0]
	checkPod(t, job.Spec.Template.Spec)
	c := job.Spec.Template.Spec.Containers[0]
	if *job.Spec.Completions != 4 || *job.Spec.Parallelism != 2 || *job.Spec.BackoffLimitPerIndex != 3 || c.Env[0].Name != "QUORUMBENCH_SHARDS" || c.Env[0].Value != "4" {
		t.Errorf("found %d of %d at once, %v", *job.Spec.Parallelism, *job.Spec.Completions, c.Env)
	}
}

// Results go into an object store: shards need no volume, and a site holds its result only if it cannot put it there.
func TestKubernetesWithAnObjectStore(t *testing.T) {
	const out = "s3://bucket/a$(b)?region=x&use_path_style=true"
	for _, shards := range []bool{false, true} {
		arguments := []string{"kubernetes", "conflicts", "--out", out, "--service-account", "writer", "--credentials", "s3-keys"}
		flag := "--out"
		if shards {
			arguments, flag = append(arguments, "--sim", "--shards", "4"), "--resume"
		} else {
			arguments[1] = "three-regions"
		}
		printed := deploy(t, arguments...)
		pod := decode(t, printed).jobs[0].Spec.Template.Spec
		checkPod(t, pod)
		c := pod.Containers[0]
		at := slices.Index(c.Args, flag)
		if at < 0 || c.Args[at+1] != "s3://bucket/a$$(b)?region=x&use_path_style=true" || slices.Contains(c.Args, "--hold") == shards {
			t.Errorf("the arguments are %q", c.Args)
		}
		if pod.ServiceAccountName != "writer" || len(c.EnvFrom) != 1 || c.EnvFrom[0].SecretRef.Name != "s3-keys" {
			t.Errorf("found the service account %q, and the variables of %v", pod.ServiceAccountName, c.EnvFrom)
		}
		if slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil }) {
			t.Errorf("found a volume claim in %v", pod.Volumes)
		}
		if command := map[bool]string{false: "report", true: "merge"}[shards]; !strings.Contains(printed, "#   quorumbench "+command+" '"+out+"'") {
			t.Errorf("how the result is read is not told:\n%.900s", printed)
		}
	}
}

func TestCompose(t *testing.T) {
	file := place(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	printed := deploy(t, "compose", file)
	project, err := loader.LoadWithContext(context.Background(), composetypes.ConfigDetails{
		WorkingDir: t.TempDir(), Environment: composetypes.Mapping{"HOME": "WRONG"},
		ConfigFiles: []composetypes.ConfigFile{{Filename: "compose.yaml", Content: []byte(printed)}},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if len(project.Services) != 3 || len(project.Secrets) != 0 {
		t.Fatalf("found %d services", len(project.Services))
	}
	if got := project.Configs["file-0"].Content; got != string(text) {
		t.Errorf("the experiment is %q; want %q", got, text)
	}
	for name, s := range project.Services {
		if s.Command[1] != "/experiment/below/my 'odd' $(experiment).yaml" || s.User != "65532:65532" || !slices.Equal(s.CapDrop, []string{"ALL"}) || s.Privileged {
			t.Errorf("%s: found %q as %s", name, s.Command, s.User)
		}
		seen := 0
		for _, c := range s.Configs {
			if strings.HasPrefix(c.Source, "site-") {
				seen++
				if c.Source != name || *c.Mode != 0o400 || c.UID != "65532" {
					t.Errorf("%s sees %s with mode %o of %s", name, c.Source, *c.Mode, c.UID)
				}
			}
		}
		if seen != 1 {
			t.Errorf("%s sees %d keys; want its own", name, seen)
		}
	}
}

// scripts are the shell scripts that are printed.
func scripts(t *testing.T, file string) map[string]string {
	return map[string]string{
		"slurm":        deploy(t, "slurm", file, "--program", "/opt/it's/$(quorumbench)"),
		"slurm shards": deploy(t, "slurm", "conflicts", "--sim", "--shards", "4"),
		"ssh":          deploy(t, "ssh-script", file, "--hosts", "me@a,b,me@::1"),
	}
}

func TestScriptsAreThoseOfAPOSIXShell(t *testing.T) {
	file := place(t)
	for name, script := range scripts(t, file) {
		if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), name); err != nil {
			t.Errorf("%s: %v\n%s", name, err, script)
		}
	}
}

// What the scripts write must be what was read. The commands that do so are run by themselves.
func TestScriptsWriteTheFiles(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	file := place(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, script := range scripts(t, file) {
		if name == "slurm shards" {
			continue
		}
		parsed, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), name)
		if err != nil {
			t.Fatal(err)
		}
		var part bytes.Buffer
		syntax.Walk(parsed, func(node syntax.Node) bool {
			s, is := node.(*syntax.Stmt)
			if !is {
				return true
			}
			call, is := s.Cmd.(*syntax.CallExpr)
			if is && len(call.Args) > 1 && (call.Args[0].Lit() == "printf" && len(s.Redirs) == 1 || call.Args[0].Lit() == "mkdir" && call.Args[1].Lit() == "-p" && len(call.Args) > 2 && call.Args[2].Lit() == "experiment") {
				part.WriteString(script[s.Pos().Offset():s.End().Offset()] + "\n")
			}
			return true
		})
		folder := t.TempDir()
		shell := exec.Command("sh", "-eu", "-c", part.String())
		shell.Dir = folder
		if output, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s\n%s", name, err, output, part.String())
		}
		got, err := os.ReadFile(filepath.Join(folder, "experiment/below/my 'odd' $(experiment).yaml"))
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s wrote %q, %v; want %q", name, got, err, text)
		}
		var errs bytes.Buffer
		if code := cli.Run(context.Background(), registry.Drivers, []string{"validate", filepath.Join(folder, "experiment/below/my 'odd' $(experiment).yaml")}, strings.NewReader(""), io.Discard, &errs); code != 0 {
			t.Errorf("%s: exit code %d: %s", name, code, &errs)
		}
	}
}
