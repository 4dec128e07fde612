// Package wan carries any program's packets over emulated links: TCP, UDP and ICMP, over IPv4 and IPv6. Linux only.
//
// Each region is a network namespace with one network device. A router in this process reads the IP packets of each
// device, passes them through the link models of package netem and the scheduler of package emulator, as live runs do, and
// writes them to the device of the destination when they are due. A packet that crosses a link counts with its whole length,
// IP header included. All devices have the same MTU; the kernel of the sender cuts what is longer into fragments, each of
// which is a packet of its own. The router is no hop: it does not count down the packets' time to live, and it answers
// nothing. Within a region, packets take the loopback device and no time.
//
// [Inside] starts the program again in namespaces of its own: of processes, so that all of them end when this one does,
// however that happens; of mounts, so that the regions' names resolve by an /etc/hosts of their own; and of the network,
// so that nothing reaches the outside and nothing outside reaches in. Without root, it takes a user namespace, too.
// [Open] then makes the regions and starts the router.
//
// A device is a TUN device where /dev/net/tun may be opened, or else a pair of virtual Ethernet devices (veth), one end in
// the region, the other read through a packet socket. No other program, no traffic control (tc) and no kernel module is
// needed for it.
package wan
