package cmd

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func TestUnquote(t *testing.T) {
	for _, test := range []struct {
		strip      bool
		text, want string
	}{
		{false, `echo hi`, `echo hi`},
		{false, `"a b"`, `a b`},
		{false, `"a b.exe"`, `"a b.exe"`},
		{true, `"a b.exe"`, `a b.exe`},
		{false, `"a&b.exe"`, `a&b.exe`},
		{false, `"a.exe"`, `a.exe`},
		{false, `"a b.exe" "c"`, `a b.exe" "c`},
		{false, `"open`, `open`},
		{false, `"a" tail`, `a tail`},
	} {
		require.Equal(t, test.want, options{strip: test.strip}.unquote(test.text), test.text)
	}
}

func TestParseOptions(t *testing.T) {
	for text, want := range map[string]string{
		` /c echo a`: `echo a`, `/Cecho a`: `echo a`, ` /d /s /c "x"`: `x`, ` /q/v:on/k set`: `set`, ` /c`: ``,
	} {
		o := parseOptions(text)
		require.NotNil(t, o.command, text)
		require.Equal(t, want, *o.command, text)
	}
	require.Nil(t, parseOptions(" /q /v:on").command)
}

// TestTheEndOfTheProcessEndsAWait ends commands that wait for input which never
// comes.
func TestTheEndOfTheProcessEndsAWait(t *testing.T) {
	for _, line := range []string{"cmd /c set /p x=", "cmd /c pause", "cmd", "cmd /c rd /s C:\\Tools"} {
		m := newMachine(t)
		in, hold := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		p, err := m.k.Start(ctx, m.p, kernel.Spec{CommandLine: line}, kernel.Stdio{In: in})
		require.NoError(t, err)
		cancel()
		wait, stop := context.WithTimeout(t.Context(), 5*time.Second)
		_, err = p.Wait(wait)
		stop()
		require.NoError(t, err, line)
		require.NoError(t, hold.Close())
	}
}

func TestAnEndlessLoopEnds(t *testing.T) {
	m := newMachine(t)
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	p, err := m.k.Start(ctx, m.p, kernel.Spec{CommandLine: "cmd /c for /l %i in (1,0,2) do @rem"}, kernel.Stdio{Out: &out})
	require.NoError(t, err)
	cancel()
	wait, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	_, err = p.Wait(wait)
	require.NoError(t, err)
}
