package function

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // every machine has the same zones, Windows too

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

//go:embed timezones.txt
var zoneText string

// zoneNames lists the time zones in alphabetical order.
var zoneNames = sync.OnceValue(func() []string {
	var out []string
	for name := range strings.FieldsSeq(zoneText[strings.IndexByte(zoneText, '\n'):]) {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
})

// zoneOf finds a time zone by its name in the database of IANA. The zone of the machine, which [time.LoadLocation]
// would give for "Local", is none of them: a query answers alike everywhere.
func (c *Invocation) zoneOf(name string) (*time.Location, bool) {
	if _, known := slices.BinarySearch(zoneNames(), name); !known {
		c.Fail("time zone %q is not known", name)
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		c.Fail("time zone %q: %w", name, err)
		return nil, false
	}
	return zone, true
}

func listTimezones(*Invocation, []value.Value) value.Value { return value.NewDynamic(zoneNames()) }

func utcToLocal(c *Invocation, args []value.Value) value.Value {
	zone, ok := c.zoneOf(text(args[1]))
	if !ok {
		return c.Null()
	}
	return value.Shift(args[0], offsetAt(args[0].DateTime().Time(), zone))
}

// localToUTC takes the larger of two offsets for a local time that is twice or never: of a time that the clocks skip
// that was measured; of one that they show twice it is the earlier instant, a choice of ours.
func localToUTC(c *Invocation, args []value.Value) value.Value {
	zone, ok := c.zoneOf(text(args[1]))
	if !ok {
		return c.Null()
	}
	local := args[0].DateTime().Time()
	before, after := offsetAt(local.Add(-24*time.Hour), zone), offsetAt(local.Add(24*time.Hour), zone)
	if before == after {
		return value.Shift(args[0], -before)
	}
	smaller, larger := min(before, after), max(before, after)
	if at := local.Add(-duration(smaller)); offsetAt(at, zone) == smaller && offsetAt(local.Add(-duration(larger)), zone) != larger {
		return value.Shift(args[0], -smaller)
	}
	return value.Shift(args[0], -larger)
}

// offsetAt is how far a zone's clocks are ahead of UTC at an instant.
func offsetAt(t time.Time, zone *time.Location) value.Duration {
	_, seconds := t.In(zone).Zone()
	return value.Duration(seconds) * value.Second
}

// duration is a duration of ours, a whole number of seconds, as one of Go.
func duration(d value.Duration) time.Duration { return time.Duration(d/value.Second) * time.Second }
