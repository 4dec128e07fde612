package deploy

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"quorumbench/bench/shard"
	"quorumbench/bench/site/keys"
	"quorumbench/bench/store"
)

// Kubernetes is what is said of a deployment to Kubernetes alone. The zero value is none; use the defaults of quorumbench deploy.
type Kubernetes struct {
	Image, Pull string // Pull is Always, IfNotPresent or Never
	Namespace   string // may be empty
	CPU, Memory string // what each process requests, such as 500m and 512Mi
	Spread      Spread
	RegionLabel string        // of nodes, whose value is the region that they are in; empty: any node does for any region
	Claim       string        // a volume claim that keeps the result; with neither it nor Out, the coordinator holds the result until it is collected
	Out         string        // URL in an object store where the result is put
	Hold        time.Duration // for how long
	Join        time.Duration // how long the sites may take to find each other
	Retries     int           // how often a process is started again
	Parallel    int           // how many shards run at once; 0: all
	Metrics     bool          // pods serve metrics

	ServiceAccount string // of the pods; may be empty
	Credentials    string // a Secret whose keys become environment variables; may be empty
}

// Spread says whether processes must be on nodes of their own.
type Spread string

// The kinds of Spread.
const (
	Preferred Spread = "preferred"
	Required  Spread = "required"
	None      Spread = "none"
)

// What is in a pod, and where.
const (
	container      = "site"
	program        = "/quorumbench"
	user           = 65532 // of the image; belongs to nobody
	filesFolder    = "/experiment"
	keysFolder     = "/keys"
	workFolder     = "/data"
	resultFolder   = "result" // below workFolder
	indexVariable  = "JOB_COMPLETION_INDEX"
	siteVariable   = "QUORUMBENCH_SITE"
	jobNameLabel   = "batch.kubernetes.io/job-name"
	jobIndexLabel  = "batch.kubernetes.io/job-completion-index"
	instanceLabel  = "app.kubernetes.io/instance"
	hostLabel      = "kubernetes.io/hostname"
	metricsPort    = 9464
	retriesMost    = 100
	longestLabel   = 63
	longestSubject = 253
)

// final are the exit codes after which nothing is started again: a mistake in what was given, a missed threshold, and a run that
// must not be believed.
var final = []int{2, 3, 4}

