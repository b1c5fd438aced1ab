package powershell

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxText bounds what repetition makes.
const maxText = 16 << 20

func (in *interp) add(l, r any) (any, error) {
	l, r = unvoid(l), unvoid(r)
	switch x := l.(type) {
	case string:
		if len(x) > maxText {
			return nil, in.tooLarge()
		}
		s := x + in.str(r)
		return s, in.work(len(s) / bytesPerStep)
	case Char:
		return in.str(x) + in.str(r), nil
	case *Array:
		out := newArray(append(append([]any{}, x.Items...), asList(r)...)...)
		if len(out.Items) > maxRange*4 {
			return nil, in.tooLarge()
		}
		return out, in.work(len(out.Items) / itemsPerStep)
	case *Hash:
		y, ok := r.(*Hash)
		if !ok {
			return nil, runtimeError("AddHashTableToNonHashTable", "A hash table can only be added to another hash table.")
		}
		out := x.clone()
		for _, k := range y.keys {
			out.set(k, y.values[hashKey(k)])
		}
		return out, nil
	case time.Time:
		d, err := in.cast(r, &TypeRef{name: "System.TimeSpan"})
		span, _ := d.(time.Duration)
		return x.Add(span), err
	case nil:
		if r == nil {
			return nil, nil
		}
		if _, ok := number(r); !ok {
			return r, nil
		}
	}
	return in.arithmetic("+", l, r)
}

func (in *interp) tooLarge() error {
	in.unsupported("memory", "value", "the value is too large for the simulation")
	return newError("System.OutOfMemoryException", "OutOfMemory", "ResourceUnavailable", "Insufficient memory to continue the execution of the program.")
}

func (in *interp) arithmetic(op string, l, r any) (any, error) {
	if v, done, err := in.special(op, l, r); done {
		return v, err
	}
	x, err := in.operand(op, l)
	if err != nil {
		return nil, err
	}
	y, err := in.operand(op, r)
	if err != nil {
		return nil, err
	}
	a, wholeA := integer(x)
	b, wholeB := integer(y)
	if wholeA && wholeB {
		return integers(op, a, b)
	}
	f, _ := number(x)
	g, _ := number(y)
	return floats(op, f, g)
}

func (in *interp) operand(op string, v any) (any, error) {
	switch v.(type) {
	case *Array, *Hash, *ScriptBlock, *Object, *TypeRef:
		if enumName(v) == "" {
			return nil, runtimeError("MethodNotFound", "Method invocation failed because [%s] does not contain a method named '%s'.",
				typeName(v), map[string]string{"+": "op_Addition", "-": "op_Subtraction", "*": "op_Multiply", "/": "op_Division", "%": "op_Modulus"}[op])
		}
	}
	return in.toNumber(v, "System.Int32")
}

// special handles the operands that are no numbers: repetition and dates.
func (in *interp) special(op string, l, r any) (v any, done bool, err error) {
	switch x := l.(type) {
	case string:
		if op == "*" {
			n, err := in.int(r)
			if err == nil && (n < 0 || n*len(x) > maxText) {
				return nil, true, in.tooLarge()
			}
			if err == nil {
				err = in.work(n * len(x) / bytesPerStep)
			}
			return strings.Repeat(x, max(n, 0)), true, err
		}
	case *Array:
		if op == "*" {
			n, err := in.int(r)
			if err != nil || n < 0 || n*len(x.Items) > maxRange {
				return nil, true, in.tooLarge()
			}
			out := newArray()
			for range n {
				out.Items = append(out.Items, x.Items...)
			}
			return out, true, in.work(len(out.Items) / itemsPerStep)
		}
	case time.Time:
		if op == "-" {
			if y, ok := r.(time.Time); ok {
				return x.Sub(y), true, nil
			}
			d, err := in.cast(r, &TypeRef{name: "System.TimeSpan"})
			span, _ := d.(time.Duration)
			return x.Add(-span), true, err
		}
	case time.Duration:
		d, err := in.cast(r, &TypeRef{name: "System.TimeSpan"})
		span, _ := d.(time.Duration)
		if op == "-" {
			span = -span
		}
		return x + span, true, err
	}
	return nil, false, nil
}

func integers(op string, a, b int64) (any, error) {
	switch op {
	case "+":
		if c := a + b; (c > a) == (b > 0) {
			return fit(c), nil
		}
	case "-":
		if c := a - b; (c < a) == (b > 0) {
			return fit(c), nil
		}
	case "*":
		if a == 0 || b == 0 {
			return int32(0), nil
		}
		if c := a * b; c/b == a && (a != -1 || b != math.MinInt64) && (b != -1 || a != math.MinInt64) {
			return fit(c), nil
		}
	default:
		if b == 0 {
			return nil, newError(runtimeException, "RuntimeException", "NotSpecified", "Attempted to divide by zero.")
		}
		if op == "%" {
			return fit(a % b), nil
		}
		if a%b == 0 && b != -1 {
			return fit(a / b), nil
		}
	}
	return floats(op, float64(a), float64(b))
}

