package system

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// Adapter runs a system. Its methods may be called by several goroutines, for different clusters also at the same time.
type Adapter interface {
	// Name is that of the system's Description.
	Name() string
	// About tells versions and settings of the clusters that it runs, for the result, in the order in which they are shown.
	About(Cluster) []Setting
	// Start says how the node of a replica is started, for the first time and again after it was killed. It makes the files
	// that the node needs, inside the node's folder. The first calls of a run are in the order of the replicas.
	Start(c Cluster, replica int) (Process, error)
	// Ready returns when the node of a replica serves clients, or with the error that keeps it from that when ctx ends.
	Ready(ctx context.Context, c Cluster, replica int) error
	// Lead moves the leadership to the node of a replica, and returns when the cluster says that it is there. Systems without
	// a leader return nil.
	Lead(ctx context.Context, c Cluster, replica int) error
	// Open returns a client in a region that talks to the node of one replica only. It need not be connected yet.
	Open(c Cluster, region, replica int) (Client, error)
}

// Installed is an Adapter of a system that is not linked into this program, but has to be installed.
type Installed interface {
	Adapter
	// Find looks for what the system takes. The error says what is missing, and by which command it is installed.
	Find() error
}

// Describer is the Adapter of systems that experiments describe, which are all called CommandName.
type Describer interface {
	Adapter
	// Of returns the adapter of one of them.
	Of(*Command) Adapter
}

// Cluster is what an adapter knows of the nodes that it runs. It must not be changed.
type Cluster struct {
	Nodes []Node // by replica
	// Leader is the replica that is to lead, or -1 if the experiment leaves it open. Lead is called for it, but some systems have
	// to know it when their nodes start.
	Leader int
	// Durable says that nodes sync what they write to the disk before they answer. Without it, they need not.
	Durable bool
	// RoundTrip is the longest between two nodes, without jitter. Systems whose time limits depend on distances are set by it.
	RoundTrip time.Duration
	// Dial makes connections from a region. The regions of replicas have the replicas' numbers; others follow.
	Dial func(region int) Dialer
}

// Dialer makes a connection; as the method DialContext of net.Dialer.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Node is the place of a replica.
type Node struct {
	Region  string     // its name
	Address netip.Addr // at which it listens, and nothing outside of the emulated network can reach it
	Folder  string     // for its data: private, empty at first, and removed after the run
}

// Process is a program to start.
type Process struct {
	Argv []string // the program's path, and its arguments; no shell reads them
	Env  []string // NAME=value, in addition to the environment of this process
}

// Setting is a version or a setting of a system.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Client talks to a node. Its methods may be called by several goroutines.
type Client interface {
	// Put writes a key. After an error it is not known whether it has taken effect, unless the error is a ErrRefused.
	Put(ctx context.Context, key, value []byte) error
	// Get reads a key as the system promises. The value is nil if the key is absent, and never nil if it is there.
	Get(ctx context.Context, key []byte) (value []byte, err error)
	// Leader tells which replica leads, by what the node says; -1 if the node knows of no leader, or the system has none.
	Leader(ctx context.Context) (replica int, err error)
	Close() error
}

// The pauses between two attempts of Again, and how long one of them may take.
const (
	betweenAttempts = 50 * time.Millisecond
	attemptTimeout  = 2 * time.Second
)

// Again calls a function that waits for something, such as an election, until it returns no error or until the context ends; then
// it returns the context's error and the last one of the function before that. Each call has two seconds.
func Again(ctx context.Context, try func(context.Context) error) error {
	var last error
	for {
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		err := try(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), last)
		case <-time.After(betweenAttempts):
		}
	}
}

// ErrRefused is wrapped by errors of commands that certainly have no effect, now or later.
var ErrRefused = errors.New("the system has not taken the command")
