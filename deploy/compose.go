package deploy

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"quorumbench/bench/site/keys"
)

// Compose is what is said of a deployment to Compose alone.
type Compose struct {
	Image string
	Join  time.Duration // how long the sites may take to find each other
}

// WriteCompose prints a file for Compose, with a service for each region. Deployment.Keys must be set.
//
// Files and keys are in it as configs, since Compose gives those the owner that is asked for; it mounts secrets of files with the
// owner that they have outside. It copies configs into containers, whose root can therefore not be read-only.
func (d *Deployment) WriteCompose(w io.Writer, c Compose) error {
	if d.Shards > 0 {
		return errShards
	}
	if !imagePattern.MatchString(c.Image) {
		return fmt.Errorf("--image: found %q; accepted: the name of an image, such as registry.example/quorumbench:1", c.Image)
	}
	var configs, services []any
	config := func(name string, data []byte) {
		configs = append(configs, name, mapping("content", literal(string(data))))
	}
	var shared []any
	use := func(name, target string) *yaml.Node {
		return mapping("source", name, "target", literal(target), "uid", strconv.Itoa(user), "gid", strconv.Itoa(user), "mode", octal(0o400))
	}
	for i, f := range d.Files {
		if !utf8.Valid(f.Data) {
			return fmt.Errorf("found a file that is not UTF-8: %s; accepted: text in UTF-8", f.Path)
		}
		config(fileKey(i), f.Data)
		shared = append(shared, use(fileKey(i), path.Join(filesFolder, f.Path)))
	}
	config(authorityKey, d.Keys.Authority)
	for i, s := range d.Keys.Sites {
		config(secretKey(i), s.PEM)
		own := append(shared[:len(shared):len(shared)],
			use(authorityKey, path.Join(keysFolder, keys.AuthorityFile)), use(secretKey(i), path.Join(keysFolder, keys.SiteFile(s.Site))))
		services = append(services, secretKey(i), mapping("image", c.Image,
			"command", list("site", literal(path.Join(filesFolder, d.experiment())), "--site", strconv.Itoa(i),
				"--peers", fmt.Sprintf("site-%%d:%d", d.Port), "--keys", keysFolder, "--join", c.Join.String(), "--out", path.Join(workFolder, resultFolder)),
			"user", fmt.Sprintf("%d:%d", user, user), "working_dir", workFolder, "cap_drop", []string{"ALL"}, "security_opt", []string{"no-new-privileges:true"},
			"restart", "no", "stop_grace_period", "1m", "configs", list(own...)))
	}
	comment := fmt.Sprintf(`Made by quorumbench deploy compose, for Docker Compose 2.23.1 or newer. docs/deploying.md of quorumbench tells more.
A container for each of %d regions. It has private keys, valid until %s: keep it as you keep those.
  docker compose -f FILE up
  docker compose -f FILE cp %s:%s/%s result
  docker compose -f FILE down`, d.sites(), d.Until.UTC().Format("2006-01-02 15:04 MST"), secretKey(0), workFolder, resultFolder)
	return writeYAML(w, comment, mapping("name", d.Name, "services", mapping(services...), "configs", mapping(configs...)))
}

// literal is a text in which Compose replaces no variables.
func literal(text string) string { return strings.ReplaceAll(text, "$", "$$") }
