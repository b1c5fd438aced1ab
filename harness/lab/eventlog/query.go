package eventlog

import "time"

// A Query selects records.
type Query struct{}

// ParseQuery compiles an XPath expression of the event log.
func ParseQuery(text string) (*Query, error) { return &Query{}, nil }

// Match reports whether the query selects the record; now is the end of
// timediff.
func (q *Query) Match(r Record, now time.Time) bool { return true }
