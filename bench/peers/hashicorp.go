package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// hashicorpBatch is MaxAppendEntries of hashicorp/raft: how many entries a message has at most. Each of 300 clients can
// have a write in it. The default is 64.
const hashicorpBatch = 512

// hashicorpRaft measures hashicorp/raft: TCP on loopback, its log and stable store in memory, all clients at the leader.
func hashicorpRaft(ctx context.Context, c config) (found *measurement, err error) {
	cluster := &hashicorpCluster{}
	defer func() { err = errors.Join(err, cluster.close()) }()
	if err := cluster.start(); err != nil {
		return nil, err
	}
	leader, err := cluster.leader(ctx)
	if err != nil {
		return nil, err
	}
	return closedLoop(ctx, c, func(_ context.Context, _ int, random *rand.Rand) error {
		command := make([]byte, 8+valueSize) // the log keeps it
		binary.LittleEndian.PutUint64(command, random.Uint64N(keys))
		binary.LittleEndian.PutUint64(command[8:], random.Uint64())
		return leader.Apply(command, time.Second).Error()
	})
}

// hashicorpCluster is a cluster of hashicorp/raft in this process.
type hashicorpCluster struct {
	transports []*raft.NetworkTransport
	replicas   []*raft.Raft
}

// start starts the replicas. If it fails, close releases those that were started.
func (h *hashicorpCluster) start() error {
	var members raft.Configuration
	for i := range replicas {
		transport, err := raft.NewTCPTransportWithLogger("127.0.0.1:0", nil, replicas, 10*time.Second, hclog.NewNullLogger())
		if err != nil {
			return fmt.Errorf("starting a transport of hashicorp/raft: %w", err)
		}
		h.transports = append(h.transports, transport)
		members.Servers = append(members.Servers, raft.Server{
			ID: raft.ServerID(fmt.Sprint(i)), Address: transport.LocalAddr(),
		})
	}
	for i, transport := range h.transports {
		options := raft.DefaultConfig()
		options.LocalID = members.Servers[i].ID
		options.Logger = hclog.NewNullLogger()
		options.MaxAppendEntries = hashicorpBatch
		options.BatchApplyCh = true
		store := raft.NewInmemStore()
		snapshots := raft.NewInmemSnapshotStore()
		if err := raft.BootstrapCluster(options, store, store, snapshots, transport, members); err != nil {
			return fmt.Errorf("bootstrapping a replica of hashicorp/raft: %w", err)
		}
		replica, err := raft.NewRaft(options, hashicorpMachine{}, store, store, snapshots, transport)
		if err != nil {
			return fmt.Errorf("starting a replica of hashicorp/raft: %w", err)
		}
		h.replicas = append(h.replicas, replica)
	}
	return nil
}

// leader returns the leader when there is one.
func (h *hashicorpCluster) leader(ctx context.Context) (*raft.Raft, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for ctx.Err() == nil {
		for _, replica := range h.replicas {
			if replica.State() == raft.Leader {
				return replica, nil
			}
		}
		wait(ctx, 10*time.Millisecond)
	}
	return nil, fmt.Errorf("waiting for a leader of hashicorp/raft: %w", ctx.Err())
}

// close stops the replicas and closes their transports.
func (h *hashicorpCluster) close() (err error) {
	for _, replica := range h.replicas {
		err = errors.Join(err, replica.Shutdown().Error())
	}
	for _, transport := range h.transports {
		err = errors.Join(err, transport.Close())
	}
	return err
}

// hashicorpMachine is the state machine: the latest value of each key.
type hashicorpMachine map[uint64][]byte

// ApplyBatch implements raft.BatchingFSM.
func (m hashicorpMachine) ApplyBatch(entries []*raft.Log) []any {
	results := make([]any, len(entries))
	for i, entry := range entries {
		if entry.Type == raft.LogCommand {
			results[i] = m.Apply(entry)
		}
	}
	return results
}

// Apply implements raft.FSM.
func (m hashicorpMachine) Apply(entry *raft.Log) any {
	m[binary.LittleEndian.Uint64(entry.Data)] = entry.Data[8:]
	return nil
}

// Snapshot implements raft.FSM. With hashicorp/raft's defaults no snapshot is taken in the first two minutes.
func (m hashicorpMachine) Snapshot() (raft.FSMSnapshot, error) {
	return nil, errors.New("this state machine takes no snapshots")
}

// Restore implements raft.FSM.
func (m hashicorpMachine) Restore(io.ReadCloser) error {
	return errors.New("this state machine takes no snapshots")
}
