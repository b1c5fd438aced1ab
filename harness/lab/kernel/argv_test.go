package kernel_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func TestCommandLineToArgv(t *testing.T) {
	cases := map[string][]string{
		``:                                      nil,
		`a.exe`:                                 {`a.exe`},
		`"C:\Program Files\a.exe" b  c`:         {`C:\Program Files\a.exe`, `b`, `c`},
		`a "b c"d e`:                            {`a`, `b cd`, `e`},
		`a "b\"c" d`:                            {`a`, `b"c`, `d`},
		`a b\\c d\"e "f\\" g`:                   {`a`, `b\\c`, `d"e`, `f\`, `g`},
		`a "b""c" d`:                            {`a`, `b"c`, `d`},
		`a "" b`:                                {`a`, ``, `b`},
		`a\"b c`:                                {`a\b c`},
		"\"powershell.exe\" & {a\nb \\\"c\\\"}": {`powershell.exe`, `&`, "{a\nb", `"c"}`},
	}
	for line, want := range cases {
		require.Equal(t, want, kernel.CommandLineToArgv(line), line)
	}
}

func FuzzArgv(f *testing.F) {
	f.Add("a\x00b c\x00\\\\\"")
	f.Fuzz(func(t *testing.T, text string) {
		args := append([]string{"program"}, strings.Split(text, "\x00")...)
		require.Equal(t, args, kernel.CommandLineToArgv(kernel.JoinArgv(args...)))
	})
}

func TestEnvironment(t *testing.T) {
	e := kernel.NewEnvironment("Path=C:\\Windows", "windir=C:\\Windows", "Empty=")
	cases := map[string]string{
		`%windir%\x`: `C:\Windows\x`, `%WINDIR%%Path%`: `C:\WindowsC:\Windows`, `100%`: `100%`, `%none%\%windir%`: `%none%\C:\Windows`,
		`%Empty%x`: `x`, `%%`: `%%`, `a%b c%windir%`: `a%b cC:\Windows`,
	}
	for text, want := range cases {
		require.Equal(t, want, e.Expand(text), text)
	}
	e.Set("PATH", "x")
	require.Equal(t, []string{"Empty", "Path", "windir"}, e.Names(), "the first spelling stays")
	other := e.Clone()
	other.Unset("path")
	require.Equal(t, "x", e.Get("path"))
	_, ok := other.Lookup("Path")
	require.False(t, ok)
}
