package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// maxSamples is how many ids funnel_sequence lists.
const maxSamples = 128

// visit is a stay of an id in one state.
type visit struct {
	state      string
	from, to   int64
	first, row uint32 // the first and the last row
}

// visits joins the neighbouring rows of an id with one state, between two instants.
func (in *activityRows) visits(rows []uint32, from, to int64) []visit {
	var out []visit
	for _, row := range rows {
		t := in.times[row]
		if t < from || t > to {
			continue
		}
		state := in.state.value(int(row)).String()
		if n := len(out); n > 0 && out[n-1].state == state {
			out[n-1].to, out[n-1].row = t, row
			continue
		}
		out = append(out, visit{state: state, from: t, to: t, first: row, row: row})
	}
	return out
}

// sequence is the states that a funnel looks for.
func (in *activityRows) sequence() []string { return texts(nil, in.constants[4]) }

// funnelSequence finds the ids that go through states one directly after the other, and counts them by the states
// before and after. Of its three tables it gives the first.
// Source: https://learn.microsoft.com/kusto/query/funnel-sequence-plugin
func funnelSequence(in *activityRows) ([]activityResult, error) {
	if len(in.constants) < 5 {
		return nil, in.x.fail(in.plan.Span(), "%s needs eight arguments", in.plan.Name)
	}
	from, to, gap, sequence := in.constant(0, 0), in.constant(1, 0), in.constant(2, 0), in.sequence()
	w, err := in.windows(from, in.constants[3])
	if err != nil {
		return nil, err
	}
	f := funnel{in: in, w: w, results: map[funnelKey]*activityResult{}, ids: map[funnelKey]map[uint32]bool{}}
	for i, rows := range in.histories() {
		if err := in.x.stop(i); err != nil {
			return nil, err
		}
		stays := in.visits(rows, from, to)
		for at := range stays {
			if follows(stays[at:], sequence, gap) {
				f.add(stays, at, len(sequence))
			}
		}
	}
	return f.table(), nil
}

// follows reports whether stays begin with a sequence, never longer than gap apart.
func follows(stays []visit, sequence []string, gap int64) bool {
	if len(sequence) == 0 || len(stays) < len(sequence) {
		return false
	}
	for i, state := range sequence {
		if stays[i].state != state || i > 0 && stays[i].from-stays[i-1].to > gap {
			return false
		}
	}
	return true
}

// funnel counts distinct ids by window and neighbouring states.
type funnel struct {
	in      *activityRows
	w       windows
	results map[funnelKey]*activityResult
	ids     map[funnelKey]map[uint32]bool
	order   []funnelKey
}

type funnelKey struct {
	number       int64
	before, next string
}

func (f *funnel) add(stays []visit, at, length int) {
	key := funnelKey{number: f.w.number(stays[at].from)}
	around := stays[at : at+length]
	if at > 0 {
		key.before, around = stays[at-1].state, stays[at-1:at+length]
	}
	if end := at + length; end < len(stays) {
		key.next, around = stays[end].state, stays[max(0, at-1):end+1]
	}
	result := f.results[key]
	if result == nil {
		result = &activityResult{
			times: []int64{f.w.start(key.number)},
			state: []value.Value{value.NewString(key.before), value.NewString(key.next)},
		}
		f.results[key], f.ids[key] = result, map[uint32]bool{}
		f.order = append(f.order, key)
	}
	for _, v := range around {
		result.sources = append(result.sources, v.first, v.row)
	}
	id := f.in.ids[stays[at].first]
	if f.ids[key][id] {
		return
	}
	f.ids[key][id] = true
	if len(result.metrics) < maxSamples {
		result.metrics = append(result.metrics, f.in.id.value(int(stays[at].first)))
	}
}

