package cmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// outline writes a tree with brackets, so that the binding of operators shows.
func outline(n node) string {
	switch n := n.(type) {
	case nil:
		return "-"
	case *simple:
		return "<" + n.text + redirectionSource(n.redirs) + ">"
	case *binary:
		return "[" + outline(n.left) + n.op + outline(n.right) + "]"
	case *block:
		return "(" + outline(n.body) + ")" + redirectionSource(n.redirs)
	case *silent:
		return "@" + outline(n.body)
	case *ifCommand:
		return ifOutline(n)
	case *forCommand:
		return "for{" + string(rune(n.kind)) + "|" + n.options + "|" + string(n.variable) + "|" + n.set + "}" + outline(n.body)
	}
	return "?"
}

func ifOutline(n *ifCommand) string {
	s := "if{"
	if n.fold {
		s += "i "
	}
	if n.not {
		s += "not "
	}
	s += n.left + " " + n.kind + " " + n.right + "}" + outline(n.then)
	if n.other != nil {
		s += "else" + outline(n.other)
	}
	return s
}

func TestParse(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{`echo hi`, `<echo hi>`},
		{`echo a & echo b`, `[<echo a >&<echo b>]`},
		{`a && b || c & d`, `[[[<a >&&<b >]||<c >]&<d>]`},
		{`a | b && c | d`, `[[<a >|<b >]&&[<c >|<d>]]`},
		{`echo "a & b" ^& c`, `<echo "a & b" & c>`},
		{`echo a^`, `<echo a>`},
		{`echo a> f.txt`, `<echo a >f.txt>`},
		{`echo 1>f`, `<echo  >f>`},
		{`echo a1>f`, `<echo a1 >f>`},
		{`dir x 2>nul >>"a b.txt"`, `<dir x  2>nul >>"a b.txt">`},
		{`prog 2>&1 | find "x"`, `[<prog  2>&1>|<find "x">]`},
		{`prog >nul 2>&1`, `<prog  >nul 2>&1>`},
		{`>f echo hi`, `<echo hi >f>`},
		{`sort < in.txt`, `<sort  <in.txt>`},
		{`(echo a) > f`, `(<echo a>) >f`},
		{`(echo a & echo b) && c`, `[([<echo a >&<echo b>])&&<c>]`},
		{"(\n echo a\n echo b\n)", `([<echo a>&<echo b>])`},
		{"(echo a\n\n& echo b)", ``},
		{`echo a)`, `<echo a)>`},
		{`@echo off`, `@<echo off>`},
		{`@a | b & c`, `@[[<a >|<b >]&<c>]`},
		{`a & @b && c`, `[<a >&@[<b >&&<c>]]`},
		{`rem a & b`, `<rem>`},
		{`:label & x`, `-`},
		{``, ``},
		{`if exist "a b" echo y`, `if{"a b" exist }<echo y>`},
		{`if not exist x (md x) else echo there`, `if{not x exist }(<md x>)else<echo there>`},
		{`if /i "%a%"=="b" echo x & echo y`, `if{i "%a%" == "b"}[<echo x >&<echo y>]`},
		{`if a == b echo x else echo y`, `if{a == b}<echo x else echo y>`},
		{`if %errorlevel% neq 0 exit /b 1`, `if{%errorlevel% neq 0}<exit /b 1>`},
		{`if errorlevel 1 (echo bad) & echo z`, `if{1 errorlevel }[(<echo bad>)&<echo z>]`},
		{`if defined x if defined y echo z`, `if{x defined }if{y defined }<echo z>`},
		{`for %i in (a b "c d") do @echo %i`, "for{\x00||i|a b \"c d\"}@<echo %i>"},
		{`for /f "tokens=1,2 delims=," %a in ('dir /b ^| find "x"') do echo %a & echo %b`, `for{f|"tokens=1,2 delims=,"|a|'dir /b | find "x"'}[<echo %a >&<echo %b>]`},
		{`for /l %n in (1,1,3) do (echo %n)`, `for{l||n|1,1,3}(<echo %n>)`},
		{`for /r C:\x %f in (*.txt) do echo %f`, `for{r|C:\x|f|*.txt}<echo %f>`},
		{`FOR /D %d IN (*) DO rd %d`, `for{d||d|*}<rd %d>`},
	} {
		n, err := parseLine(test.line, nil)
		if test.want == "" {
			continue
		}
		require.NoError(t, err, test.line)
		require.Equal(t, test.want, outline(n), test.line)
	}
}

