package kql

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Limits bound what one run of a query may make, so that a query ends before memory does. They are for what a query
// makes, not for the tables it reads. A field that is zero has the value of [DefaultLimits].
type Limits struct {
	// Rows is the most rows that one operator may make of fewer: range, mv-expand, join, lookups, and the cells of
	// make-series and pivot.
	Rows int
	// Bytes is about how many bytes the columns, texts and lists that a run makes may take, all together: memory
	// that is free again is not given back.
	Bytes int64
	// ValueBytes is the most bytes of one text, and of one dynamic value written as JSON.
	ValueBytes int
	// ResultRows is the most rows of the result.
	ResultRows int
}

// DefaultLimits are those of [Query.Run]: 16 Mi rows, 4 GiB, 16 MiB a value. The service's own limits (500,000 rows and 64
// MB of result, 1 MB a value) protect a cluster that many share; a recording has one user, who may want more.
// Source: https://learn.microsoft.com/kusto/concepts/query-limits
func DefaultLimits() Limits {
	return Limits{Rows: 1 << 24, Bytes: 4 << 30, ValueBytes: 16 << 20, ResultRows: 1 << 24}
}

// orDefault fills in what is zero.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Rows <= 0 {
		l.Rows = d.Rows
	}
	if l.Bytes <= 0 {
		l.Bytes = d.Bytes
	}
	if l.ValueBytes <= 0 {
		l.ValueBytes = d.ValueBytes
	}
	if l.ResultRows <= 0 {
		l.ResultRows = d.ResultRows
	}
	return l
}

// RunWithin is [Query.Run] with other limits. What passes one is an error of syntax.ClassRuntime that names the
// operator or function and the limit.
func (q *Query) RunWithin(ctx context.Context, db Database, now time.Time, limits Limits) (*Table, error) {
	var t *Table
	err := q.closed(func(q *Query) error {
		x := q.execution(ctx, db, now)
		x.limits = limits.orDefault()
		r, err := x.start(q.root)
		if err == nil && r.rows > x.limits.ResultRows {
			err = x.fail(q.plan.Span(), "%s gives more than %d rows, the limit of a result", x.wordAt(q.plan.Span()), x.limits.ResultRows)
		}
		if err == nil {
			t = r.table(x)
		}
		return err
	})
	return t, err
}

// tooMany is the error of an operator that passes [Limits.Rows].
func (x *execution) tooMany(span syntax.Span, what string) error {
	return x.fail(span, "%s makes more than %d rows, the limit of one operator", what, x.limits.Rows)
}

// charge adds bytes to what the run has made.
func (x *execution) charge(span syntax.Span, bytes int) error {
	x.made += int64(bytes)
	if x.made <= x.limits.Bytes {
		return nil
	}
	return x.fail(span, "%s needs too much memory: the query makes more than %d bytes, the limit of a run", x.wordAt(span), x.limits.Bytes)
}

// chargeVector is [execution.charge] for a column that was just made; texts and dynamics have been charged one by one.
func (x *execution) chargeVector(span syntax.Span, v *vector) error {
	bytes := 4*len(v.codes) + 8*len(v.ints) + 8*len(v.reals) + 16*len(v.strs) + 16*len(v.boxes) + len(v.nulls)
	return x.charge(span, bytes)
}

// accept charges a value that a function or an aggregate made, unless it is too large for one value.
func (x *execution) accept(span syntax.Span, v value.Value) error {
	size := 0
	switch v.Type() {
	case value.String:
		size = len(v.Str())
	case value.Dynamic:
		s := sizer{left: x.limits.ValueBytes}
		s.measure(v.Dynamic(), 0)
		if s.deep {
			return x.fail(span, "%s makes a value that is nested deeper than %d levels", x.wordAt(span), maxNesting)
		}
		size = x.limits.ValueBytes - s.left
	default:
		return nil
	}
	if size > x.limits.ValueBytes {
		return x.fail(span, "%s makes a value of more than %d bytes, the limit of one value", x.wordAt(span), x.limits.ValueBytes)
	}
	return x.charge(span, size)
}

// acceptAll is [execution.accept] for all entries of a column of dynamics.
func (x *execution) acceptAll(span syntax.Span, v *vector) error {
	if v.typ != value.Dynamic {
		return nil
	}
	for i := range v.boxes {
		if err := x.accept(span, v.at(i)); err != nil {
			return err
		}
		if err := x.stop(i); err != nil {
			return err
		}
	}
	return nil
}

// maxNesting bounds how deep a dynamic value that a query builds may nest; whatever walks one is recursive. It is more
// than that of a JSON text, so that what was read can be packed.
const maxNesting = 2000

// sizer measures a dynamic value, and stops when it is too large: a list that holds another one many times takes little
// memory, but is long when it is written.
type sizer struct {
	left int
	deep bool
}

// measure takes about the length of the JSON of x from what is left.
func (s *sizer) measure(x any, depth int) {
	if depth > maxNesting {
		s.deep = true
	}
	if s.left < 0 || s.deep {
		return
	}
	switch x := x.(type) {
	case string:
		s.left -= len(x) + 2
	case []any:
		s.left -= 2
		for _, e := range x {
			s.left--
			s.measure(e, depth+1)
			if s.left < 0 || s.deep {
				return
			}
		}
	case *value.Bag:
		s.left -= 2
		for _, k := range x.Keys() {
			e, _ := x.Get(k)
			s.left -= len(k) + 4
			s.measure(e, depth+1)
			if s.left < 0 || s.deep {
				return
			}
		}
	default:
		s.left -= 4
	}
}

// wordAt is the operator or function that a place of the query begins with, for a message.
func (x *execution) wordAt(span syntax.Span) string {
	if span.Start < 0 || span.End > len(x.source.Text) || span.Start >= span.End {
		return "the query"
	}
	text := x.source.Text[span.Start:span.End]
	end := strings.IndexFunc(text, func(r rune) bool { return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	switch {
	case end < 0:
		return text
	case end == 0:
		return "this expression"
	default:
		return text[:end]
	}
}

// spend counts work, in about nanoseconds, and gives the context's error once enough has been done to look.
func (x *execution) spend(work int) error {
	x.spent += work
	if x.spent < 1<<20 {
		return nil
	}
	x.spent = 0
	return x.ctx.Err()
}

// longWork is how many bytes of arguments make a call worth looking after.
const longWork = 1 << 18

// attended runs a piece of work that cannot look at the context itself, such as a regular expression over a long text. If
// the context is done first it is left to end alone, which it does: all such work is linear in its input. What it
// writes to must not be read then.
func attended[T any](x *execution, bytes int, work func() T) (T, error) {
	if bytes < longWork {
		return work(), x.spend(64 + bytes)
	}
	done := make(chan T, 1)
	go func() { done <- work() }()
	select {
	case v := <-done:
		return v, x.ctx.Err()
	case <-x.ctx.Done():
		var none T
		return none, x.ctx.Err()
	}
}

// group is the grouping of many rows, which is left when the context is done.
func (x *execution) group(rows int, keys []*vector) (*grouping, error) {
	return attended(x, 16*rows*len(keys), func() *grouping { return group(rows, keys) })
}

// weight is about how many bytes a function must look at in its arguments.
func weight(args []value.Value) int {
	n := 0
	for _, a := range args {
		n += len(a.Str())
		switch x := a.Dynamic().(type) {
		case string:
			n += len(x)
		case []any:
			n += 16 * len(x)
		case *value.Bag:
			n += 32 * x.Len()
		}
	}
	return n
}
