package detection

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Bound is a rule whose query fits a schema.
type Bound struct {
	Rule   *Rule
	Schema *kql.Schema
	Query  *kql.Query
}

// Bind compiles the rule's query for one schema. The error is a *syntax.Error; syntax.IsUnsupported tells a query that
// is right but beyond the engine from one that is wrong.
func (r *Rule) Bind(schema *kql.Schema) (*Bound, error) {
	q, err := kql.Compile(r.Source(), schema)
	if err != nil {
		return nil, err
	}
	return &Bound{Rule: r, Schema: schema, Query: q}, nil
}

// BindFirst compiles the rule's query for the first of the schemas that it fits. The error is that of the first.
func (r *Rule) BindFirst(schemas ...*kql.Schema) (*Bound, error) {
	var first error
	for _, s := range schemas {
		b, err := r.Bind(s)
		if err == nil {
			return b, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = errors.New("no schema to bind the rule to")
	}
	return nil, first
}

// Alert is one row that a rule raised.
type Alert struct {
	Rule     *Rule
	Row      []Cell
	Entities []Entity
	Sources  []kql.Source // the rows of the source tables that it came from
}

// Cell is one value of an alert's row, by the name of its column.
type Cell struct {
	Column string
	Value  value.Value
}

// Entity is what an alert is about, as the rule's entity mappings say: an Account, a Host, a File.
type Entity struct {
	Type   string            `json:"type"`
	Fields map[string]string `json:"fields"`
}

// Value returns the cell of a column, and whether the alert has that column.
func (a *Alert) Value(column string) (value.Value, bool) {
	for _, c := range a.Row {
		if c.Column == column {
			return c.Value, true
		}
	}
	return value.Value{}, false
}

// Evaluate runs the rule with the given current time, on the rows of the rule's query period before it: that is all that
// Sentinel shows to a scheduled rule (learn.microsoft.com/azure/sentinel/scheduled-rules-overview). It returns one alert per row once the rule's trigger is met
// (Sentinel's event grouping "AlertPerResult"), and none otherwise.
func (b *Bound) Evaluate(ctx context.Context, db kql.Database, now time.Time) ([]Alert, error) {
	t, err := b.Query.Run(ctx, b.InPeriod(db, now), now)
	if err != nil {
		return nil, fmt.Errorf("rule %q: %w", b.Rule.Name, err)
	}
	if !b.Rule.Triggers(t.Len()) {
		return nil, nil
	}
	alerts := make([]Alert, t.Len())
	for i := range alerts {
		alerts[i] = b.alert(t, i)
	}
	return alerts, nil
}

// InPeriod is what the rule sees of a database: the rows of its query period before now.
func (b *Bound) InPeriod(db kql.Database, now time.Time) kql.Database {
	period, err := ParsePeriod(b.Rule.QueryPeriod)
	if err != nil || period == 0 {
		return db
	}
	return &queryPeriod{db, b.Schema, now.Add(-period)}
}

// queryPeriod is a database without what is older.
type queryPeriod struct {
	kql.Database
	schema *kql.Schema
	from   time.Time
}

// Table finds a table. What is no table of the service, such as a watchlist, has no age.
func (p *queryPeriod) Table(name string) (*kql.Table, bool) {
	t, ok := p.Database.Table(name)
	if _, known := p.schema.Table(name); !ok || !known {
		return t, ok
	}
	return t.Since("TimeGenerated", p.from).Since("Timestamp", p.from), true
}

// Triggers reports whether a result of so many rows raises alerts (triggerOperator and triggerThreshold).
func (r *Rule) Triggers(rows int) bool {
	switch r.TriggerOperator {
	case "lt", "LessThan":
		return rows < r.TriggerThreshold
	case "eq", "Equal":
		return rows == r.TriggerThreshold
	case "ne", "NotEqual":
		return rows != r.TriggerThreshold
	}
	return rows > r.TriggerThreshold
}

func (b *Bound) alert(t *kql.Table, row int) Alert {
	a := Alert{Rule: b.Rule, Sources: t.Sources(row)}
	for i, c := range t.Columns() {
		a.Row = append(a.Row, Cell{c.Name, t.At(row, i)})
	}
	for _, m := range b.Rule.EntityMappings {
		e := Entity{Type: m.EntityType, Fields: map[string]string{}}
		for _, f := range m.FieldMappings {
			if v, ok := a.Value(f.ColumnName); ok && v.String() != "" {
				e.Fields[f.Identifier] = v.String()
			}
		}
		if len(e.Fields) > 0 {
			a.Entities = append(a.Entities, e)
		}
	}
	return a
}
