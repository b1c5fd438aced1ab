package native

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const (
	regDone     = "The operation completed successfully.\n"
	regNotFound = "ERROR: The system was unable to find the specified registry key or value.\n"
)

// reg is the registry tool.
func reg(r *run) int {
	if len(r.args) == 0 {
		return r.regSyntax("")
	}
	verb := strings.ToLower(r.args[0])
	commands := map[string]func(*regCall) int{
		"query": (*regCall).query, "add": (*regCall).add, "delete": (*regCall).delete, "copy": (*regCall).copy,
		"export": (*regCall).export, "import": (*regCall).load, "save": (*regCall).save,
	}
	command, ok := commands[verb]
	if !ok {
		r.unsupported("reg " + verb)
		return r.regSyntax("")
	}
	c, ok := parseReg(r, verb)
	if !ok {
		return r.regSyntax(" " + strings.ToUpper(verb))
	}
	return command(c)
}

func (r *run) regSyntax(verb string) int {
	r.complain("ERROR: Invalid syntax.\nType \"REG%s /?\" for usage.\n", verb)
	return 1
}

// regCall is one command of reg.exe.
type regCall struct {
	*run

	names    []string // key, second key or file
	value    string   // of /v
	hasValue bool     // /v or /ve
	kind     string   // of /t
	data     string   // of /d
	find     string   // of /f in a query
	switches map[string]bool
}

// parseReg reads the arguments behind the verb. /f takes a value in a query and
// none elsewhere.
func parseReg(r *run, verb string) (*regCall, bool) {
	c := &regCall{run: r, switches: map[string]bool{}}
	for i := 1; i < len(r.args); i++ {
		arg := r.args[i]
		if len(arg) < 2 || arg[0] != '/' && arg[0] != '-' {
			c.names = append(c.names, arg)
			continue
		}
		name := strings.ToLower(arg[1:])
		target := map[string]*string{"v": &c.value, "t": &c.kind, "d": &c.data}[name]
		switch {
		case name == "f" && verb == "query":
			target = &c.find
		case name == "d" && verb == "query":
			target = nil
		case name == "ve":
			c.hasValue = true
		}
		c.switches[name] = true
		if !slices.Contains([]string{"v", "ve", "va", "t", "d", "f", "s", "k", "e", "c", "y", "reg:64"}, name) {
			r.unsupported("switch " + arg)
		}
		if target == nil {
			continue
		}
		if i++; i >= len(r.args) {
			return nil, verb == "query" && name == "v"
		}
		*target = r.args[i]
		c.hasValue = c.hasValue || name == "v"
	}
	if len(c.names) == 0 {
		return nil, false
	}
	if verb == "import" {
		return c, true
	}
	c.names[0] = strings.TrimRight(c.names[0], `\`)
	return c, true
}

// longKey writes a key with the long name of its hive.
func longKey(key string) string {
	hive, rest, found := strings.Cut(key, `\`)
	long, ok := map[string]string{
		"HKLM": "HKEY_LOCAL_MACHINE", "HKCU": "HKEY_CURRENT_USER", "HKU": "HKEY_USERS", "HKCR": "HKEY_CLASSES_ROOT", "HKCC": "HKEY_CURRENT_CONFIG",
	}[strings.ToUpper(hive)]
	if !ok {
		long = strings.ToUpper(hive)
	}
	if !found {
		return long
	}
	return long + `\` + rest
}

// check tells whether the first key can name a key of this machine.
func (c *regCall) check() bool {
	if strings.HasPrefix(c.names[0], `\\`) {
		c.unsupported("registry of another machine")
		c.complain("ERROR: The network path was not found.\n")
		return false
	}
	if _, err := c.k.Key(c.p, c.names[0]); err != nil {
		c.complain("ERROR: Invalid key name.\nType \"REG %s /?\" for usage.\n", strings.ToUpper(c.args[0]))
		return false
	}
	return true
}

// fail prints the error of a registry operation.
func (c *regCall) fail(err error) int {
	if kernel.IsNotFound(err) {
		c.complain(regNotFound)
	} else {
		c.complain("ERROR: %s\n", message(err))
	}
	return 1
}

func (c *regCall) add() int {
	if !c.check() {
		return 1
	}
	if err := c.k.CreateKey(c.p, c.names[0]); err != nil {
		return c.fail(err)
	}
	if !c.hasValue && c.data == "" && c.kind == "" {
		c.print(regDone)
		return 0
	}
	v, ok := c.parseValue()
	if !ok {
		return c.regSyntax(" ADD")
	}
	if _, err := c.k.Value(c.p, c.names[0], v.Name); err == nil && !c.switches["f"] {
		if !c.confirm("Value %s exists, overwrite(Yes/No)? ", shownName(v.Name)) {
			c.print("The operation was canceled by the user.\n")
			return 1
		}
	}
	if err := c.k.SetValue(c.p, c.names[0], v); err != nil {
		return c.fail(err)
	}
	c.print(regDone)
	return 0
}

// confirm asks a question on standard output; without an answer it is no.
func (r *run) confirm(format string, args ...any) bool {
	r.print(format, args...)
	yes := strings.HasPrefix(r.answer(), "y")
	r.print("\n")
	return yes
}

func shownName(name string) string {
	if name == "" {
		return "(Default)"
	}
	return name
}

func (c *regCall) delete() int {
	if !c.check() {
		return 1
	}
	key := c.names[0]
	question, subject := "Permanently delete the registry key %s (Yes/No)? ", longKey(key)
	if c.hasValue {
		question, subject = "Delete the registry value %s (Yes/No)? ", shownName(c.value)
	} else if c.switches["va"] {
		question = "Delete all values under the registry key %s (Yes/No)? "
	}
	if !c.k.KeyExists(c.p, key) {
		return c.fail(&kernel.Error{Code: kernel.FileNotFound, Op: "open key", Path: key})
	}
	if !c.switches["f"] && !c.confirm(question, subject) {
		c.print("The operation was canceled by the user.\n")
		return 1
	}
	if err := c.remove(key); err != nil {
		return c.fail(err)
	}
	c.print(regDone)
	return 0
}

func (c *regCall) remove(key string) error {
	switch {
	case c.hasValue:
		return c.k.DeleteValue(c.p, key, c.value)
	case c.switches["va"]:
		values, err := c.k.Values(c.p, key)
		for _, v := range values {
			if err := c.k.DeleteValue(c.p, key, v.Name); err != nil {
				return err
			}
		}
		return err
	}
	return c.k.DeleteKey(c.p, key)
}

func (c *regCall) copy() int {
	if len(c.names) != 2 {
		return c.regSyntax(" COPY")
	}
	if err := c.copyKey(c.names[0], c.names[1]); err != nil {
		return c.fail(err)
	}
	c.print(regDone)
	return 0
}

func (c *regCall) copyKey(from, to string) error {
	values, err := c.k.Values(c.p, from)
	if err != nil {
		return err
	}
	if err := c.k.CreateKey(c.p, to); err != nil {
		return err
	}
	for _, v := range values {
		if err := c.k.SetValue(c.p, to, v); err != nil {
			return err
		}
	}
	if !c.switches["s"] {
		return nil
	}
	subkeys, err := c.k.Subkeys(c.p, from)
	for _, name := range subkeys {
		if err := c.copyKey(host.Join(from, name), host.Join(to, name)); err != nil {
			return err
		}
	}
	return err
}
