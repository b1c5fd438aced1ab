package wsman

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseDuration parses an xs:duration (XML Schema part 2, 3.2.6) without years and months, whose length is not defined,
// to a non-negative duration: PT20S, PT1M30.5S, P0DT0H20M0S.
func parseDuration(text string) (time.Duration, error) {
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" {
		return 0, fmt.Errorf("%q is not an xs:duration", text)
	}
	units, inTime := "D", false
	var total float64
	for rest != "" {
		if rest[0] == 'T' && !inTime && len(rest) > 1 {
			rest, units, inTime = rest[1:], "HMS", true
			continue
		}
		seconds, unit, tail, err := parseComponent(rest)
		position := strings.IndexByte(units, unit)
		if err != nil || position < 0 {
			return 0, fmt.Errorf("%q is not an xs:duration", text)
		}
		total, units, rest = total+seconds, units[position+1:], tail
	}
	const longest = 290 * 365 * 24 * 3600 // seconds that a time.Duration can hold
	if total > longest {
		return 0, fmt.Errorf("duration %q is too long", text)
	}
	return time.Duration(total * float64(time.Second)), nil
}

// parseComponent parses a number with its unit, as far as the unit goes.
func parseComponent(text string) (seconds float64, unit byte, rest string, err error) {
	end := strings.IndexAny(text, "DHMS")
	if end <= 0 || strings.Trim(text[:end], "0123456789.") != "" {
		return 0, 0, "", fmt.Errorf("%q is not a number with a unit", text)
	}
	number, err := strconv.ParseFloat(text[:end], 64)
	if err != nil {
		return 0, 0, "", fmt.Errorf("%q: %w", text, err)
	}
	scale := map[byte]float64{'D': 86400, 'H': 3600, 'M': 60, 'S': 1}[text[end]]
	return number * scale, text[end], text[end+1:], nil
}

// formatSeconds is the form in which Windows writes a time-out: PT7200.000S.
func formatSeconds(d time.Duration) string { return fmt.Sprintf("PT%.3fS", d.Seconds()) }

// formatClock is the form in which Windows writes a lapse: P0DT2H3M4S.
func formatClock(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	return fmt.Sprintf("P%dDT%dH%dM%dS", s/86400, s/3600%24, s/60%60, s%60)
}
