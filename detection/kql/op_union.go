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
	parts := make([]*relation, len(o.legs))
	for i, leg := range o.legs {
		r, err := leg.run(x)
		if err != nil {
			return nil, err
		}
		parts[i] = o.aligned(i, r)
	}
	return concat(o.plan.Fields, parts), x.ctx.Err()
}

// aligned gives a leg's rows the columns of the result.
func (o *union) aligned(leg int, r *relation) *relation {
	slots := make([]*slot, len(o.plan.Fields))
	for i, c := range o.plan.Fields {
		switch from := o.plan.Legs[leg].Fields[i]; {
		case i == o.plan.Source:
			slots[i] = &slot{stored: constantOf(value.NewString(o.plan.Legs[leg].Name), r.rows)}
		case from < 0:
			slots[i] = &slot{stored: constantOf(value.Null(c.Type), r.rows)}
		default:
			slots[i] = r.slots[from]
		}
	}
	return r.with(o.plan.Fields, slots)
}

// concat joins relations of the same columns. A single one that has rows stays as it is.
func concat(columns []value.Column, parts []*relation) *relation {
	var filled []*relation
	rows := 0
	for _, p := range parts {
		rows += p.rows
		if p.rows > 0 {
			filled = append(filled, p)
		}
	}
	if len(filled) == 1 {
		return filled[0].with(columns, typed(columns, filled[0].slots))
	}
	r := &relation{columns: columns, rows: rows}
	for i, c := range columns {
		vectors := make([]*vector, len(filled))
		for k, p := range filled {
			vectors[k] = p.vector(i)
		}
		r.slots = append(r.slots, &slot{stored: concatVectors(c.Type, vectors)})
	}
	lineages := make([]*vector, len(filled))
	for k, p := range filled {
		lineages[k] = p.lineage.vector()
	}
	r.lineage = &slot{stored: concatVectors(value.Long, lineages)}
	return r
}

// typed converts the slots whose vectors are not of their column's type.
func typed(columns []value.Column, slots []*slot) []*slot {
	out := make([]*slot, len(slots))
	for i, s := range slots {
		out[i] = s
		if s.stored.typ != columns[i].Type {
			out[i] = &slot{stored: convertVector(s.vector(), columns[i].Type)}
		}
	}
	return out
}

// concatVectors joins vectors; texts and dynamics keep their codes, numbers become
// dense.
func concatVectors(t value.Type, parts []*vector) *vector {
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
