package native

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const regHeader = "Windows Registry Editor Version 5.00"

func (c *regCall) export() int {
	if len(c.names) != 2 {
		return c.regSyntax(" EXPORT")
	}
	if !c.check() {
		return 1
	}
	if !c.k.KeyExists(c.p, c.names[0]) {
		return c.fail(&kernel.Error{Code: kernel.FileNotFound, Op: "open key", Path: c.names[0]})
	}
	if !c.mayReplace(c.names[1]) {
		return 1
	}
	var b strings.Builder
	b.WriteString(regHeader + "\r\n\r\n")
	c.exportKey(&b, c.names[0])
	if err := c.k.WriteFile(c.p, c.names[1], utf16File(b.String()), kernel.CreateAlways); err != nil {
		return c.fail(err)
	}
	c.print(regDone)
	return 0
}

// mayReplace asks before an existing file is overwritten, unless /y is given.
func (c *regCall) mayReplace(file string) bool {
	if _, err := c.k.Stat(c.p, file); err != nil || c.switches["y"] {
		return true
	}
	if c.confirm("File %s already exists. Overwrite (Yes/No)? ", file) {
		return true
	}
	c.print("The operation was canceled by the user.\n")
	return false
}

func (c *regCall) exportKey(b *strings.Builder, key string) {
	b.WriteString("[" + longKey(key) + "]\r\n")
	values, _ := c.k.Values(c.p, key)
	for _, v := range values {
		name := "@"
		if v.Name != "" {
			name = quoteReg(v.Name)
		}
		b.WriteString(name + "=" + exportData(v) + "\r\n")
	}
	b.WriteString("\r\n")
	subkeys, _ := c.k.Subkeys(c.p, key)
	for _, name := range subkeys {
		c.exportKey(b, host.Join(key, name))
	}
}

