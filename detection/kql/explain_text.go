package kql

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// textHints finds what keeps a text from matching: each change that would make it match, by the matchers that the
// operators use, is a hint.
func (d *demand) textHints() []Hint {
	s := d.subject.String()
	if d.subject.IsNull() || s == "" || len(d.texts) == 0 {
		return nil // what an empty value means is a matter of its column
	}
	t := &textHinter{operator: d.operator, sign: strings.TrimPrefix(d.sign, "!"), text: s, needles: d.texts}
	t.hintCase()
	t.hintTerm()
	t.hintEscaping()
	t.hintPath()
	t.hintSpaceAndQuotes()
	t.hintWildcard()
	t.hintPart()
	t.hintNear()
	return t.hints
}

// textHinter tries changes of a text and of the needles it does not match.
type textHinter struct {
	operator stringOperator
	sign     string
	text     string
	needles  []string
	hints    []Hint
}

func (t *textHinter) add(kind HintKind, format string, args ...any) {
	if !slices.ContainsFunc(t.hints, func(h Hint) bool { return h.Kind == kind }) {
		t.hints = append(t.hints, Hint{Kind: kind, Text: fmt.Sprintf(format, args...)})
	}
}

// matchesAny asks the operator, or another one, about a text.
func matchesAny(op stringOperator, text string, needles []string) bool {
	if slices.Contains(needles, "") && op.kind != matchEqual && op.kind != matchIn {
		return false // matches everything, and explains nothing
	}
	if op.kind != matchRegex {
		return newMatcher(op, needles).matches(text)
	}
	m, err := newRegexMatcher(op, needles[0])
	return err == nil && m.matches(text)
}

// would reports whether a changed text matches changed needles, if need be without regard to case or to terms (which is
// then a hint of its own, unless it is the only one).
func (t *textHinter) would(text string, needles []string) bool {
	switch {
	case matchesAny(t.operator, text, needles):
		return true
	case t.operator.sensitive && !t.ignoringCase(t.text, t.needles) && t.ignoringCase(text, needles):
		t.add(HintCase, "%s", t.caseAdvice())
		return true
	case isTermKind(t.operator.kind) && !t.ignoringTerms(t.text, t.needles) && t.ignoringTerms(text, needles):
		changed := &textHinter{operator: t.operator, sign: t.sign, text: text, needles: needles}
		changed.hintTerm()
		t.hints = append(t.hints, changed.hints...)
		return true
	default:
		return false
	}
}

// isTermKind tells the operators that look at terms.
func isTermKind(k matchKind) bool {
	return slices.Contains([]matchKind{matchTerm, matchTermPrefix, matchTermSuffix, matchAnyTerm, matchAllTerms}, k)
}

// ignoringTerms reports whether the needles are in the text, all of them if the operator wants all.
func (t *textHinter) ignoringTerms(text string, needles []string) bool {
	plain := stringOperator{kind: matchContains, sensitive: t.operator.sensitive}
	absent := func(n string) bool { return !matchesAny(plain, text, []string{n}) }
	if t.operator.kind == matchAllTerms {
		return !slices.ContainsFunc(needles, absent)
	}
	return slices.ContainsFunc(needles, func(n string) bool { return !absent(n) })
}

func (t *textHinter) ignoringCase(text string, needles []string) bool {
	op := t.operator
	op.sensitive = false
	if op.kind == matchRegex {
		needles = []string{"(?i)" + needles[0]}
	}
	return matchesAny(op, text, needles)
}

func (t *textHinter) hintCase() {
	if t.operator.sensitive && t.ignoringCase(t.text, t.needles) {
		t.add(HintCase, "%s", t.caseAdvice())
	}
}

func (t *textHinter) caseAdvice() string {
	switch t.operator.kind {
	case matchEqual:
		return "the letters differ in case; =~ compares without it"
	case matchIn:
		return "the letters differ in case; in~ compares without it"
	case matchRegex:
		return `the letters differ in case; (?i) in front of the pattern ignores it`
	default:
		return "the letters differ in case; " + strings.TrimSuffix(t.sign, "_cs") + " compares without it"
	}
}

