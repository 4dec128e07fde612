package emulator

import (
	"net"
	"sync"
	"sync/atomic"

	"quorumbench/netem"
)

// Network joins nodes by links: what one node's connection sends, another's receives when its
// link says so. Safe for use by several goroutines.
type Network struct {
	scheduler *Scheduler
	nodes     []node
	links     [][]*link // [from][to]
	packets   sync.Pool // of *packet
}

type node struct {
	addr *net.UDPAddr
	conn atomic.Pointer[Conn] // who receives at this address; nil if nobody does

	attached atomic.Pointer[func(packet []byte) bool] // see Attach; nil if nothing is attached
}

// link is one direction between two nodes, shared by all that is sent between them.
type link struct {
	mu       sync.Mutex // guards model and counters
	model    *netem.Link
	counters Counters

	waiting  atomic.Int64 // packets that the scheduler has
	overflow atomic.Uint64
}

// Counters count the packets of one direction of a link.
type Counters struct {
	Packets  uint64 // sent
	Bytes    uint64 // sent, headers included
	Lost     uint64 // on the way, by links that are not cut
	Cut      uint64 // on the way, by links that lose everything
	Dropped  uint64 // because the link's queue was full
	Overflow uint64 // because the receiver did not read, or nobody received there
}

// headers is what IPv4 and UDP put before a datagram, in bytes: a link carries them too.
const headers = 20 + 8

// maxDatagram is the greatest UDP payload over IPv4, in bytes.
const maxDatagram = 65535 - headers

// NewNetwork makes a network of nodes 0 … nodes-1. The function model gives the link from one node
// to another; it is called once for each direction of each pair, and for each node with itself.
func NewNetwork(scheduler *Scheduler, nodes int, model func(from, to int) *netem.Link) *Network {
	n := &Network{scheduler: scheduler, nodes: make([]node, nodes), links: make([][]*link, nodes)}
	n.packets.New = func() any { return &packet{network: n} }
	for from := range nodes {
		n.nodes[from].addr = address(from)
		n.links[from] = make([]*link, nodes)
		for to := range nodes {
			n.links[from][to] = &link{model: model(from, to)}
		}
	}
	return n
}

const port = 4242

// address makes up the address of a node: 10.0.0.1:4242 for node 0, and so on.
func address(node int) *net.UDPAddr {
	host := node + 1
	return &net.UDPAddr{IP: net.IPv4(10, byte(host>>16), byte(host>>8), byte(host)).To4(), Port: port}
}

// nodeAt returns the node that has the address.
func (n *Network) nodeAt(addr net.Addr) (node int, ok bool) {
	udp, ok := addr.(*net.UDPAddr)
	if !ok || udp.Port != port {
		return 0, false
	}
	ip := udp.IP.To4()
	if ip == nil || ip[0] != 10 {
		return 0, false
	}
	node = int(ip[1])<<16 + int(ip[2])<<8 + int(ip[3]) - 1
	return node, node >= 0 && node < len(n.nodes)
}

// Addr is the address of a node's connections, made up and never bound.
func (n *Network) Addr(node int) *net.UDPAddr { return n.nodes[node].addr }

// Conn opens a connection at a node's address. A connection that was opened there before receives nothing any more.
func (n *Network) Conn(node int) net.PacketConn {
	c := newConn(n, node)
	n.nodes[node].conn.Store(c)
	return c
}

// Counters returns the counters of the link from one node to another.
func (n *Network) Counters(from, to int) Counters {
	l := n.links[from][to]
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counters
	c.Overflow = l.overflow.Load()
	return c
}

// Config returns the configuration of the link from one node to another.
func (n *Network) Config(from, to int) netem.LinkConfig {
	l := n.links[from][to]
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.model.Config()
}

// Change gives the link from one node to another a new configuration, which must be valid, for the
// packets to come.
func (n *Network) Change(from, to int, config netem.LinkConfig) {
	l := n.links[from][to]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.model.SetConfig(config)
}

// Attach makes a node a device of whole IP packets, which [Network.Forward] sends: each packet that arrives there is given to
// receive, which reports whether the device took it. It is called by the scheduler's goroutine: it must not block, and must
// not keep the packet's bytes. A node has either a device or connections.
func (n *Network) Attach(node int, receive func(packet []byte) bool) {
	n.nodes[node].attached.Store(&receive)
}

// Forward puts a whole IP packet, headers included, on the link from one node to another. It copies the packet.
func (n *Network) Forward(packet []byte, from, to int) { n.send(packet, from, to, len(packet)) }

// send puts a packet on the link, which carries size bytes for it.
func (n *Network) send(data []byte, from, to, size int) {
	l := n.links[from][to]

	l.mu.Lock()
	now := n.scheduler.Now() // under the lock: the link wants to be asked in the order of time
	due, fate := l.model.Transmit(now, size)
	l.counters.Packets++
	l.counters.Bytes += uint64(size)
	switch fate {
	case netem.Lost:
		if l.model.Config().IsCut() {
			l.counters.Cut++
		} else {
			l.counters.Lost++
		}
	case netem.Dropped:
		l.counters.Dropped++
	case netem.Delivered:
		p := n.packets.Get().(*packet)
		p.from, p.to, p.data = from, to, append(p.data[:0], data...)
		// Under the lock too: packets due at the same time arrive in the order of sending.
		if due <= now && l.waiting.Load() == 0 {
			p.arrive() // a link without a delay: nobody else needs to be woken
		} else {
			l.waiting.Add(1)
			n.scheduler.At(due, Packets, p)
		}
	}
	l.mu.Unlock()
}

// packet is a datagram on its way, or waiting to be read. Packets are used again.
type packet struct {
	network  *Network
	from, to int
	data     []byte
}

// Happen delivers the packet when it is due.
func (p *packet) Happen() {
	waiting := &p.network.links[p.from][p.to].waiting
	p.arrive()
	waiting.Add(-1)
}

// arrive gives the packet to the receiver's connection, if there is one with room for it.
func (p *packet) arrive() {
	n := p.network
	if c := n.nodes[p.to].conn.Load(); c != nil && c.deliver(p) {
		return
	}
	if receive := n.nodes[p.to].attached.Load(); receive == nil || !(*receive)(p.data) {
		n.links[p.from][p.to].overflow.Add(1)
	}
	p.free()
}

func (p *packet) free() { p.network.packets.Put(p) }
