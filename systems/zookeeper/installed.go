package zookeeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The parts that Debian and Ubuntu package; the first names the others that it needs. The last one prints what the server logs.
const (
	serverJar = "/usr/share/java/zookeeper.jar"
	logJar    = "/usr/share/java/slf4j-simple.jar"
)

// installation is ZooKeeper as it was found.
type installation struct {
	version string // as in "3.8.0"; empty if it is not known
	java    string // the path of the program that runs it
	runtime string // its version, as in "17.0.15"
	jars    []string
}

// find looks for ZooKeeper once.
var find = sync.OnceValues(look)

func look() (*installation, error) {
	const install = "; to install it on Debian or Ubuntu: apt-get install zookeeper"
	i := &installation{}
	if _, err := os.Stat(serverJar); err != nil {
		return nil, fmt.Errorf("found no %s%s", serverJar, install)
	}
	// Another name of the same file tells the version.
	named, err := filepath.Glob("/usr/share/java/zookeeper-[0-9]*.jar")
	if err != nil {
		return nil, err
	}
	if len(named) == 1 {
		i.version = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(named[0]), "zookeeper-"), ".jar")
	}
	if i.java, err = exec.LookPath("java"); err != nil {
		return nil, errors.New("found no java in PATH; to install it on Debian or Ubuntu: apt-get install default-jre-headless")
	}
	if i.runtime, err = runtimeOf(i.java); err != nil {
		return nil, err
	}
	for _, jar := range []string{serverJar, logJar} {
		if _, err := os.Stat(jar); err == nil {
			i.jars = append(i.jars, jar)
		}
	}
	return i, nil
}

// runtimeOf asks Java for its version.
func runtimeOf(java string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	said, err := exec.CommandContext(ctx, java, "-version").CombinedOutput() // such as `openjdk version "17.0.15" 2025-04-15`, and more lines
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w\n%s", java, err, said)
	}
	parts := strings.SplitN(string(said), `"`, 3)
	if len(parts) < 3 {
		return "", fmt.Errorf("%s -version says %q; accepted: a version in quotes", java, said)
	}
	return parts[1], nil
}
