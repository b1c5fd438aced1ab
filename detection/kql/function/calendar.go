package function

import (
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func calendarFunctions() []Function {
	return []Function{
		{Name: "startofday", Signatures: []string{"first datetime date:datetime offset:long?"}, Doc: "startofday-function", Nulls: Propagate, Call: startOfPart("day")},
		{Name: "startofweek", Signatures: []string{"- datetime date:datetime offset:long?"}, Doc: "startofweek-function", Nulls: Propagate, Call: startOfPart("week")},
		{Name: "startofmonth", Signatures: []string{"- datetime date:datetime offset:long?"}, Doc: "startofmonth-function", Nulls: Propagate, Call: startOfPart("month")},
		{Name: "startofyear", Signatures: []string{"- datetime date:datetime offset:long?"}, Doc: "startofyear-function", Nulls: Propagate, Call: startOfPart("year")},
		{Name: "endofday", Signatures: []string{"- datetime date:datetime offset:long?"}, Doc: "end-of-day-function", Nulls: Propagate, Call: endOfPart("day")},
		{Name: "endofweek", Signatures: []string{"- datetime date:datetime offset:long?"}, Doc: "end-of-week-function", Nulls: Propagate, Call: endOfPart("week")},
		{Name: "endofmonth", Signatures: []string{"- datetime date:datetime offset:long?"}, Doc: "end-of-month-function", Nulls: Propagate, Call: endOfPart("month")},
		{Name: "endofyear", Signatures: []string{"- datetime date:datetime offset:long?"}, Doc: "end-of-year-function", Nulls: Propagate, Call: endOfPart("year")},
		{Name: "datetime_part", Aliases: []string{"datepart"}, Signatures: []string{"- custom part:string/Literal date:datetime"}, Doc: "datetime-part-function", Nulls: Propagate, Call: datetimePart},
		{Name: "getyear", Signatures: []string{"- long date:datetime"}, Doc: "getyear-function", Nulls: Propagate, Call: partOf("year")},
		{Name: "getmonth", Signatures: []string{"- long date:datetime"}, Nulls: Propagate, Call: partOf("month")},
		{Name: "monthofyear", Signatures: []string{"- long date:datetime"}, Doc: "monthofyear-function", Nulls: Propagate, Call: partOf("month")},
		{Name: "week_of_year", Aliases: []string{"weekofyear"}, Signatures: []string{"- int date:datetime"}, Doc: "week-of-year-function", Nulls: Propagate, Call: partOf("week_of_year")},
		{Name: "dayofyear", Signatures: []string{"- int date:datetime"}, Doc: "day-of-year-function", Nulls: Propagate, Call: partOf("dayofyear")},
		{Name: "dayofmonth", Signatures: []string{"- int date:datetime"}, Doc: "day-of-month-function", Nulls: Propagate, Call: partOf("day")},
		{Name: "dayofweek", Signatures: []string{"- timespan date:datetime"}, Doc: "day-of-week-function", Nulls: Propagate, Call: dayOfWeek},
		{Name: "hourofday", Signatures: []string{"- long date:datetime"}, Doc: "hour-of-day-function", Nulls: Propagate, Call: partOf("hour")},
	}
}

// startOfPart is the start of the part of the calendar that an instant lies in.
func startOfPart(part string) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		return startOf(c, part, args[0].DateTime(), long(args, 1, 0))
	}
}

// endOfPart is the last tick of that part.
func endOfPart(part string) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		next := startOf(c, part, args[0].DateTime(), long(args, 1, 0)+1)
		if next.IsNull() {
			return c.Null()
		}
		return value.Shift(next, -value.Tick)
	}
}

func datetimePart(c *Invocation, args []value.Value) value.Value {
	return instantPart(c, text(args[0]), args[1].DateTime())
}

func partOf(part string) Call {
	return func(c *Invocation, args []value.Value) value.Value { return instantPart(c, part, args[0].DateTime()) }
}

// dayOfWeek is the time since the start of Sunday, in whole days.
func dayOfWeek(_ *Invocation, args []value.Value) value.Value {
	return value.NewTimespan(value.Duration(args[0].DateTime().Time().Weekday()) * value.Day)
}

// startOf is the start of the day, week (from Sunday), month or year, moved by offset
// of these.
func startOf(c *Invocation, part string, t value.Instant, offset int64) value.Value {
	if offset > 1e7 || offset < -1e7 {
		return c.Null()
	}
	u := t.Time()
	day := time.Date(u.Year(), u.Month(), u.Day(), 0, 0, 0, 0, time.UTC)
	switch part {
	case "day":
		day = day.AddDate(0, 0, int(offset))
	case "week":
		day = day.AddDate(0, 0, int(offset)*7-int(day.Weekday()))
	case "month":
		day = time.Date(u.Year(), u.Month()+time.Month(offset), 1, 0, 0, 0, 0, time.UTC)
	default:
		day = time.Date(u.Year()+int(offset), 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if year := day.Year(); year < 1 || year > 9999 {
		return c.Null()
	}
	return value.NewDateTime(value.FromTime(day))
}

// instantPart is datetime_part(); weeks are those of ISO 8601.
func instantPart(c *Invocation, part string, t value.Instant) value.Value {
	u := t.Time()
	fraction := int64(t) % int64(value.Second)
	switch strings.ToLower(part) {
	case "year":
		return value.NewLong(int64(u.Year()))
	case "quarter":
		return value.NewLong(int64(u.Month()-1)/3 + 1)
	case "month":
		return value.NewLong(int64(u.Month()))
	case "week_of_year", "weekofyear", "week":
		_, week := u.ISOWeek()
		return value.NewLong(int64(week))
	case "day":
		return value.NewLong(int64(u.Day()))
	case "dayofyear":
		return value.NewLong(int64(u.YearDay()))
	case "hour":
		return value.NewLong(int64(u.Hour()))
	case "minute":
		return value.NewLong(int64(u.Minute()))
	case "second":
		return value.NewLong(int64(u.Second()))
	case "millisecond":
		return value.NewLong(fraction / int64(value.Millisecond))
	case "microsecond":
		return value.NewLong(fraction / int64(value.Microsecond))
	case "nanosecond":
		return value.NewLong(fraction * 100)
	default:
		return c.Null()
	}
}
