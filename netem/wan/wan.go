package wan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"quorumbench/netem"
	"quorumbench/netem/emulator"
)

// ErrUnsupported is the error of everything here on systems other than Linux.
var ErrUnsupported = errors.New("an emulated WAN for other programs needs network namespaces, which only Linux has")

// The kinds of devices.
const (
	Auto = ""     // TUN if /dev/net/tun may be opened, or else Veth
	TUN  = "tun"  // TUN devices
	Veth = "veth" // pairs of virtual Ethernet devices
)

// Limits of the MTU, in bytes. IPv6 needs the least.
const (
	leastMTU    = 1280
	mostMTU     = 65535
	ethernetMTU = 1500
)

// mostRegions is how many regions have addresses.
const mostRegions = 250

// Options are what [Open] leaves open. The zero value has good defaults.
type Options struct {
	Seed   uint64        // of what the links draw: losses and jitter
	MTU    int           // of all devices, in bytes, from 1280 to 65535; 0 is 1500
	Device string        // Auto, TUN or Veth
	Spin   time.Duration // for how long before a packet is due the router spins; see emulator.New
}

// WAN is a running network of regions. Its methods may be called by several goroutines.
type WAN struct {
	regions   []string
	places    []*place
	options   Options
	scheduler *emulator.Scheduler
	network   *emulator.Network
	reading   sync.WaitGroup
	ignored   atomic.Uint64 // packets to no region, such as multicast
	unmount   func() error
	closing   sync.Once
	closed    error
}

// place is a region's namespace with its device.
type place struct {
	device device
	kind   string                   // TUN or Veth
	enter  func(func() error) error // calls a function on a thread of its own in the namespace
	path   string                   // of the namespace, for setns
	close  func() error             // forgets the namespace; it ends with the last process in it
}

// device is a network device that carries whole IP packets.
type device interface {
	io.ReadCloser // a Read takes one packet that a program in the region has sent
	// Write gives a packet to the region. It never waits; the error says that the packet was dropped.
	Write(packet []byte) (int, error)
	// Dropped is how many packets a program has sent that were lost before the router could read them.
	Dropped() uint64
}

// Open makes a network namespace with a device for each region and starts the router. The process must be [Inside]. Regions have
// different names. The function link gives what the way from one region to another does, by their places in the list; it is
// called once for every ordered pair. Close the WAN.
func Open(regions []string, link func(from, to int) netem.LinkConfig, o Options) (*WAN, error) {
	if o.MTU == 0 {
		o.MTU = ethernetMTU
	}
	switch {
	case len(regions) == 0 || len(regions) > mostRegions:
		return nil, fmt.Errorf("found %d regions; accepted: 1 to %d", len(regions), mostRegions)
	case o.MTU < leastMTU || o.MTU > mostMTU:
		return nil, fmt.Errorf("found an MTU of %d bytes; accepted: %d to %d", o.MTU, leastMTU, mostMTU)
	case !slices.Contains([]string{Auto, TUN, Veth}, o.Device):
		return nil, fmt.Errorf("found the device %q; accepted: %s, %s", o.Device, TUN, Veth)
	}
	for i, region := range regions {
		if slices.Contains(regions[:i], region) {
			return nil, fmt.Errorf("found the region %s twice; accepted: once", region)
		}
	}
	w := &WAN{regions: slices.Clone(regions), options: o, unmount: func() error { return nil }}
	for i := range regions {
		p, err := newPlace(i, &w.options)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making the network of %s: %w", regions[i], err), w.Close())
		}
		w.places = append(w.places, p)
	}
	unmount, err := mountHosts(w.hosts())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("letting the regions' names resolve: %w", err), w.Close())
	}
	w.unmount = unmount
	w.start(link)
	return w, nil
}

// start starts the router between the places.
func (w *WAN) start(link func(from, to int) netem.LinkConfig) {
	w.scheduler = emulator.New(w.options.Spin)
	w.network = emulator.NewNetwork(w.scheduler, len(w.places), func(from, to int) *netem.Link {
		var config netem.LinkConfig
		if from != to {
			config = link(from, to)
		}
		return netem.NewLink(config, w.options.Seed, from, to)
	})
	for i, p := range w.places {
		w.network.Attach(i, func(packet []byte) bool {
			_, err := p.device.Write(packet)
			return err == nil
		})
		w.reading.Go(func() { w.route(i) })
	}
}

