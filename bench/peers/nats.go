package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// startTimeout is how long a system may take to start.
const startTimeout = 20 * time.Second

// streamBytes is how much a JetStream stream keeps; then it drops its oldest messages.
const streamBytes = 512 << 20

// jetStream measures JetStream: three servers clustered on loopback, a stream of three replicas in memory. Clients
// share a connection to each server, or to the server that leads the stream.
func jetStream(ctx context.Context, c config, leaderOnly bool) (found *measurement, err error) {
	cluster := &natsCluster{}
	defer cluster.close()
	if err := cluster.start(c.folder); err != nil {
		return nil, err
	}
	publishers, err := cluster.publishers(ctx, leaderOnly)
	if err != nil {
		return nil, err
	}
	values := make([][]byte, c.clients)
	for i := range values {
		values[i] = make([]byte, valueSize)
	}
	return closedLoop(ctx, c, func(ctx context.Context, client int, random *rand.Rand) error {
		value := values[client] // PublishAsync copies it to the connection's buffer
		for i := range 8 {
			value[i] = byte(random.Uint32())
		}
		future, err := publishers[client%len(publishers)].PublishAsync("peers", value)
		if err != nil {
			return err
		}
		select {
		case <-future.Ok():
			return nil
		case err := <-future.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// natsCluster is a cluster of NATS servers in this process.
type natsCluster struct {
	servers     []*server.Server
	connections []*nats.Conn
}

// start starts the servers. If it fails, close stops those that were started.
func (n *natsCluster) start(folder string) error {
	ports, err := freePorts(replicas)
	if err != nil {
		return err
	}
	var routes []*url.URL
	for _, port := range ports {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	for i, port := range ports {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprintf("server%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT,
			Cluster: server.ClusterOpts{Name: "peers", Host: "127.0.0.1", Port: port}, Routes: routes,
			JetStream: true, JetStreamMaxMemory: 2 * streamBytes, JetStreamMaxStore: streamBytes,
			StoreDir: filepath.Join(folder, fmt.Sprintf("server%d", i)),
			NoLog:    true, NoSigs: true,
		})
		if err != nil {
			return fmt.Errorf("making a NATS server: %w", err)
		}
		n.servers = append(n.servers, s)
		s.Start()
	}
	for _, s := range n.servers {
		if !s.ReadyForConnections(startTimeout) {
			return fmt.Errorf("a NATS server took more than %v to start", startTimeout)
		}
	}
	return nil
}

// publishers makes the stream and connects to each server, or to the server that leads the stream.
func (n *natsCluster) publishers(ctx context.Context, leaderOnly bool) (publishers []jetstream.JetStream, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var leader string
	for i, s := range n.servers {
		connection, err := nats.Connect(s.ClientURL())
		if err != nil {
			return nil, fmt.Errorf("connecting to a NATS server: %w", err)
		}
		n.connections = append(n.connections, connection)
		publisher, err := jetstream.New(connection)
		if err != nil {
			return nil, fmt.Errorf("connecting to JetStream: %w", err)
		}
		if i == 0 {
			if leader, err = createStream(ctx, publisher); err != nil {
				return nil, fmt.Errorf("making a stream: %w", err)
			}
		}
		if !leaderOnly || s.Name() == leader {
			publishers = append(publishers, publisher)
		}
	}
	return publishers, nil
}

// createStream makes the stream when the cluster can, and returns the name of the server that leads it.
func createStream(ctx context.Context, js jetstream.JetStream) (leader string, err error) {
	for ; ctx.Err() == nil; wait(ctx, 50*time.Millisecond) {
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		var stream jetstream.Stream
		stream, err = js.CreateOrUpdateStream(once, jetstream.StreamConfig{
			Name: "peers", Subjects: []string{"peers"}, Storage: jetstream.MemoryStorage, Replicas: replicas,
			MaxBytes: streamBytes,
		})
		cancel()
		if err != nil {
			continue
		}
		if cluster := stream.CachedInfo().Cluster; cluster != nil && cluster.Leader != "" {
			return cluster.Leader, nil
		}
		err = errors.New("the stream has no leader")
	}
	return "", errors.Join(err, ctx.Err())
}

// close closes the connections and stops the servers.
func (n *natsCluster) close() {
	for _, connection := range n.connections {
		connection.Close()
	}
	for _, s := range n.servers {
		s.Shutdown()
	}
	for _, s := range n.servers {
		s.WaitForShutdown()
	}
}

// freePorts returns ports of the loopback address that were free a moment ago. A NATS server that keeps streams must
// know the others' ports before it starts.
func freePorts(n int) (ports []int, err error) {
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
