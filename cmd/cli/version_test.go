package cli

import (
	"runtime/debug"
	"testing"
)

func TestTheVersionNamesTheCommit(t *testing.T) {
	stamped := []debug.BuildSetting{{Key: "vcs.revision", Value: "48f93f7"}, {Key: "vcs.time", Value: "2026-11-27T00:00:00Z"}, {Key: "vcs.modified", Value: "true"}}
	for want, info := range map[string]*debug.BuildInfo{
		"v1.2.0, commit 48f93f7 of 2026-11-27T00:00:00Z": {
			Main: debug.Module{Path: module, Version: "v1.2.0"}, Settings: stamped[:2]},
		"(devel), commit 48f93f7 of 2026-11-27T00:00:00Z, with changes that are not committed": {
			Main: debug.Module{Path: module}, Settings: stamped},
		"(devel), of an unknown commit (go build -buildvcs=true, in the repository, names it; go run never does)": {
			Main: debug.Module{Path: module}},
		"v1.1.0": { // somebody else's program, whose commit says nothing of quorumbench
			Main: debug.Module{Path: "example.org/mine"}, Deps: []*debug.Module{{Path: module, Version: "v1.1.0"}}, Settings: stamped},
	} {
		if got := versionOf(info); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
