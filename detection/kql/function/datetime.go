package function

import (
	"math"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func datetimeFunctions() []Function {
	return []Function{
		{Name: "now", Signatures: []string{"- datetime offset:timespan?"}, Doc: "now-function", Call: now},
		{Name: "ago", Signatures: []string{"- datetime timespan:timespan"}, Doc: "ago-function", Nulls: Propagate, Call: ago},
		{Name: "datetime_add", Signatures: []string{"- datetime part:string/Literal value:Integer datetime:datetime"}, Doc: "datetime-add-function", Nulls: Propagate, Call: datetimeAdd},
		{Name: "datetime_diff", Signatures: []string{"- long part:string/Literal datetime1:datetime datetime2:datetime"}, Doc: "datetime-diff-function", Nulls: Propagate, Call: datetimeDiff},
		{Name: "format_datetime", Signatures: []string{"first string date:datetime format:string/LiteralNotEmpty"}, Doc: "format-datetime-function", Nulls: Propagate, Call: formatDateTime},
		{Name: "format_timespan", Signatures: []string{"first string timespan:timespan format:string/LiteralNotEmpty"}, Doc: "format-timespan-function", Nulls: Propagate, Call: formatTimespan},
		{Name: "make_datetime", Signatures: []string{
			"only datetime year:Number month:Number day:Number hour:Number? minute:Number? second:Number?",
			"only datetime value:Scalar",
		}, Doc: "make-datetime-function", Nulls: Propagate, Call: makeDateTime},
		{Name: "make_timespan", Signatures: []string{
			"only timespan days:Integer hours:Integer minutes:Integer seconds:Number",
			"only timespan hours:Integer minutes:Integer seconds:Number?",
			"only timespan value:Scalar",
		}, Doc: "make-timespan-function", Nulls: Propagate, Call: makeTimespan},
		{Name: "unixtime_seconds_todatetime", Signatures: []string{"- datetime number:Number"}, Doc: "unixtime-seconds-todatetime-function", Nulls: Propagate, Call: unixTime(value.Second)},
		{Name: "unixtime_milliseconds_todatetime", Signatures: []string{"- datetime number:Number"}, Doc: "unixtime-milliseconds-todatetime-function", Nulls: Propagate, Call: unixTime(value.Millisecond)},
		{Name: "unixtime_microseconds_todatetime", Signatures: []string{"- datetime number:Number"}, Doc: "unixtime-microseconds-todatetime-function", Nulls: Propagate, Call: unixTime(value.Microsecond)},
		{Name: "unixtime_nanoseconds_todatetime", Signatures: []string{"- datetime number:Number"}, Doc: "unixtime-nanoseconds-todatetime-function", Nulls: Propagate, Call: unixNanoseconds},
		{Name: "datetime_local_to_utc", Signatures: []string{"- datetime from:datetime timezone:string"}, Doc: "datetime-local-to-utc-function", Nulls: Propagate, Call: localToUTC},
		{Name: "datetime_utc_to_local", Signatures: []string{"- datetime from:datetime timezone:string"}, Doc: "datetime-utc-to-local-function", Nulls: Propagate, Call: utcToLocal},
		{Name: "datetime_list_timezones", Signatures: []string{"- array"}, Doc: "datetime-list-timezones-function", Call: listTimezones},
	}
}

// now is the query's instant, moved by an optional offset.
func now(c *Invocation, args []value.Value) value.Value {
	t := value.NewDateTime(c.Now)
	if len(args) == 0 || args[0].IsNull() {
		return t
	}
	return value.Shift(t, args[0].Timespan())
}

// ago is the query's instant less a duration.
func ago(c *Invocation, args []value.Value) value.Value {
	return value.Shift(value.NewDateTime(c.Now), -args[0].Timespan())
}

// unixTime counts units from 1970.
func unixTime(unit value.Duration) Call {
	return func(_ *Invocation, args []value.Value) value.Value {
		epoch := value.NewDateTime(value.FromTime(time.Unix(0, 0)))
		if args[0].Type() == value.Real {
			return value.Shift(epoch, value.Duration(args[0].Real()*float64(unit)))
		}
		n := args[0].Int()
		if limit := int64(value.MaxInstant) / int64(unit); n > limit || n < -limit {
			return value.Null(value.DateTime)
		}
		return value.Shift(epoch, value.Duration(n)*unit)
	}
}

// nanosecondsOfTick is the length in nanoseconds of the smallest duration.
const nanosecondsOfTick = 100

func unixNanoseconds(_ *Invocation, args []value.Value) value.Value {
	return value.Shift(value.NewDateTime(value.FromTime(time.Unix(0, 0))), value.Duration(args[0].Int()/nanosecondsOfTick))
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
func datetimeAdd(c *Invocation, args []value.Value) value.Value {
	part, n := text(args[0]), long(args, 1, 0)
	if unit, ok := unitOf(part); ok {
		if limit := int64(value.MaxInstant) / int64(unit); n > limit || n < -limit {
			return c.Null()
		}
		return value.Shift(args[2], value.Duration(n)*unit)
	}
	if strings.EqualFold(part, "nanosecond") {
		return value.Shift(args[2], value.Duration(n/100))
	}
	months := monthsOf(part)
	if months == 0 || n > 120000 || n < -120000 {
		return c.Null()
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
func datetimeDiff(c *Invocation, args []value.Value) value.Value {
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
		return c.Null()
	}
	count := func(t value.Instant) int { return (t.Time().Year()*12 + int(t.Time().Month()) - 1) / months }
	return value.NewLong(int64(count(a) - count(b)))
}

// makeDateTime is make_datetime(year, month, day [, hour, minute [, second]]); a single
// argument is converted.
func makeDateTime(_ *Invocation, args []value.Value) value.Value {
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
	return value.Shift(value.NewDateTime(value.FromTime(date)), d)
}

// makeTimespan is make_timespan([day,] hour, minute [, second]); a single argument is
// converted.
func makeTimespan(_ *Invocation, args []value.Value) value.Value {
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
