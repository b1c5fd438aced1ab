package detection

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql"
)

// Change is a row that one version of a rule raises and the other does not, or raises otherwise.
type Change struct {
	Old, New *Alert // nil for a row that is gained, or lost
}

// Diff compares the alerts of two versions of a rule on the same tables. A row that only differs in its cells, and comes
// from the same source rows, is one change; rows are otherwise gained or lost. The order is that of the old rows, then of
// the new ones.
func Diff(before, after []Alert) []Change {
	lost, gained := unpaired(before, after, (*Alert).content)
	var changes []Change
	rest := gained
	for _, o := range lost {
		at := slices.IndexFunc(rest, func(n *Alert) bool { return o.sameSources(n) })
		if at < 0 {
			changes = append(changes, Change{Old: o})
			continue
		}
		changes = append(changes, Change{Old: o, New: rest[at]})
		rest = slices.Delete(slices.Clone(rest), at, at+1)
	}
	for _, n := range rest {
		changes = append(changes, Change{New: n})
	}
	return changes
}

// unpaired are the alerts that have no partner of equal content on the other side.
func unpaired(before, after []Alert, content func(*Alert) string) (lost, gained []*Alert) {
	partners := map[string]int{}
	for i := range after {
		partners[content(&after[i])]++
	}
	for i := range before {
		if k := content(&before[i]); partners[k] > 0 {
			partners[k]--
		} else {
			lost = append(lost, &before[i])
		}
	}
	for i := range after {
		if k := content(&after[i]); partners[k] > 0 {
			partners[k]--
			gained = append(gained, &after[i])
		}
	}
	return lost, gained
}

// content is equal for rows of equal cells.
func (a *Alert) content() string {
	var b strings.Builder
	for _, c := range a.Row {
		for _, text := range [...]string{c.Column, c.Value.Type().String(), c.Value.String()} {
			b.WriteString(strconv.Itoa(len(text)) + ":" + text)
		}
	}
	return b.String()
}

// sameSources reports whether two rows come from the same source rows, and from any at all.
func (a *Alert) sameSources(b *Alert) bool {
	return len(a.Sources) > 0 && slices.Equal[[]kql.Source](a.Sources, b.Sources)
}
