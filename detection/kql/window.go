package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// window is a function of a row and its neighbours in the order of a serialized table.
type window struct {
	name   string
	args   []expr
	result value.Type
}

// windowFunction reports whether a function looks at neighbouring rows.
func windowFunction(name string) bool {
	switch name {
	case "prev", "next", "row_number", "row_cumsum", "row_rank", "row_rank_min", "row_rank_dense", "row_window_session":
		return true
	default:
		return false
	}
}

// window compiles such a function and notes that the predicate it is part of must see
// all rows.
func (c *compiler) window(e *bind.Call, args []expr) expr {
	c.windowed = true
	return &window{name: e.Name, args: args, result: e.Type()}
}

func (e *window) eval(x *execution, r *relation) (*vector, error) {
	args, err := evalAll(x, r, e.args)
	if err != nil {
		return nil, err
	}
	w := &walker{args: args, out: newBuffer(e.result, r.rows)}
	step := w.stepOf(e.name)
	for row := range r.rows {
		if err := x.stop(row); err != nil {
			return nil, err
		}
		w.out.set(row, step(row))
	}
	return w.out.vector(), nil
}

// walker goes through the rows in order and keeps what the functions accumulate.
type walker struct {
	args  []*vector
	out   *buffer
	count int64
	rank  int64
	sum   value.Value
	start value.Value
}

func (w *walker) stepOf(name string) func(row int) value.Value {
	switch name {
	case "prev":
		return func(row int) value.Value { return w.neighbour(row, -1) }
	case "next":
		return func(row int) value.Value { return w.neighbour(row, 1) }
	case "row_number":
		return w.number
	case "row_cumsum":
		return w.cumulate
	case "row_window_session":
		return w.session
	case "row_rank":
		// The older function says by an argument which of the two ranks it gives, and never restarts.
		return func(row int) value.Value {
			return w.ranked(row, value.Convert(w.cell(1, row, value.NewBool(true)), value.Bool).Bool(), false)
		}
	default:
		return func(row int) value.Value { return w.ranked(row, name != "row_rank_min", w.restarted(1, row)) }
	}
}

// cell is an argument's value in a row, or the default if it is absent.
func (w *walker) cell(arg, row int, absent value.Value) value.Value {
	if arg >= len(w.args) {
		return absent
	}
	return w.args[arg].value(row)
}

// neighbour is prev and next: the value some rows away, or a default beyond the ends.
func (w *walker) neighbour(row, direction int) value.Value {
	offset := value.Convert(w.cell(1, row, value.NewLong(1)), value.Long).Int()
	at := int64(row) + int64(direction)*offset
	if at < 0 || at >= int64(w.args[0].rows) {
		return w.cell(2, row, value.Null(w.out.v.typ))
	}
	return w.args[0].value(int(at))
}

// restarted reports whether the argument that asks for a restart is true.
func (w *walker) restarted(arg, row int) bool {
	return value.Convert(w.cell(arg, row, value.NewBool(false)), value.Bool).Bool()
}

func (w *walker) number(row int) value.Value {
	if row == 0 || w.restarted(1, row) {
		w.count = value.Convert(w.cell(0, row, value.NewLong(1)), value.Long).Int()
	} else {
		w.count++
	}
	return value.NewLong(w.count)
}

func (w *walker) cumulate(row int) value.Value {
	if row == 0 || w.restarted(1, row) {
		w.sum = value.Convert(value.NewLong(0), w.out.v.typ)
	}
	if term := w.args[0].value(row); !term.IsNull() {
		w.sum = value.Calculate('+', w.sum, term, w.out.v.typ)
	}
	return w.sum
}

// ranked counts the distinct values so far, or, if not dense, the rows before the first
// of equal ones.
func (w *walker) ranked(row int, dense, restart bool) value.Value {
	restart = restart || row == 0
	if restart {
		w.count, w.rank = 0, 0
	}
	w.count++
	if restart || compareBoxed(w.args[0].value(row), w.args[0].value(row-1)) != 0 {
		if dense {
			w.rank++
		} else {
			w.rank = w.count
		}
	}
	return value.NewLong(w.rank)
}

// session is row_window_session(expr, longest, gap [, restart]): the first instant of
// the session that a row belongs to. A null is no session, and ends one.
func (w *walker) session(row int) value.Value {
	at := w.args[0].value(row)
	fresh := row == 0 || w.start.IsNull() || w.restarted(3, row)
	if !fresh {
		longest, gap := w.args[1].value(row).Timespan(), w.args[2].value(row).Timespan()
		before := w.args[0].value(row - 1)
		fresh = at.IsNull() || value.Duration(at.Int()-w.start.Int()) >= longest || value.Duration(at.Int()-before.Int()) >= gap
	}
	if fresh {
		w.start = at
	}
	return w.start
}

// whole hides that an expression can filter: all rows are evaluated at once.
type whole struct{ expr }

// ingestionTime stands in for ingestion_time(). A recording has no ingestion: every
// event arrives when it happens, so that it is the row's Timestamp or TimeGenerated.
type ingestionTime struct{ call *bind.Call }

func (e *ingestionTime) eval(x *execution, r *relation) (*vector, error) {
	for i, c := range r.columns {
		if c.Type == value.DateTime && (c.Name == "Timestamp" || c.Name == "TimeGenerated") {
			return r.vector(i), nil
		}
	}
	return nil, x.fail(e.call.Span(), "ingestion_time() needs a column Timestamp or TimeGenerated to stand in for it")
}
