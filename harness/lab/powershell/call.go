package powershell

import "strings"

// has tells whether a parameter was given, on the command line or by the pipeline.
func (c *call) has(name string) bool {
	_, ok := c.bound.values[strings.ToLower(name)]
	return ok
}

func (c *call) value(name string) any { return c.bound.values[strings.ToLower(name)] }

func (c *call) text(name string) string { return c.str(c.value(name)) }

func (c *call) flag(name string) bool { return truth(c.value(name)) }

func (c *call) number(name string, fallback int) int {
	if n, ok := c.value(name).(int); ok {
		return n
	}
	return fallback
}

// count is a number that cannot be negative.
func (c *call) count(name string, fallback int) int { return max(0, c.number(name, fallback)) }

func (c *call) list(name string) []string {
	var out []string
	for _, v := range asList(c.value(name)) {
		if v != nil {
			out = append(out, c.str(v))
		}
	}
	return out
}

// items gives the elements of a list parameter, none when it is missing.
func (c *call) items(name string) []any {
	if !c.has(name) {
		return nil
	}
	return asList(c.value(name))
}

func (c *call) block(name string) *ScriptBlock {
	sb, _ := c.value(name).(*ScriptBlock)
	return sb
}
