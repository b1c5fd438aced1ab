package function

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func formatDateTime(_ *Invocation, args []value.Value) value.Value {
	return value.NewString(formatInstant(args[0].DateTime(), text(args[1])))
}

func formatTimespan(_ *Invocation, args []value.Value) value.Value {
	return value.NewString(formatDuration(args[0].Timespan(), text(args[1])))
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
