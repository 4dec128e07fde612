package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// leastVersion is the oldest major version that is run. Older ones are no longer maintained.
const leastVersion = 14

// Where packages of distributions put the programs, besides PATH. Debian has a folder for each major version.
const packaged = "/usr/lib/postgresql/*/bin"

// installation is PostgreSQL as it was found.
type installation struct {
	version  string // as in "15.18"
	postgres string // the path of the server
	initdb   string // the path of the program that makes a folder for one
	unshare  string // the path of the program that starts another one in namespaces of its own
	user     string // the number of the user that servers take themselves for
	group    string // the number of its group
}

// find looks for PostgreSQL once.
var find = sync.OnceValues(look)

func look() (*installation, error) {
	const install = "; to install it on Debian or Ubuntu: apt-get install postgresql"
	candidates, err := filepath.Glob(packaged)
	if err != nil {
		return nil, err
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && !slices.Contains(candidates, filepath.Dir(path)) {
			candidates = append(candidates, filepath.Dir(path))
		}
	}
	best, newest := &installation{}, 0.0
	for _, folder := range candidates {
		one := installation{postgres: filepath.Join(folder, "postgres"), initdb: filepath.Join(folder, "initdb")}
		if one.version, err = versionOf(one.postgres); err != nil {
			continue
		}
		if _, err := os.Stat(one.initdb); err != nil {
			continue
		}
		if number, err := strconv.ParseFloat(one.version, 64); err == nil && number > newest {
			best, newest = &one, number
		}
	}
	switch {
	case newest == 0:
		return nil, fmt.Errorf("found no postgres with its initdb in PATH or in %s%s", packaged, install)
	case newest < leastVersion:
		return nil, fmt.Errorf("found PostgreSQL %s in %s; accepted: %d or later%s", best.version, filepath.Dir(best.postgres), leastVersion, install)
	}
	if best.unshare, err = exec.LookPath("unshare"); err != nil {
		return nil, errors.New("found no unshare, by which PostgreSQL is started as a user that is not root; to install it on Debian or Ubuntu: apt-get install util-linux")
	}
	// The user must have a name, which initdb looks for.
	for _, name := range []string{"postgres", "nobody"} {
		if account, err := user.Lookup(name); err == nil {
			best.user, best.group = account.Uid, account.Gid
			return best, nil
		}
	}
	return nil, errors.New("found neither a user called postgres nor one called nobody; accepted: either, in the name of which PostgreSQL runs")
}

// versionOf asks a server's program for its version.
func versionOf(postgres string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	said, err := exec.CommandContext(ctx, postgres, "--version").Output() // such as "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
	if err != nil {
		return "", err
	}
	words := strings.Fields(string(said))
	if len(words) < 3 {
		return "", fmt.Errorf("%s --version says %q; accepted: a name and a version", postgres, said)
	}
	return words[2], nil
}

// asOrdinaryUser is how a program is started in the name of a user that is not root.
func (i *installation) asOrdinaryUser(argv ...string) []string {
	return append([]string{i.unshare, "--user", "--map-user=" + i.user, "--map-group=" + i.group, "--ipc", "--"}, argv...)
}

// initialise makes a folder for a server. The one user of its database, who may do everything, needs no password: nobody but the
// programs in the emulated network reaches the server.
func (i *installation) initialise(folder string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	argv := i.asOrdinaryUser(i.initdb, "--pgdata="+folder, "--username="+role, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making a database by initdb: %w\n%s", err, said)
	}
	access, err := os.OpenFile(filepath.Join(folder, "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = access.WriteString("host all all samenet trust\nhost replication all samenet trust\n")
	return errors.Join(err, access.Close())
}