func TestParseErrors(t *testing.T) {
	for line, want := range map[string]string{
		`& a`:                    "& was unexpected at this time.",
		`a && && b`:              "&& was unexpected at this time.",
		`a |`:                    "The syntax of the command is incorrect.",
		`(a`:                     "The syntax of the command is incorrect.",
		`echo a >`:               "The syntax of the command is incorrect.",
		`if a b c`:               "b was unexpected at this time.",
		`if`:                     "The syntax of the command is incorrect.",
		`for %i (a) do b`:        "(a) was unexpected at this time.",
		`for i in (a) do b`:      "i was unexpected at this time.",
		`for %i in (a) b`:        "b was unexpected at this time.",
		`for /f %i in (a`:        "The syntax of the command is incorrect.",
		strings.Repeat("(", 999): "( was unexpected at this time.",
	} {
		_, err := parseLine(line, nil)
		require.EqualError(t, err, want, line)
	}
}

func TestParseAsksForLines(t *testing.T) {
	lines := []string{"  echo a", "  if x==x (", "echo b )", ") else echo c", "echo never"}
	n, err := parseLine("if 1==1 (", func() (string, bool) {
		next := lines[0]
		lines = lines[1:]
		return next, true
	})
	require.NoError(t, err)
	require.Equal(t, `if{1 == 1}([<echo a>&if{x == x}(<echo b >)])else<echo c>`, outline(n))
	require.Equal(t, []string{"echo never"}, lines)
}

func TestExpandPercent(t *testing.T) {
	get := variables(map[string]string{"WINDIR": `C:\Windows`, "X": "abcdef", "A:B": "odd"})
	batch := &batchArguments{list: []string{"t.bat", `"one two"`, "2"}, all: `"one two" 2`, modify: func(m, v string) string { return m + "<" + unquote(v) + ">" }}
	for _, test := range []struct {
		line, want string
		args       *batchArguments
	}{
		{`%windir%\x`, `C:\Windows\x`, nil},
		{`%no% %% %1 100%`, `%no% %% %1 100%`, nil},
		{`%no%-%no:a=b%-%%-%1-%2-%3-%*`, `-a=b-%-"one two"-2--"one two" 2`, batch},
		{`%~1 %~dp0x %~nx1`, `<one two> dp<t.bat>x nx<one two>`, batch},
		{`%X:~1,2% %X:~-2% %X:~0,-4% %X:~9% %X:~2%`, `bc ef ab  cdef`, nil},
		{`%X:CD=_% %X:*c=% %X:b=%`, `ab_ef def acdef`, nil},
		{`%a:b%`, `odd`, nil},
		{`for %i in (%windir%) do %i`, `for %i in (C:\Windows) do %i`, nil},
	} {
		require.Equal(t, test.want, expandPercent(test.line, get, test.args), test.line)
	}
}

func TestExpandDelayed(t *testing.T) {
	get := variables(map[string]string{"X": "abc"})
	for text, want := range map[string]string{
		`!x! !X:~1!`: `abc bc`, `^a`: `^a`, `^^!x^!`: `^`, `a!`: `a`, `!no!z`: `z`,
	} {
		require.Equal(t, want, expandDelayed(text, get), text)
	}
}

func TestForVariables(t *testing.T) {
	v := (&forVariables{modify: func(m, v string) string { return "<" + m + ":" + v + ">" }}).with('i', "v").with('n', "w")
	for text, want := range map[string]string{
		`%i %j %%`: `v %j %%`, `%~i`: `<:v>`, `%~dpi.x`: `<dp:v>.x`, `%~ni`: `<n:v>`, `%~n`: `<:w>`, `50% %`: `50% %`,
	} {
		require.Equal(t, want, v.expand(text), text)
	}
}

