package kql

import (
	"math"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// trailing is the windows of a group that end with each one of a range: a window takes in those before it that begin
// later than lookback before it does.
func (in *activityRows) trailing(w windows, list []*binRows, first, last, lookback int64) ([]*binRows, error) {
	if last-first > int64(in.x.limits.Rows) {
		return nil, in.x.tooMany(in.plan.Span(), in.plan.Name)
	}
	var out []*binRows
	low := 0
	for n := first; n <= last; n++ {
		if err := in.x.stop(int(n - first)); err != nil {
			return nil, err
		}
		for low < len(list) && w.start(list[low].number) <= w.start(n)-lookback {
			low++
		}
		joined := newBin(n)
		for _, win := range list[low:] {
			if win.number > n {
				break
			}
			joined.rows = append(joined.rows, win.rows...)
			for id := range win.ids {
				joined.ids[id] = true
			}
		}
		if len(joined.rows) > 0 {
			out = append(out, joined)
		}
	}
	return out, nil
}

// slidingCounts is sliding_window_counts: for each step of the timeline the rows and distinct ids of the window that
// ends with it. Rows before the start count for the windows that reach back to them.
// Source: https://learn.microsoft.com/kusto/query/sliding-window-counts-plugin
func slidingCounts(in *activityRows) ([]activityResult, error) {
	from, to, lookback := in.constant(0, 0), in.constant(1, 0), in.constant(2, 0)
	w, err := in.windows(from, in.constants[3])
	if err != nil {
		return nil, err
	}
	groups, err := in.divide(w, from-lookback, to)
	if err != nil {
		return nil, err
	}
	var out []activityResult
	for g, list := range groups {
		slid, err := in.trailing(w, list, w.number(from), w.number(to), lookback)
		if err != nil {
			return nil, err
		}
		for _, win := range slid {
			out = append(out, activityResult{
				times: []int64{w.start(win.number)}, group: uint32(g), sources: win.rows,
				metrics: []value.Value{metric(len(win.rows)), metric(len(win.ids))},
			})
		}
	}
	return out, nil
}

// activityEngagement compares the distinct ids of each inner window with those of the outer one that ends with it.
// Without a start and an end the whole timeline counts.
// Source: https://learn.microsoft.com/kusto/query/activity-engagement-plugin
func activityEngagement(in *activityRows) ([]activityResult, error) {
	from, to := in.extent()
	n := len(in.constants)
	if n > 2 {
		from, to = in.constant(0, from), in.constant(1, to)
	}
	inner, outer := in.constants[n-2], in.constant(n-1, 0)
	w, err := in.windows(from, inner)
	if err != nil {
		return nil, err
	}
	groups, err := in.divide(w, from-outer, to)
	if err != nil {
		return nil, err
	}
	var out []activityResult
	for g, list := range groups {
		joined, err := in.trailing(w, list, w.number(from), w.number(to), outer)
		if err != nil {
			return nil, err
		}
		for _, whole := range joined {
			i := slices.IndexFunc(list, func(w *binRows) bool { return w.number == whole.number })
			if i < 0 {
				continue
			}
			out = append(out, activityResult{
				times: []int64{w.start(whole.number)}, group: uint32(g), sources: whole.rows,
				metrics: []value.Value{metric(len(list[i].ids)), metric(len(whole.ids)), ratio(len(list[i].ids), len(whole.ids))},
			})
		}
	}
	return out, nil
}

// histories gives the rows of every id of a group, in the order of the timeline; rows without an id belong to none.
func (in *activityRows) histories() [][]uint32 {
	index := map[uint64]int{}
	var out [][]uint32
	for _, row := range in.rows {
		if in.id.isNull(in.id.entry(int(row))) {
			continue
		}
		key := uint64(in.groups.of[row])<<32 | uint64(in.ids[row])
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], row)
	}
	for _, rows := range out {
		slices.SortStableFunc(rows, func(a, b uint32) int {
			switch {
			case in.times[a] < in.times[b]:
				return -1
			case in.times[a] > in.times[b]:
				return 1
			default:
				return 0
			}
		})
	}
	return out
}

// tally counts distinct things by window and group.
type tally struct {
	results map[tallyKey]*activityResult
	order   []tallyKey
	counted map[tallyKey]map[uint64]bool
}

type tallyKey struct {
	group  uint32
	number int64
}

func newTally() *tally {
	return &tally{results: map[tallyKey]*activityResult{}, counted: map[tallyKey]map[uint64]bool{}}
}

// add counts a thing that a row of a window shows.
func (t *tally) add(in *activityRows, w windows, row uint32, thing uint64) {
	key := tallyKey{in.groups.of[row], w.number(in.times[row])}
	result := t.results[key]
	if result == nil {
		result = &activityResult{times: []int64{w.start(key.number)}, group: key.group}
		t.results[key], t.counted[key] = result, map[uint64]bool{}
		t.order = append(t.order, key)
	}
	t.counted[key][thing] = true
	result.sources = append(result.sources, row)
}

