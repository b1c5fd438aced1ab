package powershell

import (
	"cmp"
	"math"
	"regexp"
	"strings"
	"time"
)

// binaryOp applies a binary operator to two values.
func (in *interp) binaryOp(op string, l, r any) (any, error) {
	switch op {
	case "+":
		return in.add(l, r)
	case "-", "*", "/", "%":
		return in.arithmetic(op, l, r)
	case "..":
		return in.rangeOf(l, r)
	case "f":
		return in.format(in.str(l), asList(r))
	case "band", "bor", "bxor", "shl", "shr":
		return in.bitwise(op, l, r)
	case "is", "isnot":
		ok, err := in.isType(l, r)
		return ok == (op == "is"), err
	case "as":
		return in.asType(l, r)
	case "xor":
		return truth(l) != truth(r), nil
	}
	return in.comparison(op, l, r)
}

// comparison applies a comparison operator with its case prefix.
func (in *interp) comparison(op string, l, r any) (any, error) {
	sensitive := false
	if (op[0] == 'c' || op[0] == 'i') && op != "contains" && op != "in" {
		sensitive, op = op[0] == 'c', op[1:]
	}
	switch op {
	case "contains":
		return in.contains(l, r, sensitive), nil
	case "notcontains":
		return !in.contains(l, r, sensitive), nil
	case "in":
		return in.contains(r, l, sensitive), nil
	case "notin":
		return !in.contains(r, l, sensitive), nil
	case "replace":
		return in.replace(l, r, sensitive)
	case "split":
		return in.split(l, r, sensitive)
	case "join":
		return in.join(l, in.str(r)), nil
	}
	items, many := elements(l)
	if !many {
		ok, err := in.compareOne(op, l, r, sensitive, true)
		return ok, err
	}
	out := newArray()
	for _, item := range items {
		ok, err := in.compareOne(op, item, r, sensitive, false)
		if err != nil {
			return nil, err
		}
		if ok {
			out.Items = append(out.Items, item)
		}
	}
	return out, nil
}

func (in *interp) compareOne(op string, l, r any, sensitive, keep bool) (bool, error) {
	switch op {
	case "eq":
		return in.equal(l, r, sensitive), nil
	case "ne":
		return !in.equal(l, r, sensitive), nil
	case "like", "notlike":
		ok := wildcard(in.str(r), sensitive).MatchString(in.str(l))
		return ok == (op == "like"), nil
	case "match", "notmatch":
		ok, err := in.match(in.str(l), in.str(r), sensitive, keep)
		return ok == (op == "match"), err
	}
	c, err := in.compare(l, r, sensitive)
	if err != nil {
		return false, err
	}
	switch op {
	case "gt":
		return c > 0, nil
	case "ge":
		return c >= 0, nil
	case "lt":
		return c < 0, nil
	}
	return c <= 0, nil
}

func (in *interp) contains(list, v any, sensitive bool) bool {
	for _, item := range asList(list) {
		if in.equal(item, v, sensitive) {
			return true
		}
	}
	return false
}

// equal compares by the type of the left operand.
func (in *interp) equal(l, r any, sensitive bool) bool {
	l, r = unvoid(l), unvoid(r)
	if l == nil || r == nil {
		return l == nil && r == nil
	}
	switch x := l.(type) {
	case string:
		return equalText(x, in.str(r), sensitive)
	case Char:
		if s, ok := r.(string); ok {
			return equalText(in.str(x), s, sensitive)
		}
	case bool:
		return x == truth(r)
	case time.Time:
		t, err := in.cast(r, &TypeRef{name: "System.DateTime"})
		y, ok := t.(time.Time)
		return err == nil && ok && x.Equal(y)
	case *TypeRef:
		y, ok := r.(*TypeRef)
		return ok && strings.EqualFold(x.name, y.name)
	case *Object:
		return in.equalObjects(x, r, sensitive)
	case Version:
		c, err := in.compare(l, r, sensitive)
		return err == nil && c == 0
	}
	if a, ok := number(l); ok {
		n, err := in.toNumber(r, typeName(l))
		b, isNumber := number(n)
		return err == nil && isNumber && a == b
	}
	switch l.(type) {
	case *Array, *Hash, *ScriptBlock, *ErrorRecord, *Exception, time.Duration, Char:
		return l == r
	}
	return false
}

func (in *interp) equalObjects(x *Object, r any, sensitive bool) bool {
	if y, ok := r.(*Object); ok {
		if a, ok := x.data.(enumValue); ok {
			b, ok := y.data.(enumValue)
			return ok && a.value == b.value
		}
		return x == y || x.class != nil && x.class.name == "System.Guid" && x.data == y.data
	}
	if e, ok := x.data.(enumValue); ok {
		if n, ok := integer(r); ok {
			return e.value == n
		}
		return equalText(e.name, in.str(r), sensitive)
	}
	s, ok := r.(string)
	return ok && x.class != nil && equalText(in.str(x), s, sensitive)
}

func equalText(a, b string, sensitive bool) bool {
	if sensitive {
		return a == b
	}
	return strings.EqualFold(a, b)
}

// compare orders two values by the type of the left one.
func (in *interp) compare(l, r any, sensitive bool) (int, error) {
	switch x := unvoid(l).(type) {
	case nil:
		if unvoid(r) == nil {
			return 0, nil
		}
		return -1, nil
	case string:
		return compareText(x, in.str(r), sensitive), nil
	case time.Time:
		t, err := in.cast(r, &TypeRef{name: "System.DateTime"})
		y, _ := t.(time.Time)
		return x.Compare(y), err
	case time.Duration:
		t, err := in.cast(r, &TypeRef{name: "System.TimeSpan"})
		y, _ := t.(time.Duration)
		return cmp.Compare(x, y), err
	case Version:
		t, err := in.cast(r, &TypeRef{name: "System.Version"})
		y, _ := t.(Version)
		return compareVersions(x, y), err
	case *Object:
		if _, ok := x.data.(enumValue); !ok {
			return compareText(in.str(x), in.str(r), sensitive), nil
		}
	}
	a, err := in.toNumber(l, typeName(r))
	if err != nil {
		return 0, err
	}
	b, err := in.toNumber(r, typeName(l))
	if err != nil {
		return 0, err
	}
	x, _ := number(a)
	y, _ := number(b)
	return cmp.Compare(x, y), nil
}

func compareText(a, b string, sensitive bool) int {
	if c := cmp.Compare(strings.ToLower(a), strings.ToLower(b)); c != 0 || !sensitive {
		return c
	}
	return -cmp.Compare(a, b)
}

func compareVersions(a, b Version) int {
	at := func(v Version, i int) int {
		if i < len(v.parts) {
			return v.parts[i]
		}
		return -1
	}
	for i := range 4 {
		if c := cmp.Compare(at(a, i), at(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

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
			return out, nil
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