// hintTerm finds a needle inside a longer term.
func (t *textHinter) hintTerm() {
	op := t.operator
	if !isTermKind(op.kind) || !t.ignoringTerms(t.text, t.needles) {
		return
	}
	instead := "contains"
	if op.sensitive {
		instead += "_cs"
	}
	term := stringOperator{kind: termKind(op.kind), sensitive: op.sensitive}
	for _, n := range t.needles {
		if joined := t.joint(n); joined != "" && !matchesAny(term, t.text, []string{n}) {
			t.add(HintTerm, "%s; %s does not look at terms", joined, instead)
			return
		}
	}
}

// termKind is the demand of a list operator on each of its texts.
func termKind(k matchKind) matchKind {
	if k == matchAnyTerm || k == matchAllTerms {
		return matchTerm
	}
	return k
}

// joint says which characters join a needle to a longer term where it first occurs.
func (t *textHinter) joint(needle string) string {
	text, part := t.text, needle
	if !t.operator.sensitive {
		text, part = fold(text), fold(part)
	}
	i := strings.Index(text, part)
	if i < 0 {
		return ""
	}
	var found []string
	if r, _ := utf8.DecodeLastRuneInString(text[:i]); t.operator.kind != matchTermSuffix && termBefore(text, i) && termAt(part, 0) {
		found = append(found, fmt.Sprintf("%q in front of it", r))
	}
	end := i + len(part)
	if r, _ := utf8.DecodeRuneInString(text[end:]); t.operator.kind != matchTermPrefix && termAt(text, end) && termBefore(part, len(part)) {
		found = append(found, fmt.Sprintf("%q behind it", r))
	}
	return fmt.Sprintf("%s is there, but %s makes it part of a longer term", quoted(needle), strings.Join(found, " and "))
}

func quoted(s string) string { return `"` + s + `"` }

// controls are what KQL reads for a letter behind a backslash.
var controls = strings.NewReplacer("\a", `\a`, "\b", `\b`, "\t", `\t`, "\n", `\n`, "\v", `\v`, "\f", `\f`, "\r", `\r`)

