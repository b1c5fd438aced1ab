package powershell

import (
	"strings"
	"time"
)

func timeProperty(t time.Time, name string) (any, bool) {
	switch name {
	case "year":
		return int32(t.Year()), true //nolint:gosec // small
	case "month":
		return int32(t.Month()), true //nolint:gosec // small
	case "day":
		return int32(t.Day()), true //nolint:gosec // small
	case "hour":
		return int32(t.Hour()), true //nolint:gosec // small
	case "minute":
		return int32(t.Minute()), true //nolint:gosec // small
	case "second":
		return int32(t.Second()), true //nolint:gosec // small
	case "millisecond":
		return int32(t.Nanosecond() / 1e6), true //nolint:gosec // small
	case "dayofyear":
		return int32(t.YearDay()), true //nolint:gosec // small
	case "dayofweek":
		return newEnum("System.DayOfWeek", t.Weekday().String(), int64(t.Weekday())), true
	case "ticks":
		return timeTicks(t), true
	case "date":
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location()), true
	case "timeofday":
		return t.Sub(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())), true
	case "kind":
		if t.Location() == time.UTC {
			return newEnum("System.DateTimeKind", "Utc", 1), true
		}
		return newEnum("System.DateTimeKind", "Local", 2), true
	}
	return nil, false
}

func timeMethod(name string) method {
	shift := func(unit time.Duration) method {
		return func(_ *interp, self any, args []any) (any, error) {
			t, _ := self.(time.Time)
			f, _ := number(args0(args))
			return t.Add(time.Duration(f * float64(unit))), nil
		}
	}
	switch name {
	case "adddays":
		return shift(24 * time.Hour)
	case "addhours":
		return shift(time.Hour)
	case "addminutes":
		return shift(time.Minute)
	case "addseconds":
		return shift(time.Second)
	case "addmilliseconds":
		return shift(time.Millisecond)
	case "addticks":
		return shift(100)
	case "addmonths", "addyears":
		return func(in *interp, self any, args []any) (any, error) {
			t, _ := self.(time.Time)
			n, err := in.int(args0(args))
			if name == "addmonths" {
				return t.AddDate(0, n, 0), err
			}
			return t.AddDate(n, 0, 0), err
		}
	case "touniversaltime":
		return func(_ *interp, self any, _ []any) (any, error) { return self.(time.Time).UTC(), nil }
	case "tolocaltime":
		return func(_ *interp, self any, _ []any) (any, error) { return self.(time.Time).In(localZone()), nil }
	case "toshortdatestring":
		return func(_ *interp, self any, _ []any) (any, error) { return self.(time.Time).Format("1/2/2006"), nil }
	case "tofiletime", "tofiletimeutc":
		return func(_ *interp, self any, _ []any) (any, error) {
			return timeTicks(self.(time.Time)) - 504911232000000000, nil
		}
	case "subtract":
		return func(in *interp, self any, args []any) (any, error) { return in.arithmetic("-", self, args0(args)) }
	}
	return nil
}

func spanProperty(d time.Duration, name string) (any, bool) {
	total := map[string]time.Duration{"totaldays": 24 * time.Hour, "totalhours": time.Hour, "totalminutes": time.Minute, "totalseconds": time.Second, "totalmilliseconds": time.Millisecond}
	if unit, ok := total[name]; ok {
		return float64(d) / float64(unit), true
	}
	switch name {
	case "ticks":
		return int64(d / 100), true
	case "days":
		return int32(d / (24 * time.Hour)), true //nolint:gosec // small
	case "hours":
		return int32(int(d.Hours()) % 24), true //nolint:gosec // small
	case "minutes":
		return int32(int(d.Minutes()) % 60), true //nolint:gosec // small
	case "seconds":
		return int32(int(d.Seconds()) % 60), true //nolint:gosec // small
	case "milliseconds":
		return int32(d.Milliseconds() % 1000), true //nolint:gosec // small
	}
	return nil, false
}

