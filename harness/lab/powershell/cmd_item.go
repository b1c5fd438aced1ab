package powershell

import (
	"maps"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const pathParams = "Path:s*@0^~ LiteralPath|PSPath:s*~ Filter:s Include:s* Exclude:s* Force:b "

func itemCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Get-Item", params: pathParams + "Stream:s*", process: getItem},
		{name: "Get-ChildItem", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ Filter:s@1 Include:s* Exclude:s* Force:b Recurse|s:b Depth:i Name:b File|af:b Directory|ad|d:b Hidden|ah|h:b ReadOnly|ar:b System|as:b Attributes:s", process: getChildItem},
		{name: "New-Item", params: "Path:s*@0~ Name:s~ ItemType|Type:s~ Value|Target:o^~ Force:b Credential:o", process: newItem},
		{name: "mkdir", params: "Path:s*@0^~ Name:s Force:b", process: makeDirectory},
		{name: "Remove-Item", params: pathParams + "Recurse:b Stream:s*", process: removeItem},
		{name: "Copy-Item", params: "Path:s*@0^~ Destination:s@1~ LiteralPath|PSPath:s*~ Filter:s Include:s* Exclude:s* Force:b Recurse:b Container:b PassThru:b", process: copyItem},
		{name: "Move-Item", params: "Path:s*@0^~ Destination:s@1~ LiteralPath|PSPath:s*~ Filter:s Include:s* Exclude:s* Force:b PassThru:b", process: moveItem},
		{name: "Rename-Item", params: "Path:s@0^~ NewName:s@1! LiteralPath|PSPath:s~ Force:b PassThru:b", process: renameItem},
		{name: "Set-Item", params: "Path:s*@0^~ Value:o@1~ LiteralPath|PSPath:s*~ Force:b PassThru:b", process: setItem},
		{name: "Invoke-Item", params: "Path:s*@0^~ LiteralPath|PSPath:s*~", process: invokeItem},
		{name: "New-TemporaryFile", process: func(c *call) error {
			v, err := pathMethods()["gettempfilename"](c.interp, nil, nil)
			if err != nil {
				return err
			}
			f, err := c.k.Stat(c.p, c.str(v))
			if err != nil {
				return win32(err, c.str(v))
			}
			return c.out(fileObject(f))
		}},
	}
}

// targets expands -Path and -LiteralPath. A path without wildcards that does not exist is reported.
func (c *call) targets(report bool) ([]place, error) {
	var out []place
	for _, set := range []struct {
		name    string
		literal bool
	}{{"Path", false}, {"LiteralPath", true}} {
		for _, path := range c.list(set.name) {
			if set.literal && c.has("Path") && !c.bound.explicit["literalpath"] {
				continue
			}
			places, err := c.expandPath(path, set.literal)
			if err != nil {
				if r, ok := asRecord(err); ok {
					if err := c.fail(r); err != nil {
						return nil, err
					}
					continue
				}
				return nil, err
			}
			for _, p := range places {
				if report && !c.exists(p) {
					if err := c.fail(noPath(p.drivePath())); err != nil {
						return nil, err
					}
					continue
				}
				out = append(out, p)
			}
		}
	}
	return slices.DeleteFunc(out, func(p place) bool { return c.filtered(p) }), nil
}

// filtered applies -Filter, -Include and -Exclude.
func (c *call) filtered(p place) bool {
	name := host.Base(p.path)
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(x string) bool { return wildcard(x, false).MatchString(name) })
	}
	if f := c.list("Filter"); f != nil && f[0] != "" && f[0] != "*.*" && !matches(f) {
		return true
	}
	if i := c.list("Include"); i != nil && !matches(i) {
		return true
	}
	return matches(c.list("Exclude"))
}

