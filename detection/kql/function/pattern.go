package function

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// CompilePattern compiles a regular expression of the language. The service uses the
// syntax of Rust's regex crate, in which \d \w \s and \b are Unicode classes; Go's are
// ASCII, so they are rewritten. What only that crate has (class set operations) is
// refused. Neither has look-around or back-references.
//
// The error is an [ErrSetOperation] if the pattern is valid there.
func CompilePattern(pattern string) (*regexp.Regexp, error) {
	rewritten, err := RewritePattern(pattern)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(rewritten)
	if err != nil {
		return nil, fmt.Errorf("invalid regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

// ErrSetOperation is a pattern that this engine lacks, not a wrong one.
var ErrSetOperation = errors.New("set operations inside a character class of a regular expression are not supported")

// unicodeClass is what a Perl class stands for, as the inside of a bracket; upper case
// negates.
func unicodeClass(c byte) (string, bool) {
	switch c {
	case 'd', 'D':
		return `\p{Nd}`, true
	case 'w', 'W':
		return `\p{L}\p{M}\p{Nd}\p{Pc}`, true
	case 's', 'S':
		return `\t\n\v\f\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`, true
	default:
		return "", false
	}
}

// RewritePattern gives a pattern in the syntax of Go, with the meaning that it has in the language.
func RewritePattern(pattern string) (string, error) {
	var out strings.Builder
	inClass := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			n, err := rewriteEscape(&out, pattern[i:], inClass)
			if err != nil {
				return "", err
			}
			i += n - 1
		case !inClass && c == '[':
			inClass = true
			out.WriteByte(c)
			if strings.HasPrefix(pattern[i+1:], "^") {
				i++
				out.WriteByte('^')
			}
			if strings.HasPrefix(pattern[i+1:], "]") {
				i++
				out.WriteString(`\]`)
			}
		case inClass && c == ']':
			inClass = false
			out.WriteByte(c)
		case inClass && (strings.HasPrefix(pattern[i:], "&&") || strings.HasPrefix(pattern[i:], "--") || strings.HasPrefix(pattern[i:], "~~")):
			return "", fmt.Errorf("%w: %q", ErrSetOperation, pattern[i:i+2])
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}

// rewriteEscape writes the escape whose letter begins rest, and says how many bytes it
// took.
func rewriteEscape(out *strings.Builder, rest string, inClass bool) (int, error) {
	c := rest[0]
	class, ok := unicodeClass(c)
	negated := 'A' <= c && c <= 'Z'
	switch {
	case ok && !inClass && negated:
		out.WriteString("[^" + class + "]")
	case ok && !inClass:
		out.WriteString("[" + class + "]")
	case ok && !negated:
		out.WriteString(class)
	case ok && (c == 'D'):
		out.WriteString(`\P{Nd}`)
	case ok:
		out.WriteString(`\` + rest[:1])
	case c == 'u' || c == 'U':
		return rewriteCodePoint(out, rest)
	default:
		out.WriteString(`\` + rest[:1])
	}
	return 1, nil
}

// rewriteCodePoint handles \uXXXX, \UXXXXXXXX and \u{...}.
func rewriteCodePoint(out *strings.Builder, rest string) (int, error) {
	if strings.HasPrefix(rest[1:], "{") {
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return 0, fmt.Errorf("invalid regular expression: missing } after \\%s", rest[:2])
		}
		out.WriteString(`\x` + rest[1:end+1])
		return end + 1, nil
	}
	digits := 4
	if rest[0] == 'U' {
		digits = 8
	}
	if len(rest) < 1+digits {
		return 0, fmt.Errorf("invalid regular expression: \\%c needs %d digits", rest[0], digits)
	}
	out.WriteString(`\x{` + rest[1:1+digits] + `}`)
	return 1 + digits, nil
}
