package native

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// FuzzTexts feeds the parsers of texts that come from outside: patterns, values
// of registry files, entries of appcmd.
func FuzzTexts(f *testing.F) {
	for _, seed := range [][2]string{
		{`^a.*[b-d]\<x$`, "abc"}, {`"name"="va\"lue"`, "[key]"}, {`name='X',image="Y"`, "hex(7):41,00"}, {"*a?*", "banana"}, {"[", "]"}, {`\`, "dword:zz"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if m, err := regexp.Compile(translatePattern(a)); err == nil {
			m.MatchString(b)
		}
		require.True(t, like("*", b))
		_ = like(a, b)
		_, _, _ = cutValueLine(a)
		if v, ok := importData(b); ok {
			_ = exportData(v)
		}
		for _, attribute := range entryAttributes(a) {
			require.LessOrEqual(t, len(attribute.Value), len(a))
		}
		_ = utf16Text([]byte(a))
		_ = differing(a, b)
	})
}

func TestRegistryTextRoundTrip(t *testing.T) {
	for _, v := range []host.Value{
		{Type: host.String, Text: `C:\a "b"`},
		{Type: host.ExpandString, Text: "%x%"},
		{Type: host.DWord, Number: 0xfffffffe},
		{Type: host.QWord, Number: 1 << 40},
		{Type: host.Binary, Bytes: []byte{1, 2}},
		{Type: host.MultiString, Strings: []string{"a", "b"}},
	} {
		got, ok := importData(exportData(v))
		require.True(t, ok, exportData(v))
		require.Equal(t, v, got)
	}
}

func TestLike(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{{"*", "", true}, {"*.dll", "a.dll", true}, {"a?", "a", false}, {"*a*b", "xaxb", true}, {"*a*b", "xaxbc", false}, {strings.Repeat("*a", 60), strings.Repeat("b", 200), false}} {
		require.Equal(t, test.want, like(test.pattern, test.name), test.pattern)
	}
}
