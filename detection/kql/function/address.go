package function

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func addressFunctions() []Function {
	return []Function{
		{Name: "parse_ipv4", Signatures: []string{"- long ip:string"}, Doc: "parse-ipv4-function", Call: parseIPv4Number},
		{Name: "parse_ipv4_mask", Signatures: []string{"- long ip:string prefix:long"}, Doc: "parse-ipv4-mask-function", Call: parseIPv4Mask},
		{Name: "parse_ipv6", Signatures: []string{"- string ip:string"}, Doc: "parse-ipv6-function", Call: parseIPv6Text},
		{Name: "parse_ipv6_mask", Signatures: []string{"- string ip:string prefix:long"}, Doc: "parse-ipv6-mask-function", Call: parseIPv6Text},
		{Name: "format_ipv4", Signatures: []string{"- string ip:Scalar prefix:long?"}, Doc: "format-ipv4-function", Call: formatIPv4},
		{Name: "format_ipv4_mask", Signatures: []string{"- string ip:Scalar prefix:long"}, Doc: "format-ipv4-mask-function", Call: formatIPv4Mask},
		{Name: "ipv4_netmask_suffix", Signatures: []string{"- long ip:string"}, Doc: "ipv4-netmask-suffix-function", Call: netmaskSuffix},
		{Name: "ipv4_is_private", Signatures: []string{"- bool ip:string"}, Doc: "ipv4-is-private-function", Call: isPrivate},
		{Name: "ipv4_is_match", Signatures: []string{"- bool ip1:string ip2:string prefix:long?"}, Doc: "ipv4-is-match-function", Call: matchAddresses(ParseIPv4, 32)},
		{Name: "ipv6_is_match", Signatures: []string{"- bool ip1:string ip2:string prefix:long?"}, Doc: "ipv6-is-match-function", Call: matchAddresses(ParseIPv6, 128)},
		{Name: "ipv4_compare", Signatures: []string{"- long ip1:string ip2:string prefix:long?"}, Doc: "ipv4-compare-function", Call: compareAddresses(ParseIPv4, 32)},
		{Name: "ipv6_compare", Signatures: []string{"- long ip1:string ip2:string prefix:long?"}, Doc: "ipv6-compare-function", Call: compareAddresses(ParseIPv6, 128)},
		{Name: "ipv4_is_in_range", Signatures: []string{"- bool ip:string ip_range:string"}, Doc: "ipv4-is-in-range-function", Call: isInRange(ParseIPv4)},
		{Name: "ipv4_is_in_any_range", Signatures: []string{
			"- bool ip:StringOrDynamic ranges:string+",
			"- bool ip:StringOrDynamic ranges:DynamicArray",
		}, Doc: "ipv4-is-in-any-range-function", Call: isInRange(ParseIPv4)},
		{Name: "ipv6_is_in_range", Signatures: []string{"- bool ip:string ip_range:string"}, Doc: "ipv6-is-in-range-function", Call: isInRange(ParseIPv6)},
		{Name: "ipv6_is_in_any_range", Signatures: []string{
			"- bool ip:StringOrDynamic ranges:string+",
			"- bool ip:StringOrDynamic ranges:DynamicArray",
		}, Doc: "ipv6-is-in-any-range-function", Call: isInRange(ParseIPv6)},
		{Name: "ipv4_range_to_cidr_list", Signatures: []string{"- array start_ip:string end_ip:string"}, Doc: "ipv4-range-to-cidr-list-function", Call: rangeToPrefixes},
		{Name: "has_ipv4", Signatures: []string{"- bool source:StringOrDynamic ip:string"}, Doc: "has-ipv4-function", Call: hasAddress},
		{Name: "has_any_ipv4", Signatures: []string{
			"- bool source:StringOrDynamic ips:string+",
			"- bool source:StringOrDynamic ips:DynamicArray",
		}, Doc: "has-any-ipv4-function", Call: hasAddress},
		{Name: "has_ipv4_prefix", Signatures: []string{"- bool source:StringOrDynamic ip_prefix:string"}, Doc: "has-ipv4-prefix-function", Call: hasAddressPrefix},
		{Name: "has_any_ipv4_prefix", Signatures: []string{
			"- bool source:StringOrDynamic ip_prefixes:string+",
			"- bool source:StringOrDynamic ip_prefixes:DynamicArray",
		}, Doc: "has-any-ipv4-prefix-function", Call: hasAddressPrefix},
		{Name: "geo_info_from_ip_address", Signatures: []string{"- dynamic ip:string"}, Doc: "geo-info-from-ip-address-function", By: Executor},
		{Name: "__ipv6_lookup_ranges", Signatures: []string{"- array ip:StringOrDynamic ranges:DynamicArray"}},
	}
}

