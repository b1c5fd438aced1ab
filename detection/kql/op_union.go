package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// union puts the rows of its legs one after the other.
type union struct {
	plan *bind.Union
	legs []operator
}

func (c *compiler) union(p *bind.Union) operator {
	o := &union{plan: p}
	for _, leg := range p.Legs {
		o.legs = append(o.legs, c.operator(leg.Input))
	}
	return o
}

func (o *union) run(x *execution) (*relation, error) {
	if len(o.legs) == 0 {
		// isfuzzy leaves out the tables there are not; the service needs one that is there.
		return nil, x.fail(o.plan.Span(), "no table of the union exists")
	}
	parts := make([]*relation, len(o.legs))
	for i, leg := range o.legs {
		r, err := leg.run(x)
		if err != nil {
			return nil, err
		}
		parts[i] = r
	}
	return concat(o.plan.Fields, parts, o.column), x.ctx.Err()
}

// column is a leg's content for a column of the result.
func (o *union) column(leg int, r *relation, i int) *vector {
	switch from := o.plan.Legs[leg].Fields[i]; {
	case i == o.plan.Source:
		return constantOf(value.NewString(o.plan.Legs[leg].Name), r.rows)
	case from < 0:
		return constantOf(value.Null(o.plan.Fields[i].Type), r.rows)
	default:
		return r.vector(from)
	}
}

// concat joins the rows of relations, taking the columns of each by column; a column is
// joined when it is first looked at.
func concat(columns []value.Column, parts []*relation, column func(part int, r *relation, i int) *vector) *relation {
	r := &relation{columns: columns}
	for _, p := range parts {
		r.rows += p.rows
	}
	r.lineage = lazySlot(value.Long, func() *vector {
		var lineages []*vector
		for _, p := range parts {
			if p.rows > 0 {
				lineages = append(lineages, p.lineage.vector())
			}
		}
		return concatVectors(value.Long, lineages)
	})
	for i, c := range columns {
		r.slots = append(r.slots, lazySlot(c.Type, func() *vector {
			var vectors []*vector
			for k, p := range parts {
				if p.rows > 0 {
					vectors = append(vectors, column(k, p, i))
				}
			}
			return concatVectors(c.Type, vectors)
		}))
	}
	return r
}

// sameColumn takes a column from the same position of every relation.
func sameColumn(_ int, r *relation, i int) *vector { return r.vector(i) }

// typed converts the slots that are not of their column's type.
func typed(columns []value.Column, slots []*slot) []*slot {
	out := make([]*slot, len(slots))
	for i, s := range slots {
		out[i] = s
		if t := columns[i].Type; s.typ != t {
			out[i] = lazySlot(t, func() *vector { return convertVector(s.vector(), t) })
		}
	}
	return out
}

// concatVectors joins vectors; texts and dynamics keep their codes, numbers become
// dense.
func concatVectors(t value.Type, parts []*vector) *vector {
	if len(parts) == 1 {
		return convertVector(parts[0], t)
	}
	out := &vector{typ: t}
	encoded := storageOf(t) == inStrings || storageOf(t) == inBoxes
	for _, p := range parts {
		p = convertVector(p, t)
		if encoded {
			out.appendEncoded(p)
		} else {
			out.appendDense(p)
		}
		out.rows += p.rows
	}
	if encoded && out.codes == nil {
		out.codes = []uint32{}
	}
	return out
}

func (v *vector) appendEncoded(p *vector) {
	base := uint32(v.size())
	v.strs = append(v.strs, p.strs...)
	v.boxes = append(v.boxes, p.boxes...)
	for row := range p.rows {
		v.codes = append(v.codes, base+uint32(p.entry(row)))
	}
}

func (v *vector) appendDense(p *vector) {
	start := v.size()
	for row := range p.rows {
		e := p.entry(row)
		if p.typ == value.Real {
			v.reals = append(v.reals, p.reals[e])
		} else {
			v.ints = append(v.ints, p.ints[e])
		}
	}
	if p.nulls == nil && v.nulls == nil {
		return
	}
	if v.nulls == nil {
		v.nulls = make([]bool, start)
	}
	for row := range p.rows {
		v.nulls = append(v.nulls, p.isNull(p.entry(row)))
	}
}
