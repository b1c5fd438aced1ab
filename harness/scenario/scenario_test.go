package scenario_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/scenario"
	"github.com/seed-67b27da2/geiger/scenarios"
)

func library(t testing.TB) scenario.Library {
	t.Helper()
	techniques, err := atomics.Bundled()
	require.NoError(t, err)
	return scenario.Library{Techniques: techniques}
}

func TestBundledScenariosAreNamedLikeTheirFiles(t *testing.T) {
	all, err := scenario.Load(scenarios.Files, ".", library(t))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), 6)
	for _, s := range all {
		require.Equal(t, s.Name+".yaml", s.File)
		require.NotEmpty(t, s.Description)
	}
}

const full = `
name: full
description: Everything that a file can say.
atomic:
  test: T1505.004-2
  arguments: {dll_name: 'a+b.dll'}
phases: [attack, cleanup]
window: 90s
rules: [r1]
effect:
  - {description: the file is there, powershell: 'Test-Path {{dll_name}}'}
  - {description: it prints, output: '{{dll_name}}$'}
cleaned:
  - {description: the file is gone, command_prompt: 'if exist {{ dll_name }} exit 1'}
expect:
  alerts:
    - {rule: r1, count: 2, phase: cleanup, row: {B: x, A: {glob: '*\{{dll_name}}'}, C: {regexp: '^{{dll_name}}'}}}
    - {rule: r2}
    - {rule: r3, at_least: 2, row: {D: '{{host.name}}'}, entities: [{type: Host, fields: {HostName: '{{ host.name }}'}}]}
    - {rule: r3, at_most: 4}
  quiet:
    - {rule: r4, row: {A: b}}
  tolerate:
    - {rule: r5, row: {A: b}, because: noise}
  latency: 2m
  telemetry:
    - {table: T, phase: any, at_least: 3}
    - {channel: C, event: 4104, where: {F: '1'}}
`

func TestParse(t *testing.T) {
	s, err := scenario.Parse("full.yaml", []byte(full), library(t))
	require.NoError(t, err)
	require.Equal(t, "full", s.Name)
	require.Equal(t, `Set-Content -Path "$env:windir\System32\inetsrv\a+b.dll" -Value "df00tech harmless test file"`+"\n", s.Test.Executor.Command)
	require.False(t, s.Runs(harness.Prerequisite))
	require.True(t, s.Runs(harness.Cleanup))
	require.Equal(t, 90*time.Second, s.Window)
	require.Equal(t, "Test-Path a+b.dll", s.Effect[0].Command)
	require.Equal(t, `a\+b\.dll$`, s.Effect[1].Output.String(), "an argument in a regular expression is meant literally")
	require.Equal(t, atomics.CommandPrompt, s.Cleaned[0].Executor)
	require.Equal(t, harness.AlertExpectation{Rule: "r2", AtLeast: 1, AtMost: 1, Phase: harness.Attack}, s.Alerts[1])
	require.Equal(t, 2, s.Alerts[0].AtLeast)
	require.Equal(t, 2, s.Alerts[0].AtMost)
	require.Equal(t, harness.Cleanup, s.Alerts[0].Phase)
	var columns []string
	for i := range s.Alerts[0].Row {
		columns = append(columns, s.Alerts[0].Row[i].String())
	}
	require.Equal(t, []string{`B = "x"`, `A like "*\a+b.dll"`, `C matches "^a\+b\.dll"`}, columns)
	require.Equal(t, []int{2, harness.Unlimited, 0, 4}, []int{s.Alerts[2].AtLeast, s.Alerts[2].AtMost, s.Alerts[3].AtLeast, s.Alerts[3].AtMost})
	require.Equal(t, "{{host.name}}", s.Alerts[2].Row[0].Pattern)
	require.Equal(t, `Host with HostName = "{{host.name}}"`, s.Alerts[2].Entities[0].String())
	require.Equal(t, harness.Phase(""), s.Quiet[0].Phase)
	require.Equal(t, harness.Background, s.Tolerated[0].Phase)
	require.Equal(t, "noise", s.Tolerated[0].Because)
	require.Equal(t, 2*time.Minute, s.Latency)
	require.Equal(t, harness.Phase(""), s.Telemetry[0].Phase)
	require.Equal(t, 3, s.Telemetry[0].AtLeast)
	require.Equal(t, 4104, s.Telemetry[1].EventID)
	require.Equal(t, harness.Attack, s.Telemetry[1].Phase)
}