func parseIPv4Number(c *Invocation, args []value.Value) value.Value {
	p, ok := ParseIPv4(text(args[0]))
	if !ok {
		return c.Null()
	}
	return value.NewLong(int64(networkOf(p)))
}

func netmaskSuffix(c *Invocation, args []value.Value) value.Value {
	p, ok := ParseIPv4(text(args[0]))
	if !ok {
		return c.Null()
	}
	return value.NewLong(int64(p.Bits()))
}

// ParseIPv4 reads an address with an optional /prefix; without one it is 32.
func ParseIPv4(s string) (netip.Prefix, bool) {
	p, ok := parsePrefix(s, 32)
	return p, ok && p.Addr().Is4()
}

// ParseIPv6 reads an IPv6 address, or an IPv4 one as its mapped form, with an optional prefix. An IPv4 address may
// have two colons before it; its prefix still counts from its own 32 bits.
func ParseIPv6(s string) (netip.Prefix, bool) {
	if p, ok := ParseIPv4(strings.TrimPrefix(strings.TrimSpace(s), "::")); ok {
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
	return addressNumber(p.Masked().Addr())
}

func parseIPv4Mask(c *Invocation, args []value.Value) value.Value {
	p, ok := ParseIPv4(text(args[0]))
	bits := long(args, 1, 32)
	if !ok || bits < 0 || bits > 32 {
		return c.Null()
	}
	return value.NewLong(int64(networkOf(netip.PrefixFrom(p.Addr(), int(min(bits, int64(p.Bits())))))))
}

func formatIPv4(_ *Invocation, args []value.Value) value.Value {
	p, ok := maskedIPv4(args)
	if !ok {
		return value.NewString("")
	}
	return value.NewString(p.Addr().String())
}

func formatIPv4Mask(_ *Invocation, args []value.Value) value.Value {
	p, ok := maskedIPv4(args)
	if !ok {
		return value.NewString("")
	}
	return value.NewString(p.String())
}

// maskedIPv4 is an address, given as text or number, masked by an optional prefix.
func maskedIPv4(args []value.Value) (netip.Prefix, bool) {
	p, ok := ParseIPv4(text(args[0]))
	if n := value.Scalar(args[0]); n.Type() == value.Long || n.Type() == value.Int {
		p, ok = netip.PrefixFrom(addressOf(uint32(n.Int())), 32), n.Int() >= 0 && n.Int() < 1<<32 && !n.IsNull()
	}
	bits := long(args, 1, 32)
	if !ok || bits < 0 || bits > 32 {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(p.Addr(), min(p.Bits(), int(bits))).Masked(), true
}

// rangeToPrefixes lists the fewest networks that together are the addresses from one to another.
func rangeToPrefixes(c *Invocation, args []value.Value) value.Value {
	first, ok := ParseIPv4(text(args[0]))
	last, fine := ParseIPv4(text(args[1]))
	if !ok || !fine {
		return c.Null()
	}
	from, to := uint64(addressNumber(first.Addr())), uint64(addressNumber(last.Addr()))
	list := []any{}
	for from <= to {
		size := min(bits.TrailingZeros64(from|1<<32), bits.Len64(to-from+1)-1)
		list = append(list, netip.PrefixFrom(addressOf(uint32(from)), 32-size).String())
		from += 1 << size
	}
	return value.NewDynamic(list)
}

// addressNumber is an IPv4 address as a number, addressOf the reverse.
func addressNumber(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func addressOf(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

// isPrivate tests for 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16.
func isPrivate(c *Invocation, args []value.Value) value.Value {
	p, ok := ParseIPv4(text(args[0]))
	if !ok {
		return c.Null()
	}
	return value.NewBool(p.Addr().IsPrivate())
}

func matchAddresses(parse func(string) (netip.Prefix, bool), width int) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		order, ok := orderOfAddresses(parse, width, args)
		if !ok {
			return c.Null()
		}
		return value.NewBool(order == 0)
	}
}

func compareAddresses(parse func(string) (netip.Prefix, bool), width int) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		order, ok := orderOfAddresses(parse, width, args)
		if !ok {
			return c.Null()
		}
		return value.NewLong(int64(order))
	}
}

