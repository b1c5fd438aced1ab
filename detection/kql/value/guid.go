package value

import "strings"

// ParseGUID reads 32 hexadecimal digits with hyphens anywhere or nowhere, in braces or
// not, as the service does, and gives the lower-case form with hyphens that the service prints.
func ParseGUID(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '{' && s[len(s)-1] == '}' {
		s = s[1 : len(s)-1]
	}
	digits := strings.ReplaceAll(s, "-", "")
	if len(digits) != 32 {
		return "", false
	}
	digits = strings.ToLower(digits)
	if strings.Trim(digits, "0123456789abcdef") != "" {
		return "", false
	}
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:], true
}
