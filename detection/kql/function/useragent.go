package function

import (
	"strings"
	"sync"

	"github.com/ua-parser/uap-go/uaparser"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// userAgents knows the patterns of the ua-parser project, whose names the documented answers have. It takes a while to
// compile them: only a query that asks pays for it.
var userAgents = sync.OnceValues(func() (*uaparser.Parser, error) { return uaparser.New() })

// parseUserAgent is parse_user_agent(text, what), where what is one or several of browser, os and device.
func parseUserAgent(c *Invocation, args []value.Value) value.Value {
	parser, err := userAgents()
	if err != nil {
		return c.Fail("parse_user_agent: %w", err)
	}
	s, out := text(args[0]), value.NewBag()
	for _, what := range elements(args[1:]) {
		switch strings.ToLower(text(what)) {
		case "browser":
			b := parser.ParseUserAgent(s)
			out.Set("Browser", bagOf("Family", b.Family, "MajorVersion", b.Major, "MinorVersion", b.Minor, "Patch", b.Patch))
		case "os":
			o := parser.ParseOs(s)
			out.Set("OperatingSystem", bagOf("Family", o.Family, "MajorVersion", o.Major, "MinorVersion", o.Minor, "Patch", o.Patch,
				"PatchMinor", o.PatchMinor))
		case "device":
			d := parser.ParseDevice(s)
			out.Set("Device", bagOf("Family", d.Family, "Brand", d.Brand, "Model", d.Model))
		default:
			return c.Fail("parse_user_agent looks for browser, os or device, not for %q", text(what))
		}
	}
	return value.NewDynamic(out)
}

// bagOf makes a bag of keys and texts.
func bagOf(pairs ...string) *value.Bag {
	b := value.NewBag()
	for i := 0; i+1 < len(pairs); i += 2 {
		b.Set(pairs[i], pairs[i+1])
	}
	return b
}