func spanMethod(name string) method {
	if name != "add" && name != "subtract" {
		return nil
	}
	return func(in *interp, self any, args []any) (any, error) {
		op := "+"
		if name == "subtract" {
			op = "-"
		}
		return in.arithmetic(op, self, args0(args))
	}
}

func blockMethod(name string) method {
	switch name {
	case "invoke", "invokereturnasis":
		return func(in *interp, self any, args []any) (any, error) {
			sb, _ := self.(*ScriptBlock)
			var items []any
			err := in.callBlock(sb, true, nil, false, args, collector(&items))
			return collapse(items), err
		}
	case "getnewclosure":
		return func(_ *interp, self any, _ []any) (any, error) { return self, nil }
	}
	return nil
}

func typeProperty(t *TypeRef, name string) (any, bool) {
	switch name {
	case "name":
		return shortName(t.name), true
	case "fullname":
		return t.name, true
	case "namespace":
		return strings.TrimSuffix(t.name, "."+shortName(t.name)), true
	case "isarray":
		return t.elem != "", true
	}
	return nil, false
}

func typeMethod(name string) method {
	if name == "tostring" {
		return func(_ *interp, self any, _ []any) (any, error) { return self.(*TypeRef).name, nil }
	}
	return nil
}

func (in *interp) errorProperty(r *ErrorRecord, name string) (any, bool) {
	switch name {
	case "exception":
		return r.Exception, true
	case "fullyqualifiederrorid":
		return r.ID, true
	case "targetobject":
		return r.Target, true
	case "errordetails":
		if r.Details == "" {
			return nil, true
		}
		return record("System.Management.Automation.ErrorDetails", "Message", r.Details), true
	case "scriptstacktrace":
		return "at <ScriptBlock>, <No file>: line " + in.str(int32(r.line())), true //nolint:gosec // small
	case "categoryinfo":
		return in.categoryObject(r), true
	case "invocationinfo":
		return record("System.Management.Automation.InvocationInfo", "MyCommand", r.Activity, "ScriptLineNumber", int32(r.line()), //nolint:gosec // small
			"InvocationName", r.command, "Line", r.text(), "PositionMessage", r.position()), true
	}
	return nil, false
}

func (in *interp) categoryObject(r *ErrorRecord) *Object {
	reason := r.Reason
	if reason == "" {
		reason = shortName(r.Exception.Type)
	}
	c := &class{name: "System.Management.Automation.ErrorCategoryInfo", text: func(*interp, *Object) string { return r.categoryInfo() }}
	return newObject(c, nil).note("Category", r.Category).note("Activity", r.Activity).note("Reason", reason).note("TargetName", in.str(r.Target))
}

func (r *ErrorRecord) line() int {
	if r.source == nil {
		return 0
	}
	return r.source.Position(r.span.Start).Line
}

func (r *ErrorRecord) text() string {
	if r.source == nil {
		return ""
	}
	return r.source.Line(r.line())
}

func (r *ErrorRecord) position() string {
	var b strings.Builder
	r.displayPosition(&b, consoleWidth)
	return strings.TrimRight(b.String(), "\r\n")
}

func exceptionProperty(e *Exception, name string) (any, bool) {
	switch name {
	case "message":
		return e.Message, true
	case "innerexception":
		if e.Inner == nil {
			return nil, true
		}
		return e.Inner, true
	case "hresult", "nativeerrorcode", "errorcode":
		return e.HResult, true
	case "stacktrace", "source", "targetsite", "helplink", "data", "response", "errors", "status":
		return nil, true
	case "errorrecord":
		return &ErrorRecord{Exception: e, ID: shortName(e.Type), Category: "NotSpecified"}, true
	}
	return nil, false
}

func numericLimit(typ, name string) (any, bool) {
	r, ok := intType(typ)
	if !ok || name != "maxvalue" && name != "minvalue" {
		return nil, false
	}
	if name == "minvalue" {
		return r.make(int64(r.low)), true
	}
	switch typ {
	case "System.Int64":
		return int64(9223372036854775807), true
	case "System.UInt64":
		return uint64(18446744073709551615), true
	}
	return r.make(int64(r.high)), true
}
