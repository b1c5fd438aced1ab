package harness

import (
	"regexp"
	"slices"
	"strings"
)

// HostPlaceholders are the names that an expectation can write in double braces, and that are filled from what the host
// says of itself: {{host.name}}, {{host.user}}, {{host.temp}}.
func HostPlaceholders() []string { return []string{"host.name", "host.user", "host.temp"} }

// placeholders gives their values.
func (h *HostFacts) placeholders(quote func(string) string) *strings.Replacer {
	values := [...]string{h.Name, h.User, h.Temp}
	var pairs []string
	for i, name := range HostPlaceholders() {
		pairs = append(pairs, "{{"+name+"}}", quote(values[i]))
	}
	return strings.NewReplacer(pairs...)
}

// on is the scenario with its expectations filled in for a host.
func (s *Scenario) on(h *HostFacts) *Scenario {
	filled := *s
	filled.Alerts, filled.Quiet = alertsOn(h, s.Alerts), alertsOn(h, s.Quiet)
	filled.Tolerated = slices.Clone(s.Tolerated)
	for i := range filled.Tolerated {
		filled.Tolerated[i].Row = matchesOn(h, filled.Tolerated[i].Row)
	}
	filled.Telemetry = slices.Clone(s.Telemetry)
	for i := range filled.Telemetry {
		filled.Telemetry[i].Where = matchesOn(h, filled.Telemetry[i].Where)
	}
	return &filled
}

func alertsOn(h *HostFacts, alerts []AlertExpectation) []AlertExpectation {
	filled := slices.Clone(alerts)
	for i := range filled {
		x := &filled[i]
		x.Row, x.Entities = matchesOn(h, x.Row), slices.Clone(x.Entities)
		for k := range x.Entities {
			x.Entities[k].Fields = matchesOn(h, x.Entities[k].Fields)
		}
	}
	return filled
}

func matchesOn(h *HostFacts, matches []Match) []Match {
	filled := slices.Clone(matches)
	for i, m := range filled {
		quote := func(v string) string { return v }
		if m.Kind == Regexp {
			quote = regexp.QuoteMeta
		}
		pattern := h.placeholders(quote).Replace(m.Pattern)
		if pattern == m.Pattern {
			continue
		}
		// What the host says is quoted, so that the expression stays one.
		if n, err := NewMatch(m.Column, m.Kind, pattern); err == nil {
			filled[i] = n
		}
	}
	return filled
}