var (
	quantityPattern  = regexp.MustCompile(`^(0\.)?[1-9][0-9]*(\.[0-9]+)?(m|k|M|G|Ki|Mi|Gi)?$`)
	labelPattern     = regexp.MustCompile(`^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$`)
	subdomainPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	imagePattern     = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$`)
)

func (k *Kubernetes) check(d *Deployment) error {
	for _, q := range []struct{ flag, value string }{{"cpu", k.CPU}, {"memory", k.Memory}} {
		if !quantityPattern.MatchString(q.value) {
			return fmt.Errorf("--%s: found %q; accepted: a quantity of Kubernetes, such as 500m or 512Mi", q.flag, q.value)
		}
	}
	for _, n := range []struct{ flag, value string }{{"namespace", k.Namespace}, {"claim", k.Claim}, {"service-account", k.ServiceAccount}, {"credentials", k.Credentials}} {
		if n.value != "" && (len(n.value) > longestSubject || !subdomainPattern.MatchString(n.value)) {
			return fmt.Errorf("--%s: found %q; accepted: a name of Kubernetes, of a-z, 0-9, - and full stops", n.flag, n.value)
		}
	}
	switch {
	case !imagePattern.MatchString(k.Image):
		return fmt.Errorf("--image: found %q; accepted: the name of an image, such as registry.example/quorumbench:1", k.Image)
	case k.Pull != "Always" && k.Pull != "IfNotPresent" && k.Pull != "Never":
		return fmt.Errorf("--pull: found %q; accepted: Always, IfNotPresent or Never", k.Pull)
	case k.Spread != Preferred && k.Spread != Required && k.Spread != None:
		return fmt.Errorf("--spread: found %q; accepted: preferred, required or none", k.Spread)
	case k.Retries < 0 || k.Retries > retriesMost:
		return fmt.Errorf("--retries: found %d; accepted: 0 to %d", k.Retries, retriesMost)
	case k.Hold < 0 || k.Join < time.Second:
		return fmt.Errorf("--hold, --join: found %v and %v; accepted: from 0s and from 1s", k.Hold, k.Join)
	case k.Parallel < 0 || k.Parallel > max(d.Shards, d.sites()):
		return fmt.Errorf("--parallel: found %d; accepted: 1 to the number of shards", k.Parallel)
	case k.Out != "" && !store.IsURL(k.Out):
		return fmt.Errorf("--out: found %q; accepted: a URL in an object store, such as s3://bucket/results/today", k.Out)
	case k.Out != "" && store.Check(k.Out) != nil:
		return fmt.Errorf("--out: %w", store.Check(k.Out))
	case k.Out != "" && k.Claim != "":
		return errors.New("--out: found --claim beside it; accepted: one of the two")
	case d.Shards > 0 && k.Claim == "" && k.Out == "":
		return errors.New("--shards: found neither --claim nor --out; accepted: a volume claim that all shards share, or a URL in an object store, where their results are put")
	case d.Shards > 0 && k.RegionLabel != "":
		return errors.New("--region-label: found shards, which belong to no region; accepted: without --shards")
	case d.Shards == 0 && k.Parallel > 0:
		return errors.New("--parallel: found no shards; accepted: with --shards, since all regions run at once")
	case k.RegionLabel != "":
		return k.checkRegionLabel(d)
	}
	return nil
}

// checkRegionLabel refuses regions whose names cannot be values of labels.
func (k *Kubernetes) checkRegionLabel(d *Deployment) error {
	domain, name, found := strings.Cut(k.RegionLabel, "/")
	if !found {
		domain, name = "label.example", domain
	}
	if len(domain) > longestSubject || len(name) > longestLabel || !subdomainPattern.MatchString(domain) || !labelPattern.MatchString(name) {
		return fmt.Errorf("--region-label: found %q; accepted: the key of a label, such as topology.kubernetes.io/region", k.RegionLabel)
	}
	for _, region := range d.Regions {
		if value := labelOf(region); len(value) > longestLabel || !labelPattern.MatchString(value) {
			return fmt.Errorf("--region-label: found the region %q, which cannot be the value of a label; accepted: up to %d letters, digits, -, _ and full stops", region, longestLabel)
		}
	}
	return nil
}

// labelOf is what nodes of a region have as a label: its name, without the number of a second replica there.
func labelOf(region string) string {
	if name, number, found := strings.Cut(region, "#"); found {
		if _, err := strconv.Atoi(number); err == nil {
			return name
		}
	}
	return region
}

// WriteKubernetes prints the objects of a deployment. With a process for each region: a ConfigMap with the files, a Secret with the
// keys, a headless Service, by which sites find each other, and an Indexed Job, or, so that each region's pod can be sent to nodes of
// its own, a Job for each region. For shards: the ConfigMap, and an Indexed Job. Deployment.Keys must be set unless it has shards.
func (d *Deployment) WriteKubernetes(w io.Writer, k Kubernetes) error {
	if err := k.check(d); err != nil {
		return err
	}
	documents := []*yaml.Node{d.configMap(&k)}
	if d.Shards == 0 {
		documents = append(documents, d.secret(&k), d.service(&k))
	}
	if k.RegionLabel == "" {
		documents = append(documents, d.job(&k, -1))
	} else {
		for i := range d.Regions {
			documents = append(documents, d.job(&k, i))
		}
	}
	return writeYAML(w, d.kubernetesComment(&k), documents...)
}

func (d *Deployment) kubernetesComment(k *Kubernetes) string {
	in := ""
	if k.Namespace != "" {
		in = " -n " + k.Namespace
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Made by quorumbench deploy kubernetes, for Kubernetes 1.29 or newer. docs/deploying.md of quorumbench tells more.\n")
	if d.Shards > 0 {
		where, merge := fmt.Sprintf("in the volume of %s, below %s", k.Claim, d.Name), fmt.Sprintf("%s/%s      # where the volume is mounted, by a pod of yours or elsewhere", workFolder, d.Name)
		if k.Out != "" {
			where, merge = "at "+k.Out, quote(k.Out)
		}
		fmt.Fprintf(&b, "%d shards of an experiment. What they share is %s.\n", d.Shards, where)
		fmt.Fprintf(&b, "  kubectl apply -f FILE\n  kubectl wait%s --for=condition=Complete --timeout=24h job/%s\n", in, d.Name)
		fmt.Fprintf(&b, "  quorumbench merge %s\n", merge)
		return b.String()
	}
	pods := fmt.Sprintf("%s=%s,%s=0", jobNameLabel, d.Name, jobIndexLabel)
	if k.RegionLabel != "" {
		pods = fmt.Sprintf("%s=%s-0", jobNameLabel, d.Name)
	}
	fmt.Fprintf(&b, "A process for each of %d regions. It has private keys, valid until %s: keep it as you keep those.\n", d.sites(), d.Until.UTC().Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(&b, "  kubectl apply%s -f FILE\n  kubectl logs%s -f -l %s      # how it goes, and the table\n", d.serverSide(), in, pods)
	switch {
	case k.Out != "":
		fmt.Fprintf(&b, "  quorumbench report %s      # when it is over\n", quote(k.Out))
	case k.Claim == "":
		fmt.Fprintf(&b, "  pod=$(kubectl get pods%s -l %s -o name)\n", in, pods)
		fmt.Fprintf(&b, "  kubectl exec%s $pod -- %s collect %s/%s --wait 1h | tar -xz      # the result folder; the pods then end\n", in, program, workFolder, resultFolder)
	default:
		fmt.Fprintf(&b, "The result is in the volume of %s, below %s.\n", k.Claim, d.Name)
	}
	fmt.Fprintf(&b, "  kubectl delete -f FILE\n")
	return b.String()
}

// serverSide is a flag of kubectl apply, which else puts a copy of each object into an annotation that must not be longer than 256 KiB.
func (d *Deployment) serverSide() string {
	total := 0
	for _, f := range d.Files {
		total += len(f.Data)
	}
	if total < 200<<10 {
		return ""
	}
	return " --server-side"
}

func (d *Deployment) metadata(k *Kubernetes, name string) *yaml.Node {
	return mapping("name", name, "namespace", k.Namespace, "labels", d.labels())
}

func (d *Deployment) labels() *yaml.Node {
	return mapping("app.kubernetes.io/name", "quorumbench", instanceLabel, d.Name)
}

// fileKey is the key of a file in the ConfigMap, whose keys cannot be any name; its path stands in the volume.
func fileKey(i int) string { return fmt.Sprintf("file-%d", i) }

func (d *Deployment) configMap(k *Kubernetes) *yaml.Node {
	var text, binary []any
	for i, f := range d.Files {
		if utf8.Valid(f.Data) {
			text = append(text, fileKey(i), string(f.Data))
		} else {
			binary = append(binary, fileKey(i), base64.StdEncoding.EncodeToString(f.Data))
		}
	}
	node := mapping("apiVersion", "v1", "kind", "ConfigMap", "metadata", d.metadata(k, d.Name), "immutable", true)
	for _, part := range []struct {
		key   string
		pairs []any
	}{{"data", text}, {"binaryData", binary}} {
		if len(part.pairs) > 0 {
			node.Content = append(node.Content, scalar(part.key), mapping(part.pairs...))
		}
	}
	return node
}

// secretKeys are the keys of the authority's certificate and of a site's key in the Secret.
const authorityKey = "authority"

func secretKey(site int) string { return fmt.Sprintf("site-%d", site) }

func (d *Deployment) secret(k *Kubernetes) *yaml.Node {
	pairs := []any{authorityKey, string(d.Keys.Authority)}
	for i, s := range d.Keys.Sites {
		pairs = append(pairs, secretKey(i), string(s.PEM))
	}
	return mapping("apiVersion", "v1", "kind", "Secret", "metadata", d.metadata(k, d.Name), "immutable", true, "type", "Opaque", "stringData", mapping(pairs...))
}

// service is a headless Service: it gives each pod a name. Sites look for each other before they are ready.
func (d *Deployment) service(k *Kubernetes) *yaml.Node {
	return mapping("apiVersion", "v1", "kind", "Service", "metadata", d.metadata(k, d.Name), "spec", mapping(
		"clusterIP", "None", "publishNotReadyAddresses", true, "selector", d.labels(),
		"ports", list(mapping("name", "quic", "protocol", "UDP", "port", d.Port))))
}

// job is the Job of all sites or shards, or, if region is not negative, that of one site.
func (d *Deployment) job(k *Kubernetes, region int) *yaml.Node {
	codes := make([]any, len(final))
	for i, code := range final {
		codes[i] = code
	}
	policy := func(action string) *yaml.Node {
		return mapping("rules", list(
			mapping("action", action, "onExitCodes", mapping("containerName", container, "operator", "In", "values", list(codes...))),
			// A pod that the engine has moved away is not to blame.
			mapping("action", "Ignore", "onPodConditions", list(mapping("type", "DisruptionTarget", "status", "True")))))
	}
	var annotations *yaml.Node
	if k.Metrics { // as the examples that come with Prometheus look for them
		annotations = mapping("prometheus.io/scrape", "true", "prometheus.io/port", strconv.Itoa(metricsPort), "prometheus.io/path", "/metrics")
	}
	pod := mapping("metadata", mapping("labels", d.labels(), "annotations", annotations), "spec", d.pod(k, region))
	if region >= 0 {
		return mapping("apiVersion", "batch/v1", "kind", "Job", "metadata", d.metadata(k, fmt.Sprintf("%s-%d", d.Name, region)),
			"spec", mapping("backoffLimit", k.Retries, "podReplacementPolicy", "Failed", "podFailurePolicy", policy("FailJob"), "template", pod))
	}
	completions := d.sites()
	parallel := completions
	if d.Shards > 0 {
		completions, parallel = d.Shards, d.Shards
		if k.Parallel > 0 {
			parallel = k.Parallel
		}
	}
	return mapping("apiVersion", "batch/v1", "kind", "Job", "metadata", d.metadata(k, d.Name), "spec", mapping(
		"completionMode", "Indexed", "completions", completions, "parallelism", parallel,
		// By index, so that the loss of one process does not end those that still have something to hand over.
		"backoffLimitPerIndex", k.Retries, "podReplacementPolicy", "Failed", "podFailurePolicy", policy("FailIndex"), "template", pod))
}

func (d *Deployment) pod(k *Kubernetes, region int) *yaml.Node {
	var files []any
	for i, f := range d.Files {
		files = append(files, mapping("key", fileKey(i), "path", f.Path))
	}
	work := mapping("name", "work", "emptyDir", &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle})
	if k.Claim != "" {
		work = mapping("name", "work", "persistentVolumeClaim", mapping("claimName", k.Claim))
	}
	volumes := []any{mapping("name", "experiment", "configMap", mapping("name", d.Name, "items", list(files...))), work}
	hostname, subdomain := "", ""
	var selector, affinity *yaml.Node
	if d.Shards == 0 {
		subdomain = d.Name
		volumes = append(volumes, mapping("name", "keys", "secret", mapping("secretName", d.Name, "defaultMode", octal(0o440), "items", d.keyItems())))
	}
	if region >= 0 {
		hostname = fmt.Sprintf("%s-%d", d.Name, region)
		selector = mapping(k.RegionLabel, labelOf(d.Regions[region]))
	}
	apart := mapping("labelSelector", mapping("matchLabels", mapping(instanceLabel, d.Name)), "topologyKey", hostLabel)
	switch k.Spread {
	case Preferred:
		affinity = mapping("podAntiAffinity", mapping("preferredDuringSchedulingIgnoredDuringExecution", list(mapping("weight", 100, "podAffinityTerm", apart))))
	case Required:
		affinity = mapping("podAntiAffinity", mapping("requiredDuringSchedulingIgnoredDuringExecution", list(apart)))
	}
	return mapping("restartPolicy", "Never", "hostname", hostname, "subdomain", subdomain, "automountServiceAccountToken", false, "enableServiceLinks", false,
		"terminationGracePeriodSeconds", 60, // for what is stored in the end
		"nodeSelector", selector, "affinity", affinity, "serviceAccountName", k.ServiceAccount,
		"securityContext", mapping("runAsNonRoot", true, "runAsUser", user, "runAsGroup", user, "fsGroup", user, "seccompProfile", mapping("type", "RuntimeDefault")),
		"containers", list(d.container(k, region)), "volumes", list(volumes...))
}

// keyItems put the keys of each site into a folder of its own, of which a pod is shown its own one only.
func (d *Deployment) keyItems() *yaml.Node {
	var items []any
	for i, region := range d.Regions {
		items = append(items,
			mapping("key", authorityKey, "path", path.Join(strconv.Itoa(i), keys.AuthorityFile)),
			mapping("key", secretKey(i), "path", path.Join(strconv.Itoa(i), keys.SiteFile(region))))
	}
	return list(items...)
}

func (d *Deployment) container(k *Kubernetes, region int) *yaml.Node {
	plain := func(argument string) string { return strings.ReplaceAll(argument, "$", "$$") } // since $(NAME) is a variable in arguments
	experiment := plain(path.Join(filesFolder, d.experiment()))
	mounts := []any{mapping("name", "experiment", "mountPath", filesFolder, "readOnly", true), mapping("name", "work", "mountPath", workFolder)}
	var arguments []string
	var environment *yaml.Node
	var ports []any
	if d.Shards > 0 {
		results := path.Join(workFolder, d.Name)
		if k.Out != "" {
			results = plain(k.Out)
		}
		arguments = d.runArguments(experiment, results)
		environment = list(mapping("name", shard.CountVariable, "value", strconv.Itoa(d.Shards)))
	} else {
		arguments = []string{"site", experiment, "--peers", fmt.Sprintf("%s-%%d.%s:%d", d.Name, d.Name, d.Port), "--keys", keysFolder,
			"--join", k.Join.String()}
		switch {
		case k.Out != "":
			arguments = append(arguments, "--out", plain(k.Out), "--hold", k.Hold.String())
		case k.Claim == "":
			arguments = append(arguments, "--out", path.Join(workFolder, resultFolder), "--hold", k.Hold.String())
		default:
			arguments = append(arguments, "--out", path.Join(workFolder, d.Name))
		}
		folder, own := "subPathExpr", "$("+indexVariable+")"
		if region >= 0 {
			folder, own = "subPath", strconv.Itoa(region)
			environment = list(mapping("name", siteVariable, "value", own))
		}
		mounts = append(mounts, mapping("name", "keys", "mountPath", keysFolder, folder, own, "readOnly", true))
		ports = append(ports, mapping("name", "quic", "containerPort", d.Port, "protocol", "UDP"))
	}
	if k.Metrics {
		arguments = append(arguments, fmt.Sprintf("--metrics=0.0.0.0:%d", metricsPort))
		ports = append(ports, mapping("name", "metrics", "containerPort", metricsPort, "protocol", "TCP"))
	}
	var variables []any
	if k.Credentials != "" {
		variables = append(variables, mapping("secretRef", mapping("name", k.Credentials)))
	}
	return mapping("name", container, "image", k.Image, "imagePullPolicy", k.Pull, "command", []string{program}, "args", arguments, "workingDir", workFolder, "env", environment, "envFrom", variables, "ports", ports,
		"resources", mapping("requests", mapping("cpu", k.CPU, "memory", k.Memory), "limits", mapping("memory", k.Memory)), // a limit of processor time would make runs late
		"securityContext", mapping("allowPrivilegeEscalation", false, "readOnlyRootFilesystem", true, "capabilities", mapping("drop", []string{"ALL"})),
		"volumeMounts", list(mounts...))
}