func (t *tally) table() []activityResult {
	out := make([]activityResult, 0, len(t.order))
	for _, key := range t.order {
		result := *t.results[key]
		result.metrics = []value.Value{metric(len(t.counted[key]))}
		out = append(out, result)
	}
	return out
}

// activeUsers is active_users_count: the distinct ids that appear in a window and, looking back from there, in a
// number of periods. An appearance exactly the look-back ago is too old, as the documented result has it.
// Source: https://learn.microsoft.com/kusto/query/active-users-count-plugin
func activeUsers(in *activityRows) ([]activityResult, error) {
	if len(in.constants) < 6 {
		return nil, in.x.fail(in.plan.Span(), "%s needs eight arguments", in.plan.Name)
	}
	from, to, lookback, wanted := in.constant(0, 0), in.constant(1, 0), in.constant(2, 0), in.constant(4, 1)
	periods, err := in.windows(from, in.constants[3])
	if err != nil {
		return nil, err
	}
	w, err := in.windows(from, in.constants[5])
	if err != nil {
		return nil, err
	}
	t := newTally()
	for i, rows := range in.histories() {
		if err := in.x.stop(i); err != nil {
			return nil, err
		}
		low, active := 0, map[int64]int{}
		for _, row := range rows {
			at := in.times[row]
			active[periods.number(at)]++
			for ; in.times[rows[low]] <= at-lookback && rows[low] != row; low++ {
				n := periods.number(in.times[rows[low]])
				if active[n]--; active[n] == 0 {
					delete(active, n)
				}
			}
			if at >= from && at <= to && int64(len(active)) >= wanted {
				t.add(in, w, row, uint64(in.ids[row]))
			}
		}
	}
	return t.table(), nil
}

// sessionCount counts the sessions that are active in each window. A session of an id ends where it does not appear
// for longer than the look-back. The documentation shows no numbers: that a session counts in every window in which
// its id appears is what it calls active.
// Source: https://learn.microsoft.com/kusto/query/session-count-plugin
func sessionCount(in *activityRows) ([]activityResult, error) {
	from, to, lookback := in.constant(0, 0), in.constant(1, 0), in.constant(3, 0)
	w, err := in.windows(from, in.constants[2])
	if err != nil {
		return nil, err
	}
	t := newTally()
	session := uint64(0)
	for i, rows := range in.histories() {
		if err := in.x.stop(i); err != nil {
			return nil, err
		}
		last := int64(math.MinInt64)
		for k, row := range rows {
			if at := in.times[row]; k == 0 || at-last > lookback {
				session++
			}
			if last = in.times[row]; last >= from && last <= to {
				t.add(in, w, row, session)
			}
		}
	}
	return t.table(), nil
}

// rollingPercentile is a percentile of the values of the last bins, for each bin that has any.
// Source: https://learn.microsoft.com/kusto/query/rolling-percentile-plugin
type rollingPercentile struct {
	input operator
	plan  *bind.Evaluate
	args  []expr // value, percentage, index, width of a bin, bins in a window, then the dimensions
}

func (c *compiler) rollingPercentile(p *bind.Evaluate) operator {
	o := &rollingPercentile{input: c.operator(p.Input), plan: p}
	for _, a := range p.Args {
		o.args = append(o.args, c.expr(a.Expr))
	}
	if t := p.Args[2].Expr.Type(); storageOf(t) != inInts {
		c.unsupported(p.Args[2].Expr.Span(), "%s over an index of type %s is not supported", p.Name, t)
	}
	return o
}

func (o *rollingPercentile) run(x *execution) (*relation, error) {
	values := &activity{input: o.input, plan: o.plan, id: o.args[0], timeline: o.args[2], dimensions: o.args[5:], constants: []expr{o.args[1], o.args[3], o.args[4]}}
	in, err := values.rows(x)
	if err != nil {
		return nil, err
	}
	// Bins are those of bin(), which for days and hours begin at midnight.
	w, err := in.windows(0, in.constants[1])
	if err != nil {
		return nil, err
	}
	groups, err := in.divide(w, math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	percent, bins := value.Scalar(in.constants[0]).Real(), in.constant(2, 1)
	t := o.plan.Fields[len(o.plan.Fields)-1].Type
	var results []activityResult
	for g, list := range groups {
		for i, win := range list {
			rows := []uint32{}
			for k := i; k >= 0 && list[k].number > win.number-bins; k-- {
				rows = append(rows, list[k].rows...)
			}
			if err := x.ctx.Err(); err != nil {
				return nil, err
			}
			results = append(results, activityResult{
				times: []int64{w.start(win.number)}, group: uint32(g), sources: rows,
				metrics: []value.Value{percentileOf(in.id, rows, percent, t)},
			})
		}
	}
	return values.table(in, results), nil
}

// percentileOf is a percentile of some rows.
func percentileOf(v *vector, rows []uint32, percent float64, t value.Type) value.Value {
	var r ranked
	for _, row := range rows {
		if cell := v.value(int(row)); !cell.IsNull() {
			r.values = append(r.values, cell)
			r.sums = append(r.sums, float64(len(r.values)))
		}
	}
	slices.SortFunc(r.values, compareBoxed)
	return r.at(percent, t)
}
