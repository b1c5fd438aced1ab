package kql

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// random is rand() and new_guid(). The numbers follow from the instant of the query alone, so that a run can be
// repeated: for a test, the same rows every time are better than other ones.
type random struct {
	name   string
	limit  expr // of rand(n), or nil
	result value.Type
}

func (c *compiler) random(e *bind.Call, args []expr) expr {
	r := &random{name: e.Name, result: e.Type()}
	if len(args) > 0 {
		r.limit = args[0]
	}
	return r
}

func (e *random) eval(x *execution, r *relation) (*vector, error) {
	var limit *vector
	if e.limit != nil {
		v, err := e.limit.eval(x, r)
		if err != nil {
			return nil, err
		}
		limit = v
	}
	if x.random == nil {
		x.random = rand.New(rand.NewPCG(uint64(x.now), 0))
	}
	out := newBuffer(e.result, r.rows)
	for row := range r.rows {
		out.set(row, e.draw(x.random, limit, row))
	}
	return out.vector(), nil
}

// draw is one value: a real below 1, a whole number below a limit of at least 2, or a GUID.
// Source: https://learn.microsoft.com/kusto/query/rand-function
func (e *random) draw(source *rand.Rand, limit *vector, row int) value.Value {
	if e.name == "new_guid" {
		var b [16]byte
		binary.LittleEndian.PutUint64(b[:8], source.Uint64())
		binary.LittleEndian.PutUint64(b[8:], source.Uint64())
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // RFC 9562, version 4
		return value.NewGUID(hex.EncodeToString(b[:]))
	}
	if limit != nil {
		if n := value.Convert(limit.value(row), value.Long); !n.IsNull() && n.Int() > 1 {
			return value.NewReal(float64(source.Int64N(n.Int())))
		}
	}
	return value.NewReal(source.Float64())
}
