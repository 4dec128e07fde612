package scenario

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"quorumbench/configs"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

//go:embed scripts/*.txt
var files embed.FS

const (
	folder    = "scripts"
	extension = ".txt"
)

// Script is a scenario that has been read. It may be played any number of times, by several
// goroutines.
type Script struct {
	Name     string // of the file, without its extension
	Title    string
	About    string
	Seed     uint64   // of all randomness; may be changed before playing
	Parts    []Window // to draw; none: all
	Protocol string
	Replicas int
	Sum      string // SHA-256 of the script's text, in hexadecimal

	file         string
	driver       *protocols.Driver
	members      int // of the first membership, if it may change; else 0
	options      protocols.Choices
	quorums      quorum.Roles
	witnesses    quorum.Set // replicas that hold no commands
	delays       protocols.Delays
	leader       protocols.NodeID
	hidden       []filter
	actions      []action
	labels       map[string]bool // of the commands
	drawn        bool            // commands are drawn from the seed: their labels are not known
	expectations []expectation
	end          time.Duration
}

// action is something that the script does to the world.
type action struct {
	line int
	at   time.Duration
	rule bool // of the network or the timers: at 0 it comes before the start
	do   func(*world) error
}

// Names returns the names of the scenarios that come with the program, sorted.
func Names() []string {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		panic(fmt.Sprintf("scenario: reading the embedded folder %s: %v", folder, err)) // it is in the program
	}
	var names []string
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), extension))
	}
	slices.Sort(names) // files are sorted with their extensions
	return names
}

// Load reads the scenario of that name, or the script of that file if the name ends in .txt. It may name the
// drivers given. The error for an unknown name lists those accepted.
func Load(name string, drivers protocols.Drivers) (*Script, error) {
	if strings.HasSuffix(name, extension) {
		data, err := configs.ReadFile(name, configs.MaxExperiment)
		if err != nil {
			return nil, fmt.Errorf("reading a scenario: %w", err)
		}
		return Parse(name, data, drivers)
	}
	file := path.Join(folder, name+extension)
	data, err := files.ReadFile(file)
	if err != nil {
		known := Names()
		return nil, fmt.Errorf("found no scenario %q; accepted: %s%s",
			name, strings.Join(known, ", "), strictyaml.DidYouMean(name, known))
	}
	return Parse(file, data, drivers)
}
