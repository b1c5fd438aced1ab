package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

func pathCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Test-Path", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ PathType|Type:s Filter:s Include:s* Exclude:s* IsValid:b OlderThan:o NewerThan:o", process: testPath},
		{name: "Join-Path", params: "Path:s*@0^~! ChildPath:s@1~! Resolve:b", process: joinPath},
		{name: "Split-Path", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ Parent:b Leaf:b Qualifier:b NoQualifier:b IsAbsolute:b Resolve:b", process: splitPath},
		{name: "Resolve-Path", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ Relative:b", process: resolvePathCmd},
		{name: "Convert-Path", params: "Path:s*@0^~ LiteralPath|PSPath:s*~", process: convertPath},
		{name: "Get-Location", params: "PSDrive:s* PSProvider:s* Stack:b", process: func(c *call) error { return c.out(c.pathInfo()) }},
		{name: "Set-Location", params: "Path:s@0^~ LiteralPath|PSPath:s~ PassThru:b StackName:s", process: setLocation},
		{name: "Push-Location", params: "Path:s@0^~ LiteralPath|PSPath:s~ PassThru:b StackName:s", process: pushLocation},
		{name: "Pop-Location", params: "PassThru:b StackName:s", process: popLocation},
		{name: "Get-PSDrive", params: "Name:s*@0 PSProvider:s* LiteralName:s* Scope:s", process: getDrive},
		{name: "New-PSDrive", params: "Name:s@0! PSProvider:s@1! Root:s@2! Description:s Scope:s Persist:b Credential:o", process: newDrive},
		{name: "Remove-PSDrive", params: "Name:s*@0^~ LiteralName:s* Force:b PSProvider:s* Scope:s", process: func(c *call) error {
			for _, n := range c.list("Name") {
				delete(c.global.vars, "drive:"+strings.ToLower(n))
			}
			return nil
		}},
	}
}

func testPath(c *call) error {
	paths := append(c.list("Path"), c.list("LiteralPath")...)
	if paths == nil || paths[0] == "" {
		return bindingError("ParameterArgumentValidationErrorEmptyStringNotAllowed", "Cannot bind argument to parameter 'Path' because it is an empty string.")
	}
	for _, path := range paths {
		if err := c.out(c.test(path, c.bound.explicit["literalpath"])); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) test(path string, literal bool) bool {
	if c.flag("IsValid") {
		return !strings.ContainsAny(path, "<>|\"")
	}
	places, err := c.expandPath(path, literal)
	if err != nil {
		return false
	}
	for _, p := range places {
		if !c.exists(p) || c.filtered(p) {
			continue
		}
		kind := strings.ToLower(c.text("PathType"))
		if kind == "" || kind == "any" {
			return true
		}
		container := p.provider == registry
		if f, err := c.k.Stat(c.p, withRoot(p.path)); err == nil && p.provider == fileSystem {
			container = f.IsDirectory()
		}
		if container == (kind == "container") {
			return true
		}
	}
	return false
}

func joinPath(c *call) error {
	for _, path := range c.list("Path") {
		path = strings.ReplaceAll(path, "/", `\`)
		child := strings.TrimLeft(strings.ReplaceAll(c.text("ChildPath"), "/", `\`), `\`)
		if drive, _, ok := strings.Cut(path, ":"); ok && !strings.Contains(path, "::") {
			if _, _, known := c.drive(drive); !known {
				if err := c.fail(c.noDrive(drive)); err != nil {
					return err
				}
				continue
			}
		}
		if err := c.out(strings.TrimRight(path, `\`) + `\` + child); err != nil {
			return err
		}
	}
	return nil
}

func splitPath(c *call) error {
	for _, path := range append(c.list("Path"), c.list("LiteralPath")...) {
		path = strings.TrimRight(strings.ReplaceAll(path, "/", `\`), `\`)
		var out any
		switch qualifier, rest, has := strings.Cut(path, ":"); {
		case c.flag("Leaf"):
			out = host.Base(path)
		case c.flag("Qualifier"):
			out = qualifier + ":"
		case c.flag("NoQualifier"):
			out = path
			if has {
				out = rest
			}
		case c.flag("IsAbsolute"):
			out = has
		default:
			i := strings.LastIndexByte(path, '\\')
			out = path[:max(i, 0)]
			if i == 2 && has {
				out = path[:3]
			}
		}
		if err := c.out(out); err != nil {
			return err
		}
	}
	return nil
}

func resolvePathCmd(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		o := c.pathInfo()
		o.data = p.drivePath()
		if err := c.out(o); err != nil {
			return err
		}
	}
	return nil
}

func convertPath(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		out := p.path
		if p.provider == registry {
			out = longHive(out)
		}
		if err := c.out(out); err != nil {
			return err
		}
	}
	return nil
}

func setLocation(c *call) error {
	path := c.text("Path") + c.text("LiteralPath")
	if path == "" {
		path = c.p.Env.Get("USERPROFILE")
	}
	p, err := c.resolvePath(path)
	if err != nil {
		return err
	}
	if !c.exists(p) {
		return noPath(p.drivePath())
	}
	c.location = p.drivePath()
	if p.provider == fileSystem {
		if f, err := c.k.Stat(c.p, withRoot(p.path)); err == nil {
			if !f.IsDirectory() {
				return noPath(p.drivePath())
			}
			c.location = f.Path
		}
	}
	if c.flag("PassThru") {
		return c.out(c.pathInfo())
	}
	return nil
}

func pushLocation(c *call) error {
	stack, _ := c.global.find("locationstack:").read().(*Array)
	if stack == nil {
		stack = newArray()
		c.global.set("locationstack:", stack)
	}
	stack.Items = append(stack.Items, c.location)
	if !c.has("Path") && !c.has("LiteralPath") {
		return nil
	}
	return setLocation(c)
}

func popLocation(c *call) error {
	stack, _ := c.global.find("locationstack:").read().(*Array)
	if stack == nil || len(stack.Items) == 0 {
		return nil
	}
	c.location = c.str(stack.Items[len(stack.Items)-1])
	stack.Items = stack.Items[:len(stack.Items)-1]
	return nil
}

func getDrive(c *call) error {
	for _, d := range [][3]string{{"Alias", aliasDrive, ""}, {"C", fileSystem, `C:\`}, {"Env", environment, ""}, {"Function", functions, ""}, {"HKCU", registry, "HKEY_CURRENT_USER"}, {"HKLM", registry, "HKEY_LOCAL_MACHINE"}, {"Variable", variables, ""}} {
		names := c.list("Name")
		if names != nil && !wildcard(names[0], false).MatchString(d[0]) {
			continue
		}
		if p := c.list("PSProvider"); p != nil && !strings.EqualFold(p[0], d[1]) {
			continue
		}
		if err := c.out(record("System.Management.Automation.PSDriveInfo", "Name", d[0], "Provider", d[1], "Root", d[2], "CurrentLocation", "")); err != nil {
			return err
		}
	}
	return nil
}

func newDrive(c *call) error {
	root := c.text("Root")
	p := place{fileSystem, strings.TrimRight(root, `\`)}
	if strings.EqualFold(c.text("PSProvider"), registry) {
		p = place{registry, root}
	} else if _, err := c.filePath(root); err != nil {
		return err
	}
	c.global.set("drive:"+c.text("Name"), p)
	return c.out(record("System.Management.Automation.PSDriveInfo", "Name", c.text("Name"), "Provider", p.provider, "Root", root, "CurrentLocation", ""))
}
