package value

import "strings"

// ParseGUID reads 32 hexadecimal digits with or without hyphens, in braces or not, and
// gives the lower-case form with hyphens that the service prints.
func ParseGUID(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '{' && s[len(s)-1] == '}' {
		s = s[1 : len(s)-1]
	}
	if len(s) == 36 && (s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-') {
		return "", false
	}
	digits := strings.ReplaceAll(s, "-", "")
	if len(digits) != 32 || (len(s) != 32 && len(s) != 36) {
		return "", false
	}
	digits = strings.ToLower(digits)
	if strings.Trim(digits, "0123456789abcdef") != "" {
		return "", false
	}
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:], true
}
