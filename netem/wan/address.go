package wan

import (
	"fmt"
	"net/netip"
	"strings"
)

// Region i has the addresses 10.0.0.(i+1) and fd00::(i+1).
var (
	subnet  = netip.MustParsePrefix("10.0.0.0/24")
	subnet6 = netip.MustParsePrefix("fd00::/64")
)

// address is the IPv4 address of a region.
func address(region int) netip.Addr {
	bytes := subnet.Addr().As4()
	bytes[3] = byte(region + 1)
	return netip.AddrFrom4(bytes)
}

// address6 is the IPv6 address of a region.
func address6(region int) netip.Addr {
	bytes := subnet6.Addr().As16()
	bytes[15] = byte(region + 1)
	return netip.AddrFrom16(bytes)
}

// Where the destination's address is in the headers of IPv4 (RFC 791) and IPv6 (RFC 8200), in bytes.
const (
	destination4, header4 = 16, 20
	destination6, header6 = 24, 40
)

// destination returns the region that an IP packet goes to; ok is false if it is no region's, or no IP packet.
func (w *WAN) destination(packet []byte) (region int, ok bool) {
	switch {
	case len(packet) >= header4 && packet[0]>>4 == 4:
		to := netip.AddrFrom4([4]byte(packet[destination4:]))
		region = int(to.As4()[3]) - 1
		ok = region >= 0 && region < len(w.places) && to == address(region)
	case len(packet) >= header6 && packet[0]>>4 == 6:
		to := netip.AddrFrom16([16]byte(packet[destination6:]))
		region = int(to.As16()[15]) - 1
		ok = region >= 0 && region < len(w.places) && to == address6(region)
	}
	return region, ok
}

// HostName is a region's name as programs find it: host names have no spaces.
func HostName(region string) string { return strings.ReplaceAll(region, " ", "_") }

// hosts is the text of an /etc/hosts in which the regions' names resolve.
func (w *WAN) hosts() string {
	var text strings.Builder
	text.WriteString("127.0.0.1 localhost\n::1 localhost\n")
	for i, region := range w.regions {
		fmt.Fprintf(&text, "%v %s\n%v %s\n", address(i), HostName(region), address6(i), HostName(region))
	}
	return text.String()
}