// table replaces the samples by their number and their list.
func (f *funnel) table() []activityResult {
	out := make([]activityResult, 0, len(f.order))
	for _, key := range f.order {
		result := *f.results[key]
		samples := []any{}
		for _, id := range result.metrics {
			samples = append(samples, id.ToDynamic())
		}
		result.metrics = []value.Value{metric(len(f.ids[key])), value.NewDynamic(samples)}
		out = append(out, result)
	}
	return out
}

// funnelCompletion counts, for each state of a sequence and each period, the ids that get from the first state to it,
// through all between, within the period. States that nobody reaches have no row.
// Source: https://learn.microsoft.com/kusto/query/funnel-sequence-completion-plugin
func funnelCompletion(in *activityRows) ([]activityResult, error) {
	if len(in.constants) < 5 {
		return nil, in.x.fail(in.plan.Span(), "%s needs eight arguments", in.plan.Name)
	}
	from, to, sequence := in.constant(0, 0), in.constant(1, 0), texts(nil, in.constants[3])
	periods := listed(in.constants[4:5])
	w, err := in.windows(from, in.constants[2])
	if err != nil {
		return nil, err
	}
	c := completion{in: in, w: w, sequence: sequence, periods: periods, found: map[completionKey]*reached{}}
	for i, rows := range in.histories() {
		if err := in.x.stop(i); err != nil {
			return nil, err
		}
		rows = slices.DeleteFunc(rows, func(row uint32) bool { return in.times[row] < from || in.times[row] > to })
		for at := range rows {
			if err := in.x.stop(at); err != nil {
				return nil, err
			}
			c.follow(rows[at:])
		}
	}
	return c.table(), nil
}

// completion collects who reached what.
type completion struct {
	in       *activityRows
	w        windows
	sequence []string
	periods  []value.Value
	found    map[completionKey]*reached
}

type completionKey struct {
	number       int64
	period, step int
}

// reached is the ids that reached a step, and the rows that show it.
type reached struct {
	ids  map[uint32]bool
	rows []uint32
}

// follow goes from the first row, if it is of the first state, to the earliest row of each further one.
func (c *completion) follow(rows []uint32) {
	var path []uint32
	for _, row := range rows {
		state := c.in.state.value(int(row)).String()
		if len(path) < len(c.sequence) && state == c.sequence[len(path)] {
			path = append(path, row)
		}
		if len(path) == 0 || len(path) == len(c.sequence) {
			break
		}
	}
	for step, row := range path {
		for p, period := range c.periods {
			if c.in.times[row]-c.in.times[path[0]] > ticksOf(period) {
				continue
			}
			key := completionKey{c.w.number(c.in.times[path[0]]), p, step}
			if c.found[key] == nil {
				c.found[key] = &reached{ids: map[uint32]bool{}}
			}
			c.found[key].ids[c.in.ids[row]] = true
			c.found[key].rows = append(c.found[key].rows, path[:step+1]...)
		}
	}
}

// ticksOf is a duration, also one that an array holds as text.
func ticksOf(v value.Value) int64 {
	if v.Type() == value.String {
		v = value.Convert(v, value.Timespan)
	}
	return v.Int()
}

// table lists the steps of each period, window by window.
func (c *completion) table() []activityResult {
	keys := make([]completionKey, 0, len(c.found))
	for key := range c.found {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b completionKey) int {
		if a.number != b.number {
			return int(min(max(a.number-b.number, -1), 1))
		}
		return (a.period-b.period)*len(c.sequence) + a.step - b.step
	})
	var out []activityResult
	for _, key := range keys {
		r := c.found[key]
		out = append(out, activityResult{
			times: []int64{c.w.start(key.number)}, state: []value.Value{value.NewString(c.sequence[key.step])}, sources: r.rows,
			metrics: []value.Value{value.NewTimespan(value.Duration(ticksOf(c.periods[key.period]))), metric(len(r.ids))},
		})
	}
	return out
}

