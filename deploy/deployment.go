package deploy

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"quorumbench/bench/experiment"
	"quorumbench/bench/shard"
	"quorumbench/bench/site/keys"
	"quorumbench/configs"
)

// Deployment is an experiment that is to be deployed.
type Deployment struct {
	Name    string // of what the engine makes: a DNS label that begins with a letter, up to MaxName bytes
	Regions []string
	Live    bool   // the experiment is not simulated
	Port    int    // UDP port of a site
	Files   []File // what every process needs: the experiment first, then the files that it names
	Shards  int    // 0: a process for each region. Else so many processes, each with a shard of the runs
	Sim     bool   // shards are simulated, whatever the experiment says

	// Keys are those of the sites. Only Kubernetes and Compose have them; Slurm's and SSH's scripts make their own.
	Keys *keys.Keys
	// Until is when the keys end to be valid.
	Until time.Time
}

// File is a file that a process needs, below its folder for them.
type File struct {
	Path string // with slashes, without "." and ".."
	Data []byte
}

// MaxName is the greatest length of a deployment's name, so that engines can put an index behind it.
const MaxName = 50

// MaxFiles bounds the files of a deployment together, in bytes: Kubernetes keeps no more in a ConfigMap.
const MaxFiles = 1 << 20

// prefix begins the name of a deployment unless one is given.
const prefix = "quorumbench-"

var namePattern = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// New makes a deployment of an experiment that was read from a file with that data. Name may be empty; then it follows from the
// experiment's. It returns an error, with what would be accepted, for an experiment that cannot be deployed.
func New(name string, plan *experiment.Plan, file string, data []byte) (*Deployment, error) {
	e := &plan.Experiment
	name = cmp.Or(name, nameOf(e.Name))
	if len(name) > MaxName || !namePattern.MatchString(name) {
		return nil, fmt.Errorf("found the name %q; accepted: up to %d of a-z, 0-9 and -, with a letter first and no - in the end", name, MaxName)
	}
	files, err := filesOf(plan, file, data)
	if err != nil {
		return nil, err
	}
	return &Deployment{Name: name, Regions: e.Regions, Live: !e.IsSimulated(), Files: files}, nil
}

// nameOf makes a deployment's name of an experiment's.
func nameOf(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	name = prefix + strings.Join(words, "-")
	return strings.TrimRight(name[:min(len(name), MaxName)], "-")
}

// MakeKeys makes the keys of the deployment's sites.
func (d *Deployment) MakeKeys(now time.Time, valid time.Duration) (err error) {
	d.Until = now.Add(valid)
	d.Keys, err = keys.Make(d.Name, d.Regions, now, valid)
	return err
}

// Shard lets so many processes share the runs of the experiment. It returns an error for a number that is not from 1 to
// shard.MaxCount.
func (d *Deployment) Shard(count int, simulated bool) error {
	if count < 1 || count > shard.MaxCount {
		return fmt.Errorf("found %d shards; accepted: 1 to %d", count, shard.MaxCount)
	}
	d.Shards, d.Sim = count, simulated
	d.Live = d.Live && !simulated
	return nil
}

// experiment is the path of the experiment's file.
func (d *Deployment) experiment() string { return d.Files[0].Path }

// folders are the folders of the files, each after the one that it is in.
func (d *Deployment) folders() (all []string) {
	for _, f := range d.Files {
		if folder := path.Dir(f.Path); folder != "." && !slices.Contains(all, folder) {
			all = append(all, folder)
		}
	}
	slices.Sort(all)
	return all
}

// filesOf are the files of an experiment, placed so that the experiment finds the others by the paths that it names.
func filesOf(plan *experiment.Plan, file string, data []byte) ([]File, error) {
	base := filepath.Base(file)
	if filepath.Ext(base) == "" { // one that comes with the program, or standard input
		base += ".yaml"
	}
	named := map[string][]byte{} // by path
	for _, p := range append([]*experiment.Plan{plan}, plan.Points()...) {
		if l := &p.Experiment.Load; l.Traced != nil {
			named[l.Trace] = l.Traced.File
		}
		ref := string(p.Experiment.Topology)
		if _, err := configs.Topology(ref); err == nil || p.Experiment.Topology.IsInline() {
			continue
		}
		at := ref
		if !filepath.IsAbs(at) {
			at = filepath.Join(filepath.Dir(file), at)
		}
		text, err := configs.ReadFile(at, configs.MaxTopology)
		if err != nil {
			return nil, fmt.Errorf("reading the topology: %w", err)
		}
		named[ref] = text
	}
	up, paths := 0, []string{} // how many folders above the experiment's the files reach
	for name := range named {
		clean := filepath.ToSlash(filepath.Clean(name))
		if filepath.IsAbs(name) {
			return nil, fmt.Errorf("found the file %s in the experiment; accepted: files by paths that are relative to the experiment's, so that they are found on other machines, too", name)
		}
		up, paths = max(up, strings.Count(clean+"/", "../")), append(paths, name)
	}
	slices.Sort(paths)
	depth := strings.Repeat("below/", up)
	all := []File{{depth + base, data}}
	for _, name := range paths {
		all = append(all, File{path.Clean(depth + filepath.ToSlash(name)), named[name]})
	}
	return all, checkFiles(all)
}

// checkFiles refuses files that no engine can be given.
func checkFiles(all []File) error {
	total := 0
	for i, f := range all {
		switch {
		case strings.ContainsFunc(f.Path, unicode.IsControl) || strings.HasPrefix(path.Base(f.Path), ".."):
			return fmt.Errorf("found a file called %q; accepted: names without control characters that do not begin with two full stops", f.Path)
		case slices.Contains(f.Data, 0):
			return fmt.Errorf("found a byte 0 in %s; accepted: text", f.Path)
		case slices.ContainsFunc(all[:i], func(other File) bool { return other.Path == f.Path }):
			return fmt.Errorf("found two files called %s; accepted: one", f.Path)
		}
		total += len(f.Path) + len(f.Data)
	}
	if total > MaxFiles {
		return fmt.Errorf("found files of %d bytes together; accepted: up to %d, which is what Kubernetes keeps in a ConfigMap", total, MaxFiles)
	}
	return nil
}

// errShards is the error of engines that have no shards.
var errShards = errors.New("found shards; accepted: a process for each region, or Kubernetes or Slurm")

// sites is how many processes run regions of the experiment.
func (d *Deployment) sites() int { return len(d.Regions) }

// runArguments are the arguments of quorumbench for a shard, whose result is below a folder. Given again, they go on with what is there.
func (d *Deployment) runArguments(experiment, results string) []string {
	all := []string{"run", experiment, "--shard", "auto", "--resume", results, "--quiet"}
	if d.Sim {
		all = append(all, "--sim")
	}
	return all
}
