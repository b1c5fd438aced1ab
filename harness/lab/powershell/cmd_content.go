package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const contentParams = "Path:s*@0~ Value:o*@1^~! LiteralPath|PSPath:s*~ Encoding:s Force:b NoNewline:b PassThru:b Stream:s Filter:s Include:s* Exclude:s* AsByteStream:b"

func contentCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Get-Content", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ Raw:b Encoding:s TotalCount|First|Head:i Tail|Last:i ReadCount:i Delimiter:s Force:b Wait:b Stream:s Filter:s Include:s* Exclude:s*", process: getContentCmd},
		{name: "Set-Content", params: contentParams, begin: gather, process: gatherValues, end: func(c *call) error { return writeContent(c, false) }},
		{name: "Add-Content", params: contentParams, begin: gather, process: gatherValues, end: func(c *call) error { return writeContent(c, true) }},
		{name: "Clear-Content", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ Force:b", process: clearContent},
		{name: "Get-FileHash", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ InputStream:o Algorithm:s", process: fileHash},
		{name: "Unblock-File", params: "Path:s*@0 LiteralPath|PSPath:s*~", process: func(c *call) error { _, err := c.targets(true); return err }},
	}
}

func gatherValues(c *call) error {
	items, _ := c.state.(*[]any)
	*items = append(*items, asList(c.value("Value"))...)
	return nil
}

func getContentCmd(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		if err := c.readPlace(p); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) readPlace(p place) error {
	encoding := c.text("Encoding")
	if p.provider == fileSystem && strings.EqualFold(encoding, "byte") {
		data, err := c.k.ReadFile(c.p, p.path)
		if err != nil {
			return c.failPath(err, p.path, "GetContentReader")
		}
		if c.flag("Raw") {
			return c.out(newBytes(data))
		}
		return c.emit(newBytes(data), c.out)
	}
	v, err := c.getContent(p.drivePath(), encoding, !c.flag("Raw"))
	if err != nil {
		if e, ok := err.(*Exception); ok { //nolint:errorlint // the provider returns it unwrapped
			return c.failPath(e, p.path, "GetContentReader")
		}
		return err
	}
	items := asList(v)
	if c.has("TotalCount") {
		items = items[:max(0, min(len(items), c.count("TotalCount", 0)))]
	}
	if c.has("Tail") {
		items = items[max(0, len(items)-c.count("Tail", 0)):]
	}
	if c.has("ReadCount") && c.number("ReadCount", 1) == 0 {
		return c.out(newArray(items...))
	}
	for _, item := range items {
		if err := c.out(item); err != nil {
			return err
		}
	}
	return nil
}

func writeContent(c *call, appending bool) error {
	places, err := c.targets(false)
	if err != nil {
		return err
	}
	if len(places) == 0 && c.has("Path") {
		path := strings.Join(c.list("Path"), ", ")
		return c.fail(newError("System.Exception", "ItemNotFound", "ObjectNotFound", "An object at the specified path %s does not exist, or has been filtered by "+
			"the -Include or -Exclude parameter.", path).on(path))
	}
	verb := "Set Content"
	if appending {
		verb = "Add Content"
	}
	for _, p := range places {
		if ok, err := c.should(verb, "Path: "+p.drivePath()); !ok || err != nil {
			return err
		}
		if err := c.writePlace(p, appending); err != nil {
			return err
		}
	}
	if c.flag("PassThru") {
		return c.emit(newArray(c.gathered()...), c.out)
	}
	return nil
}

func (c *call) writePlace(p place, appending bool) error {
	if p.provider != fileSystem {
		return c.setContent(p.drivePath(), c.gathered(), "", appending)
	}
	data, bad := c.contentBytes()
	if f, err := c.k.Stat(c.p, p.path); err == nil && c.flag("Force") && f.Attributes&host.ReadOnly != 0 {
		if err := c.k.SetAttributes(c.p, p.path, f.Attributes&^host.ReadOnly); err != nil {
			return c.failPath(err, p.path, "GetContentWriter")
		}
	}
	if f, err := c.k.Stat(c.p, p.path); (err != nil || !appending || f.Size() == 0) && bad == nil {
		data = append(append([]byte{}, preamble(c.text("Encoding"))...), data...)
	}
	var err error
	if appending {
		err = c.k.AppendFile(c.p, p.path, data)
	} else {
		err = c.k.WriteFile(c.p, p.path, data, kernel.CreateAlways)
	}
	if err != nil {
		return c.failPath(err, p.path, "GetContentWriter")
	}
	if bad != nil {
		return c.fail(bad.on(p.path))
	}
	return nil
}

// contentBytes encodes the values; with the byte encoding they must be bytes.
func (c *call) contentBytes() ([]byte, *ErrorRecord) {
	encoding := c.text("Encoding")
	if strings.EqualFold(encoding, "byte") || c.flag("AsByteStream") {
		var out []byte
		for _, v := range c.gathered() {
			if _, isText := v.(string); isText {
				return nil, newError("System.IO.IOException", "GetContentWriterIOError", "WriteError",
					"Cannot proceed with byte encoding. When using byte encoding the content must be of type byte.")
			}
			b, err := c.bytes(v)
			if err != nil {
				return nil, newError("System.IO.IOException", "GetContentWriterIOError", "WriteError",
					"Cannot proceed with byte encoding. When using byte encoding the content must be of type byte.")
			}
			out = append(out, b...)
		}
		return out, nil
	}
	var b strings.Builder
	for _, v := range c.gathered() {
		b.WriteString(c.contentText(v))
		if !c.flag("NoNewline") {
			b.WriteString("\r\n")
		}
	}
	return encodeText(b.String(), encoding), nil
}

func (c *call) contentText(v any) string {
	if o, ok := v.(*Object); ok {
		if f, ok := o.data.(formatted); ok {
			return f.text
		}
	}
	return c.str(v)
}

func clearContent(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		if err := c.k.WriteFile(c.p, p.path, nil, kernel.TruncateExisting); err != nil {
			return c.failPath(err, p.path, "ClearContent")
		}
	}
	return nil
}

func fileHash(c *call) error {
	algorithm := strings.ToUpper(c.text("Algorithm"))
	if algorithm == "" {
		algorithm = "SHA256"
	}
	sum := hashSums()[algorithm]
	if sum == nil {
		c.unsupported("parameter", "Get-FileHash -Algorithm "+algorithm, "not simulated")
		return bindingError("ParameterArgumentValidationError", "Cannot validate argument on parameter 'Algorithm'.")
	}
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		data, err := c.k.ReadFile(c.p, p.path)
		if err != nil {
			return c.failPath(err, p.path, "FileReadError")
		}
		digest, err := c.computeHash(newBytes(data), sum)
		if err != nil {
			return err
		}
		hex, err := c.callStatic(&TypeRef{name: "System.BitConverter"}, "ToString", []any{digest})
		if err != nil {
			return err
		}
		if err := c.out(record("Microsoft.Powershell.Utility.FileHash", "Algorithm", algorithm, "Hash", strings.ReplaceAll(c.str(hex), "-", ""), "Path", p.path)); err != nil {
			return err
		}
	}
	return nil
}
