package native

import (
	"errors"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/iis"
)

// The exit codes of appcmd.exe: the low words of the HRESULTs.
const (
	appcmdDenied    = 5
	appcmdLocked    = 33
	appcmdNotFound  = 50
	appcmdParameter = 87
	appcmdDuplicate = 183
)

// appcmd is the administration tool of IIS: VERB OBJECT [ID] [/name:value]...
func appcmd(r *run) int {
	if len(r.args) == 0 || option(r.args[0], "?") {
		r.print("General purpose IIS command line administration tool.\n\nAPPCMD (command) (object-type) <identifier> </parameter1:value1 ...>\n")
		return 0
	}
	if len(r.args) < 2 {
		return appcmdFail(r, appcmdParameter, "Must specify the object type.  Use appcmd.exe /? for help.")
	}
	c := &appcmdCall{run: r, verb: strings.ToLower(r.args[0]), object: singular(strings.ToLower(r.args[1]))}
	for _, arg := range r.args[2:] {
		c.argument(arg)
	}
	switch c.object {
	case "module":
		return c.module()
	case "config":
		return c.config()
	case "site", "app", "vdir", "apppool", "wp":
		return c.topology()
	}
	r.unsupported("object type")
	return appcmdFail(r, appcmdParameter, `Unknown object type "`+r.args[1]+`".  Run 'appcmd.exe /?' to display supported object types.`)
}

// singular maps the plural of an object type, which appcmd accepts too.
func singular(object string) string { return strings.TrimSuffix(object, "s") }

// appcmdCall is one command of appcmd.
type appcmdCall struct {
	*run

	verb, object, id string
	parameters       []iis.Attribute // in order, names as given
}

func (c *appcmdCall) argument(arg string) {
	if arg == "" || arg[0] != '/' && arg[0] != '-' {
		c.id = arg
		return
	}
	name, text, _ := strings.Cut(arg[1:], ":")
	if short := strings.ToLower(strings.TrimPrefix(name, "@")); short == "t" || short == "text" {
		name = "text"
	}
	c.parameters = append(c.parameters, iis.Attribute{Name: name, Value: text})
}

// parameter returns a parameter by name.
func (c *appcmdCall) parameter(name string) (string, bool) {
	for _, p := range c.parameters {
		if strings.EqualFold(p.Name, name) {
			return p.Value, true
		}
	}
	return "", false
}

// named is the identifier, whether given by itself or as /name or /object.name.
func (c *appcmdCall) named() string {
	for _, name := range []string{"name", c.object + ".name", c.object + "name"} {
		if text, ok := c.parameter(name); ok {
			return text
		}
	}
	return c.id
}

func appcmdFail(r *run, code int, text string) int {
	r.print("ERROR ( message:%s )\n", text)
	return code
}

// fail prints an error of the configuration system.
func (c *appcmdCall) fail(err error) int {
	switch {
	case iis.IsDenied(err):
		file, action := "redirection.config", err.Error()
		if refused, ok := errors.AsType[*iis.Error](err); ok {
			action = refused.Message
			if strings.HasSuffix(refused.File, "applicationHost.config") {
				file = refused.File
			}
		}
		appcmdFail(c.run, 0, "Configuration error \nFilename: "+file+"\nLine Number: 0\nDescription: "+action+"\n.")
		return appcmdDenied
	case iis.IsDuplicate(err):
		return appcmdFail(c.run, appcmdDuplicate, `Failed to add duplicate collection element "`+c.named()+`".`)
	case iis.IsNotFound(err):
		return c.missing()
	}
	c.print("ERROR ( hresult:8007000d, message:%s )\n", err.Error())
	return 13
}

func (c *appcmdCall) missing() int {
	return appcmdFail(c.run, appcmdNotFound, "Cannot find "+strings.ToUpper(c.object)+` object with identifier "`+c.named()+`".`)
}

