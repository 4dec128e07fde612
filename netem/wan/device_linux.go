package wan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// deviceName is the name of each region's device, as on most machines.
const deviceName = "eth0"

// queue is how many packets a TUN device holds until the router reads them.
const queue = 10000

// newPlace makes a region's namespace and device.
func newPlace(region int, o *Options) (*place, error) {
	if !inside {
		return nil, errors.New("found a process outside of the emulated WAN; accepted: one for which Inside returns true")
	}
	outer, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer outer.Close()
	p := &place{}
	var namespace *os.File
	err = onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("making a network namespace: %w", err)
		}
		var err error
		if namespace, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return err
		}
		loopback, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(loopback); err != nil {
			return err
		}
		return p.open(region, o, outer)
	})
	if err != nil {
		if p.device != nil {
			_ = p.device.Close()
		}
		if namespace != nil {
			_ = namespace.Close()
		}
		return nil, err
	}
	pid, err := os.Readlink("/proc/self") // where /proc could not be mounted anew, it is not os.Getpid()
	if err != nil {
		return nil, err
	}
	p.path = fmt.Sprintf("/proc/%s/fd/%d", pid, namespace.Fd())
	p.close = namespace.Close
	p.enter = func(f func() error) error {
		return onThread(func() error {
			if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("entering the region's network: %w", err)
			}
			return f()
		})
	}
	return p, nil
}

// onThread calls a function on a thread that ends afterwards, since it may be in another namespace by then.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: with the goroutine, the thread ends
		done <- f()
	}()
	return <-done
}

// open makes the device in the namespace of the present thread. Outer is the router's namespace.
func (p *place) open(region int, o *Options, outer *os.File) (err error) {
	if o.Device != Veth {
		p.kind = TUN
		p.device, err = openTUN()
		if err != nil && o.Device == TUN {
			return err
		}
	}
	if p.device == nil {
		p.kind = Veth
		if p.device, err = openVeth(region, o.MTU, outer); err != nil {
			return err
		}
	}
	link, err := netlink.LinkByName(deviceName)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetMTU(link, o.MTU); err != nil {
		return fmt.Errorf("setting an MTU of %d: %w", o.MTU, err)
	}
	if err := netlink.LinkSetTxQLen(link, queue); err != nil {
		return fmt.Errorf("setting the length of the queue: %w", err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("starting the device: %w", err)
	}
	if err := addAddress(link, address(region), subnet.Bits()); err != nil {
		return err
	}
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
		return nil // this kernel has no IPv6
	}
	return addAddress(link, address6(region), subnet6.Bits())
}

// addAddress gives a device an address, and by it the route to the others of the subnet.
func addAddress(link netlink.Link, address netip.Addr, bits int) error {
	of := &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(bits, address.BitLen())}
	// Nobody else can have the address, so it need not be asked for (duplicate address detection, RFC 4862).
	if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: of, Flags: unix.IFA_F_NODAD}); err != nil {
		return fmt.Errorf("adding the address %v: %w", of, err)
	}
	return nil
}

// tun is a TUN device. The kernel cuts what programs send into packets of the MTU and completes their checksums before they
// are read, since the device claims to be able to do neither.
type tun struct {
	*os.File
	namespace *netlink.Handle // asks about the region's devices
}

// openTUN makes a TUN device in the present thread's namespace.
func openTUN() (device, error) {
	const path = "/dev/net/tun"
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	request, err := unix.NewIfreq(deviceName)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("making a TUN device: %w", err)
	}
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return &tun{os.NewFile(uintptr(fd), path), handle}, nil
}

// Dropped counts the packets for which the device's queue had no room.
func (t *tun) Dropped() uint64 {
	link, err := t.namespace.LinkByName(deviceName)
	if err != nil || link.Attrs().Statistics == nil {
		return 0
	}
	return link.Attrs().Statistics.TxDropped
}

// Close removes the device.
func (t *tun) Close() error {
	t.namespace.Close()
	return t.File.Close()
}

// veth is the router's end of a pair of virtual Ethernet devices, as a packet socket that carries IP packets without their
// Ethernet headers.
type veth struct {
	*os.File
	to      unix.SockaddrLinklayer // the region's end
	dropped atomic.Uint64
}

