package kql

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// addressFunction finds functions of IP addresses.
func addressFunction(name string) rowFunction {
	switch name {
	case geoFixture:
		return geoInfo
	case "parse_ipv4":
		return func(c *invocation, args []value.Value) value.Value {
			p, ok := parseIPv4(text(args[0]))
			if !ok {
				return c.null()
			}
			return value.NewLong(int64(networkOf(p)))
		}
	case "parse_ipv4_mask":
		return parseIPv4Mask
	case "format_ipv4":
		return formatIPv4(false)
	case "format_ipv4_mask":
		return formatIPv4(true)
	case "ipv4_netmask_suffix":
		return func(c *invocation, args []value.Value) value.Value {
			p, ok := parseIPv4(text(args[0]))
			if !ok {
				return c.null()
			}
			return value.NewLong(int64(p.Bits()))
		}
	case "ipv4_is_private":
		return isPrivate
	case "ipv4_is_match":
		return compareAddresses(parseIPv4, 32, true)
	case "ipv4_compare":
		return compareAddresses(parseIPv4, 32, false)
	case "ipv6_is_match":
		return compareAddresses(parseIPv6, 128, true)
	case "ipv6_compare":
		return compareAddresses(parseIPv6, 128, false)
	case "ipv4_is_in_range", "ipv4_is_in_any_range":
		return isInRange(parseIPv4)
	case "ipv6_is_in_range", "ipv6_is_in_any_range":
		return isInRange(parseIPv6)
	case "parse_ipv6", "parse_ipv6_mask":
		return parseIPv6Text
	default:
		return mentionedAddress(name)
	}
}

// parseIPv4 reads an address with an optional /prefix; without one it is 32.
func parseIPv4(s string) (netip.Prefix, bool) {
	p, ok := parsePrefix(s, 32)
	return p, ok && p.Addr().Is4()
}

// parseIPv6 reads an IPv6 address, or an IPv4 one as its mapped form, with an optional
// prefix.
func parseIPv6(s string) (netip.Prefix, bool) {
	if p, ok := parseIPv4(s); ok {
		return netip.PrefixFrom(netip.AddrFrom16(p.Addr().As16()), p.Bits()+96), true
	}
	return parsePrefix(s, 128)
}

func parsePrefix(s string, width int) (netip.Prefix, bool) {
	s = strings.TrimSpace(s)
	host, bits, found := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}, false
	}
	n := width
	if found {
		n, err = strconv.Atoi(bits)
	}
	if err != nil || n < 0 || n > width || addr.BitLen() != width {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(addr.WithZone(""), n), true
}

// networkOf is the number of the network's first address.
func networkOf(p netip.Prefix) uint32 {
	b := p.Masked().Addr().As4()
	return binary.BigEndian.Uint32(b[:])
}

func parseIPv4Mask(c *invocation, args []value.Value) value.Value {
	p, ok := parseIPv4(text(args[0]))
	bits := long(args, 1, 32)
	if !ok || bits < 0 || bits > 32 {
		return c.null()
	}
	return value.NewLong(int64(networkOf(netip.PrefixFrom(p.Addr(), int(min(bits, int64(p.Bits())))))))
}

// formatIPv4 prints an address, given as text or number, masked by an optional prefix.
func formatIPv4(suffix bool) rowFunction {
	return func(_ *invocation, args []value.Value) value.Value {
		p, ok := parseIPv4(text(args[0]))
		if n := numberOf(args[0]); n.Type() == value.Long || n.Type() == value.Int {
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], uint32(n.Int()))
			p, ok = netip.PrefixFrom(netip.AddrFrom4(b), 32), n.Int() >= 0 && n.Int() < 1<<32 && !n.IsNull()
		}
		bits := long(args, 1, 32)
		if !ok || bits < 0 || bits > 32 {
			return value.NewString("")
		}
		p = netip.PrefixFrom(p.Addr(), min(p.Bits(), int(bits))).Masked()
		if suffix {
			return value.NewString(p.String())
		}
		return value.NewString(p.Addr().String())
	}
}

