package etcd

import (
	"context"
	"path/filepath"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/version"

	"quorumbench/bench/system"
	"quorumbench/systems/internal/leading"
	"quorumbench/systems/internal/self"
)

// Adapter runs etcd; see system.Adapter.
type Adapter struct{}

var _ system.Adapter = Adapter{}

// The defaults of etcd's --heartbeat-interval and --election-timeout, the step to which a heartbeat is rounded up, and how many
// heartbeats an election waits for.
const (
	leastHeartbeat = 100 * time.Millisecond
	heartbeatStep  = 10 * time.Millisecond
	electionBeats  = 10
)

// Name implements system.Adapter.
func (Adapter) Name() string { return "etcd" }

// About implements system.Adapter.
func (Adapter) About(c system.Cluster) []system.Setting {
	m := memberFor(c, 0)
	return []system.Setting{
		{Name: "version", Value: version.Version},
		{Name: "heartbeat-interval", Value: strconv.Itoa(int(m.Heartbeat)) + "ms"},
		{Name: "election-timeout", Value: strconv.Itoa(int(m.Election)) + "ms"},
		{Name: "unsafe-no-fsync", Value: strconv.FormatBool(m.NoSync)},
		{Name: "pre-vote", Value: strconv.FormatBool(m.config().PreVote)},
		{Name: "snapshot-count", Value: strconv.FormatUint(m.config().SnapshotCount, 10)},
	}
}

// memberFor is the configuration of the member of a replica.
func memberFor(c system.Cluster, replica int) member {
	heartbeat := max(leastHeartbeat, (c.RoundTrip + heartbeatStep - 1).Truncate(heartbeatStep))
	m := member{
		Name: memberOf(replica), Self: replica, Folder: filepath.Join(c.Nodes[replica].Folder, "data"), NoSync: !c.Durable,
		Heartbeat: uint(heartbeat.Milliseconds()), Election: uint((electionBeats * heartbeat).Milliseconds()),
	}
	for _, n := range c.Nodes {
		m.Addresses = append(m.Addresses, n.Address)
	}
	return m
}

// Start implements system.Adapter.
func (Adapter) Start(c system.Cluster, replica int) (system.Process, error) {
	return self.Process(memberName, memberFor(c, replica))
}

// Ready implements system.Adapter: a member is ready when it answers a linearizable read, which takes a leader.
func (Adapter) Ready(ctx context.Context, c system.Cluster, replica int) error {
	one, err := open(c, replica, replica)
	if err != nil {
		return err
	}
	defer one.Close()
	return system.Again(ctx, func(ctx context.Context) error {
		_, err := one.Get(ctx, []byte("are you ready"))
		return err
	})
}

// Lead implements system.Adapter.
func (Adapter) Lead(ctx context.Context, c system.Cluster, replica int) error {
	return leading.Move(ctx, c, replica, func(i int) (leading.Client, error) { return open(c, i, i) })
}

// Open implements system.Adapter.
func (Adapter) Open(c system.Cluster, region, replica int) (system.Client, error) {
	return open(c, region, replica)
}
