package powershell

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

func textCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "ConvertTo-Json", params: "InputObject:o@0^! Depth:i Compress:b", begin: gather, process: gatherInput, end: toJSON},
		{name: "ConvertFrom-Json", params: "InputObject:s@0^!", begin: gather, process: gatherText, end: fromJSON},
		{name: "ConvertTo-Csv", params: "InputObject:o^ NoTypeInformation|NTI:b Delimiter:s@1", begin: gather, process: gatherInput, end: toCSV(false)},
		{name: "Export-Csv", params: "Path:s@0 LiteralPath:s InputObject:o^ NoTypeInformation|NTI:b Delimiter:s@1 Encoding:s Append:b Force:b", begin: gather, process: gatherInput, end: toCSV(true)},
		{name: "ConvertFrom-Csv", params: "InputObject:s*@0^ Delimiter:s@1 Header:s*", begin: gather, process: gatherText, end: fromCSV},
		{name: "Import-Csv", params: "Path:s@0 LiteralPath:s Delimiter:s@1 Header:s* Encoding:s", process: importCSV},
		{name: "Select-String", params: "Pattern:s*@0! Path:s*@1~ LiteralPath|PSPath:s*~ InputObject:o^ SimpleMatch:b CaseSensitive:b Quiet:b List:b AllMatches:b NotMatch:b Context:o* Encoding:s Include:s* Exclude:s*", begin: gather, process: selectString, end: selectStringEnd},
		{name: "Select-Xml", params: "XPath:s@0! Path:s*@1~ LiteralPath|PSPath:s*~ Xml|Node:o*^~ Content:s* Namespace:h", process: selectXML},
		{name: "ConvertFrom-StringData", params: "StringData:s@0^!", process: stringData},
	}
}

func gatherText(c *call) error {
	items, _ := c.state.(*[]any)
	*items = append(*items, asList(c.value("InputObject"))...)
	return nil
}

func toJSON(c *call) error {
	items := c.gathered()
	v := unvoid(collapse(items))
	if !c.piped && c.has("InputObject") {
		v = c.value("InputObject")
	}
	depth := c.number("Depth", 2)
	var b strings.Builder
	c.json(&b, v, depth, 0, c.flag("Compress"))
	return c.out(b.String())
}

// json writes a value in the layout of Windows PowerShell: four blanks and two after the colon, or compressed.
func (in *interp) json(b *strings.Builder, v any, depth, level int, compress bool) {
	switch x := unvoid(v).(type) {
	case nil:
		b.WriteString("null")
		return
	case bool:
		fmt.Fprint(b, x)
		return
	case string:
		b.WriteString(jsonString(x))
		return
	case time.Time:
		fmt.Fprintf(b, `"\/Date(%d)\/"`, x.UnixMilli())
		return
	}
	if f, ok := v.(float64); ok {
		text := formatDouble(f)
		if f == math.Trunc(f) && !strings.Contains(text, "E") {
			text += ".0"
		}
		b.WriteString(text)
		return
	}
	if _, ok := number(v); ok {
		b.WriteString(in.str(v))
		return
	}
	if enumName(v) != "" {
		i, _ := v.(*Object).data.(enumValue)
		fmt.Fprint(b, i.value)
		return
	}
	in.jsonComposite(b, v, depth, level, compress)
}

func (in *interp) jsonComposite(b *strings.Builder, v any, depth, level int, compress bool) {
	items, many := elements(v)
	keys, values := in.jsonMembers(v)
	if level > depth || !many && keys == nil && !isRecord(v) {
		b.WriteString(jsonString(in.str(v)))
		return
	}
	open, end, n := "{", "}", len(keys)
	if many {
		open, end, n = "[", "]", len(items)
	}
	newline, indent := "\r\n", strings.Repeat("    ", level+1)
	if compress {
		newline, indent = "", ""
	}
	b.WriteString(open)
	for i := range n {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(newline + indent)
		if many {
			in.json(b, items[i], depth, level+1, compress)
			continue
		}
		b.WriteString(jsonString(keys[i]) + ":")
		if !compress {
			b.WriteString("  ")
		}
		in.json(b, values[i], depth, level+1, compress)
	}
	if !compress {
		b.WriteString(newline + strings.Repeat("    ", level))
	}
	b.WriteString(end)
}

func isRecord(v any) bool {
	switch v.(type) {
	case *Object, *Hash:
		return true
	}
	return false
}

