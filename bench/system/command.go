package system

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// CommandName is the name of the system that an experiment describes itself.
const CommandName = "command"

// Command describes a system that is in no list: the program that each of its nodes is, what its clients speak, and what it promises.
type Command struct {
	// Argv is the program and its arguments; no shell reads them. Placeholders in it and in the values of Env are filled in; see Fill.
	Argv []string          `yaml:"argv,required" json:"argv"`
	Env  map[string]string `yaml:"env" json:"env,omitempty"` // in addition to this process' environment
	// Peer is how a node is named to the others, with placeholders. {peers} and {others} are lists of it.
	Peer   string     `yaml:"peer" json:"peer,omitempty"`
	Client ClientKind `yaml:"client,required" json:"client"` // what the clients speak
	Port   int        `yaml:"port,required" json:"port"`     // at which each node listens for clients, from 1 to 65535
	Path   string     `yaml:"path" json:"path,omitempty"`    // of Client HTTP: what comes before the key; default /
	// Connection is of Client PostgreSQL: the user, the password and the database, in the form of ConnectionPattern.
	Connection string    `yaml:"connection" json:"connection,omitempty"`
	Ready      Readiness `yaml:"ready" json:"ready,omitempty"` // when a node is ready; default read
	// Promise is what the system promises about the answers to its clients.
	Promise Promise `yaml:"promise,required" json:"promise"`
	// Floor is the name of the driver whose messages its writes take; see Description.FloorOf.
	Floor string `yaml:"floor,required" json:"floor"`

	// NoFailover: see Description.NoFailover.
	NoFailover bool `yaml:"no_failover" json:"no_failover,omitempty"`
}

// ClientKind is a protocol that clients speak.
type ClientKind string

// The kinds of clients.
const (
	EtcdClient     ClientKind = "etcd"     // etcd's API, version 3: Put, and a linearizable Range
	RESPClient     ClientKind = "resp"     // Redis' protocol: SET and GET
	PostgresClient ClientKind = "postgres" // PostgreSQL's protocol: INSERT … ON CONFLICT and SELECT of one table
	HTTPClient     ClientKind = "http"     // PUT and GET of /key
)

// How PostgreSQL's clients connect: a regular expression that Command.Connection matches, as the same words in a connection string of
// PostgreSQL, and what it is if an experiment does not say. The address and the port are those of the node.
const (
	ConnectionPattern = `^((user|password|dbname)=[^\s'\\]+( |$))+$`
	DefaultConnection = "user=postgres dbname=postgres"
)

// Words lists the values that are accepted.
func (ClientKind) Words() []string { return words(EtcdClient, RESPClient, PostgresClient, HTTPClient) }

// Readiness says when a node is ready.
type Readiness string

// The kinds of readiness.
const (
	Connects Readiness = "connect" // it accepts a connection
	Reads    Readiness = "read"    // it answers a read
	Writes   Readiness = "write"   // it answers a write
)

// Words lists the values that are accepted.
func (Readiness) Words() []string { return words(Connects, Reads, Writes) }

// Words lists the values that are accepted.
func (Promise) Words() []string { return words(Linearizable, Sequential, Nothing) }

func words[T ~string](all ...T) []string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = string(one)
	}
	return words
}

// Description is the command's.
func (c *Command) Description() *Description {
	return &Description{
		Name: CommandName, FloorOf: c.Floor, Promise: c.Promise, NoFailover: c.NoFailover,
		Summary: "a program that the experiment describes",
	}
}

// The placeholders that a command may have: in the text that names a node to the others, and elsewhere.
var (
	PeerPlaceholders    = []string{"region", "index", "address"}
	CommandPlaceholders = slices.Concat(PeerPlaceholders, []string{"folder", "addresses", "peers", "others", "leader", "leader_index", "leader_address", "durability"})
)

var placeholder = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

// Unknown returns the first placeholder in a text that is not among the known ones, with its braces; empty if there is none.
func Unknown(text string, known []string) string {
	for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, found[1]) {
			return found[0]
		}
	}
	return ""
}

// Process returns the process of a replica's node: the command with its placeholders filled in.
//
//   - {region}, {index} (the replica's number, from 0), {address} and {folder} are the node's own,
//   - {addresses} are those of all nodes, with commas between them,
//   - {peers} is Peer for each node, filled in for that node, with commas between them; {others} leaves out the node itself,
//   - {leader}, {leader_index} and {leader_address} are the region, number and address of the replica that is meant to lead; empty
//     if the system has no leader,
//   - {durability} is memory or fsync.
func (c *Command) Process(cluster Cluster, replica int) Process {
	fill := func(text string, values map[string]string) string {
		return placeholder.ReplaceAllStringFunc(text, func(found string) string { return values[found[1:len(found)-1]] })
	}
	node := func(i int) map[string]string {
		n := cluster.Nodes[i]
		return map[string]string{"region": n.Region, "index": strconv.Itoa(i), "address": n.Address.String()}
	}
	values := node(replica)
	values["folder"], values["durability"] = cluster.Nodes[replica].Folder, "memory"
	if cluster.Durable {
		values["durability"] = "fsync"
	}
	if cluster.Leader >= 0 {
		for key, value := range node(cluster.Leader) {
			values["leader_"+key] = value
		}
		values["leader"] = values["leader_region"]
	}
	var addresses, peers, others []string
	for i, n := range cluster.Nodes {
		peer := fill(c.Peer, node(i))
		addresses, peers = append(addresses, n.Address.String()), append(peers, peer)
		if i != replica {
			others = append(others, peer)
		}
	}
	values["addresses"], values["peers"], values["others"] = strings.Join(addresses, ","), strings.Join(peers, ","), strings.Join(others, ",")
	var p Process
	for _, argument := range c.Argv {
		p.Argv = append(p.Argv, fill(argument, values))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		p.Env = append(p.Env, name+"="+fill(c.Env[name], values))
	}
	return p
}
