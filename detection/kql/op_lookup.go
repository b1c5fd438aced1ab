package kql

import (
	"net/netip"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// addressLookup is ipv4_lookup and ipv6_lookup: pairs every row with the networks of a
// table that its address lies in.
type addressLookup struct {
	input, table     operator
	plan             *bind.Evaluate
	address, network expr
	extra            []string // columns that must be equal on both sides
	unmatched        bool
	parse            func(string) (netip.Prefix, bool)
}

func (c *compiler) addressLookup(p *bind.Evaluate) operator {
	if len(p.Args) < 3 || p.Args[0].Table == nil || p.Args[1].Expr == nil || p.Args[2].Expr == nil {
		return c.missingOperator(p)
	}
	o := &addressLookup{
		input: c.operator(p.Input), table: c.operator(p.Args[0].Table), plan: p,
		address: c.expr(p.Args[1].Expr), network: c.expr(p.Args[2].Expr), parse: function.ParseIPv4,
	}
	if p.Name == "ipv6_lookup" {
		o.parse = function.ParseIPv6
	}
	for _, a := range p.Args[3:] {
		switch e := a.Expr.(type) {
		case *bind.Column:
			o.extra = append(o.extra, e.Name)
		case *bind.Literal:
			o.unmatched = e.Value.Bool()
		default:
			c.unsupported(spanOf(a.Expr, p), "this argument of %s is not supported", p.Name)
		}
	}
	return o
}

func spanOf(e bind.Expr, p bind.Operator) syntax.Span {
	if e == nil {
		return p.Span()
	}
	return e.Span()
}

func (o *addressLookup) run(x *execution) (*relation, error) {
	left, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	right, err := o.table.run(x)
	if err != nil {
		return nil, err
	}
	addresses, err := o.address.eval(x, left)
	if err != nil {
		return nil, err
	}
	networks, err := o.network.eval(x, right)
	if err != nil {
		return nil, err
	}
	index := o.index(networks)
	var l, r []uint32
	for row := range left.rows {
		if err := x.stop(row); err != nil {
			return nil, err
		}
		before := len(l)
		for _, match := range o.matches(index, addresses.value(row)) {
			if o.sameExtra(left, right, row, int(match)) {
				l, r = append(l, uint32(row)), append(r, match)
			}
		}
		if o.unmatched && len(l) == before {
			l, r = append(l, uint32(row)), append(r, uint32(right.rows))
		}
		if len(l) > x.limits.Rows {
			return nil, x.tooMany(o.plan.Span(), o.plan.Name)
		}
	}
	return o.pairs(x, left, right, l, r), nil
}

// networkIndex holds row numbers by the length of a network and its first address.
type networkIndex map[int]map[netip.Addr][]uint32

// index finds the rows of a network by its length and its first address.
func (o *addressLookup) index(networks *vector) networkIndex {
	index := networkIndex{}
	for row := range networks.rows {
		p, ok := o.parse(networks.value(row).String())
		if !ok {
			continue
		}
		if index[p.Bits()] == nil {
			index[p.Bits()] = map[netip.Addr][]uint32{}
		}
		first := p.Masked().Addr()
		index[p.Bits()][first] = append(index[p.Bits()][first], uint32(row))
	}
	return index
}

// matches lists the rows whose network holds an address, the narrowest network first.
func (o *addressLookup) matches(index networkIndex, address value.Value) []uint32 {
	p, ok := o.parse(address.String())
	if !ok {
		return nil
	}
	var out []uint32
	for bits := p.Bits(); bits >= 0; bits-- {
		if networks, ok := index[bits]; ok {
			out = append(out, networks[netip.PrefixFrom(p.Addr(), bits).Masked().Addr()]...)
		}
	}
	return out
}

func (o *addressLookup) sameExtra(left, right *relation, l, r int) bool {
	for _, name := range o.extra {
		i, j := indexOfColumn(left.columns, name), indexOfColumn(right.columns, name)
		if i < 0 || j < 0 || value.Key(left.vector(i).value(l)) != value.Key(right.vector(j).value(r)) {
			return false
		}
	}
	return true
}

func indexOfColumn(columns []value.Column, name string) int {
	for i, c := range columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// pairs is the input's columns followed by the table's, without the extra keys; ipv6_lookup puts the table first.
func (o *addressLookup) pairs(x *execution, left, right *relation, l, r []uint32) *relation {
	columns := right.columns
	left, right = left.filter(l), padded(right).filter(r)
	var found []*slot
	for i, c := range columns {
		if !slices.Contains(o.extra, c.Name) {
			found = append(found, right.slots[i])
		}
	}
	slots := slices.Concat(left.slots, found)
	if o.plan.Name == "ipv6_lookup" {
		slots = slices.Concat(found, left.slots)
	}
	handles := make([]int64, len(l))
	for i := range handles {
		handles[i] = x.lineage.merge(left.handle(i), right.handle(i))
	}
	return &relation{columns: o.plan.Fields, rows: len(l), slots: typed(o.plan.Fields, slots), lineage: newSlot(lineageOf(handles))}
}
