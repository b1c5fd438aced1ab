package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func propertyCmdlets() []*cmdlet {
	const path = "Path:s*@0^~ LiteralPath|PSPath:s*~ Force:b Filter:s Include:s* Exclude:s* "
	return []*cmdlet{
		{name: "Get-ItemProperty", params: path + "Name|PSProperty:s*@1", process: getProperty},
		{name: "Get-ItemPropertyValue", params: path + "Name|PSProperty:s*@1", process: getPropertyValue},
		{name: "Set-ItemProperty", params: path + "Name|PSProperty:s@1~ Value:o@2~ Type|PropertyType:s PassThru:b", process: setPropertyCmd},
		{name: "New-ItemProperty", params: path + "Name|PSProperty:s@1! Value:o PropertyType|Type:s", process: newProperty},
		{name: "Remove-ItemProperty", params: path + "Name|PSProperty:s*@1!", process: removeProperty},
		{name: "Clear-ItemProperty", params: path + "Name|PSProperty:s@1!", process: clearProperty},
	}
}

// keyFailed reports an error of the registry.
func (c *call) keyFailed(err error, key string) error {
	code, _ := kernel.CodeOf(err)
	switch code {
	case kernel.AccessDenied:
		return c.fail(newError("System.Security.SecurityException", "System.Security.SecurityException", "PermissionDenied", "Requested registry access is not allowed.").on(longHive(key)))
	case kernel.FileNotFound, kernel.PathNotFound:
		return c.fail(noPath(place{registry, key}.drivePath()))
	}
	return c.fail(newError("System.IO.IOException", "IOError", "WriteError", "%s", err).on(longHive(key)))
}

// registryValue is the data of a value as .NET gives it.
func (in *interp) registryValue(v host.Value) any {
	switch v.Type {
	case host.ExpandString:
		return in.p.Env.Expand(v.Text)
	case host.String:
		return v.Text
	case host.DWord:
		return int32(uint32(v.Number)) //nolint:gosec // a DWORD shows as Int32
	case host.QWord:
		return int64(v.Number) //nolint:gosec // a QWORD shows as Int64
	case host.MultiString:
		return newStrings(v.Strings)
	}
	return newBytes(v.Bytes)
}

func valueName(name string) string {
	if name == "" {
		return "(default)"
	}
	return name
}

func kernelName(name string) string {
	if strings.EqualFold(name, "(default)") {
		return ""
	}
	return name
}

// keyObject is a RegistryKey.
func (in *interp) keyObject(p place) (any, error) {
	values, err := in.k.Values(in.p, p.path)
	if err != nil {
		return nil, noPath(p.drivePath())
	}
	subkeys, _ := in.k.Subkeys(in.p, p.path)
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = valueName(v.Name)
	}
	c := &class{name: "Microsoft.Win32.RegistryKey", columns: []string{"Name", "Property"}, open: true, text: func(*interp, *Object) string { return longHive(p.path) }, methods: methods{
		"getvalue": one(func(in *interp, v any) (any, error) {
			found, err := in.k.Value(in.p, p.path, kernelName(in.str(v)))
			if err != nil {
				return nil, nil //nolint:nilerr // a missing value is null
			}
			return in.registryValue(found), nil
		}),
		"getvaluenames": func(*interp, any, []any) (any, error) { return newStrings(names), nil }, "getsubkeynames": func(*interp, any, []any) (any, error) { return newStrings(subkeys), nil },
		"close": nothing,
	}}
	o := newObject(c, p)
	o.note("Name", longHive(p.path)).note("Property", newStrings(names)).note("PSPath", p.psPath()).note("PSChildName", host.Base(p.path)).
		note("SubKeyCount", int32(len(subkeys))).note("ValueCount", int32(len(values))).note("PSIsContainer", true) //nolint:gosec // bounded
	return o.note("PSParentPath", place{registry, host.Parent(p.path)}.psPath()), nil
}

