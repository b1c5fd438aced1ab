package kql

import (
	"math"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// datetimeFunction finds functions that make, move and print instants.
func datetimeFunction(name string) rowFunction {
	switch name {
	case "bin", "floor":
		return sticky(func(c *invocation, args []value.Value) value.Value { return bin(args[0], args[1], nil, c.result) })
	case "bin_at":
		return sticky(func(c *invocation, args []value.Value) value.Value {
			return bin(args[0], args[1], &args[2], c.result)
		})
	case "datetime_add":
		return sticky(datetimeAdd)
	case "datetime_diff":
		return sticky(datetimeDiff)
	case "format_datetime":
		return sticky(func(_ *invocation, args []value.Value) value.Value {
			return value.NewString(formatInstant(args[0].DateTime(), text(args[1])))
		})
	case "format_timespan":
		return sticky(func(_ *invocation, args []value.Value) value.Value {
			return value.NewString(formatDuration(args[0].Timespan(), text(args[1])))
		})
	case "make_datetime":
		return sticky(makeDateTime)
	case "make_timespan":
		return sticky(makeTimespan)
	case "unixtime_seconds_todatetime":
		return sticky(unixTime(value.Second))
	case "unixtime_milliseconds_todatetime":
		return sticky(unixTime(value.Millisecond))
	case "unixtime_microseconds_todatetime":
		return sticky(unixTime(value.Microsecond))
	case "unixtime_nanoseconds_todatetime":
		return sticky(func(_ *invocation, args []value.Value) value.Value {
			return moved(value.NewDateTime(value.FromTime(time.Unix(0, 0))), value.Duration(args[0].Int()/100))
		})
	default:
		return nil
	}
}

// bin rounds down to a multiple of the size, counted from 0 or from a fixed point; a
// size that is not positive gives null.
func bin(v, size value.Value, origin *value.Value, result value.Type) value.Value {
	v, size = numberOf(v), numberOf(size)
	if v.Type() == value.Real || size.Type() == value.Real && v.Type().Numeric() {
		return binReal(v.Real(), size.Real(), origin)
	}
	if v.Type() == value.Decimal {
		return value.Convert(binReal(v.Real(), size.Real(), origin), result)
	}
	width := size.Int()
	if size.Type() == value.Real {
		width = int64(size.Real())
	}
	if width <= 0 {
		return value.Null(result)
	}
	from := int64(0)
	if origin != nil {
		from = origin.Int()
	}
	offset := (v.Int() - from) % width
	if offset < 0 {
		offset += width
	}
	n := v.Int() - offset
	switch v.Type() {
	case value.DateTime:
		return value.NewDateTime(value.Instant(n))
	case value.Timespan:
		return value.NewTimespan(value.Duration(n))
	default:
		return value.Convert(value.NewLong(n), result)
	}
}

// unixTime counts units from 1970.
func unixTime(unit value.Duration) rowFunction {
	return func(_ *invocation, args []value.Value) value.Value {
		epoch := value.NewDateTime(value.FromTime(time.Unix(0, 0)))
		if args[0].Type() == value.Real {
			return moved(epoch, value.Duration(args[0].Real()*float64(unit)))
		}
		n := args[0].Int()
		if limit := int64(value.MaxInstant) / int64(unit); n > limit || n < -limit {
			return value.Null(value.DateTime)
		}
		return moved(epoch, value.Duration(n)*unit)
	}
}

// unitOf is the length of the parts that have a fixed one.
func unitOf(part string) (value.Duration, bool) {
	switch strings.ToLower(part) {
	case "week":
		return 7 * value.Day, true
	case "day":
		return value.Day, true
	case "hour":
		return value.Hour, true
	case "minute":
		return value.Minute, true
	case "second":
		return value.Second, true
	case "millisecond":
		return value.Millisecond, true
	case "microsecond":
		return value.Microsecond, true
	default:
		return 0, false
	}
}

// monthsOf is the length in months of the parts that have none in ticks.
func monthsOf(part string) int {
	switch strings.ToLower(part) {
	case "year":
		return 12
	case "quarter":
		return 3
	case "month":
		return 1
	default:
		return 0
	}
}

// datetimeAdd is datetime_add(part, amount, instant).
func datetimeAdd(c *invocation, args []value.Value) value.Value {
	part, n := text(args[0]), long(args, 1, 0)
	if unit, ok := unitOf(part); ok {
		if limit := int64(value.MaxInstant) / int64(unit); n > limit || n < -limit {
			return c.null()
		}
		return moved(args[2], value.Duration(n)*unit)
	}
	if strings.EqualFold(part, "nanosecond") {
		return moved(args[2], value.Duration(n/100))
	}
	months := monthsOf(part)
	if months == 0 || n > 120000 || n < -120000 {
		return c.null()
	}
	return addMonths(args[2].DateTime(), int(n)*months)
}

// addMonths keeps the day of the month, or takes the last one of a shorter month.
func addMonths(t value.Instant, months int) value.Value {
	u := t.Time()
	first := time.Date(u.Year(), u.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	day := first.AddDate(0, 0, min(u.Day(), last)-1)
	at := value.FromTime(day) + t%value.Instant(value.Day)
	if year := day.Year(); year < 1 || year > 9999 {
		return value.Null(value.DateTime)
	}
	return value.NewDateTime(at)
}

// datetimeDiff counts the boundaries of a part between two instants; weeks begin on
// Sunday.
func datetimeDiff(c *invocation, args []value.Value) value.Value {
	part := text(args[0])
	a, b := args[1].DateTime(), args[2].DateTime()
	if strings.EqualFold(part, "nanosecond") {
		return value.NewLong(int64(a-b) * 100)
	}
	if unit, ok := unitOf(part); ok {
		shift := value.Instant(0)
		if unit == 7*value.Day {
			shift = value.Instant(value.Day)
		}
		return value.NewLong(int64(a+shift)/int64(unit) - int64(b+shift)/int64(unit))
	}
	months := monthsOf(part)
	if months == 0 {
		return c.null()
	}
	count := func(t value.Instant) int { return (t.Time().Year()*12 + int(t.Time().Month()) - 1) / months }
	return value.NewLong(int64(count(a) - count(b)))
}

// makeDateTime is make_datetime(year, month, day [, hour, minute [, second]]); a single
// argument is converted.
func makeDateTime(_ *invocation, args []value.Value) value.Value {
	if len(args) == 1 {
		return value.Convert(args[0], value.DateTime)
	}
	parts := [5]int64{0, 1, 1}
	for i := 0; i < len(args) && i < 5; i++ {
		parts[i] = args[i].Int()
	}
	seconds := 0.0
	if len(args) > 5 {
		seconds = args[5].Real()
	}
	year, month, day := int(parts[0]), time.Month(parts[1]), int(parts[2])
	date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if year < 1 || year > 9999 || date.Month() != month || date.Day() != day ||
		parts[3] < 0 || parts[3] > 23 || parts[4] < 0 || parts[4] > 59 || seconds < 0 || seconds >= 60 {
		return value.Null(value.DateTime)
	}
	d := value.Duration(parts[3])*value.Hour + value.Duration(parts[4])*value.Minute + value.Duration(seconds*float64(value.Second))
	return moved(value.NewDateTime(value.FromTime(date)), d)
}

// makeTimespan is make_timespan([day,] hour, minute [, second]); a single argument is
// converted.
func makeTimespan(_ *invocation, args []value.Value) value.Value {
	if len(args) == 1 {
		return value.Convert(args[0], value.Timespan)
	}
	var days, seconds float64
	parts := args
	if len(args) == 4 {
		days, parts = args[0].Real(), args[1:]
	}
	if len(parts) > 2 {
		seconds = parts[2].Real()
	}
	hours, minutes := parts[0].Real(), parts[1].Real()
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds >= 60 {
		return value.Null(value.Timespan)
	}
	return value.NewTimespan(value.Duration(days*float64(value.Day) + hours*float64(value.Hour) + minutes*float64(value.Minute) + math.Round(seconds*float64(value.Second))))
}

// formatInstant prints by the specifiers of format_datetime; other characters stand for
// themselves.
func formatInstant(t value.Instant, format string) string {
	return formatRuns(format, "dfFhHmMsyt", func(letter byte, n int) (string, bool) { return instantField(t, letter, n) })
}

// formatRuns replaces runs of equal specifier letters.
func formatRuns(format, letters string, field func(letter byte, n int) (string, bool)) string {
	var out strings.Builder
	for i := 0; i < len(format); {
		n := 1
		for i+n < len(format) && format[i+n] == format[i] {
			n++
		}
		s, ok := "", false
		if strings.IndexByte(letters, format[i]) >= 0 {
			s, ok = field(format[i], n)
		}
		if !ok {
			s = format[i : i+n]
		}
		out.WriteString(s)
		i += n
	}
	return out.String()
}

func instantField(t value.Instant, letter byte, n int) (string, bool) {
	u := t.Time()
	switch letter {
	case 'y':
		if n <= 2 {
			return pad(int64(u.Year()%100), n), true
		}
		return pad(int64(u.Year()), n), true
	case 'M':
		return pad(int64(u.Month()), n), true
	case 'd':
		return pad(int64(u.Day()), n), true
	case 'H':
		return pad(int64(u.Hour()), n), true
	case 'h':
		return pad(int64((u.Hour()+11)%12+1), n), true
	case 'm':
		return pad(int64(u.Minute()), n), true
	case 's':
		return pad(int64(u.Second()), n), true
	case 't':
		return u.Format("PM")[:min(n, 2)], true
	default:
		return fractionField(int64(t)%int64(value.Second), letter, n)
	}
}

// fractionField is f..fffffff, and F..FFFFFFF that drops trailing zeros.
func fractionField(ticks int64, letter byte, n int) (string, bool) {
	if n > 7 {
		return "", false
	}
	s := pad(ticks, 7)[:n]
	if letter == 'F' {
		s = strings.TrimRight(s, "0")
	}
	return s, true
}

// formatDuration prints by the specifiers of format_timespan.
func formatDuration(d value.Duration, format string) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	return sign + formatRuns(format, "dfFhHmst", func(letter byte, n int) (string, bool) {
		switch letter {
		case 'd':
			return pad(int64(d/value.Day), n), true
		case 'h', 'H':
			return pad(int64(d/value.Hour%24), n), true
		case 'm':
			return pad(int64(d/value.Minute%60), n), true
		case 's':
			return pad(int64(d/value.Second%60), n), true
		case 't':
			return "", false
		default:
			return fractionField(int64(d%value.Second), letter, n)
		}
	})
}

// pad prints a number with at least so many digits.
func pad(n int64, width int) string {
	s := value.NewLong(n).String()
	if missing := width - len(s); missing > 0 {
		s = strings.Repeat("0", missing) + s
	}
	return s
}