// sequenceDetect finds rows that meet conditions one after the other, each later than the one before, no two
// neighbours further apart than a step and all within a span. Every such combination is a row.
// Source: https://learn.microsoft.com/kusto/query/sequence-detect-plugin
type sequenceDetect struct {
	input      operator
	plan       *bind.Evaluate
	timeline   expr
	step, span expr
	conditions []expr
	dimensions []expr
}

func (c *compiler) sequenceDetect(p *bind.Evaluate) operator {
	if len(p.Args) < 4 || storageOf(p.Args[0].Expr.Type()) != inInts {
		return nil
	}
	o := &sequenceDetect{
		input: c.operator(p.Input), plan: p, timeline: c.expr(p.Args[0].Expr), step: c.expr(p.Args[1].Expr), span: c.expr(p.Args[2].Expr),
	}
	for _, a := range p.Args[3:] {
		if a.Expr.Type() == value.Bool && len(o.dimensions) == 0 {
			o.conditions = append(o.conditions, c.expr(a.Expr))
		} else {
			o.dimensions = append(o.dimensions, c.expr(a.Expr))
		}
	}
	return o
}

func (o *sequenceDetect) run(x *execution) (*relation, error) {
	dimensions := &activity{input: o.input, plan: o.plan, id: &literal{value.NewBool(true)}, timeline: o.timeline, constants: []expr{o.step, o.span}, dimensions: o.dimensions}
	in, err := dimensions.rows(x)
	if err != nil {
		return nil, err
	}
	d := detection{in: in, step: in.constant(0, 0), span: in.constant(1, 0)}
	for _, c := range o.conditions {
		v, err := c.eval(x, in.r)
		if err != nil {
			return nil, err
		}
		d.meets = append(d.meets, convertVector(v, value.Bool))
	}
	for _, rows := range in.histories() {
		d.rows = rows
		for at := range rows {
			if err := d.extend(at, nil); err != nil {
				return nil, err
			}
		}
	}
	return o.table(in, d.found), nil
}

// detection is the search through the rows of one combination of dimensions.
type detection struct {
	in         *activityRows
	step, span int64
	meets      []*vector
	rows       []uint32
	found      [][]uint32
	looked     int
}

// extend takes a row into a sequence if it meets the next condition, and looks for those that follow.
func (d *detection) extend(at int, before []uint32) error {
	d.looked++
	if err := d.in.x.stop(d.looked); err != nil {
		return err
	}
	row := d.rows[at]
	v := d.meets[len(before)]
	if e := v.entry(int(row)); v.isNull(e) || v.ints[e] == 0 {
		return nil
	}
	path := append(slices.Clone(before), row)
	if len(path) == len(d.meets) {
		if d.found = append(d.found, path); len(d.found) > d.in.x.limits.Rows {
			return d.in.x.tooMany(d.in.plan.Span(), d.in.plan.Name)
		}
		return nil
	}
	first, now := d.in.times[path[0]], d.in.times[row]
	for next := at + 1; next < len(d.rows); next++ {
		t := d.in.times[d.rows[next]]
		if t-now > d.step || t-first > d.span {
			break
		}
		if t == now {
			continue
		}
		if err := d.extend(next, path); err != nil {
			return err
		}
	}
	return nil
}

// table is the dimensions, the instants of the steps, and how long they took.
func (o *sequenceDetect) table(in *activityRows, found [][]uint32) *relation {
	b := NewBuilder(o.plan.Fields)
	handles := make([]int64, len(found))
	for i, path := range found {
		var cells []value.Value
		for _, d := range in.dims {
			cells = append(cells, d.value(int(path[0])))
		}
		for _, row := range path {
			cells = append(cells, atType(in.times[row], o.plan.Fields[len(cells)].Type))
		}
		duration := in.times[path[len(path)-1]] - in.times[path[0]]
		b.Append(-1, append(cells, atType(duration, value.Timespan))...)
		handles[i] = in.x.lineage.of(in.r, path)
	}
	t := b.Table()
	return newRelation(t.columns, t.vectors, lineageOf(handles))
}
