package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

func formatCmdlets() []*cmdlet {
	const common = " InputObject:o^ GroupBy:o View:s Force:b ShowError:b DisplayError:b Expand:s"
	return []*cmdlet{
		{name: "Format-Table", params: "Property:o*@0 AutoSize:b Wrap:b HideTableHeaders:b" + common, begin: gather, process: gatherInput, end: formatEnd(true)},
		{name: "Format-List", params: "Property:o*@0" + common, begin: gather, process: gatherInput, end: formatEnd(false)},
		{name: "Format-Wide", params: "Property:o@0 AutoSize:b Column:i" + common, begin: gather, process: gatherInput, end: formatWide},
		{name: "Out-Null", params: "InputObject:o^", process: func(*call) error { return nil }},
		{name: "Out-Default", params: "InputObject:o^ Transcript:b", process: outHost},
		{name: "Out-Host", params: "InputObject:o^ Paging:b", process: outHost},
		{name: "Out-String", params: "InputObject:o^ Stream:b Width:i", begin: gather, process: gatherInput, end: outString},
		{name: "Out-File", params: "FilePath|Path|LiteralPath|PSPath:s@0! Encoding:s@1 InputObject:o^ Append:b Force:b NoClobber|NoOverwrite:b Width:i NoNewline:b", begin: outFileBegin, process: outFileProcess, end: outFileEnd},
	}
}

func formatEnd(table bool) func(*call) error {
	return func(c *call) error {
		items := c.gathered()
		for len(items) > 0 {
			n := 1
			for n < len(items) && typeName(items[n]) == typeName(items[0]) {
				n++
			}
			text := c.formatGroup(items[:n], table)
			if err := c.out(newObject(&class{name: "Microsoft.PowerShell.Commands.Internal.Format.FormatEntryData"}, formatted{text})); err != nil {
				return err
			}
			items = items[n:]
		}
		return nil
	}
}

func (c *call) formatGroup(items []any, table bool) string {
	if s, ok := items[0].(string); ok {
		for _, item := range items[1:] {
			s += "\r\n" + c.str(item)
		}
		return s + "\r\n"
	}
	if !c.has("Property") && table {
		return c.formatDefaultTable(items)
	}
	cols := c.columns(c.value("Property"), items[0])
	if !table {
		return c.listOf(items, cols)
	}
	text := c.table(items, cols, consoleWidth, c.flag("AutoSize"))
	if c.flag("HideTableHeaders") {
		lines := strings.SplitN(text, "\r\n", 4)
		text = "\r\n" + lines[len(lines)-1]
	}
	return text
}

func (c *call) formatDefaultTable(items []any) string {
	if o, ok := items[0].(*Object); ok && (o.class == nil || o.class.columns == nil) {
		if _, isFile := o.data.(*fileState); !isFile {
			return c.table(items, columnsNamed(c.propertyNames(o)), consoleWidth, c.flag("AutoSize"))
		}
	}
	return c.formatDefault(items, consoleWidth)
}

func formatWide(c *call) error {
	var b strings.Builder
	for _, item := range c.gathered() {
		v := item
		if names := c.propertyNames(item); len(names) > 0 {
			name := names[0]
			if c.has("Property") {
				name = c.text("Property")
			}
			v, _ = c.ownProperty(item, name)
		}
		b.WriteString(c.str(v) + "\r\n")
	}
	return c.out(newObject(&class{name: "Microsoft.PowerShell.Commands.Internal.Format.FormatEntryData"}, formatted{"\r\n\r\n" + b.String() + "\r\n\r\n"}))
}

func outHost(c *call) error {
	if !c.piped {
		return nil
	}
	return c.interp.out.object(c.input)
}

func outString(c *call) error {
	var b strings.Builder
	con := &console{in: c.interp, w: &b, width: consoleWidth}
	if c.has("Width") {
		con.width = c.number("Width", consoleWidth)
	}
	for _, item := range c.gathered() {
		if err := con.object(item); err != nil {
			return err
		}
	}
	con.flush()
	if !c.flag("Stream") {
		return c.out(b.String())
	}
	return c.emit(newArray(splitLines(b.String())...), c.out)
}