func TestArithmetic(t *testing.T) {
	vars := map[string]string{"X": "5", "BAD": "five"}
	for text, want := range map[string]string{
		"1+2*3": "7", "(1+2)*3": "9", "x*2": "10", "y=x+1": "6", "x+=2": "7", "0x10|1": "17", "-3%2": "-1", "~0": "-1", "!0": "1",
		"1<<4": "16", "bad": "0", "2147483647+1": "-2147483648", "a=1,b=2": "2", "010": "8",
		"1/0": "Divide by zero error.", "1+": "Missing operand.", "(1": "Unbalanced parenthesis.", "1 2": "Missing operator.",
	} {
		vars["X"] = "5"
		a := &arithmetic{text: text, get: variables(vars), set: func(n, v string) { vars[strings.ToUpper(n)] = v }}
		value, err := a.evaluate()
		if err != nil {
			require.Equal(t, want, err.Error(), text)
			continue
		}
		require.Equal(t, want, itoa(int(value)), text)
	}
	require.Equal(t, "6", vars["Y"])
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"*.dll", "A.DLL", true},
		{"*.dll", "a.dll_", false},
		{"*.*", "noext", true},
		{"*", "a.b", true},
		{"a?c.txt", "abc.txt", true},
		{"a??.txt", "ab.txt", true},
		{"*.", "noext", true},
		{"*.", "a.b", false},
		{"a*b*c", "a1b2b3c", true},
		{"abc", "abcd", false},
		{"x.*", "x", true},
	} {
		require.Equal(t, test.want, matches(test.pattern, test.name), "%s %s", test.pattern, test.name)
	}
}

func variables(m map[string]string) lookup {
	return func(name string) (string, bool) { v, ok := m[strings.ToUpper(name)]; return v, ok }
}

// FuzzProgram runs command lines on a machine: nothing may panic, everything
// ends when the process is ended.
func FuzzProgram(f *testing.F) {
	for _, seed := range []string{
		`for /f "tokens=1,2*" %i in ('dir /b') do @(set /a x=%~zi & if %i==a call :x)`, `echo a>b & type b | find "a" 2>&1 <b`, `set "a=b" & echo %a:b=c% & pushd .. & popd`,
		`copy /y a+b c & ren *.a *.b & del /s /q *.tmp`, `start /b cmd /c echo & (((@dir /a:-d /s)))`, `if exist * (md "x y") else rd /s x`,
	} {
		f.Add(seed)
	}
	m := newMachine(f)
	f.Fuzz(func(t *testing.T, line string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := m.k.Run(ctx, m.p, kernel.Spec{CommandLine: "cmd /v:on /c " + line, Dir: `C:\Users\Public`}, kernel.Stdio{In: strings.NewReader(line)})
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		m.activity = nil
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`echo a & (b | c) > x 2>&1`, `if /i not "%a%"=="b" (x) else y`, `for /f "tokens=*" %i in ('x ^| y') do @(z)`, "a ^", `((((`, `%x:~1%!y:a=b!`, "(a\n\n)b",
	} {
		f.Add(seed, "echo )\n(")
	}
	get := variables(map[string]string{"X": "va&lue", "A": "("})
	f.Fuzz(func(t *testing.T, line, rest string) {
		lines := strings.Split(rest, "\n")
		more := func() (string, bool) {
			if len(lines) == 0 {
				return "", false
			}
			next := lines[0]
			lines = lines[1:]
			return expandPercent(next, get, nil), true
		}
		n, err := parseLine(expandPercent(expandDelayed(line, get), get, nil), more)
		if err == nil && n != nil {
			_ = outline(n)
			require.NotPanics(t, func() { _ = n.source() })
		}
		a := &arithmetic{text: line, get: get, set: func(string, string) {}}
		_, _ = a.evaluate()
		matches(line, rest)
	})
}