func (c *call) createKey(p place) error {
	if c.exists(p) && !c.flag("Force") {
		return c.fail(newError("System.IO.IOException", "System.IO.IOException", "ResourceExists", "A key in this path already exists.").on(longHive(p.path)))
	}
	if c.exists(p) {
		if err := c.k.DeleteKey(c.p, p.path); err != nil {
			return c.keyFailed(err, p.path)
		}
	}
	if parent := host.Parent(p.path); !c.flag("Force") && !c.exists(place{registry, parent}) {
		return c.fail(newError("System.IO.IOException", "NewItemIOError", "WriteError", "The registry key at the specified path does not exist.").on(p.drivePath()))
	}
	if err := c.k.CreateKey(c.p, p.path); err != nil {
		return c.keyFailed(err, p.path)
	}
	if c.has("Value") {
		if err := c.k.SetValue(c.p, p.path, host.Value{Type: host.String, Text: c.text("Value")}); err != nil {
			return c.keyFailed(err, p.path)
		}
	}
	return c.outItem(p)
}

func (c *call) propertyObject(p place) (*Object, error) {
	if p.provider != registry {
		v, err := c.item(p)
		o, _ := v.(*Object)
		return o, err
	}
	values, err := c.k.Values(c.p, p.path)
	if err != nil {
		return nil, noPath(p.drivePath())
	}
	o := &Object{}
	for _, v := range values {
		o.note(valueName(v.Name), c.registryValue(v))
	}
	return o, nil
}

func (c *call) missingProperty(name string, p place) error {
	return c.fail(newError("System.Management.Automation.PSArgumentException", "System.Management.Automation.PSArgumentException", "InvalidArgument",
		"Property %s does not exist at path %s.", name, longHive(p.path)).on(name))
}

// eachProperties calls f with the properties of every item that the path parameters name.
func (c *call) eachProperties(f func(o *Object, p place) error) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		o, err := c.propertyObject(p)
		if err != nil {
			return err
		}
		if err := f(o, p); err != nil {
			return err
		}
	}
	return nil
}

func getProperty(c *call) error {
	return c.eachProperties(func(o *Object, p place) error {
		if names := c.list("Name"); names != nil && names[0] != "*" {
			picked := &Object{}
			for _, name := range names {
				if err := c.pick(o, picked, name, p); err != nil {
					return err
				}
			}
			if len(picked.notes.keys) == 0 {
				return nil
			}
			o = picked
		}
		if p.provider == registry {
			o.note("PSPath", p.psPath()).note("PSParentPath", place{registry, host.Parent(p.path)}.psPath()).note("PSChildName", host.Base(p.path)).
				note("PSDrive", strings.SplitN(p.drivePath(), ":", 2)[0]).note("PSProvider", `Microsoft.PowerShell.Core\Registry`)
		}
		return c.out(o)
	})
}

func (c *call) pick(from, to *Object, name string, p place) error {
	if hasWildcard(name) {
		for _, n := range c.propertyNames(from) {
			if wildcard(name, false).MatchString(n) {
				v, _ := c.objectProperty(from, n)
				to.note(n, v)
			}
		}
		return nil
	}
	v, ok := c.objectProperty(from, name)
	if !ok {
		return c.missingProperty(name, p)
	}
	to.note(c.trueName(from, name), v)
	return nil
}

func getPropertyValue(c *call) error {
	return c.eachProperties(func(o *Object, p place) error {
		for _, name := range c.list("Name") {
			v, ok := c.objectProperty(o, name)
			send := func() error { return c.out(v) }
			if !ok {
				send = func() error { return c.missingProperty(name, p) }
			}
			if err := send(); err != nil {
				return err
			}
		}
		return nil
	})
}