// outFile writes formatted objects to a file.
type outFile struct {
	in       *interp
	path     string
	encoding string
	appends  bool
	newline  string
	file     *kernel.File
	con      *console
	span     syntax.Span
}

func (in *interp) newOutFile(path, encoding string, appends bool, span syntax.Span) *outFile {
	return &outFile{in: in, path: path, encoding: encoding, appends: appends, span: span, newline: "\r\n"}
}

// open creates the file, as late as the first object, or the end.
func (f *outFile) open() error {
	if f.file != nil {
		return nil
	}
	path, err := f.in.filePath(f.path)
	if err != nil {
		return err
	}
	d := kernel.CreateAlways
	if f.appends {
		d = kernel.OpenAlways
	}
	before, statErr := f.in.k.Stat(f.in.p, path)
	f.file, err = f.in.k.Create(f.in.p, path, d)
	if err != nil {
		e := win32(err, path)
		category := "OpenError"
		r := &ErrorRecord{Exception: e, Category: category, ID: "FileOpenFailure,Microsoft.PowerShell.Commands.OutFileCommand", Activity: "Out-File", command: "out-file"}
		return r.at(f.in.source, f.span)
	}
	if f.appends {
		f.file.SeekEnd()
	}
	if statErr != nil || !f.appends || before.Size() == 0 {
		if _, err := f.file.Write(preamble(f.encoding)); err != nil {
			return win32(err, path)
		}
	}
	f.con = &console{in: f.in, w: f, width: consoleWidth}
	return nil
}

// Write encodes text into the file.
func (f *outFile) Write(p []byte) (int, error) {
	if _, err := f.file.Write(encodeText(string(p), f.encoding)); err != nil {
		return 0, win32(err, f.path)
	}
	return len(p), nil
}

func (f *outFile) write(v any) error {
	if err := f.open(); err != nil {
		return err
	}
	if s, ok := v.(string); ok && f.newline == "" {
		_, err := f.Write([]byte(s))
		return err
	}
	return f.con.object(v)
}

func (f *outFile) close() error {
	if err := f.open(); err != nil {
		return err
	}
	f.con.flush()
	if err := f.file.Close(); err != nil {
		return win32(err, f.path)
	}
	return nil
}

func outFileBegin(c *call) error {
	encoding := c.text("Encoding")
	if encoding == "" {
		encoding = "unicode"
	}
	f := c.newOutFile(c.text("FilePath"), encoding, c.flag("Append"), c.span)
	if c.flag("NoNewline") {
		f.newline = ""
	}
	if c.flag("NoClobber") {
		if p, err := c.filePath(f.path); err == nil && c.exists(place{fileSystem, p}) {
			return newError("System.IO.IOException", "NoClobber", "ResourceExists", "The file '%s' already exists.", p).on(p)
		}
	}
	c.state = f
	return nil
}

func outFileProcess(c *call) error {
	f, _ := c.state.(*outFile)
	v := c.input
	if !c.piped {
		if !c.has("InputObject") {
			return nil
		}
		v = c.value("InputObject")
	}
	return f.write(v)
}

func outFileEnd(c *call) error {
	f, _ := c.state.(*outFile)
	return f.close()
}

func writeCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Write-Output", params: "InputObject:o@0^+ NoEnumerate:b", process: writeOutput},
		{name: "Write-Host", params: "Object|Msg|Message:o@0^+ NoNewline:b Separator:o ForegroundColor:o BackgroundColor:o", process: writeHost},
		{name: "Write-Error", params: "Message|Msg:s@0^ Exception:o ErrorRecord:o ErrorId:s Category:s TargetObject:o RecommendedAction:s", process: writeErrorCmd},
		{name: "Write-Warning", params: "Message|Msg:s@0^!", process: func(c *call) error { return c.note("WarningPreference", c.streams.warning, "WARNING: ") }},
		{name: "Write-Verbose", params: "Message|Msg:s@0^!", process: func(c *call) error { return c.note("VerbosePreference", c.streams.verbose, "VERBOSE: ") }},
		{name: "Write-Debug", params: "Message|Msg:s@0^!", process: func(c *call) error { return c.note("DebugPreference", c.streams.debug, "DEBUG: ") }},
		{name: "Write-Information", params: "MessageData|Message|Msg:o@0! Tags:s*@1", process: func(c *call) error {
			if c.preference("InformationPreference") != "continue" {
				return nil
			}
			return c.interp.out.text(c.text("MessageData"))
		}},
		{name: "Write-Progress", params: "Activity:s@0 Status:s@1 Id:i@2 PercentComplete:i CurrentOperation:s Completed:b ParentId:i SecondsRemaining:i SourceId:i", process: func(*call) error { return nil }},
		{name: "Read-Host", params: "Prompt:o@0 AsSecureString:b", process: readHost},
		{name: "Clear-Host", process: func(*call) error { return nil }},
	}
}

func writeOutput(c *call) error {
	v := c.value("InputObject")
	if a, ok := v.(*Array); ok && len(a.Items) == 1 && !c.piped {
		v = a.Items[0]
	}
	if c.flag("NoEnumerate") {
		return c.out(v)
	}
	return c.emit(v, c.out)
}

func writeHost(c *call) error {
	separator := " "
	if c.has("Separator") {
		separator = c.text("Separator")
	}
	text := c.hostText(c.value("Object"), separator)
	if c.streams.information != nil {
		return c.streams.information(text)
	}
	if c.flag("NoNewline") {
		_, err := c.interp.out.Write([]byte(text))
		return err
	}
	return c.interp.out.text(text)
}

func (c *call) hostText(v any, separator string) string {
	if v == nil {
		return ""
	}
	var parts []string
	for _, item := range asList(v) {
		if a, ok := item.(*Array); ok {
			parts = append(parts, c.hostText(a, separator))
			continue
		}
		parts = append(parts, c.str(item))
	}
	return strings.Join(parts, separator)
}

func writeErrorCmd(c *call) error {
	r, ok := c.value("ErrorRecord").(*ErrorRecord)
	if !ok {
		r = newError("Microsoft.PowerShell.Commands.WriteErrorException", "Microsoft.PowerShell.Commands.WriteErrorException", "NotSpecified", "%s", c.text("Message"))
		if e, ok := c.value("Exception").(*Exception); ok {
			r.Exception = e
			if c.has("Message") {
				r.Details = c.text("Message")
			}
		}
		if id := c.text("ErrorId"); id != "" {
			r.ID = id
		}
		if category := c.text("Category"); category != "" {
			r.Category = category
		}
		r.on(c.value("TargetObject"))
		r.Activity, r.command = "Write-Error", c.callerName()
	}
	return c.writeError(r, c.action)
}

// callerName is how Write-Error names the script that called it.
func (c *call) callerName() string {
	text := c.source.Text
	if len(text) > 60 || strings.Contains(text, "\n") {
		return "Write-Error"
	}
	return text
}

func (c *call) note(preference string, to sink, prefix string) error {
	p := c.preference(preference)
	if c.flag("Verbose") && strings.HasPrefix(prefix, "VERBOSE") {
		p = "continue"
	}
	if p != "continue" && p != "inquire" && p != "stop" && to == nil {
		return nil
	}
	return c.stream(to, prefix, c.text("Message"))
}

func readHost(c *call) error {
	if _, noninteractive := c.variable("", "__noninteractive"); noninteractive {
		return newError("System.Management.Automation.PSInvalidOperationException", "InvalidOperation", invalidOperation,
			"Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.")
	}
	if p := c.text("Prompt"); p != "" {
		if _, err := c.interp.out.Write([]byte(p + ": ")); err != nil {
			return err
		}
	}
	line, err := c.stdin.ReadString('\n')
	if err != nil && line == "" {
		return c.out("")
	}
	return c.out(strings.TrimRight(line, "\r\n"))
}
