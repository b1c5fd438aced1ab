package value

import (
	"math"
	"strconv"
	"strings"
)

// Duration is the payload of a timespan, in ticks of 100 nanoseconds.
type Duration int64

// The units of timespan literals, in ticks.
const (
	Tick        Duration = 1
	Microsecond          = 10 * Tick
	Millisecond          = 1000 * Microsecond
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
	Day                  = 24 * Hour
)

// String prints [-][d.]hh:mm:ss[.fffffff].
func (d Duration) String() string {
	var out []byte
	n := uint64(d)
	if d < 0 {
		out = append(out, '-')
		n = -n
	}
	if days := n / uint64(Day); days > 0 {
		out = append(strconv.AppendUint(out, days, 10), '.')
	}
	out = appendClock(out, n%uint64(Day))
	if f := n % uint64(Second); f != 0 {
		out = appendPadded(append(out, '.'), f, 7)
	}
	return string(out)
}

// appendClock appends hh:mm:ss of a number of ticks below one day.
func appendClock(out []byte, n uint64) []byte {
	out = appendPadded(out, n/uint64(Hour), 2)
	out = appendPadded(append(out, ':'), n/uint64(Minute)%60, 2)
	return appendPadded(append(out, ':'), n/uint64(Second)%60, 2)
}

func appendPadded(out []byte, n uint64, width int) []byte {
	s := strconv.FormatUint(n, 10)
	for range width - len(s) {
		out = append(out, '0')
	}
	return append(out, s...)
}

// unitNames are the suffixes of timespan literals, each with its ticks.
func unitTicks(name string) (Duration, bool) {
	switch name {
	case "d", "day", "days":
		return Day, true
	case "h", "hr", "hrs", "hour", "hours":
		return Hour, true
	case "m", "min", "minute", "minutes":
		return Minute, true
	case "s", "sec", "second", "seconds":
		return Second, true
	case "ms", "milli", "millis", "millisec", "millisecond", "milliseconds":
		return Millisecond, true
	case "micro", "micros", "microsec", "microsecond", "microseconds":
		return Microsecond, true
	case "tick", "ticks":
		return Tick, true
	default:
		return 0, false
	}
}

// ParseTimespan reads the forms of literals and of totimespan(): a number with a unit
// (1d, 1.5h, 7tick), [-][d.]hh:mm[:ss[.fffffff]], or a bare number of days.
func ParseTimespan(s string) (Duration, bool) {
	s = strings.TrimSpace(s)
	negative := strings.HasPrefix(s, "-")
	body := strings.TrimPrefix(s, "-")
	if body == "" {
		return 0, false
	}
	d, ok := parseUnsigned(body)
	if negative {
		d = -d
	}
	return d, ok
}

func parseUnsigned(s string) (Duration, bool) {
	if strings.Contains(s, ":") {
		return parseClock(s)
	}
	digits := len(s) - len(strings.TrimLeft(s, "0123456789."))
	if digits == 0 {
		return 0, false
	}
	unit := Day
	if suffix := strings.TrimSpace(s[digits:]); suffix != "" {
		var ok bool
		if unit, ok = unitTicks(suffix); !ok {
			return 0, false
		}
	}
	if n, err := strconv.ParseInt(s[:digits], 10, 64); err == nil {
		if n > math.MaxInt64/int64(unit) {
			return 0, false
		}
		return Duration(n) * unit, true
	}
	f, err := strconv.ParseFloat(s[:digits], 64)
	if err != nil || f*float64(unit) > math.MaxInt64 {
		return 0, false
	}
	return Duration(math.Round(f * float64(unit))), true
}

// parseClock reads [d.]hh:mm[:ss[.fffffff]].
func parseClock(s string) (Duration, bool) {
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return 0, false
	}
	var total Duration
	if days, hours, ok := strings.Cut(parts[0], "."); ok {
		n, err := strconv.ParseUint(days, 10, 24)
		if err != nil {
			return 0, false
		}
		total, parts[0] = Duration(n)*Day, hours
	}
	hours, err := strconv.ParseUint(parts[0], 10, 8)
	if err != nil || hours > 23 {
		return 0, false
	}
	minutes, err := strconv.ParseUint(parts[1], 10, 8)
	if err != nil || minutes > 59 {
		return 0, false
	}
	total += Duration(hours)*Hour + Duration(minutes)*Minute
	if len(parts) == 2 {
		return total, true
	}
	seconds, ok := parseSeconds(parts[2])
	return total + seconds, ok
}

// parseSeconds reads ss[.fffffff]; more than seven fraction digits are cut.
func parseSeconds(s string) (Duration, bool) {
	whole, fraction, dotted := strings.Cut(s, ".")
	n, err := strconv.ParseUint(whole, 10, 8)
	if err != nil || n > 59 || (dotted && fraction == "") {
		return 0, false
	}
	f, ok := parseFraction(fraction)
	return Duration(n)*Second + f, ok
}

// parseFraction reads the digits after the decimal point of a second as ticks.
func parseFraction(digits string) (Duration, bool) {
	var n Duration
	for i := range 7 {
		n *= 10
		if i < len(digits) {
			n += Duration(digits[i] - '0')
		}
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
	}
	return n, true
}