func TestErrorsSayWhere(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "s.yaml:1:1: the file is empty"},
		{"not yaml", "name: [", "s.yaml:1:1: "},
		{"unknown field", "name: a\natmoic: x", `s.yaml:2:1: no field "atmoic" here`},
		{"bad name", "name: A b", `s.yaml:1:7: name "A b": `},
		{"unknown test", "name: a\natomic:\n  test: T1-1", `s.yaml:3:9: no test "T1-1"`},
		{"unknown argument", "name: a\natomic:\n  test: T1505.004-2\n  arguments: {dll: x}", `no input argument "dll"; it has "dll_directory"`},
		{"two tests", "name: a\natomic: {test: T1505.004-1}\ntest: {name: x}", `both "atomic" and "test"`},
		{"foreign executor", "name: a\ntest:\n  name: x\n  executor: {name: bash, command: ls}", `executor "bash" does not run on Windows`},
		{"phase", "name: a\nphases: [attak]", `s.yaml:2:10: no phase "attak" of a test`},
		{"window", "name: a\nwindow: soon", `s.yaml:2:9: window "soon" is not a duration`},
		{"check without question", "name: a\neffect: [{description: x}]", `the check "x" asks nothing`},
		{"check without description", "name: a\neffect: [{powershell: x}]", "the check has no description"},
		{"check pattern", "name: a\neffect: [{description: x, output: '('}]", "s.yaml:2:35: error parsing regexp"},
		{"placeholder", "name: a\neffect: [{description: x, powershell: '{{nope}}'}]", `s.yaml:2:39: {{nope}}: the test has no input argument "nope"`},
		{"placeholder in a row", "name: a\nexpect: {alerts: [{rule: r, row: {A: {glob: '{{nope}}'}}}]}", `s.yaml:2:45: {{nope}}: the`},
		{"another platform", "name: a\ntest:\n  name: x\n  supported_platforms: [linux, macos]\n  executor: {name: powershell, command: ls}", "test a-1 supports linux, macos; targets are Windows machines"},
		{"alert without rule", "name: a\nexpect: {alerts: [{row: {A: b}}]}", `names no "rule"`},
		{"count", "name: a\nexpect: {alerts: [{rule: r, count: 0}]}", "to demand silence, list it under"},
		{"count and range", "name: a\nexpect: {alerts: [{rule: r, count: 1, at_least: 1}]}", `both "count" and a range`},
		{"no number", "name: a\nexpect: {alerts: [{rule: r, at_least: 3, at_most: 2}]}", "s.yaml:2:26: at_least is 3 and at_most is 2"},
		{"quiet with a number", "name: a\nexpect: {quiet: [{rule: r, count: 1}]}", "what must stay quiet has no number"},
		{"entity without type", "name: a\nexpect: {alerts: [{rule: r, entities: [{fields: {A: b}}]}]}", `s.yaml:2:49: the expected entity has no "type"`},
		{"toleration of a whole rule", "name: a\nexpect: {tolerate: [{rule: r, because: x}]}", `the toleration has no "row"`},
		{"toleration without a cause", "name: a\nexpect: {tolerate: [{rule: r, row: {A: b}}]}", `has no "because"`},
		{"toleration without a rule", "name: a\nexpect: {tolerate: [{row: {A: b}, because: x}]}", `names no "rule"`},
		{"latency", "name: a\nexpect: {latency: -1s}", `s.yaml:2:19: latency "-1s" is not a duration`},
		{"host placeholder in a command", "name: a\neffect: [{description: x, powershell: '{{host.name}}'}]", `no input argument "host.name"`},
		{"unknown host placeholder", "name: a\nexpect: {alerts: [{rule: r, row: {A: '{{host.nme}}'}}]}", `no input argument "host.nme"`},
		{"alert phase", "name: a\nexpect: {alerts: [{rule: r, phase: x}]}", `s.yaml:2:36: no phase "x"`},
		{"row", "name: a\nexpect: {alerts: [{rule: r, row: {A: {like: b}}}]}", "A: expected a value, {glob: ...} or {regexp: ...}"},
		{"row list", "name: a\nexpect: {alerts: [{rule: r, row: [A]}]}", "expected a mapping of columns to values"},
		{"telemetry", "name: a\nexpect: {telemetry: [{where: {A: b}}]}", `either a "table" or a "channel"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := scenario.Parse("s.yaml", []byte(c.text), library(t))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestTwoScenariosOfOneName(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("name: a")}
	_, err := scenario.Load(fstest.MapFS{"a.yaml": file, "b.yaml": file}, ".", library(t))
	require.EqualError(t, err, `b.yaml:1:1: the name "a" is already that of a.yaml`)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	paths, err := filepath.Glob("../../scenarios/*.yaml")
	require.NoError(f, err)
	for _, p := range paths {
		text, err := os.ReadFile(p)
		require.NoError(f, err)
		f.Add(text)
	}
	l := library(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := scenario.Parse("s.yaml", text, l)
		require.Equal(t, s == nil, err != nil)
	})
}

// TestOneFaultIsSaidOnce: what a scenario says of a test that is not there cannot be judged.
func TestOneFaultIsSaidOnce(t *testing.T) {
	_, err := scenario.Parse("s.yaml", []byte("name: a\natomic: {test: T1-1}\neffect: [{description: x, powershell: '{{dll_name}}'}]"), library(t))
	require.EqualError(t, err, `s.yaml:2:16: no test "T1-1"; give a GUID, an id such as T1505.004-1, or a name`)
}

func TestCloudTestsRunFromAnySystem(t *testing.T) {
	_, err := scenario.Parse("s.yaml", []byte("name: a\ntest:\n  name: x\n  supported_platforms: ['iaas:azure']\n  executor: {name: powershell, command: ls}"), library(t))
	require.NoError(t, err)
}
