package powershell

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// oddArguments are written as a script would write them.
func oddArguments() []string {
	return []string{
		"", "''", "'x'", "'*'", "'[a'", `'C:\Windows\nothing'`, `'HKLM:\SOFTWARE'`, "'Q:\\'", "0", "-1", "99999999999", "2.5", "$null", "@()", "@($null, 'a', 3)",
		"@{}", "@{ Name = 'a'; 1 = $null }", "{ $_ }", "{ throw 'a' }", "([int])", "$true", "(Get-Date)", "([pscustomobject]@{ Name = 'a'; Path = 1 })", "'a' 'b' 'c' 'd' 'e'", "-NoSuch 1",
	}
}

// oddScripts calls a command with every odd argument, by position and through the pipeline, and each of its parameters
// with some of them.
func oddScripts(name string, params []*parameter) []string {
	var out []string
	values := oddArguments()
	for i, v := range values {
		out = append(out, fmt.Sprintf("%s %s", name, v))
		if v != "" && !strings.Contains(v, " 'b'") && !strings.HasPrefix(v, "-N") {
			out = append(out, fmt.Sprintf("%s | %s %s", v, name, values[(i*7)%len(values)]))
		}
	}
	for i, p := range params {
		v := values[1+i%(len(values)-3)]
		out = append(out, fmt.Sprintf("%s -%s", name, p.name), fmt.Sprintf("%s 'x' -%s:%s", name, p.name, v), fmt.Sprintf("'a', 1 | %s -%s %s", name, p.name, v))
	}
	return out
}

// sweep runs scripts on one new machine and gives all that they wrote. A script has few steps and little time.
func sweep(t *testing.T, scripts []string) string {
	t.Helper()
	var out bytes.Buffer
	base := testInterp(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	base.k.Subscribe(func(a kernel.Activity) {
		if u, ok := a.(kernel.Unsupported); ok && u.Kind == "defect" {
			t.Errorf("%s: %s", u.Detail, &out)
		}
	})
	in := newInterp(ctx, base.k, base.log, base.web, base.p, kernel.Stdio{In: strings.NewReader("y\n"), Out: &out, Err: &out})
	for _, script := range scripts {
		fmt.Fprintf(&out, "\n> %s\n", script)
		in.steps, in.tick = maxSteps-20_000, maxSteps-20_000
		in.guard(func() int { return in.main(options{command: script, hasCommand: true}) })
		in.out.finish()
		in.letGo()
		require.NoError(t, ctx.Err(), "the time is over: %s", script)
	}
	return out.String()
}

// TestCmdletsTakeAnything runs every cmdlet with arguments that nobody passes on purpose: each call ends, none reveals a
// defect, and a second machine answers the same.
func TestCmdletsTakeAnything(t *testing.T) {
	const perMachine = 20
	for some := range slices.Chunk(commandTable(), perMachine) {
		var scripts []string
		for _, c := range some {
			scripts = append(scripts, oddScripts(c.name, c.parameters())...)
		}
		first := sweep(t, scripts)
		require.Equal(t, first, sweep(t, scripts))
	}
	var scripts []string
	for _, alias := range slices.Sorted(maps.Keys(aliases())) {
		scripts = append(scripts, alias, alias+" 'x' $null", "1, $null | "+alias)
	}
	first := sweep(t, scripts)
	require.Equal(t, first, sweep(t, scripts))
}
