package cli

import "runtime/debug"

// module is the path of the module that this package is in.
const module = "quorumbench"

// version is that of quorumbench, as the Go command stamped it into the program, whosever program it is.
func version() string {
	const unknown = "(devel)"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" {
			return m.Version
		}
	}
	return unknown
}