// item makes the object of an existing place.
func (c *call) item(p place) (any, error) {
	switch p.provider {
	case fileSystem:
		f, err := c.k.Stat(c.p, withRoot(p.path))
		if err != nil {
			return nil, win32(err, p.path)
		}
		return fileObject(f), nil
	case registry:
		return c.keyObject(p)
	case environment:
		return record("System.Collections.DictionaryEntry", "Name", p.path, "Value", c.p.Env.Get(p.path), "Key", p.path), nil
	case variables:
		v, _ := c.variable("", p.path)
		return record("System.Management.Automation.PSVariable", "Name", p.path, "Value", v), nil
	case functions:
		if f := c.scope.function(p.path); f != nil {
			return record("System.Management.Automation.FunctionInfo", "CommandType", "Function", "Name", f.name, "Definition", f.body.Text()), nil
		}
	case aliasDrive:
		return record("System.Management.Automation.AliasInfo", "CommandType", "Alias", "Name", p.path, "Definition", c.aliases[strings.ToLower(p.path)]), nil
	case webAdmin:
		return c.webItem(p.path)
	}
	return nil, noPath(p.drivePath())
}

func (c *call) hidden(v any) bool {
	o, ok := v.(*Object)
	if !ok || c.flag("Force") || c.flag("Hidden") {
		return false
	}
	f, ok := o.data.(*fileState)
	return ok && f.file.Attributes&host.Hidden != 0
}

func getItem(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		v, err := c.item(p)
		if err != nil {
			return err
		}
		if c.hidden(v) {
			if err := c.fail(noPath(p.drivePath())); err != nil {
				return err
			}
			continue
		}
		if err := c.out(v); err != nil {
			return err
		}
	}
	return nil
}

