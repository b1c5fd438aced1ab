package powershell

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// consoleWidth is the usable width of the console that a remote shell has: 80 columns, the last kept free.
const consoleWidth = 79

// formatted is the state of what the Format cmdlets output: text that is printed as it is.
type formatted struct{ text string }

// console formats the objects that reach the end of the pipeline.
type console struct {
	in    *interp
	w     io.Writer
	width int
	group []any
	shape string
	xml   bool // errors as CLIXML
	began bool
}

func (c *console) Write(p []byte) (int, error) {
	c.flush()
	return c.w.Write(p)
}

func (c *console) text(s string) error {
	_, err := c.Write([]byte(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n") + "\r\n"))
	return err
}

// errorText writes a displayed error to standard error.
func (c *console) errorText(s string) {
	out := s
	if c.xml {
		out = clixmlLines(s)
		if !c.began {
			c.began = true
			out = "#< CLIXML\r\n" + `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">` + out
		}
	}
	_, _ = io.WriteString(c.in.stdio.Err, out)
}

// finish closes the CLIXML document.
func (c *console) finish() {
	c.flush()
	if c.began {
		_, _ = io.WriteString(c.in.stdio.Err, "</Objs>")
	}
}

func clixmlLines(s string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\r\n"), "\r\n") {
		r := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
		b.WriteString(`<S S="Error">` + r.Replace(line) + `_x000D__x000A_</S>`)
	}
	return b.String()
}

// object prints one object; objects of one kind are gathered into one table or list.
func (c *console) object(v any) error {
	switch x := v.(type) {
	case nil, void:
		return nil
	case *ErrorRecord:
		c.flush()
		return c.text(strings.TrimSuffix(x.display(c.width), "\r\n"))
	case *Object:
		if f, ok := x.data.(formatted); ok {
			_, err := c.Write([]byte(f.text))
			return err
		}
		if x.class != nil && x.class.text != nil && len(c.in.propertyNames(x)) == 0 || enumName(x) != "" {
			return c.text(c.in.str(x))
		}
	case *Hash, *Exception, Version:
	case time.Time:
		return c.text("\n" + x.Format("Monday, January 2, 2006 3:04:05 PM") + "\n\n")
	case *Array:
		for _, item := range x.Items {
			if err := c.object(item); err != nil {
				return err
			}
		}
		return nil
	default:
		return c.text(c.in.str(v))
	}
	shape := strings.Join(typeNames(v), "|")
	if o, ok := v.(*Object); ok && o.class == nil {
		shape = "" // objects without a view of their own share the table of the first
	}
	if shape != c.shape && len(c.group) > 0 || shape != "" && shape != c.shape {
		c.flush()
		c.shape = shape
	}
	c.group = append(c.group, v)
	return nil
}

// flush prints the gathered objects.
func (c *console) flush() {
	if len(c.group) == 0 {
		return
	}
	items := c.group
	c.group, c.shape = nil, ""
	_, _ = io.WriteString(c.w, c.in.formatDefault(items, c.width))
}

// formatDefault formats objects of one kind as Out-Default does.
func (in *interp) formatDefault(items []any, width int) string {
	switch v := items[0].(type) {
	case *Hash:
		return in.formatHashes(items, width)
	case *Object:
		switch v.data.(type) {
		case *fileState:
			return in.formatFiles(items)
		case matchLine:
			return in.formatMatches(items)
		}
		if v.class != nil && v.class.name == "System.Diagnostics.Process" {
			return in.formatProcesses(items)
		}
		if v.class != nil && v.class.columns != nil {
			cols := columnsNamed(v.class.columns)
			for i, w := range v.class.widths {
				cols[i].width = w
			}
			return in.table(items, cols, width, true)
		}
	}
	names := in.propertyNames(items[0])
	if len(names) == 0 {
		return in.str(items[0]) + "\r\n"
	}
	if len(names) > 4 {
		return in.listOf(items, columnsNamed(names))
	}
	return in.table(items, columnsNamed(names), width, false)
}

// column is one column of a table or line of a list.
type column struct {
	name  string
	value func(in *interp, v any) (any, error) // nil means the property of that name
	width int
	right bool
	left  bool
}

func columnsNamed(names []string) []column {
	out := make([]column, len(names))
	for i, n := range names {
		out[i].name = n
	}
	return out
}

func (in *interp) cell(c column, v any) any {
	if c.value != nil {
		p, err := c.value(in, v)
		if err != nil {
			return nil
		}
		return p
	}
	p, _ := in.ownProperty(v, c.name)
	return p
}

// cellText is how a table or list shows a value.
func (in *interp) cellText(v any) string {
	switch x := v.(type) {
	case *Array:
		parts := make([]string, 0, len(x.Items))
		for i, item := range x.Items {
			if i == 4 {
				parts = append(parts, "...")
				break
			}
			parts = append(parts, in.cellText(item))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *Hash:
		parts := make([]string, 0, len(x.keys))
		for _, k := range x.keys {
			parts = append(parts, in.str(k))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case time.Time:
		return x.Format("1/2/2006 3:04:05 PM")
	case *Object:
		if list, ok := x.data.(enumerable); ok {
			return in.cellText(newArray(list.enumerate()...))
		}
	}
	return in.str(v)
}

// table lays out a table. Its columns share the width, or, sized to their content, each gets what it needs and those
// that do not fit any more are left out.
func (in *interp) table(items []any, cols []column, width int, sized bool) string {
	rows := make([][]string, len(items))
	for i, item := range items {
		rows[i] = make([]string, len(cols))
		for j := range cols {
			v := in.cell(cols[j], item)
			if i == 0 && !cols[j].left {
				cols[j].right = alignsRight(v)
			}
			text, _, _ := strings.Cut(in.cellText(v), "\n")
			rows[i][j] = strings.TrimRight(text, "\r")
		}
	}
	if sized {
		cols = fitColumns(cols, rows, width)
	} else {
		cols = shareWidth(cols, width)
	}
	var b strings.Builder
	b.WriteString("\r\n")
	header, rule := make([]string, len(cols)), make([]string, len(cols))
	for j, c := range cols {
		header[j], rule[j] = c.name, strings.Repeat("-", len([]rune(c.name)))
	}
	for j, c := range cols {
		rule[j] = rule[j][:min(len(rule[j]), c.width)]
	}
	for _, line := range append([][]string{header, rule}, rows...) {
		b.WriteString(tableLine(line, cols) + "\r\n")
	}
	b.WriteString("\r\n\r\n")
	return b.String()
}

// alignsRight reports whether a column that begins with such a value stands at its right edge.
func alignsRight(v any) bool {
	_, isNumber := number(v)
	_, isBool := v.(bool)
	return isNumber || isBool
}

// shareWidth gives every column without a width an equal part of what is left.
func shareWidth(cols []column, width int) []column {
	cols = cols[:min(len(cols), (width+1)/2)]
	left, open := width-(len(cols)-1), 0
	for _, c := range cols {
		if left -= c.width; c.width == 0 {
			open++
		}
	}
	for j := range cols {
		if cols[j].width == 0 {
			cols[j].width = max(left/open, 1)
		}
	}
	return cols
}

func fitColumns(cols []column, rows [][]string, width int) []column {
	total := 0
	for j := range cols {
		w := len([]rune(cols[j].name))
		for _, row := range rows {
			w = max(w, len([]rune(row[j])))
		}
		if cols[j].width == 0 {
			cols[j].width = w
		}
		total += cols[j].width + 1
		if total-1 <= width {
			continue
		}
		left := width - (total - cols[j].width - 1)
		if j == 0 || left >= len([]rune(cols[j].name)) && left >= 3 {
			cols[j].width = max(left, 3)
			return cols[:j+1]
		}
		return cols[:j]
	}
	return cols
}

func tableLine(cells []string, cols []column) string {
	parts := make([]string, len(cols))
	for j, c := range cols {
		text := []rune(cells[j])
		if len(text) > c.width {
			if c.width > 3 {
				text = append(text[:c.width-3:c.width-3], []rune("...")...)
			} else {
				text = text[:c.width]
			}
		}
		w := -c.width
		if c.right {
			w = c.width
		} else if j == len(cols)-1 {
			w = 0
		}
		parts[j] = pad(string(text), w)
	}
	return strings.Join(parts, " ")
}

// listOf lays out one `Name : value` line per property.
func (in *interp) listOf(items []any, cols []column) string {
	var b strings.Builder
	b.WriteString("\r\n")
	width := 0
	for _, c := range cols {
		width = max(width, len([]rune(c.name)))
	}
	for _, item := range items {
		b.WriteString("\r\n")
		for _, c := range cols {
			lines := strings.Split(strings.ReplaceAll(in.cellText(in.cell(c, item)), "\r\n", "\n"), "\n")
			fmt.Fprintf(&b, "%s : %s\r\n", pad(c.name, -width), lines[0])
			for _, l := range lines[1:] {
				b.WriteString(strings.Repeat(" ", width+3) + l + "\r\n")
			}
		}
	}
	b.WriteString("\r\n\r\n\r\n")
	return b.String()
}

func (in *interp) formatHashes(items []any, width int) string {
	var entries []any
	for _, item := range items {
		h, ok := item.(*Hash)
		if !ok {
			continue
		}
		for _, k := range h.keys {
			entries = append(entries, record("", "Name", k, "Value", h.values[hashKey(k)]))
		}
	}
	if entries == nil {
		return ""
	}
	return in.table(entries, []column{{name: "Name", width: 30, left: true}, {name: "Value", left: true}}, width, false)
}

func (in *interp) formatMatches(items []any) string {
	var b strings.Builder
	for _, item := range items {
		b.WriteString("\r\n" + in.str(item))
	}
	return b.String() + "\r\n\r\n\r\n"
}

func (in *interp) formatFiles(items []any) string {
	var b strings.Builder
	dir := ""
	b.WriteString("\r\n")
	for i, item := range items {
		s, ok := item.(*Object).data.(*fileState)
		if !ok {
			continue
		}
		f := s.file
		parent := f.Path
		if j := strings.LastIndexByte(parent, '\\'); j >= 0 {
			parent = parent[:max(j, 3)]
		}
		if i == 0 || parent != dir {
			dir = parent
			b.WriteString("\r\n    Directory: " + strings.TrimSuffix(dir, `\`) + map[bool]string{true: `\`}[len(dir) == 3] + "\r\n\r\n\r\n")
			b.WriteString("Mode                LastWriteTime         Length Name\r\n----                -------------         ------ ----\r\n")
		}
		size := fmt.Sprint(f.Size())
		if f.IsDirectory() {
			size = ""
		}
		when := fmt.Sprintf("%10s  %8s", f.Modified.Format("1/2/2006"), f.Modified.Format("3:04 PM"))
		fmt.Fprintf(&b, "%-6s %25s %14s %s\r\n", fileMode(f), when, size, nameOf(f))
	}
	b.WriteString("\r\n\r\n")
	return b.String()
}

func (in *interp) formatProcesses(items []any) string {
	var b strings.Builder
	b.WriteString("\r\nHandles  NPM(K)    PM(K)      WS(K)     CPU(s)     Id  SI ProcessName\r\n-------  ------    -----      -----     ------     --  -- -----------\r\n")
	for _, item := range items {
		id, _ := in.ownProperty(item, "Id")
		si, _ := in.ownProperty(item, "SI")
		name, _ := in.ownProperty(item, "ProcessName")
		fmt.Fprintf(&b, "%7s %7s %8s %10s %10s %6s %3s %s\r\n", "", "", "", "", "", in.str(id), in.str(si), in.str(name))
	}
	b.WriteString("\r\n\r\n")
	return b.String()
}

// rendered is a value as text lines, as Out-String, Out-File and programs get it.
func (in *interp) rendered(v any) string {
	var b strings.Builder
	c := &console{in: in, w: &b, width: consoleWidth}
	if err := c.object(v); err != nil {
		return ""
	}
	c.flush()
	return strings.TrimSuffix(b.String(), "\r\n")
}
