package wan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatForbidsNamespaces tells the setting that is in the way, and how to change it.
func TestWhatForbidsNamespaces(t *testing.T) {
	for _, c := range []struct{ setting, value, want string }{
		{"user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"},
		{"kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
		{"user/max_user_namespaces", "96364", "; run as root, or where users may make namespaces"},
	} {
		settings := t.TempDir()
		file := filepath.Join(settings, c.setting)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(c.value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := missing(true, settings); !strings.Contains(got, c.want) {
			t.Errorf("%s is %s: found %q; want %q", c.setting, c.value, got, c.want)
		}
		if got := missing(false, settings); got != "" {
			t.Errorf("%s is %s: found %q for root; want nothing", c.setting, c.value, got)
		}
	}
}
