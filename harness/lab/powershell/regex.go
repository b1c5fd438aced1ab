package powershell

import (
	"math"
	"regexp"
	"strings"
)

// wildcard compiles a PowerShell wildcard pattern.
func wildcard(pattern string, sensitive bool) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?s")
	if !sensitive {
		b.WriteString("i")
	}
	b.WriteString(")^")
	runes := []rune(pattern)
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == '*':
			b.WriteString(".*")
		case c == '?':
			b.WriteString(".")
		case c == '`' && i+1 < len(runes):
			i++
			b.WriteString(regexp.QuoteMeta(string(runes[i])))
		case c == '[' && strings.ContainsRune(string(runes[i:]), ']'):
			end := i + strings.IndexRune(string(runes[i:]), ']')
			end = i + len([]rune(string(runes[i:])[:end-i]))
			b.WriteString("[" + strings.ReplaceAll(string(runes[i+1:end]), `\`, `\\`) + "]")
			i = end
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString("$")
	re, err := regexp.Compile(b.String())
	if err != nil {
		return regexp.MustCompile("^" + regexp.QuoteMeta(pattern) + "$")
	}
	return re
}

// hasWildcard reports whether a path holds wildcard characters.
func hasWildcard(s string) bool { return strings.ContainsAny(s, "*?[") }

// regex compiles a .NET pattern. What RE2 lacks (look-around, back references) is unsupported by the simulation.
func (in *interp) regex(pattern, options string) (*regexp.Regexp, error) {
	text := pattern
	for _, r := range [][2]string{{"(?<!", "(?<!"}, {"(?<=", "(?<="}} {
		text = strings.ReplaceAll(text, r[0], r[1])
	}
	text = regexp.MustCompile(`\(\?<([A-Za-z_]\w*)>`).ReplaceAllString(text, "(?P<$1>")
	if options != "" {
		text = "(?" + options + ")" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		in.unsupported("regex", pattern, err.Error())
		return nil, newError("System.ArgumentException", "InvalidRegularExpression", "InvalidArgument", `parsing "%s" - %s`, pattern, err)
	}
	return re, nil
}

func (in *interp) match(text, pattern string, sensitive, keep bool) (bool, error) {
	options := "i"
	if sensitive {
		options = ""
	}
	re, err := in.regex(pattern, options)
	if err != nil {
		return false, err
	}
	groups := re.FindStringSubmatchIndex(text)
	if groups == nil || !keep {
		return groups != nil, nil
	}
	m := newHash(hashtable)
	for i, name := range re.SubexpNames() {
		if groups[2*i] < 0 {
			continue
		}
		var key any = int32(i) //nolint:gosec // few groups
		if name != "" {
			key = name
		}
		m.set(key, text[groups[2*i]:groups[2*i+1]])
	}
	in.setVariable("", "Matches", m)
	return true, nil
}

func (in *interp) replace(l, r any, sensitive bool) (any, error) {
	args := asList(r)
	replacement := ""
	if len(args) > 1 {
		replacement = in.str(args[1])
	}
	options := "i"
	if sensitive {
		options = ""
	}
	var pattern any
	if len(args) > 0 {
		pattern = args[0]
	}
	re, err := in.regex(in.str(pattern), options)
	if err != nil {
		return nil, err
	}
	one := func(v any) string { return re.ReplaceAllString(in.str(v), netReplacement(replacement)) }
	items, many := elements(l)
	if !many {
		return one(l), nil
	}
	out := newArray()
	for _, item := range items {
		out.Items = append(out.Items, one(item))
	}
	return out, nil
}

// netReplacement translates the substitutions of .NET into those of Go.
func netReplacement(s string) string {
	s = regexp.MustCompile(`\$(\d+|&)`).ReplaceAllString(s, "\x00{$1}")
	s = strings.ReplaceAll(s, "\x00{&}", "\x00{0}")
	s = regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllString(s, "\x00{$1}")
	s = strings.ReplaceAll(s, "$$", "\x01")
	s = strings.ReplaceAll(s, "$", "$$")
	s = strings.ReplaceAll(s, "\x01", "$$")
	return strings.ReplaceAll(s, "\x00", "$")
}

func (in *interp) split(l, r any, sensitive bool) (any, error) {
	args := asList(r)
	pattern, limit, options := "", -1, "i"
	if len(args) > 0 {
		pattern = in.str(args[0])
	}
	if sensitive {
		options = ""
	}
	if len(args) > 1 {
		n, err := in.int(args[1])
		if err != nil {
			return nil, err
		}
		if n > 0 {
			limit = n
		}
	}
	if len(args) > 2 && strings.Contains(strings.ToLower(in.str(args[2])), "simplematch") {
		pattern = regexp.QuoteMeta(pattern)
	}
	re, err := in.regex(pattern, options)
	if err != nil {
		return nil, err
	}
	out := &Array{Type: stringArray}
	for _, item := range asList(l) {
		out.Items = append(out.Items, splitWithGroups(re, in.str(item), limit)...)
	}
	return out, nil
}

// splitWithGroups splits as Regex.Split does: captured groups become elements too.
func splitWithGroups(re *regexp.Regexp, s string, limit int) []any {
	var out []any
	last := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		if limit > 0 && len(out) >= limit-1 {
			break
		}
		if m[1] == 0 && m[0] == 0 && re.NumSubexp() == 0 && s == "" {
			break
		}
		out = append(out, s[last:m[0]])
		for g := 1; g <= re.NumSubexp(); g++ {
			if m[2*g] >= 0 {
				out = append(out, s[m[2*g]:m[2*g+1]])
			}
		}
		last = m[1]
	}
	return append(out, s[last:])
}

func (in *interp) join(l any, separator string) string {
	var parts []string
	for _, item := range asList(l) {
		parts = append(parts, in.str(item))
	}
	return strings.Join(parts, separator)
}

func (in *interp) isType(v, t any) (bool, error) {
	ref, ok := t.(*TypeRef)
	if !ok {
		n, err := in.namedType(in.str(t))
		if err != nil {
			return false, err
		}
		ref, _ = n.(*TypeRef)
	}
	if v == nil {
		return false, nil
	}
	for _, n := range typeNames(v) {
		if strings.EqualFold(n, ref.name) {
			return true, nil
		}
	}
	switch ref.name {
	case "System.Management.Automation.PSObject":
		_, ok := v.(*Object)
		return ok, nil
	case "System.Array":
		a, ok := v.(*Array)
		return ok && a.fixed(), nil
	case "System.ValueType":
		_, ok := number(v)
		return ok, nil
	}
	return false, nil
}

func (in *interp) asType(v, t any) (any, error) {
	ref, ok := t.(*TypeRef)
	if !ok {
		n, err := in.namedType(in.str(t))
		if err != nil {
			return nil, err
		}
		ref, _ = n.(*TypeRef)
	}
	out, err := in.cast(v, ref)
	if err != nil {
		return nil, nil //nolint:nilerr // -as gives $null where a cast would fail
	}
	return out, nil
}

// maxRange bounds what `..` makes, so that a script cannot exhaust the memory of the lab.
const maxRange = 1 << 20

func (in *interp) rangeOf(l, r any) (any, error) {
	a, err := in.int(l)
	if err != nil {
		return nil, err
	}
	b, err := in.int(r)
	if err != nil {
		return nil, err
	}
	if max(a-b, b-a) > maxRange {
		in.unsupported("operator", "..", "the range is too large for the simulation")
		return nil, runtimeError("RangeTooLarge", "Array dimensions exceeded supported range.")
	}
	out := newArray()
	for step := 1; ; a += step {
		if b < a {
			step = -1
		}
		out.Items = append(out.Items, int32(a)) //nolint:gosec // checked by int
		if a == b {
			return out, in.work(len(out.Items) / itemsPerStep)
		}
	}
}

func (in *interp) bitwise(op string, l, r any) (any, error) {
	var n [2]int64
	wide := false
	for i, v := range []any{l, r} {
		x, err := in.toNumber(v, "System.Int32")
		if err != nil {
			return nil, err
		}
		whole, ok := integer(x)
		if !ok {
			f, _ := number(x)
			whole = int64(math.RoundToEven(f))
		}
		if _, small := x.(int32); !small && i == 0 || whole > math.MaxUint32 {
			wide = true
		}
		n[i] = whole
	}
	var out int64
	switch op {
	case "band":
		out = n[0] & n[1]
	case "bor":
		out = n[0] | n[1]
	case "bxor":
		out = n[0] ^ n[1]
	case "shl":
		out = n[0] << (n[1] & 63)
		if !wide {
			return int32(out), nil //nolint:gosec // shifts out, as .NET does
		}
	default:
		out = n[0] >> (n[1] & 63)
	}
	return fit(out), nil
}