// typedValue converts data to a registry value of the named kind, or of the kind that fits it.
func (c *call) typedValue(name, kind string, data any, old *host.Value) (host.Value, error) {
	v := host.Value{Name: kernelName(name), Type: host.String}
	switch strings.ToLower(kind) {
	case "":
		v.Type = c.guessType(data, old)
	case "string":
	case "expandstring":
		v.Type = host.ExpandString
	case "dword":
		v.Type = host.DWord
	case "qword":
		v.Type = host.QWord
	case "multistring":
		v.Type = host.MultiString
	case "binary", "none":
		v.Type = host.Binary
	default:
		return v, bindingError("CannotConvertArgument", "Cannot bind parameter 'PropertyType'. Cannot convert value \"%s\" to type \"Microsoft.Win32.RegistryValueKind\".", kind)
	}
	var err error
	switch v.Type {
	case host.DWord, host.QWord:
		var n any
		n, err = c.toNumber(data, "System.Int64")
		i, _ := integer(n)
		v.Number = uint64(i) //nolint:gosec // two's complement
		if v.Type == host.DWord {
			v.Number &= 0xffffffff
		}
	case host.MultiString:
		for _, item := range asList(data) {
			v.Strings = append(v.Strings, c.str(item))
		}
	case host.Binary:
		v.Bytes, err = c.bytes(data)
	default:
		v.Text = c.str(data)
	}
	return v, err
}

func (c *call) guessType(data any, old *host.Value) host.ValueType {
	if old != nil {
		return old.Type
	}
	switch x := data.(type) {
	case int32, uint8:
		return host.DWord
	case int64, uint64:
		return host.QWord
	case *Array:
		if x.Type == byteArray {
			return host.Binary
		}
		return host.MultiString
	}
	return host.String
}

func setPropertyCmd(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		if ok, err := c.should("Set Property", "Item: "+p.drivePath()+" Property: "+c.text("Name")); !ok || err != nil {
			return err
		}
		if p.provider != registry && p.provider != fileSystem {
			c.unsupported("parameter", "Set-ItemProperty "+p.drivePath(), "items of this provider cannot be changed")
			return noPath(p.drivePath())
		}
		if p.provider != registry {
			v, err := c.item(p)
			if err != nil {
				return err
			}
			if err := c.setProperty(v, c.text("Name"), c.value("Value")); err != nil {
				return err
			}
			continue
		}
		if err := c.setRegistry(p, c.text("Type")); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) setRegistry(p place, kind string) error {
	var old *host.Value
	if v, err := c.k.Value(c.p, p.path, kernelName(c.text("Name"))); err == nil {
		old = &v
	}
	v, err := c.typedValue(c.text("Name"), kind, c.value("Value"), old)
	if err != nil {
		return err
	}
	if err := c.k.SetValue(c.p, p.path, v); err != nil {
		return c.keyFailed(err, p.path)
	}
	if c.flag("PassThru") {
		return c.out(record("", c.text("Name"), c.registryValue(v)))
	}
	return nil
}

func newProperty(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		if p.provider != registry {
			return newError("System.Management.Automation.PSNotSupportedException", "NotSupported", "NotImplemented", "Cannot use interface. The IDynamicPropertyCmdletProvider interface is not implemented by this provider.")
		}
		if _, err := c.k.Value(c.p, p.path, kernelName(c.text("Name"))); err == nil && !c.flag("Force") {
			if err := c.fail(newError("System.IO.IOException", "System.IO.IOException", "ResourceExists", "The property already exists.").on(p.drivePath())); err != nil {
				return err
			}
			continue
		}
		kind := c.text("PropertyType")
		v, err := c.typedValue(c.text("Name"), kind, c.value("Value"), nil)
		if err != nil {
			return err
		}
		if err := c.k.SetValue(c.p, p.path, v); err != nil {
			return c.keyFailed(err, p.path)
		}
		o := record("", c.text("Name"), c.registryValue(v))
		o.note("PSPath", p.psPath()).note("PSParentPath", place{registry, host.Parent(p.path)}.psPath()).note("PSChildName", host.Base(p.path)).
			note("PSDrive", strings.SplitN(p.drivePath(), ":", 2)[0]).note("PSProvider", `Microsoft.PowerShell.Core\Registry`)
		if err := c.out(o); err != nil {
			return err
		}
	}
	return nil
}

func removeProperty(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		for _, name := range c.list("Name") {
			err := c.k.DeleteValue(c.p, p.path, kernelName(name))
			switch {
			case err == nil:
			case kernel.IsNotFound(err):
				if err := c.missingProperty(name, p); err != nil {
					return err
				}
			default:
				return c.keyFailed(err, p.path)
			}
		}
	}
	return nil
}

func clearProperty(c *call) error {
	c.bound.values["value"] = ""
	return setPropertyCmd(c)
}
