package harness_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/harness"
)

// TestTraceOfAMissedRule: the rows that survive each operator, and everything that kept back the row of the verdict's
// nearest miss, although a row of the cleanup comes nearer.
func TestTraceOfAMissedRule(t *testing.T) {
	query := `DeviceFileEvents
| where ActionType == "FileCreated"
| where FileName == "X.DLL" or FileName startswith "y" and FolderPath has "nothing"
| count | where Count > 0`
	m, s := dropping(), drop()
	m.effects[harness.Cleanup] = created("y.dll")
	rules := dropped(query)
	v, e := run(t, m, s, rules)
	traces, err := harness.Trace(t.Context(), s, e, rules, &v)
	require.NoError(t, err)
	require.Len(t, traces, 1)
	got := traces[0]
	require.Equal(t, query, got.Query)
	require.Zero(t, got.Rows)
	require.Empty(t, cmp.Diff([]harness.TraceStep{
		{Operator: "DeviceFileEvents", Line: 1, Source: true, Ran: true, Out: 2},
		{Operator: "where", Line: 2, Ran: true, In: 2, Out: 2},
		{Operator: "where", Line: 3, Ran: true, In: 2, Out: 0},
		{Operator: "count", Line: 4, Ran: true, In: 0, Out: 1},
		{Operator: "where", Line: 4, Ran: true, In: 1, Out: 0},
	}, got.Steps))
	require.NotNil(t, got.Nearest)
	require.Equal(t, v.Nearest.Events, got.Nearest.Events)
	require.Contains(t, got.Nearest.Row, harness.RowCell{Column: "FileName", Value: "x.dll"})
	first := got.Nearest.Reasons[0]
	require.Equal(t, `FileName == "X.DLL"`, first.Predicate)
	require.Equal(t, 3, first.Line)
	require.Equal(t, []harness.RowCell{{Column: "FileName", Value: `"x.dll"`}}, first.Saw)
	require.Equal(t, `== "X.DLL"`, first.Wanted)
	require.Contains(t, first.Hints[0], "=~")
}

// TestTraceOfRulesThatDoNotRun: one that does not bind says so, and the next is traced all the same.
func TestTraceOfRulesThatDoNotRun(t *testing.T) {
	m, s := dropping(), drop()
	s.Rules, s.Alerts = nil, nil
	rules := append(dropped("Nowhere"), dropped(`DeviceFileEvents | where FileName == "x.dll"`)...)
	v, e := run(t, m, s, rules)
	traces, err := harness.Trace(t.Context(), s, e, rules, &v)
	require.NoError(t, err)
	require.Len(t, traces, 2)
	require.Contains(t, traces[0].Fault, "Nowhere")
	require.Empty(t, traces[0].Steps)
	require.Empty(t, traces[1].Fault)
	require.Equal(t, 1, traces[1].Rows)
}

// TestTraceSeesWhatTheRuleSees: lines are those of the rule's file, and rows those of its query period.
func TestTraceSeesWhatTheRuleSees(t *testing.T) {
	m, s := dropping(), drop()
	rules := dropped("DeviceFileEvents")
	rules[0].Line = 7
	v, e := run(t, m, s, rules)
	for period, out := range map[string]int{"1d": 1, "1s": 0} {
		rules[0].QueryPeriod = period
		traces, err := harness.Trace(t.Context(), s, e, rules, &v)
		require.NoError(t, err)
		require.Equal(t, 7, traces[0].Line)
		require.Equal(t, []harness.TraceStep{{Operator: "DeviceFileEvents", Line: 7, Source: true, Ran: true, Out: out}}, traces[0].Steps, period)
	}
}

func TestTraceOfNothing(t *testing.T) {
	rules := []*detection.Rule{{ID: "r", Name: "r", Query: "print 1", TriggerOperator: "gt"}}
	s := &harness.Scenario{Name: "s"}
	traces, err := harness.Trace(t.Context(), s, &harness.Evidence{}, rules, &harness.Verdict{})
	require.NoError(t, err)
	require.Empty(t, traces, "a host that was not reached")

	m, sc := dropping(), drop()
	v, e := run(t, m, sc, dropped("DeviceFileEvents"))
	sc.Rules = []string{"no such rule"}
	traces, err = harness.Trace(t.Context(), sc, e, rules, &v)
	require.NoError(t, err)
	require.Empty(t, traces)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sc.Rules = nil
	_, err = harness.Trace(ctx, sc, e, dropped("DeviceFileEvents"), &v)
	require.ErrorIs(t, err, context.Canceled)
}

func TestEventPhases(t *testing.T) {
	_, e := run(t, dropping(), drop(), dropped("DeviceFileEvents"))
	phases := harness.EventPhases(e)
	require.Len(t, phases, len(e.Events))
	for i := range e.Events {
		require.Equal(t, harness.PhaseOf(e, &e.Events[i]), phases[i])
	}
	require.Contains(t, phases, harness.Attack)
}
