package report_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/seed-67b27da2/geiger/harness/report"
)

// payloads are what a host may put into whatever it sends, each with a word that must survive as text.
var payloads = map[string]string{
	"markup":     `"><script>pwned()</script><img src=x onerror=pwned()><b>bold</b>`,
	"attribute":  `' onmouseover='pwned()' style="position:fixed" x="`,
	"end":        `</svg></title></style></pre></details></table></body></html>--><svg onload=pwned()>`,
	"style":      `</style><style>*{display:none}</style>{{.Title}}${x}`,
	"link":       `<a href="javascript:pwned()">click</a><base href="http://evil.example"><meta http-equiv="refresh" content="0;url=http://evil.example">`,
	"entity":     `&lt;script&gt;pwned()&lt;/script&gt;&#x3c;img&#62;`,
	"comment":    `<!--<![CDATA[<?xml x?>]]>`,
	"terminal":   "\x1b[2J\x1b]0;title\x07\x9b1A\x7f",
	"directions": "a\u202Efdp.exe\u2066b\u2069\u200Bc\uFEFFd\u00ADe\u2028f",
	"nul":        "a\x00b\x08c\rd",
	"encoding":   "a\xff\xfe\xc0\x80\xed\xa0\x80b\uFFFE",
}

// spoil appends a payload to every text that a host or a file gives: everything that is a plain string or raw event.
func spoil(v reflect.Value, payload string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.String() != "" && v.CanSet() {
			v.SetString(v.String() + payload)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoil(v.Elem(), payload)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				spoil(v.Field(i), payload)
			}
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]byte]() && v.Len() > 0 {
			v.SetBytes(append(v.Bytes(), payload...))
			return
		}
		for i := range v.Len() {
			spoil(v.Index(i), payload)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			name := reflect.New(key.Type()).Elem()
			name.Set(key)
			spoil(name, payload)
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			spoil(value, payload)
			v.SetMapIndex(key, reflect.Value{})
			v.SetMapIndex(name, value)
		}
	}
}

func spoilt(payload string) *report.Run {
	r := pageRun()
	spoil(reflect.ValueOf(r), payload)
	return r
}

// structure is a page without its texts: the elements, with the attributes that do something.
func structure(root *html.Node) string {
	var b strings.Builder
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		if n.Type == html.ElementNode {
			fmt.Fprintf(&b, "%*s%s", depth, "", n.Data)
			for _, a := range n.Attr {
				switch a.Key {
				case "aria-label", "title", "content":
					fmt.Fprintf(&b, " %s", a.Key)
				default:
					fmt.Fprintf(&b, " %s=%q", a.Key, a.Val)
				}
			}
			b.WriteByte('\n')
		}
		for c := range n.ChildNodes() {
			walk(c, depth+1)
		}
	}
	walk(root, 0)
	return b.String()
}

// TestHTMLOfHostileText: whatever every text of a run holds, the page has the elements that it has for harmless text, and
// no character that cannot be seen.
func TestHTMLOfHostileText(t *testing.T) {
	_, harmless := pageOf(t, spoilt("harmless"))
	require.Contains(t, textOf(find(harmless, "body", "")[0]), `IIS01\annharmless`, "every text is spoilt")
	want := structure(harmless)
	for name, payload := range payloads {
		t.Run(name, func(t *testing.T) {
			text, root := pageOf(t, spoilt(payload))
			require.Equal(t, want, structure(root))
			for _, r := range string(text) {
				if r != '\n' && (unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Cf, r)) {
					t.Fatalf("%U is on the page", r)
				}
			}
		})
	}
	_, root := pageOf(t, spoilt(payloads["terminal"]))
	require.Contains(t, textOf(root), "␛[2J␛]0;title␇", "a terminal's commands are shown")
	_, root = pageOf(t, spoilt(payloads["markup"]))
	require.Contains(t, textOf(root), "iis01"+payloads["markup"], "markup is shown as it is")
}

// TestHTMLOfOddEvents: raw events that are no XML, or XML that is not well formed, are shown as they are.
func TestHTMLOfOddEvents(t *testing.T) {
	for sent, shown := range map[string]string{
		`<Event><a>`:                         "<Event>\n  <a>",
		`<Event></b>`:                        "<Event/>",
		`no event`:                           "no event",
		`<a`:                                 "<a",
		"<Event>\x00&#0;</Event>":            "&#0;",
		`<e a='"&lt;'>t<b/>u</e>`:            `<e a="&quot;&lt;">t` + "\n  <b/>u\n</e>",
		"<e>\u202E</e>":                      "<e>\uFFFD</e>",
		strings.Repeat("<a>", 2000) + "<b/>": "bytes more",
	} {
		r := pageRun()
		for i := range r.Results[1].Evidence.Events {
			r.Results[1].Evidence.Events[i].XML = []byte(sent)
		}
		_, root := pageOf(t, r)
		alert := find(root, "section", "alert")[0]
		require.Contains(t, textOf(find(alert, "pre", "")[0]), shown)
	}
	r := pageRun()
	for i := range r.Results[1].Evidence.Events {
		r.Results[1].Evidence.Events[i].XML = nil
	}
	_, root := pageOf(t, r)
	require.Contains(t, textOf(find(find(root, "section", "alert")[0], "pre", "")[0]), "ProcessGuid: {cleanup}\n")
}

// TestHTMLOfOddTimes: a forged recording may have any time.
func TestHTMLOfOddTimes(t *testing.T) {
	at := func(year int) time.Time { return time.Date(year, 6, 1, 0, 0, 0, 1, time.UTC) }
	for name, years := range map[string][2]int{"everything": {1, 9999}, "nothing": {2026, 2026}, "backwards": {2027, 2026}} {
		t.Run(name, func(t *testing.T) {
			r := pageRun()
			e := r.Results[1].Evidence
			e.Started, e.Ended = at(years[0]), at(years[1])
			for i := range e.Executions {
				e.Executions[i].Started, e.Executions[i].Ended = at(years[0]), at(years[1])
			}
			for i := range e.Events {
				e.Events[i].TimeCreated = at(years[i%2])
			}
			_, root := pageOf(t, r)
			drawing := find(find(root, "article", "")[1], "svg", "")[0]
			require.LessOrEqual(t, len(find(drawing, "text", "tick")), 6)
			for _, bar := range find(drawing, "rect", "") {
				require.Regexp(t, `^(100|\d?\d)\.\d\d%$`, attribute(bar, "x"))
				require.Regexp(t, `^(100|\d?\d)\.\d\d%$`, attribute(bar, "width"))
			}
		})
	}
}

// FuzzHTML sends any bytes as a raw event and as output: the page keeps its elements, and shows no invisible character.
func FuzzHTML(f *testing.F) {
	for _, payload := range payloads {
		f.Add([]byte(payload))
		f.Add([]byte(`<Event><Data Name="x">` + payload + `</Data></Event>`))
	}
	f.Add([]byte("<a b='1'><c/></a></d>"))
	with := func(text []byte) *report.Run {
		r := pageRun()
		e := r.Results[1].Evidence
		for i := range e.Events {
			e.Events[i].XML = append([]byte("x"), text...)
		}
		e.Executions[0].Stdout = "x" + string(text)
		return r
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, harmless := pageOf(t, with(nil))
		page, root := pageOf(t, with(text))
		require.Equal(t, structure(harmless), structure(root))
		require.NotContains(t, string(page), "\x00")
		require.Equal(t, report.Visible(string(page)), string(page))
	})
}