// route puts what the programs of a region send on the links, until the device is closed.
func (w *WAN) route(from int) {
	packet := make([]byte, 1<<16)
	for {
		n, err := w.places[from].device.Read(packet)
		if err != nil {
			return
		}
		if to, ok := w.destination(packet[:n]); ok && to != from {
			w.network.Forward(packet[:n], from, to)
		} else {
			w.ignored.Add(1)
		}
	}
}

// Close stops the router and removes the regions' devices. Programs that still run in a region are left without a
// network; see [WAN.Command] for how they end.
func (w *WAN) Close() error {
	w.closing.Do(func() {
		errs := []error{w.unmount()}
		for _, p := range w.places {
			errs = append(errs, p.device.Close())
		}
		w.reading.Wait()
		if w.scheduler != nil {
			w.scheduler.Close()
		}
		for _, p := range w.places {
			errs = append(errs, p.close())
		}
		w.closed = errors.Join(errs...)
	})
	return w.closed
}

// Regions are the names of the regions, in the order of Open.
func (w *WAN) Regions() []string { return slices.Clone(w.regions) }

// Address is the IPv4 address of a region, the same for all its programs; the zero Addr for an unknown region.
func (w *WAN) Address(region string) netip.Addr {
	if i := slices.Index(w.regions, region); i >= 0 {
		return address(i)
	}
	return netip.Addr{}
}

// Address6 is the IPv6 address of a region; the zero Addr for an unknown region.
func (w *WAN) Address6(region string) netip.Addr {
	if i := slices.Index(w.regions, region); i >= 0 {
		return address6(i)
	}
	return netip.Addr{}
}

// place returns a region's place.
func (w *WAN) place(region string) (*place, error) {
	i := slices.Index(w.regions, region)
	if i < 0 {
		return nil, fmt.Errorf("found the unknown region %q; accepted: %s", region, strings.Join(w.regions, ", "))
	}
	return w.places[i], nil
}

// Do calls a function on a thread of its own inside the region's namespace and returns its error. Sockets that the function
// makes belong to the region for ever; those of goroutines that it starts do not.
func (w *WAN) Do(region string, f func() error) error {
	p, err := w.place(region)
	if err != nil {
		return err
	}
	return p.enter(f)
}

// Dial returns a function that connects from a region, for what takes a dialer, such as http.Transport. The host of an
// address may be the name of a region, which stands for its IPv4 address, or a literal address.
func (w *WAN) Dial(region string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		literal, err := w.literal(address)
		if err != nil {
			return nil, err
		}
		err = w.Do(region, func() error {
			var d net.Dialer // with a literal address it makes its socket on this thread
			conn, err = d.DialContext(ctx, network, literal)
			return err
		})
		return conn, err
	}
}

// Listen listens in a region for connections, as net.Listen does. The host of the address may be a region's name.
func (w *WAN) Listen(region, network, address string) (listener net.Listener, err error) {
	literal, err := w.literal(address)
	if err != nil {
		return nil, err
	}
	err = w.Do(region, func() error {
		listener, err = net.Listen(network, literal)
		return err
	})
	return listener, err
}

// ListenPacket opens a socket for packets in a region, as net.ListenPacket does. The host of the address may be a region's name.
func (w *WAN) ListenPacket(region, network, address string) (conn net.PacketConn, err error) {
	literal, err := w.literal(address)
	if err != nil {
		return nil, err
	}
	err = w.Do(region, func() error {
		conn, err = net.ListenPacket(network, literal)
		return err
	})
	return conn, err
}

// literal replaces the name of a region in HOST:PORT by its IPv4 address. Other names are refused: resolving one would
// take goroutines, whose sockets are not in the region.
func (w *WAN) literal(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("found the address %q; accepted: HOST:PORT: %w", text, err)
	}
	for i, region := range w.regions {
		if host == HostName(region) {
			return net.JoinHostPort(address(i).String(), port), nil
		}
	}
	if host == "localhost" {
		return net.JoinHostPort("127.0.0.1", port), nil
	}
	if host != "" {
		if _, err := netip.ParseAddr(host); err != nil {
			return "", fmt.Errorf("found the host %q; accepted: a literal address, or a region: %s", host, strings.Join(w.regions, ", "))
		}
	}
	return text, nil
}

