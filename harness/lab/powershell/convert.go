package powershell

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// plainText converts a value as string conversion does where no evaluator is at hand.
func plainText(v any) string { return (*interp)(nil).str(v) }

// str converts a value to a string as PowerShell does, arrays joined by blanks.
func (in *interp) str(v any) string {
	switch v := v.(type) {
	case nil, void:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case Char:
		return string(rune(v))
	case float64:
		return formatDouble(v)
	case time.Time:
		return v.Format("01/02/2006 15:04:05")
	case time.Duration:
		return formatSpan(v)
	case *Array:
		parts := make([]string, len(v.Items))
		for i, item := range v.Items {
			parts[i] = in.str(item)
		}
		return strings.Join(parts, " ")
	case *Hash:
		return v.Type
	case *ScriptBlock:
		return v.ast.Text()
	case *TypeRef:
		return v.name
	case *ErrorRecord:
		return v.Exception.Message
	case *Exception:
		return v.Type + ": " + v.Message
	case *Object:
		return in.objectText(v)
	}
	return fmt.Sprint(v)
}

func (in *interp) objectText(o *Object) string {
	switch {
	case o.class == nil && len(o.names) > 0 && o.names[0] != "Selected":
		return o.names[0]
	case o.class == nil:
		var b strings.Builder
		for i, k := range o.notes.keys {
			if i > 0 {
				b.WriteString("; ")
			}
			fmt.Fprintf(&b, "%v=%s", k, in.str(o.notes.values[hashKey(k)]))
		}
		return "@{" + b.String() + "}"
	case o.class.text != nil:
		return o.class.text(in, o)
	}
	if list, ok := o.data.(enumerable); ok {
		return in.str(newArray(list.enumerate()...))
	}
	return o.class.name
}

func formatDouble(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	s := strconv.FormatFloat(f, 'G', 15, 64)
	if strings.Contains(s, "E") {
		if a := math.Abs(f); a >= 1e-5 && a < 1e15 {
			return strconv.FormatFloat(f, 'f', -1, 64)
		}
		mantissa, exp, _ := strings.Cut(s, "E")
		sign := "+"
		if exp[0] == '-' || exp[0] == '+' {
			sign, exp = exp[:1], exp[1:]
		}
		return mantissa + "E" + sign + exp
	}
	return s
}

func formatSpan(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	days := d / (24 * time.Hour)
	d -= days * 24 * time.Hour
	s := fmt.Sprintf("%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	if days > 0 {
		s = fmt.Sprintf("%d.%s", days, s)
	}
	if frac := d % time.Second; frac > 0 {
		s += fmt.Sprintf(".%07d", frac/100)
	}
	return sign + s
}

// truth converts a value to a boolean.
func truth(v any) bool {
	switch v := v.(type) {
	case nil, void:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case *Array:
		switch len(v.Items) {
		case 0:
			return false
		case 1:
			return truth(v.Items[0])
		}
		return true
	case Char:
		return v != 0
	}
	if f, ok := number(v); ok {
		return f != 0
	}
	return true
}

// number gives the value of a numeric type as a float.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case uint64:
		return float64(v), true
	}
	if i, ok := integer(v); ok {
		return float64(i), true
	}
	return 0, false
}

// integer gives the value of an integral type.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case uint8:
		return int64(v), true
	case int8:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint64:
		return int64(v), true //nolint:gosec // wraps as unchecked .NET conversions do
	}
	return 0, false
}

// parseNumber reads a string as number conversion does: blanks trimmed, hexadecimal with 0x, empty is 0.
func parseNumber(s string) (any, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return int32(0), true
	}
	sign := strings.HasPrefix(s, "-")
	digits := strings.TrimLeft(s, "+-")
	if strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X") {
		u, err := strconv.ParseUint(digits[2:], 16, 64)
		if err != nil {
			return nil, false
		}
		i := int64(u) //nolint:gosec // wraps as .NET does
		if len(digits) <= 10 {
			i = int64(int32(uint32(u))) //nolint:gosec // wraps as .NET does
		}
		if sign {
			i = -i
		}
		return fit(i), true
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return fit(i), true
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
	if err != nil || strings.ContainsAny(s, "_xXpPiI") || strings.EqualFold(s, "nan") {
		return nil, false
	}
	return f, true
}

// fit gives an integer as int32 where it fits.
func fit(i int64) any {
	if i >= math.MinInt32 && i <= math.MaxInt32 {
		return int32(i)
	}
	return i
}

// toNumber converts a value to a number, or fails as the cast of the named type does.
func (in *interp) toNumber(v any, typ string) (any, error) {
	switch x := v.(type) {
	case nil, void:
		return int32(0), nil
	case bool:
		if x {
			return int32(1), nil
		}
		return int32(0), nil
	case Char:
		return int32(x), nil
	case string:
		if n, ok := parseNumber(x); ok {
			return n, nil
		}
		return nil, in.castError(v, typ, "Input string was not in a correct format.")
	case time.Duration:
		return int64(x / 100), nil
	case *Object:
		if e, ok := x.data.(enumValue); ok {
			return int32(e.value), nil
		}
	case *Array:
		if len(x.Items) == 1 {
			return in.toNumber(x.Items[0], typ)
		}
	}
	if _, ok := number(v); ok {
		return v, nil
	}
	return nil, in.castError(v, typ, "")
}

