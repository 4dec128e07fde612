package experiment

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"quorumbench/bench/system"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
)

// MaxArguments is how many words the argv of a command may have.
const MaxArguments = 1000

// EnvironmentPattern is a regular expression that every name of a command's environment matches.
const EnvironmentPattern = `^[A-Za-z_][A-Za-z0-9_]*$`

var (
	environmentPattern = regexp.MustCompile(EnvironmentPattern)
	connectionPattern  = regexp.MustCompile(system.ConnectionPattern)
)

// readCommand fills in what the description of a command at a path leaves out, and checks it.
func (p *Plan) readCommand(doc *strictyaml.Document, at string, c *system.Command) error {
	if !doc.Has(at + ".ready") {
		c.Ready = system.Reads
	}
	for _, of := range []struct {
		client         system.ClientKind
		key, otherwise string
		value          *string
	}{
		{system.HTTPClient, "path", "/", &c.Path}, {system.PostgresClient, "connection", system.DefaultConnection, &c.Connection},
	} {
		switch has := doc.Has(at + "." + of.key); {
		case !has && c.Client == of.client:
			*of.value = of.otherwise
		case has && c.Client != of.client:
			return doc.Errorf(at+"."+of.key, "found it with client: %s; accepted: with client: %s", c.Client, of.client)
		}
	}
	if key, err := checkCommand(c, p.drivers); err != nil {
		return doc.Errorf(at+"."+key, "%w", err)
	}
	return nil
}

// checkCommand returns the key of the description of a command that is wrong, and what is wrong with it.
func checkCommand(c *system.Command, drivers protocols.Drivers) (key string, err error) {
	for _, one := range []struct {
		key, found string
		accepted   []string
	}{
		{"client", string(c.Client), c.Client.Words()},
		{"ready", string(c.Ready), c.Ready.Words()},
		{"promise", string(c.Promise), c.Promise.Words()},
		{"floor", c.Floor, drivers.Names()},
	} {
		if !slices.Contains(one.accepted, one.found) {
			return one.key, fmt.Errorf("found %q; accepted: %s%s", one.found, strings.Join(one.accepted, ", "), strictyaml.DidYouMean(one.found, one.accepted))
		}
	}
	switch {
	case len(c.Argv) == 0 || len(c.Argv) > MaxArguments:
		return "argv", fmt.Errorf("found %d words; accepted: a program and its arguments, up to %d words", len(c.Argv), MaxArguments)
	case c.Argv[0] == "":
		return "argv[0]", fmt.Errorf("found an empty word; accepted: the name of a program, or its path")
	case c.Port < 1 || c.Port > 65535:
		return "port", fmt.Errorf("found %d; accepted: 1 to 65535", c.Port)
	case c.Client == system.HTTPClient && !strings.HasPrefix(c.Path, "/"):
		return "path", fmt.Errorf("found %q; accepted: a path that begins with /", c.Path)
	case c.Client == system.PostgresClient && !connectionPattern.MatchString(c.Connection):
		return "connection", fmt.Errorf("found %q; accepted: user=…, password=… and dbname=…, with a space between two of them", c.Connection)
	case c.NoFailover && !drivers.Find(c.Floor).HasLeader:
		return "no_failover", fmt.Errorf("found a leader without failover, and the floor of %s, which has none; accepted: no_failover: false, or the floor of a driver with a leader", c.Floor)
	}
	check := func(key, text string, known []string) (string, error) {
		if strings.ContainsRune(text, 0) {
			return key, fmt.Errorf("found a zero byte; accepted: text without it, since it would end there")
		}
		if found := system.Unknown(text, known); found != "" {
			return key, fmt.Errorf("found the placeholder %s; accepted: {%s}%s", found, strings.Join(known, "}, {"), strictyaml.DidYouMean(strings.Trim(found, "{}"), known))
		}
		return "", nil
	}
	for i, argument := range c.Argv {
		if key, err := check(fmt.Sprintf("argv[%d]", i), argument, system.CommandPlaceholders); err != nil {
			return key, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		if !environmentPattern.MatchString(name) {
			return "env", fmt.Errorf("found the variable %q; accepted: letters, digits and underscores, not a digit first", name)
		}
		if key, err := check("env."+name, c.Env[name], system.CommandPlaceholders); err != nil {
			return key, err
		}
	}
	return check("peer", c.Peer, system.PeerPlaceholders)
}