func getChildItem(c *call) error {
	if !c.has("Path") && !c.has("LiteralPath") {
		c.bound.values["path"] = newArray(c.location)
	}
	filters := map[string]any{}
	for _, name := range []string{"filter", "include", "exclude"} {
		if v, ok := c.bound.values[name]; ok {
			filters[name] = v
			delete(c.bound.values, name)
		}
	}
	places, err := c.targets(true)
	maps.Copy(c.bound.values, filters)
	if err != nil {
		return err
	}
	depth := 0
	if c.flag("Recurse") {
		depth = 64
	}
	if c.has("Depth") {
		depth = c.number("Depth", 0)
	}
	for _, p := range places {
		if err := c.listPlace(p, depth); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) listPlace(p place, depth int) error {
	if p.provider == fileSystem {
		f, err := c.k.Stat(c.p, withRoot(p.path))
		if err == nil && !f.IsDirectory() {
			return c.outItem(p)
		}
		return c.listDirectory(p.path, "", depth)
	}
	if p.provider == environment || p.provider == variables || p.provider == functions || p.provider == aliasDrive {
		names := c.children(p)
		slices.Sort(names)
		for _, n := range names {
			if p.path != "" {
				n = p.path
			}
			if err := c.outItem(place{p.provider, n}); err != nil || p.path != "" {
				return err
			}
		}
		return nil
	}
	if p.provider == webAdmin {
		return c.webChildren(p.path)
	}
	for _, name := range c.children(p) {
		child := place{p.provider, p.path + `\` + name}
		if !c.filtered(child) {
			if err := c.outItem(child); err != nil {
				return err
			}
		}
		if depth > 0 {
			if err := c.listPlace(child, depth-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) outItem(p place) error {
	v, err := c.item(p)
	if err != nil {
		return err
	}
	if c.flag("Name") {
		v = host.Base(p.path)
	}
	return c.out(v)
}

// listDirectory outputs directories before files, then descends.
func (c *call) listDirectory(dir, prefix string, depth int) error {
	files, err := c.k.ReadDirectory(c.p, withRoot(dir))
	if err != nil {
		return c.failPath(err, dir, "DirUnauthorizedAccessError")
	}
	slices.SortStableFunc(files, func(a, b host.File) int {
		switch {
		case a.IsDirectory() == b.IsDirectory():
			return 0
		case a.IsDirectory():
			return -1
		}
		return 1
	})
	for _, f := range files {
		if !c.wanted(f) {
			continue
		}
		var v any = fileObject(f)
		if c.flag("Name") {
			v = prefix + f.Name()
		}
		if err := c.out(v); err != nil {
			return err
		}
	}
	for _, f := range files {
		if depth > 0 && f.IsDirectory() {
			if err := c.listDirectory(f.Path, prefix+f.Name()+`\`, depth-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) wanted(f host.File) bool {
	switch {
	case c.flag("File") && f.IsDirectory(), c.flag("Directory") && !f.IsDirectory(),
		c.flag("Hidden") && f.Attributes&host.Hidden == 0, c.flag("ReadOnly") && f.Attributes&host.ReadOnly == 0,
		f.Attributes&host.Hidden != 0 && !c.flag("Force") && !c.flag("Hidden"):
		return false
	}
	return !c.filtered(place{fileSystem, f.Path})
}

func newItem(c *call) error {
	paths := c.list("Path")
	if paths == nil {
		paths = []string{c.location}
	}
	for _, path := range paths {
		if name := c.text("Name"); name != "" {
			path = strings.TrimRight(path, `\`) + `\` + name
		}
		p, err := c.resolvePath(path)
		if err != nil {
			return err
		}
		if ok, err := c.should("Create Item", p.drivePath()); !ok || err != nil {
			return err
		}
		if err := c.createItem(p); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) createItem(p place) error {
	switch p.provider {
	case registry:
		return c.createKey(p)
	case environment:
		c.p.Env.Set(p.path, c.text("Value"))
	case variables:
		c.scope.set(p.path, c.value("Value"))
	case functions:
		if err := c.setVariable("function", p.path, c.value("Value")); err != nil {
			return err
		}
	case fileSystem:
		return c.createFile(p)
	default:
		c.unsupported("parameter", "New-Item "+p.drivePath(), "items of this provider cannot be created")
		return noPath(p.drivePath())
	}
	v, err := c.item(p)
	if err != nil {
		return err
	}
	return c.out(v)
}

func (c *call) createFile(p place) error {
	kind := strings.ToLower(c.text("ItemType"))
	switch {
	case kind == "":
		kind = "file"
	case strings.HasPrefix("directory", kind) || kind == "container":
		kind = "directory"
	case strings.HasPrefix("file", kind):
		kind = "file"
	default:
		c.unsupported("parameter", "New-Item -ItemType "+kind, "links are not simulated")
		return newError("System.ArgumentException", "Argument", "InvalidArgument", "The type is not a known type for the file system. Only \"file\",\"directory\" or \"symboliclink\" can be specified.").on(kind)
	}
	existing, statErr := c.k.Stat(c.p, p.path)
	if kind == "directory" {
		if statErr == nil && (!c.flag("Force") || !existing.IsDirectory()) {
			return c.fail(newError("System.IO.IOException", "DirectoryExist", "ResourceExists", "An item with the specified name %s already exists.", p.path).on(p.path))
		}
		f, err := c.makeDirectories(p.path)
		if err != nil {
			return c.failPath(err, p.path, "CreateDirectory")
		}
		return c.out(fileObject(f))
	}
	if statErr == nil && !c.flag("Force") {
		return c.fail(newError("System.IO.IOException", "NewItemIOError", "WriteError", "The file '%s' already exists.", p.path).on(p.path))
	}
	if c.flag("Force") {
		if _, err := c.makeDirectories(host.Parent(p.path)); err != nil {
			return c.failPath(err, p.path, "NewItem")
		}
	}
	if err := c.k.WriteFile(c.p, p.path, []byte(c.text("Value")), kernel.CreateAlways); err != nil {
		return c.failPath(err, p.path, "NewItem")
	}
	f, err := c.k.Stat(c.p, p.path)
	if err != nil {
		return c.failPath(err, p.path, "NewItem")
	}
	return c.out(fileObject(f))
}

func makeDirectory(c *call) error {
	c.bound.values["itemtype"] = "directory"
	return newItem(c)
}

func removeItem(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		if ok, err := c.should("Remove Item", p.drivePath()); !ok || err != nil {
			return err
		}
		if err := c.removePlace(p); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) removePlace(p place) error {
	switch p.provider {
	case fileSystem:
		return c.removeFile(p.path)
	case registry:
		subkeys, _ := c.k.Subkeys(c.p, p.path)
		if len(subkeys) > 0 && !c.flag("Recurse") {
			return c.fail(c.confirmationNeeded(p.drivePath()))
		}
		if err := c.k.DeleteKey(c.p, p.path); err != nil {
			return c.keyFailed(err, p.path)
		}
	case environment:
		c.p.Env.Unset(p.path)
	case variables:
		for s := c.scope; s != nil; s = s.parent {
			delete(s.vars, strings.ToLower(p.path))
		}
	case functions:
		for s := c.scope; s != nil; s = s.parent {
			delete(s.functions, strings.ToLower(p.path))
		}
	case aliasDrive:
		delete(c.aliases, strings.ToLower(p.path))
	default:
		c.unsupported("parameter", "Remove-Item "+p.drivePath(), "items of this provider cannot be removed")
		return noPath(p.drivePath())
	}
	return nil
}

// confirmationNeeded is what happens where an interactive host would ask.
func (c *call) confirmationNeeded(path string) *ErrorRecord {
	return newError("System.Management.Automation.PSInvalidOperationException", "InvalidOperation", invalidOperation,
		"Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.").on(path)
}

func (c *call) removeFile(path string) error {
	f, err := c.k.Stat(c.p, path)
	if err != nil {
		return c.failPath(err, path, "RemoveItem")
	}
	if f.IsDirectory() && !c.flag("Recurse") {
		if children, _ := c.k.ReadDirectory(c.p, path); len(children) > 0 {
			return c.fail(c.confirmationNeeded(path))
		}
	}
	if c.flag("Force") {
		if err := c.unprotect(f); err != nil {
			return c.failPath(err, path, "RemoveItem")
		}
	} else if f.Attributes&protected != 0 && !f.IsDirectory() {
		return c.fail(newError("System.IO.IOException", "RemoveFileSystemItemUnAuthorizedAccess", "PermissionDenied",
			"Cannot remove item %s: You do not have sufficient access rights to perform this operation.", path).on(path))
	}
	if err := c.removeTree(path, true); err != nil {
		text := err.Error()
		if e, ok := err.(*Exception); ok && e.Type == "System.UnauthorizedAccessException" { //nolint:errorlint // removeTree returns it unwrapped
			text = "Access to the path '" + host.Base(path) + "' is denied."
			return c.fail((&ErrorRecord{
				Exception: exception("System.UnauthorizedAccessException", "Cannot remove item %s: %s", path, text),
				ID:        "RemoveFileSystemItemUnAuthorizedAccess", Category: "PermissionDenied",
			}).on(path))
		}
		return c.fail(newError("System.IO.IOException", "RemoveFileSystemItemIOError", "WriteError", "Cannot remove item %s: %s", path, text).on(path))
	}
	return nil
}

// protected are the attributes that keep Remove-Item away unless it is told -Force.
const protected = host.ReadOnly | host.Hidden | host.SystemBit

// unprotect takes them from a file, or from every file below a directory.
func (c *call) unprotect(f host.File) error {
	if !f.IsDirectory() {
		if f.Attributes&protected == 0 {
			return nil
		}
		return c.k.SetAttributes(c.p, f.Path, 0)
	}
	files, err := c.k.ReadDirectory(c.p, f.Path)
	if err != nil {
		return err
	}
	for _, child := range files {
		if err := c.unprotect(child); err != nil {
			return err
		}
	}
	return nil
}