// orderOfAddresses masks both addresses with the shortest prefix in play, then compares them: -1, 0 or 1.
func orderOfAddresses(parse func(string) (netip.Prefix, bool), width int, args []value.Value) (int, bool) {
	a, ok := parse(text(args[0]))
	b, fine := parse(text(args[1]))
	bits := long(args, 2, int64(width))
	if !ok || !fine || bits < 0 || bits > int64(width) {
		return 0, false
	}
	width = min(a.Bits(), b.Bits(), int(bits))
	return netip.PrefixFrom(a.Addr(), width).Masked().Addr().Compare(netip.PrefixFrom(b.Addr(), width).Masked().Addr()), true
}

// isInRange tests an address against prefixes, given one by one or in arrays.
func isInRange(parse func(string) (netip.Prefix, bool)) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		a, ok := parse(text(args[0]))
		if !ok {
			return c.Null()
		}
		valid := false
		for _, t := range rangesOf(args[1:]) {
			p, ok := parse(t)
			valid = valid || ok
			if ok && p.Bits() <= a.Bits() && p.Masked().Contains(a.Addr()) {
				return value.NewBool(true)
			}
		}
		if !valid {
			return c.Null()
		}
		return value.NewBool(false)
	}
}

func rangesOf(args []value.Value) []string {
	var list []string
	for _, v := range elements(args) {
		list = append(list, v.String())
	}
	return list
}

// parseIPv6Text prints all eight groups, masked by a prefix.
func parseIPv6Text(_ *Invocation, args []value.Value) value.Value {
	p, ok := ParseIPv6(text(args[0]))
	if !ok {
		return value.NewString("")
	}
	bits := long(args, 1, 128)
	if bits < 0 || bits > 128 {
		return value.NewString("")
	}
	p = netip.PrefixFrom(p.Addr(), min(p.Bits(), int(bits)))
	return value.NewString(p.Masked().Addr().StringExpanded())
}

func hasAddress(_ *Invocation, args []value.Value) value.Value { return mentionsAny(args, false) }

func hasAddressPrefix(_ *Invocation, args []value.Value) value.Value { return mentionsAny(args, true) }

// mentionsAny looks for IPv4 addresses in a text, where they stand apart from other characters of
// addresses and words.
func mentionsAny(args []value.Value, prefix bool) value.Value {
	for _, wanted := range rangesOf(args[1:]) {
		if mentions(text(args[0]), wanted, prefix) {
			return value.NewBool(true)
		}
	}
	return value.NewBool(false)
}

func mentions(s, address string, prefix bool) bool {
	if prefix {
		if !strings.HasSuffix(address, ".") && strings.Count(address, ".") < 3 {
			return false
		}
	} else if _, ok := ParseIPv4(address); !ok {
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

// termAt reports whether the rune that begins at i is part of a term.
func termAt(s string, i int) bool {
	r, size := utf8.DecodeRuneInString(s[i:])
	return size > 0 && isTermRune(r)
}

// termBefore reports whether the rune that ends at i is part of a term.
func termBefore(s string, i int) bool {
	r, size := utf8.DecodeLastRuneInString(s[:i])
	return size > 0 && isTermRune(r)
}
