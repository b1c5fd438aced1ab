package function_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// evaluate calls a function on texts.
func evaluate(t *testing.T, name string, texts ...string) value.Value {
	t.Helper()
	f, ok := function.Find(name)
	require.True(t, ok, name)
	args := make([]value.Value, len(texts))
	for i, s := range texts {
		args[i] = value.NewString(s)
	}
	return f.Evaluate(&function.Invocation{Result: value.String}, args)
}

// FuzzPunycode decodes what was encoded, and survives what was not.
func FuzzPunycode(f *testing.F) {
	for _, s := range []string{"", "bücher", "a-b", "ελλάς", "他们为什么不说中文", "-", "bcher-kva", "\x00é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		evaluate(t, "punycode_to_string", s)
		evaluate(t, "punycode_domain_from_string", s)
		if encoded := evaluate(t, "punycode_from_string", s).Str(); encoded != "" {
			require.True(t, utf8.ValidString(s))
			require.Equal(t, s, evaluate(t, "punycode_to_string", encoded).Str())
		}
	})
}

// FuzzCompression unpacks what was packed, and survives what was not.
func FuzzCompression(f *testing.F) {
	for _, s := range []string{"", "a", "abcabcabcabcabcabcabcabcabcabc", "H4sIAAAAAAAA/wEGAPn/Z2VpZ2VyoozWWAYAAAA="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, format := range []string{"gzip", "zlib"} {
			evaluate(t, format+"_decompress_from_base64_string", s)
			if !utf8.ValidString(s) {
				continue
			}
			packed := evaluate(t, format+"_compress_to_base64_string", s).Str()
			require.Equal(t, s, evaluate(t, format+"_decompress_from_base64_string", packed).Str())
		}
	})
}