func quoteReg(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func exportData(v host.Value) string {
	switch v.Type {
	case host.String:
		return quoteReg(v.Text)
	case host.DWord:
		return fmt.Sprintf("dword:%08x", v.Number)
	case host.ExpandString:
		return "hex(2):" + hexBytes(utf16Bytes(v.Text+"\x00"))
	case host.MultiString:
		return "hex(7):" + hexBytes(utf16Bytes(strings.Join(v.Strings, "\x00")+"\x00\x00"))
	case host.QWord:
		return "hex(b):" + hexBytes(binary.LittleEndian.AppendUint64(nil, v.Number))
	case host.None:
		return "hex(0):" + hexBytes(v.Bytes)
	}
	return "hex:" + hexBytes(v.Bytes)
}

func utf16Bytes(s string) []byte { return utf16File(s)[2:] }

func hexBytes(data []byte) string {
	parts := make([]string, len(data))
	for i, b := range data {
		parts[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(parts, ",")
}

// load is REG IMPORT.
func (c *regCall) load() int {
	data, err := c.k.ReadFile(c.p, c.names[0])
	if err != nil {
		c.complain("ERROR: Error opening the file. There may be a disk or file system error.\n")
		return 1
	}
	if err := c.importText(text(data)); err != nil {
		return c.fail(err)
	}
	c.complain(regDone) // reg.exe says so on the error stream
	return 0
}

func (c *regCall) importText(s string) error {
	all := lines(s)
	if len(all) == 0 || strings.TrimSpace(all[0]) != regHeader && strings.TrimSpace(all[0]) != "REGEDIT4" {
		return &kernel.Error{Code: kernel.InvalidParameter, Op: "import", Path: c.names[0]}
	}
	key := ""
	for i := 1; i < len(all); i++ {
		line := strings.TrimSpace(all[i])
		for strings.HasSuffix(line, `\`) && i+1 < len(all) {
			i++
			line = strings.TrimSuffix(line, `\`) + strings.TrimSpace(all[i])
		}
		if err := c.importLine(&key, line); err != nil {
			return err
		}
	}
	return nil
}

// importLine applies a key line [KEY], [-KEY] or a value line "name"=data.
func (c *regCall) importLine(key *string, line string) error {
	if section, ok := strings.CutPrefix(line, "["); ok {
		*key = strings.TrimSuffix(section, "]")
		if gone, deletes := strings.CutPrefix(*key, "-"); deletes {
			*key = ""
			return c.k.DeleteKey(c.p, gone)
		}
		return c.k.CreateKey(c.p, *key)
	}
	name, data, ok := cutValueLine(line)
	if !ok || *key == "" {
		return nil // blank lines and comments
	}
	if data == "-" {
		return c.k.DeleteValue(c.p, *key, name)
	}
	v, ok := importData(data)
	if !ok {
		return nil
	}
	v.Name = name
	return c.k.SetValue(c.p, *key, v)
}

func cutValueLine(line string) (name, data string, ok bool) {
	if rest, isDefault := strings.CutPrefix(line, "@="); isDefault {
		return "", rest, true
	}
	if !strings.HasPrefix(line, `"`) {
		return "", "", false
	}
	name, rest, ok := cutQuoted(line)
	if !ok {
		return "", "", false
	}
	data, ok = strings.CutPrefix(strings.TrimSpace(rest), "=")
	return name, data, ok
}

// cutQuoted reads a string in quotation marks with backslash escapes.
func cutQuoted(s string) (content, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

func importData(data string) (host.Value, bool) {
	if strings.HasPrefix(data, `"`) {
		content, _, ok := cutQuoted(data)
		return host.Value{Type: host.String, Text: content}, ok
	}
	kind, rest, _ := strings.Cut(data, ":")
	if kind == "dword" {
		n, err := strconv.ParseUint(rest, 16, 32)
		return host.Value{Type: host.DWord, Number: n}, err == nil
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(rest, ",", ""))
	if err != nil {
		return host.Value{}, false
	}
	return typedBytes(kind, raw)
}

func typedBytes(kind string, raw []byte) (host.Value, bool) {
	decoded := strings.TrimRight(utf16Text(raw), "\x00")
	switch kind {
	case "hex":
		return host.Value{Type: host.Binary, Bytes: raw}, true
	case "hex(0)":
		return host.Value{Type: host.None, Bytes: raw}, true
	case "hex(2)":
		return host.Value{Type: host.ExpandString, Text: decoded}, true
	case "hex(7)":
		return host.Value{Type: host.MultiString, Strings: strings.Split(decoded, "\x00")}, true
	case "hex(b)":
		if len(raw) != 8 {
			return host.Value{}, false
		}
		return host.Value{Type: host.QWord, Number: binary.LittleEndian.Uint64(raw)}, true
	}
	return host.Value{}, false
}

// save writes a hive file. Its bytes stand for a hive: they name the key and
// hold nothing of it.
func (c *regCall) save() int {
	if len(c.names) != 2 {
		return c.regSyntax(" SAVE")
	}
	if !c.check() {
		return 1
	}
	if !c.p.Token.Elevated {
		c.complain("ERROR: %s\n", kernel.PrivilegeNotHeld.Message())
		return 1
	}
	if !c.k.KeyExists(c.p, c.names[0]) {
		return c.fail(&kernel.Error{Code: kernel.FileNotFound, Op: "open key", Path: c.names[0]})
	}
	if !c.mayReplace(c.names[1]) {
		return 1
	}
	hive := make([]byte, 4096)
	copy(hive, "regf")
	for i, unit := range utf16.Encode([]rune(longKey(c.names[0]))) {
		if 48+2*i+2 <= 112 {
			binary.LittleEndian.PutUint16(hive[48+2*i:], unit)
		}
	}
	if err := c.k.WriteFile(c.p, c.names[1], hive, kernel.CreateAlways); err != nil {
		return c.fail(err)
	}
	c.print(regDone)
	return 0
}