// openVeth makes the pair: one end in the present thread's namespace, the other in the router's, outer.
func openVeth(region, mtu int, outer *os.File) (device, error) {
	peer := fmt.Sprintf("wan%d", region)
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MTU = deviceName, mtu
	err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: peer, PeerMTU: uint32(mtu), PeerNamespace: netlink.NsFd(outer.Fd())})
	if err != nil {
		return nil, fmt.Errorf("making a pair of veth devices: %w", err)
	}
	link, err := netlink.LinkByName(deviceName)
	if err != nil {
		return nil, err
	}
	if err := offloadNothing(); err != nil {
		return nil, fmt.Errorf("turning off the offloads of %s: %w", deviceName, err)
	}
	// Without ARP each packet has the device's own address as its destination.
	if err := netlink.LinkSetARPOff(link); err != nil {
		return nil, fmt.Errorf("turning off ARP: %w", err)
	}
	v := &veth{}
	err = onThread(func() error {
		if err := unix.Setns(int(outer.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return v.open(peer, link.Attrs().HardwareAddr)
	})
	if err != nil {
		if v.File != nil {
			_ = v.File.Close()
		}
		return nil, fmt.Errorf("opening the router's end of the veth devices: %w", err)
	}
	return v, nil
}

// offloadNothing lets the kernel cut what programs send into packets of the MTU, and complete their checksums, before they
// reach the device: the router reads them as they would be on a wire.
func offloadNothing() error {
	tool, err := ethtool.NewEthtool()
	if err != nil {
		return err
	}
	defer tool.Close()
	features, err := tool.Features(deviceName)
	if err != nil {
		return err
	}
	off := map[string]bool{}
	for name, on := range features {
		if on && strings.HasPrefix(name, "tx-") && (strings.Contains(name, "checksum") || strings.Contains(name, "segmentation")) {
			off[name] = false
		}
	}
	return tool.Change(deviceName, off)
}

// open starts the device of a name in the present thread's namespace and opens a socket on it that sends to an Ethernet address.
func (v *veth) open(name string, to net.HardwareAddr) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	_ = netlink.LinkSetIP6AddrGenMode(link, 1) // none (IN6_ADDR_GEN_MODE_NONE): the router has no address; without IPv6 it cannot have one
	if err := netlink.LinkSetARPOff(link); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	v.File = os.NewFile(uintptr(fd), "the packet socket of "+name)
	v.to = unix.SockaddrLinklayer{Ifindex: link.Attrs().Index, Halen: uint8(len(to))}
	copy(v.to.Addr[:], to)
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		return err
	}
	// As much as is allowed: more than the usual limit needs root.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer)
	}
	return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: v.to.Ifindex})
}

// buffer is what may wait to be read from a packet socket, in bytes.
const buffer = 32 << 20

// networkOrder is a number of 16 bits in the order of bytes that packet sockets want.
func networkOrder(n uint16) uint16 {
	bytes := [2]byte{byte(n >> 8), byte(n)}
	return binary.NativeEndian.Uint16(bytes[:])
}

// Write sends a packet into the region.
func (v *veth) Write(packet []byte) (int, error) {
	to := v.to
	to.Protocol = networkOrder(unix.ETH_P_IP)
	if packet[0]>>4 == 6 {
		to.Protocol = networkOrder(unix.ETH_P_IPV6)
	}
	raw, err := v.SyscallConn()
	if err != nil {
		return 0, err
	}
	var sent error
	err = raw.Control(func(fd uintptr) { sent = unix.Sendto(int(fd), packet, unix.MSG_DONTWAIT, &to) })
	return len(packet), errors.Join(err, sent)
}

// Close removes the pair. It would end with the region's namespace, too, but some time later.
func (v *veth) Close() error {
	err := netlink.LinkDel(&netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: v.to.Ifindex}})
	return errors.Join(err, v.File.Close())
}

// Dropped counts the packets for which the socket had no room. The kernel begins anew after each look.
func (v *veth) Dropped() uint64 {
	raw, err := v.SyscallConn()
	if err != nil {
		return v.dropped.Load()
	}
	_ = raw.Control(func(fd uintptr) {
		if stats, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			v.dropped.Add(uint64(stats.Drops))
		}
	})
	return v.dropped.Load()
}