// isPrivate tests for 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16.
func isPrivate(c *invocation, args []value.Value) value.Value {
	p, ok := parseIPv4(text(args[0]))
	if !ok {
		return c.null()
	}
	return truthy(p.Addr().IsPrivate())
}

// compareAddresses masks both addresses with the shortest prefix in play, then compares
// them: as equal or not, or as -1, 0, 1.
func compareAddresses(parse func(string) (netip.Prefix, bool), width int, match bool) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		a, ok := parse(text(args[0]))
		b, fine := parse(text(args[1]))
		if !ok || !fine {
			return c.null()
		}
		bits := min(a.Bits(), b.Bits(), int(max(0, long(args, 2, int64(width)))))
		order := netip.PrefixFrom(a.Addr(), bits).Masked().Addr().Compare(netip.PrefixFrom(b.Addr(), bits).Masked().Addr())
		if match {
			return truthy(order == 0)
		}
		return value.NewLong(int64(order))
	}
}

// isInRange tests an address against prefixes, given one by one or in arrays.
func isInRange(parse func(string) (netip.Prefix, bool)) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		a, ok := parse(text(args[0]))
		if !ok {
			return c.null()
		}
		valid := false
		for _, t := range texts(nil, value.NewDynamic(rangesOf(args[1:]))) {
			p, ok := parse(t)
			valid = valid || ok
			if ok && p.Bits() <= a.Bits() && p.Masked().Contains(a.Addr()) {
				return truthy(true)
			}
		}
		if !valid {
			return c.null()
		}
		return truthy(false)
	}
}

func rangesOf(args []value.Value) []any {
	list := []any{}
	for _, v := range listed(args) {
		list = append(list, v.String())
	}
	return list
}

// parseIPv6Text prints all eight groups, masked by a prefix.
func parseIPv6Text(_ *invocation, args []value.Value) value.Value {
	p, ok := parseIPv6(text(args[0]))
	if !ok {
		return value.NewString("")
	}
	if len(args) > 1 {
		p = netip.PrefixFrom(p.Addr(), min(p.Bits(), int(max(0, min(128, long(args, 1, 128))))))
	}
	return value.NewString(p.Masked().Addr().StringExpanded())
}

// mentionedAddress finds functions that look for an IPv4 address in a text, where it
// stands apart from other characters of addresses and words.
func mentionedAddress(name string) rowFunction {
	prefix := strings.HasSuffix(name, "_prefix")
	switch name {
	case "has_ipv4", "has_any_ipv4", "has_ipv4_prefix", "has_any_ipv4_prefix":
		return func(_ *invocation, args []value.Value) value.Value {
			for _, wanted := range rangesOf(args[1:]) {
				if mentions(text(args[0]), wanted.(string), prefix) {
					return truthy(true)
				}
			}
			return truthy(false)
		}
	default:
		return nil
	}
}

func mentions(s, address string, prefix bool) bool {
	if prefix {
		if !strings.HasSuffix(address, ".") && strings.Count(address, ".") < 3 {
			return false
		}
	} else if _, ok := parseIPv4(address); !ok {
		return false
	}
	for from := 0; ; {
		i := strings.Index(s[from:], address)
		if i < 0 {
			return false
		}
		i += from
		start, end := i, i+len(address)
		for start > 0 && partOfAddress(s[start-1]) {
			start--
		}
		for end < len(s) && partOfAddress(s[end]) {
			end++
		}
		whole := strings.TrimRight(s[start:end], ".")
		_, err := netip.ParseAddr(whole)
		if start == i && err == nil && (prefix || whole == address) && !termAt(s, end) && !termBefore(s, start) {
			return true
		}
		from = i + 1
	}
}

func partOfAddress(b byte) bool { return '0' <= b && b <= '9' || b == '.' }