// castError is the error of a failed conversion.
func (in *interp) castError(v any, typ, why string) error {
	if why != "" {
		return newError("System.Management.Automation.PSInvalidCastException", "InvalidCastFromStringToInteger", "InvalidArgument",
			`Cannot convert value "%s" to type "%s". Error: "%s"`, in.str(v), typ, why)
	}
	return newError("System.Management.Automation.PSInvalidCastException", "ConvertToFinalInvalidCastException", "InvalidArgument",
		`Cannot convert the "%s" value of type "%s" to type "%s".`, in.str(v), typeName(v), typ)
}

// int converts to a Go int, rounding halves to even.
func (in *interp) int(v any) (int, error) {
	n, err := in.toNumber(v, "System.Int32")
	if err != nil {
		return 0, err
	}
	if i, ok := integer(n); ok {
		return int(i), nil
	}
	f, _ := number(n)
	return int(math.RoundToEven(f)), nil
}

type intRange struct {
	low, high float64
	make      func(int64) any
}

// intRanges are the integral types with their ranges.
func intType(name string) (intRange, bool) {
	switch name {
	case "System.Int32":
		return intRange{math.MinInt32, math.MaxInt32, func(i int64) any { return int32(i) }}, true //nolint:gosec // checked
	case "System.Int64":
		return intRange{math.MinInt64, math.MaxInt64, func(i int64) any { return i }}, true
	case "System.Byte":
		return intRange{0, math.MaxUint8, func(i int64) any { return uint8(i) }}, true //nolint:gosec // checked
	case "System.SByte":
		return intRange{math.MinInt8, math.MaxInt8, func(i int64) any { return int8(i) }}, true //nolint:gosec // checked
	case "System.Int16":
		return intRange{math.MinInt16, math.MaxInt16, func(i int64) any { return int16(i) }}, true //nolint:gosec // checked
	case "System.UInt16":
		return intRange{0, math.MaxUint16, func(i int64) any { return uint16(i) }}, true //nolint:gosec // checked
	case "System.UInt32":
		return intRange{0, math.MaxUint32, func(i int64) any { return uint32(i) }}, true //nolint:gosec // checked
	case "System.UInt64":
		return intRange{0, math.MaxUint64, func(i int64) any { return uint64(i) }}, true //nolint:gosec // checked
	}
	return intRange{}, false
}

func (in *interp) toInteger(v any, name string, r intRange) (any, error) {
	n, err := in.toNumber(v, name)
	if err != nil {
		return nil, err
	}
	f, _ := number(n)
	if i, ok := integer(n); ok {
		if float64(i) < r.low || float64(i) > r.high {
			return nil, in.overflow(v, name)
		}
		return r.make(i), nil
	}
	f = math.RoundToEven(f)
	if math.IsNaN(f) || f < r.low || f > r.high {
		return nil, in.overflow(v, name)
	}
	return r.make(int64(f)), nil
}

func (in *interp) overflow(v any, name string) error {
	return newError("System.Management.Automation.PSInvalidCastException", "InvalidCastIConvertible", "InvalidArgument",
		`Cannot convert value "%s" to type "%s". Error: "Value was either too large or too small for %s."`, in.str(v), name, article(shortName(name)))
}

func article(short string) string {
	switch short {
	case "Byte", "SByte":
		return "an unsigned byte"
	}
	return "a " + short
}

// parseDate reads the date forms of the invariant culture and ISO 8601.
func parseDate(s string) (time.Time, bool) {
	layouts := []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.9999999", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
		"01/02/2006 15:04:05", "1/2/2006 15:04:05", "1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "1/2/2006 15:04", "1/2/2006",
		"2 January 2006", "January 2, 2006", "2006/01/02", "2006/01/02 15:04:05", "Monday, January 2, 2006 3:04:05 PM",
	}
	s = strings.TrimSpace(s)
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, s, localZone()); err == nil {
			return t.In(localZone()), true
		}
	}
	return time.Time{}, false
}

// parseSpan reads [-][d.]hh:mm[:ss[.fffffff]] or a number of days.
func parseSpan(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	sign := time.Duration(1)
	if strings.HasPrefix(s, "-") {
		sign, s = -1, s[1:]
	}
	parts := strings.Split(s, ":")
	days := 0
	if head, rest, ok := strings.Cut(parts[0], "."); ok || len(parts) == 1 {
		d, err := strconv.Atoi(head)
		if err != nil {
			return 0, false
		}
		days, parts[0] = d, rest
		if !ok {
			return sign * time.Duration(days) * 24 * time.Hour, true
		}
	}
	total := time.Duration(days) * 24 * time.Hour
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		if i >= len(parts) {
			break
		}
		f, err := strconv.ParseFloat(parts[i], 64)
		if err != nil {
			return 0, false
		}
		total += time.Duration(math.Round(f * float64(unit)))
	}
	return sign * total, len(parts) <= 3
}

func parseVersion(s string) (Version, bool) {
	var v Version
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return v, false
		}
		v.parts = append(v.parts, n)
	}
	return v, len(v.parts) >= 2 && len(v.parts) <= 4
}