func (c *appcmdCall) badVerb() int {
	c.unsupported("command of this object type")
	return appcmdFail(c.run, appcmdParameter, "Object '"+strings.ToUpper(c.object)+"' does not support '"+c.verb+"' command.  Run 'appcmd.exe "+c.object+" /?' to display supported commands.")
}

// module runs LIST, INSTALL, UNINSTALL, ADD, SET and DELETE MODULE.
func (c *appcmdCall) module() int {
	switch c.verb {
	case "list":
		return c.listModules()
	case "install":
		return c.installModule()
	case "uninstall":
		if err := c.iis.UninstallModule(c.p, c.named()); err != nil {
			return c.fail(err)
		}
		c.print("GLOBAL MODULE object \"%s\" deleted\nMODULE object \"%s\" deleted\n", c.named(), c.named())
		return 0
	case "add":
		return c.addModule()
	case "delete":
		if err := c.iis.DisableModule(c.p, c.named()); err != nil {
			return c.fail(err)
		}
		c.print("MODULE object \"%s\" deleted\n", c.named())
		return 0
	case "set":
		return c.setModule()
	}
	return c.badVerb()
}

func (c *appcmdCall) installModule() int {
	m := iis.Module{Name: c.named()}
	m.Image, _ = c.parameter("image")
	m.PreCondition, _ = c.parameter("preCondition")
	if m.Name == "" {
		return appcmdFail(c.run, appcmdParameter, `Required parameter "NAME" is missing.`)
	}
	if m.Image == "" {
		return appcmdFail(c.run, appcmdParameter, `Required parameter "IMAGE" is missing.`)
	}
	add, given := c.parameter("add")
	lock, _ := c.parameter("lock")
	enable := !given || !strings.EqualFold(add, "false")
	if err := c.iis.InstallModule(c.p, m, enable, strings.EqualFold(lock, "true")); err != nil {
		return c.fail(err)
	}
	c.print("GLOBAL MODULE object \"%s\" added\n", m.Name)
	if enable {
		c.print("MODULE object \"%s\" added\n", m.Name)
	}
	return 0
}

func (c *appcmdCall) addModule() int {
	m := iis.Enabled{Name: c.named()}
	m.Type, _ = c.parameter("type")
	m.PreCondition, _ = c.parameter("preCondition")
	lock, _ := c.parameter("lockItem")
	m.Locked = strings.EqualFold(lock, "true")
	if err := c.iis.EnableModule(c.p, m); err != nil {
		return c.fail(err)
	}
	c.print("MODULE object \"%s\" added\n", m.Name)
	return 0
}

// setModule changes attributes of an enabled module; image is the one of the
// global module.
func (c *appcmdCall) setModule() int {
	for _, p := range c.parameters {
		section := "/system.webServer/modules"
		if strings.EqualFold(p.Name, "image") {
			section = "/system.webServer/globalModules"
		}
		if strings.HasSuffix(strings.ToLower(p.Name), "name") {
			continue
		}
		if err := c.iis.SetAttribute(c.p, section+"/add[@name='"+c.named()+"']", attributeName(p.Name), p.Value); err != nil {
			return c.fail(err)
		}
	}
	c.print("MODULE object \"%s\" changed\n", c.named())
	return 0
}

// attributeName gives an attribute the spelling of the schema.
func attributeName(name string) string {
	for _, known := range []string{"name", "image", "preCondition", "type", "lockItem"} {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return name
}

func (c *appcmdCall) listModules() int {
	enabled, err := c.iis.Modules(c.p)
	if err != nil {
		return c.fail(err)
	}
	var objects []appcmdObject
	for _, m := range enabled {
		detail := " ( native, preCondition:" + m.PreCondition + " )"
		if m.Type != "" {
			detail = " ( type:" + m.Type + ", preCondition:" + m.PreCondition + " )"
		}
		objects = append(objects, appcmdObject{name: m.Name, detail: detail, attributes: []iis.Attribute{
			{Name: "type", Value: m.Type}, {Name: "preCondition", Value: m.PreCondition},
		}})
	}
	return c.list(objects)
}
