package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"quorumbench/bench/system"
	"quorumbench/systems/internal/leading"
	"quorumbench/systems/internal/self"
)

// Adapter runs NATS JetStream; see system.Adapter.
type Adapter struct{}

var _ system.Adapter = Adapter{}

// readyKey is the key by which it is asked whether nodes are ready. The load has none of that name.
const readyKey = "are you ready"

// streamName is the name of the stream with the keys; subjects begin with it.
const streamName = "quorumbench"

// Name implements system.Adapter.
func (Adapter) Name() string { return "nats" }

// About implements system.Adapter.
func (Adapter) About(c system.Cluster) []system.Setting {
	interval := "2m"
	if c.Durable {
		interval = "always"
	}
	return []system.Setting{
		{Name: "version", Value: server.VERSION},
		{Name: "sync_interval", Value: interval},
		{Name: "storage", Value: "file"},
		{Name: "reads", Value: "by the stream's leader"},
	}
}

// Start implements system.Adapter.
func (Adapter) Start(c system.Cluster, replica int) (system.Process, error) {
	m := member{Folder: filepath.Join(c.Nodes[replica].Folder, "data"), Self: replica, Sync: c.Durable}
	for _, n := range c.Nodes {
		m.Addresses = append(m.Addresses, n.Address)
	}
	return self.Process(memberName, m)
}

// Ready implements system.Adapter. The stream is made when the first node is asked for. A node is ready when a read through it is
// answered, which takes a leader of the stream, and it knows who that is.
func (Adapter) Ready(ctx context.Context, c system.Cluster, replica int) error {
	one := open(c, replica, replica)
	defer one.Close()
	return system.Again(ctx, func(ctx context.Context) error {
		if err := one.wait(ctx); err != nil {
			return err
		}
		_, err := one.jetStream.CreateStream(ctx, jetstream.StreamConfig{
			Name: streamName, Subjects: []string{streamName + ".>"}, Storage: jetstream.FileStorage, Replicas: len(c.Nodes),
			MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew,
		})
		if err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return fmt.Errorf("making the stream: %w", err)
		}
		if _, err := one.Get(ctx, []byte(readyKey)); err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		switch leader, err := one.Leader(ctx); {
		case err != nil:
			return err
		case leader < 0:
			return errors.New("it knows of no leader of the stream")
		}
		return nil
	})
}

// Lead implements system.Adapter. A new leader does not take writes at once, so Lead waits until writes through each node are answered.
func (Adapter) Lead(ctx context.Context, c system.Cluster, replica int) error {
	if err := leading.Move(ctx, c, replica, func(i int) (leading.Client, error) { return open(c, i, i), nil }); err != nil {
		return err
	}
	for i, node := range c.Nodes {
		one := open(c, i, i)
		defer one.Close()
		err := system.Again(ctx, func(ctx context.Context) error { return one.Put(ctx, []byte(readyKey), nil) })
		if err != nil {
			return fmt.Errorf("writing from %s: %w", node.Region, err)
		}
	}
	return nil
}

// HandOver implements leading.Client: it asks the stream's leader to step down in favour of a replica.
func (c *client) HandOver(ctx context.Context, to int) error {
	if err := c.wait(ctx); err != nil {
		return err
	}
	request, err := json.Marshal(server.JSApiLeaderStepdownRequest{Placement: &server.Placement{Preferred: nameOf(to)}})
	if err != nil {
		return err
	}
	said, err := c.connection.RequestWithContext(ctx, fmt.Sprintf(server.JSApiStreamLeaderStepDownT, streamName), request)
	if err != nil {
		return err
	}
	var answer server.JSApiStreamLeaderStepDownResponse
	if err := json.Unmarshal(said.Data, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	return nil
}

// Open implements system.Adapter.
func (Adapter) Open(c system.Cluster, region, replica int) (system.Client, error) {
	return open(c, region, replica), nil
}
