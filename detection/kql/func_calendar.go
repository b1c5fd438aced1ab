package kql

import (
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// calendarFunction finds functions of the calendar: starts, ends and parts.
func calendarFunction(name string) rowFunction {
	if part, ok := strings.CutPrefix(name, "startof"); ok && monthsAndDays(part) {
		return sticky(func(c *invocation, args []value.Value) value.Value {
			return startOf(c, part, args[0].DateTime(), long(args, 1, 0))
		})
	}
	if part, ok := strings.CutPrefix(name, "endof"); ok && monthsAndDays(part) {
		return sticky(func(c *invocation, args []value.Value) value.Value {
			next := startOf(c, part, args[0].DateTime(), long(args, 1, 0)+1)
			if next.IsNull() {
				return c.null()
			}
			return moved(next, -value.Tick)
		})
	}
	if name == "datetime_part" || name == "datepart" {
		return sticky(func(c *invocation, args []value.Value) value.Value {
			return instantPart(c, text(args[0]), args[1].DateTime())
		})
	}
	if name == "dayofweek" {
		return sticky(func(_ *invocation, args []value.Value) value.Value {
			return value.NewTimespan(value.Duration(args[0].DateTime().Time().Weekday()) * value.Day)
		})
	}
	part, ok := map[string]string{
		"getyear": "year", "getmonth": "month", "monthofyear": "month", "dayofmonth": "day", "dayofyear": "dayofyear",
		"hourofday": "hour", "weekofyear": "week_of_year", "week_of_year": "week_of_year",
	}[name]
	if !ok {
		return nil
	}
	return sticky(func(c *invocation, args []value.Value) value.Value { return instantPart(c, part, args[0].DateTime()) })
}

func monthsAndDays(part string) bool {
	return part == "day" || part == "week" || part == "month" || part == "year"
}

// startOf is the start of the day, week (from Sunday), month or year, moved by offset
// of these.
func startOf(c *invocation, part string, t value.Instant, offset int64) value.Value {
	if offset > 1e7 || offset < -1e7 {
		return c.null()
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
		return c.null()
	}
	return value.NewDateTime(value.FromTime(day))
}

// instantPart is datetime_part(); weeks are those of ISO 8601.
func instantPart(c *invocation, part string, t value.Instant) value.Value {
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
		return c.null()
	}
}