func (t *textHinter) hintEscaping() {
	if t.operator.kind == matchRegex {
		return
	}
	change := func(f func(string) string) bool {
		changed := make([]string, len(t.needles))
		for i, n := range t.needles {
			changed[i] = f(n)
		}
		return !slices.Equal(changed, t.needles) && t.would(t.text, changed)
	}
	switch {
	case change(func(n string) string { return strings.ReplaceAll(n, `\\`, `\`) }):
		t.add(HintEscaping, `the query looks for two backslashes where the value has one; in a verbatim string, @"...", one stands for itself`)
	case change(func(n string) string { return strings.ReplaceAll(n, `\`, `\\`) }):
		t.add(HintEscaping, `the value has two backslashes where the query looks for one, as JSON writes them`)
	case change(controls.Replace):
		t.add(HintEscaping, `the query looks for a control character where the value has a backslash and a letter; write \\ or a verbatim string, @"..."`)
	}
}

func (t *textHinter) hintPath() {
	if t.operator.kind == matchRegex {
		return
	}
	slashes := func(old, now string) bool {
		changed := make([]string, len(t.needles))
		for i, n := range t.needles {
			changed[i] = strings.ReplaceAll(n, old, now)
		}
		return !slices.Equal(changed, t.needles) && t.would(t.text, changed)
	}
	equality := t.operator.kind == matchEqual || t.operator.kind == matchIn
	switch {
	case slashes("/", `\`) || slashes(`\`, "/"):
		t.add(HintPath, "the slashes lean the other way")
	case (equality || t.operator.kind == matchStart) && fileName(t.text) != t.text && t.would(fileName(t.text), t.needles):
		t.add(HintPath, `the value is a whole path, of which the file name matches; compare it with endswith, or another column`)
	case t.nameOfNeedle():
		t.add(HintPath, "the value is a file name only, without the folder that the query has")
	}
}

// nameOfNeedle reports whether the text is the last part of a needle that is a path.
func (t *textHinter) nameOfNeedle() bool {
	return slices.ContainsFunc(t.needles, func(n string) bool {
		name := fileName(n)
		return name != n && name != "" && matchesAny(stringOperator{kind: matchEqual}, t.text, []string{name})
	})
}

// fileName is the part of a path behind its last separator.
func fileName(path string) string { return path[strings.LastIndexAny(path, `\/`)+1:] }

func (t *textHinter) hintSpaceAndQuotes() {
	trimmed := make([]string, len(t.needles))
	for i, n := range t.needles {
		trimmed[i] = strings.TrimSpace(n)
	}
	if s := strings.TrimSpace(t.text); s != t.text && t.would(s, t.needles) || !slices.Equal(trimmed, t.needles) && t.would(t.text, trimmed) {
		t.add(HintSpace, "there are blanks around the text on one side only")
	}
	if s := strings.ReplaceAll(t.text, `"`, ""); s != t.text && t.would(s, t.needles) {
		t.add(HintQuotes, "it matches without the quotes in the value")
	}
}

// hintWildcard reads * in needles as people mean it.
func (t *textHinter) hintWildcard() {
	if t.operator.kind == matchRegex {
		return
	}
	for _, n := range t.needles {
		if !strings.ContainsAny(n, "*%") {
			continue
		}
		parts := strings.FieldsFunc(n, func(r rune) bool { return r == '*' || r == '%' })
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		if len(parts) > 0 && matchesAny(stringOperator{kind: matchRegex}, t.text, []string{"(?is)" + strings.Join(parts, ".*")}) {
			t.add(HintWildcard, "%s is searched for as it stands: no wildcard is known to %s; write matches regex, or contains for the parts", quoted(n), t.sign)
			return
		}
	}
}

// hintPart finds the text at a place where the operator does not look.
func (t *textHinter) hintPart() {
	kind := t.operator.kind
	if kind == matchRegex {
		if p := strings.TrimSuffix(strings.TrimPrefix(t.needles[0], "^"), "$"); p != t.needles[0] && t.would(t.text, []string{p}) {
			t.add(HintPart, "the pattern matches within the value, without ^ and $")
		}
		return
	}
	if len(t.hints) > 0 || kind != matchEqual && kind != matchIn && kind != matchStart && kind != matchEnd {
		return
	}
	for _, n := range t.needles {
		if n != "" && matchesAny(stringOperator{kind: matchContains}, t.text, []string{n}) {
			t.add(HintPart, "the value contains %s, but is more than that", quoted(n))
		} else if kind == matchIn || kind == matchEqual {
			if t.text != "" && matchesAny(stringOperator{kind: matchContains}, n, []string{t.text}) {
				t.add(HintPart, "%s contains the value, but is more than that", quoted(n))
			}
		}
	}
}

// hintNear finds the piece of a needle that is there, if it is most of it.
func (t *textHinter) hintNear() {
	if len(t.hints) > 0 || t.operator.kind == matchRegex {
		return
	}
	text, best := fold(t.text[:min(len(t.text), maxCompared)]), ""
	of := ""
	for _, n := range t.needles[:min(len(t.needles), maxCompared)] {
		if piece := longestPiece(text, fold(n[:min(len(n), maxCompared)])); len(piece) > len(best) && 2*len(piece) >= len(n) {
			best, of = piece, n
		}
	}
	if len(best) >= leastPiece {
		t.add(HintNear, "of %s the value has no more than %s", quoted(of), quoted(best))
	}
}

// maxCompared bounds the work of finding a common piece; one shorter than leastPiece says nothing.
const maxCompared, leastPiece = 1024, 4

// longestPiece is the longest text that both have.
func longestPiece(a, b string) string {
	best, end := 0, 0
	before := make([]int, len(b)+1) // the length of the common piece that ends at each place of b
	for i := range len(a) {
		diagonal := 0
		for j := range len(b) {
			length := 0
			if a[i] == b[j] {
				length = diagonal + 1
			}
			diagonal, before[j+1] = before[j+1], length
			if length > best {
				best, end = length, j+1
			}
		}
	}
	return strings.ToValidUTF8(b[end-best:end], "")
}