func (in *interp) jsonMembers(v any) (keys []string, values []any) {
	switch x := v.(type) {
	case *Hash:
		for _, k := range x.keys {
			keys, values = append(keys, in.str(k)), append(values, x.values[hashKey(k)])
		}
	case *Object, *ErrorRecord, *Exception, Version, time.Duration:
		for _, name := range in.propertyNames(v) {
			p, _ := in.ownProperty(v, name)
			keys, values = append(keys, name), append(values, p)
		}
	}
	return keys, values
}

// jsonString escapes as JavaScriptSerializer does.
func jsonString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"':
			b.WriteString(`\"`)
		case '\\':
			b.WriteString(`\\`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		case '<', '>', '\'', '&', 0x85, 0x2028, 0x2029:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			if r < 0x20 {
				fmt.Fprintf(&b, `\u%04x`, r)
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func fromJSON(c *call) error {
	text := c.join(newArray(c.gathered()...), "\n")
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := jsonValue(d)
	if err == nil && d.More() {
		err = fmt.Errorf("unexpected text after the value")
	}
	if err != nil {
		return newError("System.ArgumentException", "System.ArgumentException", "NotSpecified", "Invalid JSON primitive: %s.", strings.TrimSpace(firstWord(text)))
	}
	return c.out(v)
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return word
}

// jsonValue reads one value with the order of its members.
func jsonValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch x := t.(type) {
	case json.Delim:
		if x == '[' {
			return jsonArray(d)
		}
		return jsonObject(d)
	case json.Number:
		n, _ := parseNumber(x.String())
		return n, nil
	}
	return t, nil
}

func jsonArray(d *json.Decoder) (any, error) {
	a := newArray()
	for d.More() {
		v, err := jsonValue(d)
		if err != nil {
			return nil, err
		}
		a.Items = append(a.Items, v)
	}
	_, err := d.Token()
	return a, err
}

func jsonObject(d *json.Decoder) (any, error) {
	o := &Object{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := jsonValue(d)
		if err != nil {
			return nil, err
		}
		o.note(fmt.Sprint(k), v)
	}
	_, err := d.Token()
	return o, err
}

func toCSV(toFile bool) func(*call) error {
	return func(c *call) error {
		items := c.gathered()
		if len(items) == 0 {
			return nil
		}
		delimiter := ","
		if c.has("Delimiter") {
			delimiter = c.text("Delimiter")
		}
		names := c.propertyNames(items[0])
		var lines []any
		if !c.flag("NoTypeInformation") {
			lines = append(lines, "#TYPE "+typeName(items[0]))
		}
		lines = append(lines, csvLine(names, delimiter))
		for _, item := range items {
			cells := make([]string, len(names))
			for i, n := range names {
				v, _ := c.ownProperty(item, n)
				cells[i] = c.str(v)
			}
			lines = append(lines, csvLine(cells, delimiter))
		}
		if !toFile {
			return c.emit(newArray(lines...), c.out)
		}
		path := c.text("Path") + c.text("LiteralPath")
		encoding := c.text("Encoding")
		if encoding == "" {
			encoding = "ascii"
		}
		return c.setContent(path, lines, encoding, c.flag("Append"))
	}
}

func csvLine(cells []string, delimiter string) string {
	quoted := make([]string, len(cells))
	for i, s := range cells {
		quoted[i] = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return strings.Join(quoted, delimiter)
}

func fromCSV(c *call) error { return c.parseCSV(c.join(newArray(c.gathered()...), "\n")) }

func importCSV(c *call) error {
	v, err := c.getContent(c.text("Path")+c.text("LiteralPath"), c.text("Encoding"), false)
	if err != nil {
		return err
	}
	return c.parseCSV(c.str(v))
}

func (c *call) parseCSV(text string) error {
	r := csv.NewReader(strings.NewReader(text))
	r.LazyQuotes, r.FieldsPerRecord, r.Comment = true, -1, '#'
	if d := c.text("Delimiter"); d != "" {
		r.Comma = []rune(d)[0]
	}
	rows, err := r.ReadAll()
	if err != nil {
		return newError("System.InvalidOperationException", "CsvError", "InvalidData", "%s", err)
	}
	header := c.list("Header")
	if header == nil && len(rows) > 0 {
		header, rows = rows[0], rows[1:]
	}
	for _, row := range rows {
		o := &Object{}
		for i, name := range header {
			var v any
			if i < len(row) {
				v = row[i]
			}
			o.note(name, v)
		}
		if err := c.out(o); err != nil {
			return err
		}
	}
	return nil
}