// SetLink changes what the link from one region to another, by their places in the list, does to packets to come. The
// configuration must be valid. A partition is a loss of 1.
func (w *WAN) SetLink(from, to int, config netem.LinkConfig) { w.network.Change(from, to, config) }

// Counters counts the packets of the link from one region to another.
func (w *WAN) Counters(from, to int) emulator.Counters { return w.network.Counters(from, to) }

// Dropped is how many packets were lost before the router could read them. Links lose packets on purpose, the machine should
// not: a measurement in which it did is not valid.
func (w *WAN) Dropped() (packets uint64) {
	for _, p := range w.places {
		packets += p.device.Dropped()
	}
	return packets
}

// Scheduler is what releases the packets. Its lateness tells whether the machine could keep up.
func (w *WAN) Scheduler() *emulator.Scheduler { return w.scheduler }

// String tells what carries the packets, such as "TUN devices, MTU 1500, threads of ordinary priority".
func (w *WAN) String() string {
	devices := "TUN devices"
	if w.places[0].kind == Veth {
		devices = "veth devices"
	}
	return fmt.Sprintf("%s, MTU %d, %v", devices, w.options.MTU, w.scheduler)
}

// Command makes a command that runs a program, given with its arguments, inside a region's namespace, with the region's name as
// its host name. The program is searched for in PATH as usual, and no shell reads the arguments. Environment, folder, files and
// attributes may be set before the start, but not Path and Args.
//
// What is started is this program, which enters the namespace and then becomes the other one: the process is the same.
// When this process ends, however that happens, the command and all that it has started are killed.
func (w *WAN) Command(ctx context.Context, region string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, self)
	p, err := w.place(region)
	if err == nil && len(argv) == 0 {
		err = errNoProgram
	}
	if err != nil {
		cmd.Err = err
		return cmd
	}
	cmd.Args = append([]string{enterName, p.path, HostName(region)}, argv...)
	cmd.Env = append(os.Environ(), networksVariable+"="+w.networks())
	return cmd
}

// networksVariable is the environment variable by which programs that were started in a region find the networks of all
// regions: a list of [regionNetwork] in JSON.
const networksVariable = "QUORUMBENCH_WAN"

// regionNetwork is a region's name and the path of its network namespace.
type regionNetwork struct{ Region, Path string }

func (w *WAN) networks() string {
	var list []regionNetwork
	for i, p := range w.places {
		list = append(list, regionNetwork{w.regions[i], p.path})
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // names and paths are text
	}
	return string(text)
}

// Around returns the names of the regions of the WAN that this process is in: those of [WAN.Command], and what these start. It
// fails outside of a WAN.
func Around() (regions []string, err error) {
	list, err := around()
	for _, n := range list {
		regions = append(regions, n.Region)
	}
	return regions, err
}

func around() (list []regionNetwork, err error) {
	text := os.Getenv(networksVariable)
	if text == "" {
		return nil, errors.New("found no emulated WAN around this process; accepted: a process that runs in a region of one")
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("found the environment variable %s=%s; accepted: as it was set: %w", networksVariable, text, err)
	}
	return list, nil
}

// Become turns this process into a program, given with its arguments, in any region of the WAN that it is in (see [Around]): by
// the region's name, or its name as a host. The process stays the same. Become returns only if that fails; the error is an
// exec.ErrNotFound if there is no such program.
func Become(region string, argv ...string) error {
	list, err := around()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(n regionNetwork) bool { return region == n.Region || region == HostName(n.Region) })
	switch {
	case i < 0:
		return fmt.Errorf("found the unknown region %q", region)
	case len(argv) == 0:
		return errNoProgram
	}
	return become(list[i].Path, HostName(list[i].Region), argv)
}

var errNoProgram = errors.New("found no program; accepted: a program and its arguments")

// self is this program, also where its file can no longer be reached by name.
const self = "/proc/self/exe"

// enterName is the name under which this program starts to enter a namespace and become another program.
const enterName = "quorumbench-wan-enter"
