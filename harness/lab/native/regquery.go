package native

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func (c *regCall) query() int {
	if !c.check() {
		return 1
	}
	if !c.k.KeyExists(c.p, c.names[0]) {
		return c.fail(&kernel.Error{Code: kernel.FileNotFound, Op: "open key", Path: c.names[0]})
	}
	found := c.queryKey(c.names[0])
	if c.find != "" {
		c.print("\nEnd of search: %d match(es) found.\n", found)
	}
	if found == 0 && (c.hasValue || c.find != "") {
		if c.find == "" {
			c.complain("\n" + regNotFound)
		}
		return 1
	}
	return 0
}

// queryKey prints a key and, with /s, those below it; it returns the number of
// values and keys shown.
func (c *regCall) queryKey(key string) int {
	values, err := c.k.Values(c.p, key)
	if err != nil {
		c.complain("ERROR: %s\n", message(err))
		return 0
	}
	count := 0
	var rows []string
	for _, v := range values {
		if c.selects(v) {
			rows = append(rows, "    "+shownName(v.Name)+"    "+v.Type.String()+"    "+v.Data())
		}
	}
	count += len(rows)
	if len(rows) > 0 || !c.hasValue && c.find == "" {
		c.showKey(key, rows)
	}
	subkeys, _ := c.k.Subkeys(c.p, key)
	for _, name := range subkeys {
		below := host.Join(key, name)
		switch {
		case c.switches["s"]:
			count += c.queryKey(below)
		case !c.hasValue && c.find == "":
			c.print("%s\n", longKey(below))
			count++
		}
	}
	return count
}

func (c *regCall) showKey(key string, rows []string) {
	c.print("\n")
	if len(rows) == 0 && !c.switches["s"] {
		return // subkeys follow on lines of their own
	}
	c.print("%s\n", longKey(key))
	for _, row := range rows {
		c.print("%s\n", row)
	}
	if len(rows) > 0 {
		c.print("\n")
	}
}

// selects applies /v, /ve, /t and /f to a value.
func (c *regCall) selects(v host.Value) bool {
	if c.hasValue && !strings.EqualFold(v.Name, c.value) {
		return false
	}
	if c.kind != "" && !strings.EqualFold(v.Type.String(), c.kind) {
		return false
	}
	if c.find == "" || c.find == "*" {
		return true
	}
	fold := strings.ToLower
	inName := strings.Contains(fold(v.Name), fold(c.find)) && !c.switches["d"]
	inData := strings.Contains(fold(v.Data()), fold(c.find)) && !c.switches["k"]
	if c.switches["e"] {
		inName, inData = strings.EqualFold(v.Name, c.find), strings.EqualFold(v.Data(), c.find)
	}
	return inName || inData
}

// parseValue makes the value of REG ADD from /v, /t and /d.
func (c *regCall) parseValue() (host.Value, bool) {
	v := host.Value{Name: c.value}
	switch strings.ToUpper(c.kind) {
	case "", "REG_SZ":
		v.Type, v.Text = host.String, c.data
	case "REG_EXPAND_SZ":
		v.Type, v.Text = host.ExpandString, c.data
	case "REG_MULTI_SZ":
		v.Type, v.Strings = host.MultiString, strings.Split(c.data, `\0`)
	case "REG_DWORD", "REG_DWORD_LITTLE_ENDIAN":
		n, err := strconv.ParseUint(orZero(c.data), 0, 32)
		v.Type, v.Number = host.DWord, n
		return v, err == nil
	case "REG_QWORD", "REG_QWORD_LITTLE_ENDIAN":
		n, err := strconv.ParseUint(orZero(c.data), 0, 64)
		v.Type, v.Number = host.QWord, n
		return v, err == nil
	case "REG_BINARY", "REG_NONE":
		v.Type = host.Binary
		if strings.EqualFold(c.kind, "REG_NONE") {
			v.Type = host.None
		}
		data, err := hex.DecodeString(c.data)
		v.Bytes = data
		return v, err == nil
	default:
		return v, false
	}
	return v, true
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}
