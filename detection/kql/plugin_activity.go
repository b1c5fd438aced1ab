package kql

import (
	"slices"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// activity is a plugin for user analytics: it looks at the ids of the rows along a timeline, for each combination
// of the dimensions apart.
type activity struct {
	input        operator
	plan         *bind.Evaluate
	id, timeline expr
	constants    []expr
	state        expr // of the funnels
	dimensions   []expr
	lookback     operator // of new_activity_metrics: the ids that are known before the start, or nil
	lookbackID   int
	compute      activityFunction
}

// activityFunction makes the rows of such a plugin.
type activityFunction func(in *activityRows) ([]activityResult, error)

// activityResult is a row of the output: the places on the timeline, the dimensions of a group, the metrics.
type activityResult struct {
	times   []int64
	state   []value.Value
	group   uint32
	metrics []value.Value
	sources []uint32 // the rows of the input that it summarizes
}

// activityRows are the rows as an [activityFunction] sees them.
type activityRows struct {
	x         *execution
	plan      *bind.Evaluate
	r         *relation
	id        *vector
	ids       []uint32 // equal for equal ids
	times     []int64
	rows      []uint32 // those with a place on the timeline
	groups    *grouping
	constants []value.Value
	state     *vector
	known     map[uint32]bool // the ids of the look-back table
	dims      []*vector
}

// activityOf finds the function of a plugin, and how many constants follow its first two arguments. The ids of a
// plugin that starts with the timeline come from nowhere.
func activityOf(name string) (compute activityFunction, constants int) {
	switch name {
	case "activity_counts_metrics":
		return activityCounts, 3
	case "activity_engagement":
		return activityEngagement, 4
	case "activity_metrics":
		return activityMetrics, 3
	case "new_activity_metrics":
		return newActivity, 4
	case "active_users_count":
		return activeUsers, 6
	case "session_count":
		return sessionCount, 4
	case "sliding_window_counts":
		return slidingCounts, 4
	case "funnel_sequence":
		return funnelSequence, 6
	case "funnel_sequence_completion":
		return funnelCompletion, 6
	default:
		return nil, 0
	}
}

// activity compiles such a plugin; nil for any other.
func (c *compiler) activity(p *bind.Evaluate) operator {
	compute, constants := activityOf(p.Name)
	if compute == nil || len(p.Args) < 3 {
		return nil
	}
	o := &activity{input: c.operator(p.Input), plan: p, compute: compute, id: c.expr(p.Args[0].Expr), timeline: c.expr(p.Args[1].Expr)}
	if storageOf(p.Args[1].Expr.Type()) != inInts {
		c.unsupported(p.Args[1].Expr.Span(), "%s over a timeline of type %s is not supported", p.Name, p.Args[1].Expr.Type())
	}
	funnel := p.Name == "funnel_sequence" || p.Name == "funnel_sequence_completion"
	for _, a := range p.Args[2:] {
		_, column := a.Expr.(*bind.Column)
		switch {
		case a.Table != nil:
			o.lookback = c.operator(a.Table)
			o.lookbackID = max(0, indexOfColumn(a.Table.Columns(), nameOf(p.Args[0].Expr)))
		case column && funnel && o.state == nil:
			o.state = c.expr(a.Expr)
		case column || len(o.constants) == constants:
			o.dimensions = append(o.dimensions, c.expr(a.Expr))
		default:
			o.constants = append(o.constants, c.expr(a.Expr))
		}
	}
	return o
}

// nameOf is the name of a column, "" for any other expression.
func nameOf(e bind.Expr) string {
	if c, ok := e.(*bind.Column); ok {
		return c.Name
	}
	return ""
}

func (o *activity) run(x *execution) (*relation, error) {
	in, err := o.rows(x)
	if err != nil {
		return nil, err
	}
	results, err := o.compute(in)
	if err != nil {
		return nil, err
	}
	return o.table(in, results), nil
}

// rows evaluates the arguments.
func (o *activity) rows(x *execution) (*activityRows, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	one := newRelation(nil, nil, noLineage(1))
	constants, err := evalAll(x, one, o.constants)
	if err != nil {
		return nil, err
	}
	columns, err := evalAll(x, r, append([]expr{o.id, o.timeline}, o.dimensions...))
	if err != nil {
		return nil, err
	}
	in := &activityRows{x: x, plan: o.plan, r: r, id: columns[0], times: make([]int64, r.rows), groups: group(r.rows, columns[2:]), dims: columns[2:]}
	in.ids, _ = identify(in.id)
	for _, c := range constants {
		in.constants = append(in.constants, c.value(0))
	}
	for row := range r.rows {
		if e := columns[1].entry(row); !columns[1].isNull(e) {
			in.times[row] = columns[1].ints[e]
			in.rows = append(in.rows, uint32(row))
		}
	}
	if o.state != nil {
		if in.state, err = o.state.eval(x, r); err != nil {
			return nil, err
		}
	}
	return in, o.readLookback(in)
}

// readLookback lists the ids of the table that new_activity_metrics takes them from: its column that is called like
// the id, else the first one.
func (o *activity) readLookback(in *activityRows) error {
	if o.lookback == nil {
		return nil
	}
	t, err := o.lookback.run(in.x)
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	v := t.vector(o.lookbackID)
	for row := range t.rows {
		listed[value.Key(v.value(row))] = true
	}
	in.known = map[uint32]bool{}
	for _, row := range in.rows {
		if listed[value.Key(in.id.value(int(row)))] {
			in.known[in.ids[row]] = true
		}
	}
	return nil
}

// table puts the results in the order of the timeline.
func (o *activity) table(in *activityRows, results []activityResult) *relation {
	slices.SortStableFunc(results, func(a, b activityResult) int {
		if order := slices.Compare(a.times, b.times); order != 0 {
			return order
		}
		return int(a.group) - int(b.group)
	})
	fields := o.plan.Fields
	buffers := make([]*buffer, len(fields))
	for i, c := range fields {
		buffers[i] = newBuffer(c.Type, len(results))
	}
	handles := make([]int64, len(results))
	for row, result := range results {
		for i, cell := range o.cells(in, &result) {
			buffers[i].set(row, cell)
		}
		handles[row] = in.x.lineage.of(in.r, result.sources)
	}
	vectors := make([]*vector, len(fields))
	for i, b := range buffers {
		vectors[i] = b.vector()
	}
	return newRelation(fields, vectors, lineageOf(handles))
}

// cells is a row of the output: the timeline, the state, the dimensions, the metrics.
func (o *activity) cells(in *activityRows, result *activityResult) []value.Value {
	var out []value.Value
	for i, t := range result.times {
		out = append(out, atType(t, o.plan.Fields[i].Type))
	}
	out = append(out, result.state...)
	for _, d := range in.dims {
		out = append(out, d.value(int(in.groups.first[result.group])))
	}
	return append(out, result.metrics...)
}

// atType is a place on a timeline of a type.
func atType(n int64, t value.Type) value.Value {
	v := vector{typ: t, rows: 1, ints: []int64{n}}
	return v.at(0)
}

// constant is the i-th constant as a number of the timeline, or what is absent without it.
func (in *activityRows) constant(i int, absent int64) int64 {
	if i >= len(in.constants) || in.constants[i].IsNull() {
		return absent
	}
	c := in.constants[i]
	if storageOf(c.Type()) != inInts {
		return value.Convert(c, value.Long).Int()
	}
	return c.Int()
}

// windows is the division of a timeline into numbered windows.
type windows interface {
	// number is that of the window around an instant.
	number(t int64) int64
	// start is the instant at which a window begins.
	start(number int64) int64
}

// evenWindows are windows of one width; a window begins at from.
type evenWindows struct{ from, width int64 }

func (s evenWindows) number(t int64) int64 {
	n := (t - s.from) / s.width
	if (t-s.from)%s.width < 0 {
		n--
	}
	return n
}

func (s evenWindows) start(number int64) int64 { return s.from + number*s.width }

// calendarWindows are windows of a week (from Sunday), a month, or a year.
type calendarWindows struct{ unit string }

func (c calendarWindows) number(t int64) int64 {
	at := value.Instant(t).Time()
	switch c.unit {
	case "week":
		return evenWindows{from: int64(firstSunday), width: 7 * int64(value.Day)}.number(t)
	case "month":
		return int64(at.Year())*12 + int64(at.Month()) - 1
	default:
		return int64(at.Year())
	}
}

func (c calendarWindows) start(number int64) int64 {
	year, month := int(number), 0
	switch c.unit {
	case "week":
		return evenWindows{from: int64(firstSunday), width: 7 * int64(value.Day)}.start(number)
	case "month":
		year, month = int(number/12), int(number%12)
	}
	return int64(value.FromTime(time.Date(year, time.Month(month+1), 1, 0, 0, 0, 0, time.UTC)))
}

// firstSunday is the first one of year 1, which began on a Monday.
const firstSunday = value.Instant(6 * value.Day)

// windows makes the windows of a width, which is a text for those of the calendar.
func (in *activityRows) windows(from int64, width value.Value) (windows, error) {
	if unit := width.Str(); width.Type() == value.String && slices.Contains([]string{"week", "month", "year"}, unit) {
		return calendarWindows{unit}, nil
	}
	if storageOf(width.Type()) != inInts && !width.Type().Numeric() {
		return nil, in.x.fail(in.plan.Span(), "%s: the width of a window is a number, a timespan, or one of week, month, year", in.plan.Name)
	}
	n := width.Int()
	if width.Type().Numeric() {
		n = value.Convert(width, value.Long).Int()
	}
	if width.IsNull() || n <= 0 {
		return nil, in.x.fail(in.plan.Span(), "%s: the width of a window is not positive", in.plan.Name)
	}
	return evenWindows{from: from, width: n}, nil
}

// extent is the first and the last instant of all rows.
func (in *activityRows) extent() (from, to int64) {
	for i, row := range in.rows {
		t := in.times[row]
		if i == 0 {
			from, to = t, t
		}
		from, to = min(from, t), max(to, t)
	}
	return from, to
}

// binRows is the rows of a group in a window.
type binRows struct {
	number int64
	rows   []uint32
	ids    map[uint32]bool // the distinct ids; null is none
}

func newBin(number int64) *binRows { return &binRows{number: number, ids: map[uint32]bool{}} }

func (w *binRows) add(in *activityRows, row uint32) {
	w.rows = append(w.rows, row)
	if !in.id.isNull(in.id.entry(int(row))) {
		w.ids[in.ids[row]] = true
	}
}

// divide gives, for each group, its windows with rows between two instants, both included, in order.
func (in *activityRows) divide(w windows, from, to int64) ([][]*binRows, error) {
	out := make([][]*binRows, len(in.groups.first))
	index := make([]map[int64]*binRows, len(out))
	for i, row := range in.rows {
		if err := in.x.stop(i); err != nil {
			return nil, err
		}
		t, g := in.times[row], in.groups.of[row]
		if t < from || t > to {
			continue
		}
		if index[g] == nil {
			index[g] = map[int64]*binRows{}
		}
		n := w.number(t)
		if index[g][n] == nil {
			index[g][n] = newBin(n)
			out[g] = append(out[g], index[g][n])
		}
		index[g][n].add(in, row)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b *binRows) int { return int(min(max(a.number-b.number, -1), 1)) })
	}
	return out, nil
}

// metric is a number of rows or ids.
func metric(n int) value.Value { return value.NewLong(int64(n)) }
