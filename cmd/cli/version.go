package cli

import (
	"fmt"
	"runtime/debug"
	"slices"
)

// module is the path of the module that this package is in.
const module = "quorumbench"

// version is that of quorumbench, whosever program it is, with the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	return versionOf(info)
}

// versionOf tells the version and the commit that the Go command stamped into a program. The commit is that of the main
// module, which is quorumbench's unless the program is somebody else's.
func versionOf(info *debug.BuildInfo) string {
	version := "(devel)"
	for _, m := range slices.Concat(info.Deps, []*debug.Module{&info.Main}) {
		if m.Path == module && m.Version != "" {
			version = m.Version
		}
	}
	if info.Main.Path != module {
		return version
	}
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	if set["vcs.revision"] == "" {
		return version + ", of an unknown commit (go build -buildvcs=true, in the repository, names it; go run never does)"
	}
	changed := ""
	if set["vcs.modified"] == "true" {
		changed = ", with changes that are not committed"
	}
	return fmt.Sprintf("%s, commit %s of %s%s", version, set["vcs.revision"], set["vcs.time"], changed)
}
