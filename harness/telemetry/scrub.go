package telemetry

import (
	"bytes"
	"encoding/xml"
	"html"
	"regexp"
	"strings"
)

// secretForm is a way in which a credential stands in a command line, a script or a setting. The pattern's last group is
// the credential.
type secretForm struct {
	kind    string   // of the marker
	hints   []string // one of them is in every text that the pattern matches, in lower case; looking for them is cheap
	pattern *regexp.Regexp
}

// argument is a value as shells take it: quoted, or up to the next blank.
const argument = `("[^"]+"|'[^']+'|[^\s"';|&]+)`

// secretForms is the table of what is replaced. -p alone is a port or a path to most programs, so it counts only for those
// to which it is a password. What is encoded (PowerShell's -EncodedCommand) is not looked into.
var secretForms = []secretForm{
	{"PASSWORD", []string{"pass", "pwd"}, regexp.MustCompile(`(?i)(?:^|[\s"'(,])[-/]{1,2}[a-z-]*(?:password|passwd|pwd|pass|passphrase)(?:\s*[:=]\s*|\s+)` + argument)},
	{"SECRET", []string{"secret", "token", "apikey", "api-key", "api_key", "accesskey", "access-key"}, regexp.MustCompile(`(?i)(?:^|[\s"'(,])[-/]{1,2}(?:client[-_]?secret|secret|api[-_]?key|(?:access[-_]?|auth[-_]?)?token|(?:secret[-_]?)?access[-_]?key)(?:\s*[:=]\s*|\s+)` + argument)},
	{"PASSWORD", []string{"exec", "sshpass", "winrs", "schtasks", "xfreerdp"}, regexp.MustCompile(`(?i)\b(?:psexec(?:64)?|paexec|sshpass|winrs|schtasks|xfreerdp)(?:\.exe)?\b[^|&\r\n]*?\s[-/](?:p|rp)(?:[:=]|\s+)` + argument)},
	{"PASSWORD", []string{"plink", "pscp", "psftp"}, regexp.MustCompile(`(?i)\b(?:plink|pscp|psftp)(?:\.exe)?\b[^|&\r\n]*?\s-pw\s+` + argument)},
	{"PASSWORD", []string{"sqlcmd", "osql"}, regexp.MustCompile(`(?i:\b(?:sqlcmd|osql)(?:\.exe)?\b)[^|&\r\n]*?\s[-/]P\s*` + argument)},
	{"PASSWORD", []string{"7z", "rar", "mysql"}, regexp.MustCompile(`(?i)\b(?:7za?|(?:win)?rar|mysql(?:dump|admin)?)(?:\.exe)?\b[^|&\r\n]*?\s-h?p("[^"]+"|'[^']+'|[^\s"'-][^\s"';|&]*)`)},
	{"PASSWORD", []string{"securestring"}, regexp.MustCompile(`(?i)\bConvertTo-SecureString\s+(?:-String\s+)?` + argument)},
	{"PASSWORD", []string{"asplaintext"}, regexp.MustCompile(`(?i)-AsPlainText\s+(?:-Force\s+)?(?:-String\s+)?` + argument)},
	{"PASSWORD", []string{"user"}, regexp.MustCompile(`(?i)\bnet1?(?:\.exe)?"?\s+user\s+(?:"[^"]+"|[^\s"/]\S*)\s+` + argument)},
	{"PASSWORD", []string{"use"}, regexp.MustCompile(`(?i)\bnet1?(?:\.exe)?"?\s+use\s+(?:(?:[a-z]:|\*)\s+)?"?\\\\\S+\s+` + argument)},
	{"PASSWORD", []string{"use"}, regexp.MustCompile(`(?i)\bnet1?(?:\.exe)?"?\s+use\b[^|&\r\n]*?/u(?:ser)?:(?:"[^"]+"|\S+)\s+` + argument)},
	{"PASSWORD", []string{"://"}, regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@"'<>]+:([^\s/@"'<>]+)@`)},
	{"PASSWORD", []string{"curl"}, regexp.MustCompile(`(?i)\bcurl(?:\.exe)?\b[^|&;\r\n]*?\s(?:-u|--user)\s*["']?[^\s:"']+:([^\s"']+)`)},
	{"PASSWORD", []string{"pass", "pwd"}, regexp.MustCompile(`(?i)(?:^|[;"'\s])(?:password|pwd)\s*=\s*("[^"]+"|'[^']+'|[^;"'\s]+)`)},
	{"PASSWORD", []string{"pass", "pwd", "secret"}, regexp.MustCompile(`(?i)\$\w*(?:password|passwd|pwd|secret)\w*\s*=\s*("[^"]+"|'[^']+')`)},
	{"TOKEN", []string{"authorization"}, regexp.MustCompile(`(?i)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+([\w.~+/=-]{8,})`)},
	{"TOKEN", []string{"bearer"}, regexp.MustCompile(`(?i)\bbearer\s+([\w.~+/=-]{16,})`)},
	{"TOKEN", []string{"eyj"}, regexp.MustCompile(`\b(eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)`)},
	{"TOKEN", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{36,})`)},
	{"KEY", []string{"akia", "asia"}, regexp.MustCompile(`\b((?:AKIA|ASIA)[A-Z0-9]{16})\b`)},
	{"KEY", []string{"secret"}, regexp.MustCompile(`(?i)\baws_?secret_?access_?key["']?\s*[:=]\s*["']?([A-Za-z0-9/+=]{40})`)},
	{"KEY", []string{"accountkey", "sharedaccesskey"}, regexp.MustCompile(`(?i)\b(?:AccountKey|SharedAccessKey)\s*=\s*([A-Za-z0-9/+=]{16,})`)},
	{"KEY", []string{"sig="}, regexp.MustCompile(`(?i)[?&]sig=([A-Za-z0-9%/+=_-]{20,})`)},
	{"KEY", []string{"private key"}, regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(.+?)-----END`)},
}

const markerPrefix = "REDACTED_"

// scrubber replaces credentials by markers, and counts them by kind.
type scrubber struct{ replaced map[string]int }

// text is a text without its credentials. A marker has no blank, so that a command line keeps its arguments.
func (s *scrubber) text(in string) string {
	lower := strings.ToLower(in)
	for i := range secretForms {
		f := &secretForms[i]
		for _, hint := range f.hints {
			if strings.Contains(lower, hint) {
				in = s.replace(f, in)
				break
			}
		}
	}
	return in
}

func (s *scrubber) replace(f *secretForm, in string) string {
	var out strings.Builder
	done := 0
	for _, at := range f.pattern.FindAllStringSubmatchIndex(in, -1) {
		start, end := at[2], at[3]
		if q := in[start]; end-start > 1 && (q == '"' || q == '\'') && in[end-1] == q {
			start, end = start+1, end-1
		}
		if start >= end || !isSecret(in[start:end]) {
			continue
		}
		out.WriteString(in[done:start])
		out.WriteString(markerPrefix + f.kind)
		done = end
		if s.replaced == nil {
			s.replaced = map[string]int{}
		}
		s.replaced[strings.ToLower(f.kind)]++
	}
	if done == 0 {
		return in
	}
	out.WriteString(in[done:])
	return out.String()
}

// isSecret tells a credential from what else may stand in its place: a variable or an expression, the next option, the
// asterisk that asks for it, or a marker.
func isSecret(text string) bool {
	return !strings.ContainsRune("$%([{<-/*@", rune(text[0])) && !strings.HasPrefix(text, markerPrefix)
}

// event is an event without its credentials.
func (s *scrubber) event(e Event) (Event, error) {
	text, changed := s.xml(e.XML)
	if !changed {
		return e, nil
	}
	return ParseXML(text)
}

// xml replaces in the text between tags. CDATA stands for itself.
func (s *scrubber) xml(in []byte) (out []byte, changed bool) {
	rest := in
	for len(rest) > 0 {
		if inner, ok := bytes.CutPrefix(rest, []byte("<![CDATA[")); ok {
			value, _, _ := bytes.Cut(inner, []byte("]]>"))
			scrubbed := s.text(string(value))
			changed = changed || scrubbed != string(value)
			out = append(append(out, "<![CDATA["...), scrubbed...)
			rest = inner[len(value):]
			continue
		}
		end := bytes.IndexByte(rest, '<')
		if end == 0 {
			end = bytes.IndexByte(rest, '>') + 1
			if end == 0 {
				end = len(rest)
			}
			out, rest = append(out, rest[:end]...), rest[end:]
			continue
		}
		if end < 0 {
			end = len(rest)
		}
		value := html.UnescapeString(string(rest[:end]))
		if scrubbed := s.text(value); scrubbed != value {
			changed = true
			var b bytes.Buffer
			_ = xml.EscapeText(&b, []byte(scrubbed)) // a buffer takes all
			out = append(out, b.Bytes()...)
		} else {
			out = append(out, rest[:end]...)
		}
		rest = rest[end:]
	}
	return out, changed
}

// value replaces in a value of JSON.
func (s *scrubber) value(v any) any {
	switch v := v.(type) {
	case string:
		return s.text(v)
	case []any:
		for i := range v {
			v[i] = s.value(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = s.value(v[name])
		}
	}
	return v
}