func floats(op string, a, b float64) (any, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "/":
		return a / b, nil
	}
	return math.Mod(a, b), nil
}

// format is the -f operator: composite formatting with alignment and format strings.
func (in *interp) format(f string, args []any) (any, error) {
	var b strings.Builder
	bad := newError("System.FormatException", "FormatError", invalidOperation,
		"Error formatting a string: Input string was not in a correct format..")
	for i := 0; i < len(f); i++ {
		c := f[i]
		switch {
		case (c == '{' || c == '}') && i+1 < len(f) && f[i+1] == c:
			b.WriteByte(c)
			i++
		case c == '{':
			end := strings.IndexByte(f[i:], '}')
			if end < 0 {
				return nil, bad
			}
			s, err := in.formatItem(f[i+1:i+end], args)
			if err != nil {
				return nil, err
			}
			b.WriteString(s)
			i += end
		case c == '}':
			return nil, bad
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func (in *interp) formatItem(item string, args []any) (string, error) {
	head, spec, _ := strings.Cut(item, ":")
	index, align, aligned := strings.Cut(head, ",")
	n, err := strconv.Atoi(strings.TrimSpace(index))
	if err != nil || n < 0 || n >= len(args) {
		return "", newError("System.FormatException", "FormatError", invalidOperation,
			"Error formatting a string: Index (zero based) must be greater than or equal to zero and less than the size of the argument list..")
	}
	s, err := in.formatValue(args[n], spec)
	if err != nil {
		return "", err
	}
	if aligned {
		width, err := strconv.Atoi(strings.TrimSpace(align))
		if err != nil || width > 10000 || width < -10000 {
			return "", newError("System.FormatException", "FormatError", invalidOperation, "Error formatting a string: Input string was not in a correct format..")
		}
		s = pad(s, width)
	}
	return s, nil
}

// pad fills with blanks to a width, on the left for positive ones.
func pad(s string, width int) string {
	n := max(width, -width) - len([]rune(s))
	if n <= 0 {
		return s
	}
	if width > 0 {
		return strings.Repeat(" ", n) + s
	}
	return s + strings.Repeat(" ", n)
}

// formatValue renders a value by a .NET format string.
func (in *interp) formatValue(v any, spec string) (string, error) {
	if spec == "" {
		return in.str(v), nil
	}
	switch x := v.(type) {
	case time.Time:
		return netDate(x, spec), nil
	case time.Duration:
		return netSpan(x, spec), nil
	}
	f, ok := number(v)
	if !ok {
		return in.str(v), nil
	}
	return in.netNumber(v, f, spec)
}

func (in *interp) netNumber(v any, f float64, spec string) (string, error) {
	precision := -1
	if n, err := strconv.Atoi(spec[1:]); err == nil && n >= 0 && n < 100 {
		precision = n
	} else if len(spec) > 1 {
		return customNumber(f, spec), nil
	}
	i, whole := integer(v)
	switch spec[0] {
	case 'x', 'X', 'd', 'D':
		if !whole {
			return "", newError("System.FormatException", "FormatError", invalidOperation, "Error formatting a string: Format specifier was invalid..")
		}
		return integerFormat(v, i, spec[0], precision), nil
	case 'n', 'N', 'f', 'F', 'p', 'P', 'c', 'C':
		if precision < 0 {
			precision = 2
		}
		return fixedFormat(f, spec[0]|0x20, precision), nil
	case 'e', 'E':
		if precision < 0 {
			precision = 6
		}
		return fmt.Sprintf("%.*E", precision, f), nil
	case 'g', 'G', 'r', 'R':
		return in.str(v), nil
	}
	return customNumber(f, spec), nil
}

func integerFormat(v any, i int64, verb byte, precision int) string {
	var s string
	switch u := uint64(i); verb { //nolint:gosec // two's complement is what X shows
	case 'x', 'X':
		if _, ok := v.(int32); ok {
			u &= math.MaxUint32
		}
		s = strconv.FormatUint(u, 16)
		if verb == 'X' {
			s = strings.ToUpper(s)
		}
	default:
		s = strconv.FormatInt(i, 10)
	}
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	if n := precision - len(s); n > 0 {
		s = strings.Repeat("0", n) + s
	}
	return sign + s
}

func fixedFormat(f float64, verb byte, precision int) string {
	switch verb {
	case 'f':
		return strconv.FormatFloat(f, 'f', precision, 64)
	case 'p':
		return group(strconv.FormatFloat(f*100, 'f', precision, 64)) + " %"
	case 'c':
		return "$" + group(strconv.FormatFloat(f, 'f', precision, 64))
	}
	return group(strconv.FormatFloat(f, 'f', precision, 64))
}

// group puts commas between thousands.
func group(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, ok := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if ok {
		whole += "." + frac
	}
	return sign + whole
}

// customNumber handles the custom formats made of 0, #, comma and point.
func customNumber(f float64, spec string) string {
	whole, frac, _ := strings.Cut(spec, ".")
	s := strconv.FormatFloat(f, 'f', strings.Count(frac, "0")+strings.Count(frac, "#"), 64)
	digits, decimals, point := strings.Cut(s, ".")
	for i := len(frac); i > 0 && frac[i-1] == '#' && strings.HasSuffix(decimals, "0"); i-- {
		decimals = decimals[:len(decimals)-1]
	}
	if n := strings.Count(whole, "0") - len(digits); n > 0 {
		digits = strings.Repeat("0", n) + digits
	}
	if strings.Contains(whole, ",") {
		digits = group(digits)
	}
	if point && decimals != "" {
		digits += "." + decimals
	}
	return digits
}

// netDate renders a time by a standard or custom .NET format string.
func netDate(t time.Time, spec string) string {
	if layout, ok := standardDate(spec); ok {
		if spec == "u" || spec == "r" || spec == "R" {
			t = t.UTC()
		}
		return t.Format(layout)
	}
	if spec == "o" || spec == "O" {
		s := t.Format("2006-01-02T15:04:05.0000000")
		if t.Location() == time.UTC {
			return s + "Z"
		}
		return s + t.Format("-07:00")
	}
	var b strings.Builder
	for i := 0; i < len(spec); {
		n := 1
		for i+n < len(spec) && spec[i+n] == spec[i] {
			n++
		}
		if spec[i] == '\'' || spec[i] == '"' {
			end := strings.IndexByte(spec[i+1:], spec[i])
			if end >= 0 {
				b.WriteString(spec[i+1 : i+1+end])
				i += end + 2
				continue
			}
		}
		b.WriteString(datePart(t, spec[i], n))
		i += n
	}
	return b.String()
}

func standardDate(spec string) (string, bool) {
	layout, ok := map[string]string{
		"s": "2006-01-02T15:04:05", "u": "2006-01-02 15:04:05Z", "d": "1/2/2006", "D": "Monday, January 2, 2006", "t": "3:04 PM", "T": "3:04:05 PM",
		"g": "1/2/2006 3:04 PM", "G": "1/2/2006 3:04:05 PM", "f": "Monday, January 2, 2006 3:04 PM", "F": "Monday, January 2, 2006 3:04:05 PM",
		"r": "Mon, 02 Jan 2006 15:04:05 GMT", "R": "Mon, 02 Jan 2006 15:04:05 GMT",
	}[spec]
	return layout, ok
}

func datePart(t time.Time, c byte, n int) string {
	layouts := map[byte][]string{
		'y': {"6", "06", "2006", "2006"}, 'M': {"1", "01", "Jan", "January"}, 'd': {"2", "02", "Mon", "Monday"}, 'h': {"3", "03"},
		'm': {"4", "04"}, 's': {"5", "05"}, 't': {"P", "PM"}, 'z': {"-07", "-07", "-07:00"},
	}
	switch c {
	case 'H':
		return integerFormat(int32(0), int64(t.Hour()), 'd', min(n, 2))
	case 'f':
		return fmt.Sprintf("%09d", t.Nanosecond())[:min(n, 9)]
	case 'F':
		return strings.TrimRight(fmt.Sprintf("%09d", t.Nanosecond())[:min(n, 9)], "0")
	case 'K':
		if t.Location() == time.UTC {
			return "Z"
		}
		return t.Format("-07:00")
	}
	if forms, ok := layouts[c]; ok {
		return t.Format(forms[min(n, len(forms))-1])
	}
	return strings.Repeat(string(c), n)
}

func netSpan(d time.Duration, spec string) string {
	r := strings.NewReplacer("hh", fmt.Sprintf("%02d", int(d.Hours())%24), "mm", fmt.Sprintf("%02d", int(d.Minutes())%60),
		"ss", fmt.Sprintf("%02d", int(d.Seconds())%60), "fff", fmt.Sprintf("%03d", d.Milliseconds()%1000), `\`, "", "dd", fmt.Sprintf("%02d", int(d.Hours())/24))
	if spec == "c" || spec == "g" || spec == "G" || spec == "t" {
		return formatSpan(d)
	}
	return r.Replace(spec)
}
