package value

import (
	"strconv"
	"strings"
	"time"
)

// Instant is the payload of a datetime: ticks of 100 nanoseconds since
// 0001-01-01T00:00:00Z. It is always UTC.
type Instant int64

// The first and last instants of the type, as the documentation of datetime gives them.
const (
	MinInstant Instant = 0
	MaxInstant Instant = 3155378975999999999
)

// unixEpoch is 1970-01-01T00:00:00Z in ticks.
const unixEpoch Instant = 621355968000000000

// FromTime converts, dropping what is finer than a tick.
func FromTime(t time.Time) Instant {
	return unixEpoch + Instant(t.Unix())*Instant(Second) + Instant(t.Nanosecond()/100)
}

// Time converts to UTC.
func (t Instant) Time() time.Time {
	n := int64(t - unixEpoch)
	s, ticks := n/int64(Second), n%int64(Second)
	return time.Unix(s, ticks*100).UTC()
}

// InRange reports whether t lies within the years 1 to 9999.
func (t Instant) InRange() bool { return t >= MinInstant && t <= MaxInstant }

// String prints 2020-01-02T03:04:05.6000000Z, always with seven fraction digits.
func (t Instant) String() string {
	year, month, day := t.Time().Date()
	out := appendPadded(nil, uint64(max(year, 0)), 4)
	out = appendPadded(append(out, '-'), uint64(month), 2)
	out = appendPadded(append(out, '-'), uint64(day), 2)
	n := uint64(t) % uint64(Day)
	out = appendClock(append(out, 'T'), n)
	out = appendPadded(append(out, '.'), n%uint64(Second), 7)
	return string(append(out, 'Z'))
}

// Add moves t by d; false if the result leaves the years 1 to 9999.
func (t Instant) Add(d Duration) (Instant, bool) {
	u := t + Instant(d)
	overflow := (d > 0 && u < t) || (d < 0 && u > t)
	return u, !overflow && u.InRange()
}

// Floor is bin(t, width): the largest multiple of width not after t, counted from the
// first instant of the type.
func (t Instant) Floor(width Duration) Instant {
	return t - t%Instant(width)
}

// ParseDateTime reads the forms the documentation of datetime lists: ISO 8601, RFC 822
// and RFC 850, month/day/year with an optional time, yyyyMMdd, and 2 Dec 2022. A time
// zone or offset is converted to UTC; day-first numeric dates are refused.
func ParseDateTime(s string) (Instant, bool) {
	s = strings.TrimSpace(s)
	if s == "" || s[0] == '-' || s[0] == '+' {
		return 0, false
	}
	if t, ok := parseISO(s); ok {
		return t, true
	}
	return parseLayouts(s)
}

// isoLayouts are the date forms that may be followed by a time of day and a zone.
func isoLayouts() []string {
	return []string{"2006-01-02", "2006-1-2", "20060102", "2006/01/02", "2006/1/2", "1/2/2006", "01-02-2006", "2006-01", "2006"}
}

// parseISO splits date, time of day, and zone, so that every date form takes any
// precision of time.
func parseISO(s string) (Instant, bool) {
	date, clock := s, ""
	if i := strings.IndexAny(s, "T "); i > 0 {
		date, clock = s[:i], s[i+1:]
	}
	var day time.Time
	found := false
	for _, layout := range isoLayouts() {
		if t, err := time.Parse(layout, date); err == nil {
			day, found = t, true
			break
		}
	}
	if !found {
		return 0, false
	}
	ticks, ok := parseTimeOfDay(clock)
	if !ok {
		return 0, false
	}
	return FromTime(day).Add(ticks)
}

// parseTimeOfDay reads hh:mm[:ss[.fffffff]] [AM|PM] [Z|GMT|UTC|±hh:mm] as the ticks to
// add to midnight UTC.
func parseTimeOfDay(s string) (Duration, bool) {
	s, offset, ok := cutZone(strings.TrimSpace(s))
	if !ok {
		return 0, false
	}
	if s == "" {
		return -offset, true
	}
	upper := strings.ToUpper(s)
	pm, am := strings.HasSuffix(upper, "PM"), strings.HasSuffix(upper, "AM")
	if pm || am {
		s = strings.TrimSpace(s[:len(s)-2])
	}
	d, ok := parseClockOfDay(s)
	if !ok {
		return 0, false
	}
	switch {
	case pm && d < 12*Hour:
		d += 12 * Hour
	case am && d >= 12*Hour:
		d -= 12 * Hour
	}
	return d - offset, true
}

func parseClockOfDay(s string) (Duration, bool) {
	if len(s) > 2 && !strings.Contains(s, ":") {
		return 0, false
	}
	if !strings.Contains(s, ":") {
		n, err := strconv.ParseUint(s, 10, 8)
		return Duration(n) * Hour, err == nil && n < 24
	}
	if hours, _, _ := strings.Cut(s, ":"); strings.Contains(hours, ".") {
		return 0, false
	}
	return parseClock(s)
}

// cutZone removes a trailing zone and gives its offset east of UTC.
func cutZone(s string) (rest string, offset Duration, ok bool) {
	for _, zone := range []string{"Z", "z", "GMT", "UTC"} {
		if body, found := strings.CutSuffix(s, zone); found {
			return strings.TrimSpace(body), 0, true
		}
	}
	i := strings.LastIndexAny(s, "+-")
	if i < 0 {
		return s, 0, true
	}
	hours, minutes, colon := strings.Cut(s[i+1:], ":")
	if !colon && len(hours) == 4 {
		hours, minutes = hours[:2], hours[2:]
	}
	h, err := strconv.ParseUint(hours, 10, 8)
	if err != nil || h > 14 {
		return s, 0, false
	}
	m := uint64(0)
	if minutes != "" {
		if m, err = strconv.ParseUint(minutes, 10, 8); err != nil || m > 59 {
			return s, 0, false
		}
	}
	offset = Duration(h)*Hour + Duration(m)*Minute
	if s[i] == '-' {
		offset = -offset
	}
	return strings.TrimSpace(s[:i]), offset, true
}

// parseLayouts tries the written-out forms: RFC 822, RFC 850 and month names.
func parseLayouts(s string) (Instant, bool) {
	layouts := []string{
		"Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 06 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700",
		"Monday, 2-Jan-06 15:04:05 MST", "Monday, 2-Jan-2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05", "Mon, 2 Jan 2006",
		"2 Jan 2006 15:04:05 MST", "2 Jan 06 15:04:05 MST", "2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2 Jan 2006",
		"2 Jan 06", "Jan 2, 2006", "Jan 2, 2006 15:04:05", "January 2, 2006", "2 January 2006", "Jan 2 2006",
		"Mon Jan 2 15:04:05 2006", "January 2006", "Jan 2006",
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			u := FromTime(t)
			return u, u.InRange()
		}
	}
	return 0, false
}
