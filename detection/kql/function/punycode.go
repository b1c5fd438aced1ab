package function

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// The parameters of Punycode (RFC 3492, section 5).
const (
	punycodeBase, punycodeLeast, punycodeMost = 36, 1, 26
	punycodeSkew, punycodeDamp                = 38, 700
	punycodeBias, punycodeFirst               = 72, utf8.RuneSelf
	// maxPunycode bounds the length of a text: decoding is quadratic.
	maxPunycode = 1 << 12
)

// domainPrefix marks a part of a domain name that is encoded (RFC 5890).
const domainPrefix = "xn--"

func toPunycode(s string) string {
	out, _ := punycoded(s)
	return out
}

func fromPunycode(s string) string {
	out, _ := unpunycoded(s)
	return out
}

// domainToPunycode encodes the parts of a domain name that are not ASCII.
func domainToPunycode(s string) string {
	return perLabel(s, func(label string) (string, bool) {
		if isASCII(label) {
			return label, true
		}
		out, ok := punycoded(label)
		return domainPrefix + out, ok
	})
}

// domainFromPunycode decodes the parts of a domain name that begin with xn--.
func domainFromPunycode(s string) string {
	return perLabel(s, func(label string) (string, bool) {
		if len(label) < len(domainPrefix) || !strings.EqualFold(label[:len(domainPrefix)], domainPrefix) {
			return label, true
		}
		return unpunycoded(label[len(domainPrefix):])
	})
}

// dots are what may stand between the parts of a domain name (RFC 3490, section 3.1).
const dots = ".\u3002\uff0e\uff61"

// perLabel converts the parts between the dots; if one cannot be, the whole is empty.
func perLabel(s string, convert func(string) (string, bool)) string {
	labels := strings.Split(strings.Map(func(r rune) rune {
		if strings.ContainsRune(dots, r) {
			return '.'
		}
		return r
	}, s), ".")
	for i, label := range labels {
		out, ok := convert(label)
		if !ok {
			return ""
		}
		labels[i] = out
	}
	return strings.Join(labels, ".")
}

// threshold is the digit below which a number ends at a position.
func threshold(position, bias int) int {
	return max(punycodeLeast, min(punycodeMost, position-bias))
}

// adapted is the bias after a number that stands for a character.
func adapted(delta, points int, first bool) int {
	if first {
		delta /= punycodeDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punycodeBase-punycodeLeast)*punycodeMost/2; k += punycodeBase {
		delta /= punycodeBase - punycodeLeast
	}
	return k + (punycodeBase-punycodeLeast+1)*delta/(delta+punycodeSkew)
}

// punycoded writes the ASCII characters, a hyphen, and the others as numbers.
func punycoded(s string) (string, bool) {
	runes := []rune(s)
	if len(runes) > maxPunycode || !utf8.ValidString(s) {
		return "", false
	}
	var out strings.Builder
	for _, r := range runes {
		if r < punycodeFirst {
			out.WriteRune(r)
		}
	}
	basic := out.Len()
	if basic > 0 {
		out.WriteByte('-')
	}
	n, delta, bias, done := punycodeFirst, 0, punycodeBias, basic
	for done < len(runes) {
		next := math.MaxInt32
		for _, r := range runes {
			if int(r) >= n {
				next = min(next, int(r))
			}
		}
		delta += (next - n) * (done + 1)
		n = next
		for _, r := range runes {
			if int(r) < n {
				delta++
			}
			if int(r) != n {
				continue
			}
			writeNumber(&out, delta, bias)
			bias = adapted(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return out.String(), true
}

const punycodeDigits = "abcdefghijklmnopqrstuvwxyz0123456789"

// writeNumber writes a number in digits of growing weight.
func writeNumber(out *strings.Builder, n, bias int) {
	for k := punycodeBase; ; k += punycodeBase {
		t := threshold(k, bias)
		if n < t {
			out.WriteByte(punycodeDigits[n])
			return
		}
		out.WriteByte(punycodeDigits[t+(n-t)%(punycodeBase-t)])
		n = (n - t) / (punycodeBase - t)
	}
}

// unpunycoded is the reverse of punycoded; it refuses what that cannot have written.
func unpunycoded(s string) (string, bool) {
	if !isASCII(s) || len(s) > maxPunycode {
		return "", false
	}
	var runes []rune
	if hyphen := strings.LastIndexByte(s, '-'); hyphen >= 0 {
		runes, s = []rune(s[:hyphen]), s[hyphen+1:]
	}
	n, at, bias := punycodeFirst, 0, punycodeBias
	for first := true; s != ""; first = false {
		delta, rest, ok := readNumber(s, bias)
		if !ok {
			return "", false
		}
		s = rest
		points := len(runes) + 1
		bias = adapted(delta, points, first)
		at += delta
		n += at / points
		at %= points
		if !utf8.ValidRune(rune(n)) || n > utf8.MaxRune {
			return "", false
		}
		runes = slices.Insert(runes, at, rune(n))
		at++
	}
	return string(runes), true
}

// readNumber reads a number from the start of a text.
func readNumber(s string, bias int) (n int, rest string, ok bool) {
	weight := 1
	for i := range len(s) {
		digit := strings.IndexByte(punycodeDigits, lower(s[i]))
		if digit < 0 || digit > (math.MaxInt32-n)/weight {
			return 0, "", false
		}
		n += digit * weight
		t := threshold((i+1)*punycodeBase, bias)
		if digit < t {
			return n, s[i+1:], true
		}
		if weight > math.MaxInt32/(punycodeBase-t) {
			return 0, "", false
		}
		weight *= punycodeBase - t
	}
	return 0, "", false
}

// lower is the lower case of an ASCII byte.
func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}
