package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// activityCounts is activity_counts_metrics: of each window the rows, the distinct ids, those that no window before
// had, and all up to it.
// Source: https://learn.microsoft.com/kusto/query/activity-counts-metrics-plugin
func activityCounts(in *activityRows) ([]activityResult, error) {
	from, to := in.constant(0, 0), in.constant(1, 0)
	w, err := in.windows(from, in.constants[2])
	if err != nil {
		return nil, err
	}
	groups, err := in.divide(w, from, to)
	var out []activityResult
	for g, list := range groups {
		seen := map[uint32]bool{}
		for _, win := range list {
			before := len(seen)
			for id := range win.ids {
				seen[id] = true
			}
			out = append(out, activityResult{
				times: []int64{w.start(win.number)}, group: uint32(g), sources: win.rows,
				metrics: []value.Value{metric(len(win.rows)), metric(len(win.ids)), metric(len(seen) - before), metric(len(seen))},
			})
		}
	}
	return out, err
}

// activityMetrics compares each window with the one before: its distinct ids, the new ones, and how many of the
// old ones stayed and went. The width stands alone where no start and end are given.
// Source: https://learn.microsoft.com/kusto/query/activity-metrics-plugin
func activityMetrics(in *activityRows) ([]activityResult, error) {
	from, to := in.extent()
	width := in.constants[0]
	if len(in.constants) > 1 {
		from, to, width = in.constant(0, from), in.constant(1, to), in.constants[len(in.constants)-1]
	}
	w, err := in.windows(from, width)
	if err != nil {
		return nil, err
	}
	groups, err := in.divide(w, from, to)
	var out []activityResult
	for g, list := range groups {
		before := newBin(0)
		for _, win := range list {
			if win.number != before.number+1 {
				before = newBin(0)
			}
			stayed := common(win.ids, before.ids)
			out = append(out, activityResult{
				times: []int64{w.start(win.number)}, group: uint32(g), sources: append(append([]uint32{}, before.rows...), win.rows...),
				metrics: []value.Value{
					metric(len(win.ids)), metric(len(win.ids) - stayed),
					ratio(stayed, len(before.ids)), ratio(len(before.ids)-stayed, len(before.ids)),
				},
			})
			before = win
		}
	}
	return out, err
}

// common counts the ids that two sets share.
func common(a, b map[uint32]bool) int {
	n := 0
	for id := range a {
		if b[id] {
			n++
		}
	}
	return n
}

// ratio is not a number for a share of nothing.
func ratio(part, whole int) value.Value { return value.NewReal(float64(part) / float64(whole)) }

// newActivity is new_activity_metrics: each window's ids that were never seen before, followed through all later
// windows.
// Source: https://learn.microsoft.com/kusto/query/new-activity-metrics-plugin
func newActivity(in *activityRows) ([]activityResult, error) {
	from, to := in.constant(0, 0), in.constant(1, 0)
	w, err := in.windows(from, in.constants[2])
	if err != nil {
		return nil, err
	}
	groups, err := in.divide(w, from, to)
	if err != nil {
		return nil, err
	}
	c := cohorts{in: in, w: w, first: w.number(from), last: w.number(to), only: -1}
	if c.last-c.first > maxWindows {
		return nil, in.x.fail(in.plan.Span(), "%s compares more than %d windows", in.plan.Name, maxWindows)
	}
	if len(in.constants) > 3 {
		c.only = w.number(in.constant(3, from)) - c.first
	}
	for g, list := range groups {
		if len(list) > 0 {
			c.follow(uint32(g), list)
		}
	}
	return c.out, nil
}

// maxWindows bounds the windows that are compared each with each.
const maxWindows = 4000

// cohorts follows the new ids of the windows from first to last, or of one of them.
type cohorts struct {
	in          *activityRows
	w           windows
	first, last int64
	only        int64 // the window whose cohort is asked for, counted from the first one; -1 for all
	out         []activityResult
}

func (c *cohorts) follow(g uint32, list []*binRows) {
	all := make([]*binRows, max(0, c.last-c.first+1))
	for i := range all {
		all[i] = newBin(c.first + int64(i))
	}
	for _, win := range list {
		all[win.number-c.first] = win
	}
	seen := map[uint32]bool{}
	for i, from := range all {
		cohort := map[uint32]bool{}
		for id := range from.ids {
			if !seen[id] && !c.in.known[id] {
				cohort[id] = true
			}
		}
		for id := range from.ids {
			seen[id] = true
		}
		if c.only >= 0 && c.only != int64(i) {
			continue
		}
		for _, to := range all[i:] {
			c.compare(g, from, to, cohort, seen)
		}
	}
}

// compare makes the row of a cohort and a window; of the cohort's own window the new ids are the cohort.
func (c *cohorts) compare(g uint32, from, to *binRows, cohort, seen map[uint32]bool) {
	fresh := len(cohort)
	if to != from {
		fresh = 0
		for id := range to.ids {
			if !seen[id] && !c.in.known[id] {
				fresh++
			}
		}
	}
	stayed := common(cohort, to.ids)
	rows := append([]uint32{}, from.rows...)
	if to != from {
		rows = append(rows, to.rows...)
	}
	c.out = append(c.out, activityResult{
		times: []int64{c.w.start(from.number), c.w.start(to.number)}, group: g, sources: rows,
		metrics: []value.Value{
			metric(fresh), metric(stayed), metric(len(cohort) - stayed),
			ratio(stayed, len(cohort)), ratio(len(cohort)-stayed, len(cohort)),
		},
	})
}
