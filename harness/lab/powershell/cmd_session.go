package powershell

import (
	"maps"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

func sessionCmdlets() []*cmdlet {
	const variableParams = "Name:s*@0^~ Value:o@1^~ Scope:s Option:o Force:b PassThru:b Description:s Include:s* Exclude:s* Visibility:o ValueOnly:b"
	return []*cmdlet{
		{name: "Invoke-Expression", params: "Command:s@0^!", process: invokeExpression},
		{name: "Invoke-Command", params: "ScriptBlock|Command:k@0 ComputerName|Cn:s* ArgumentList|Args:o* InputObject:o^ Session:o* Credential:o NoNewScope:b FilePath:s AsJob:b", process: invokeCommand},
		{name: "Get-Variable", params: variableParams, process: getVariable},
		{name: "Set-Variable", params: variableParams, process: setVariableCmd},
		{name: "New-Variable", params: variableParams, process: setVariableCmd},
		{name: "Clear-Variable", params: variableParams, process: func(c *call) error {
			c.bound.values["value"] = nil
			return setVariableCmd(c)
		}},
		{name: "Remove-Variable", params: variableParams, process: func(c *call) error {
			for _, n := range c.list("Name") {
				for s := c.scope; s != nil; s = s.parent {
					delete(s.vars, strings.ToLower(n))
				}
			}
			return nil
		}},
		{name: "Get-Alias", params: "Name:s*@0^~ Definition:s* Scope:s Exclude:s*", process: getAlias},
		{name: "Set-Alias", params: "Name:s@0! Value:s@1! Scope:s Option:o Force:b Description:s PassThru:b", process: setAlias},
		{name: "New-Alias", params: "Name:s@0! Value:s@1! Scope:s Option:o Force:b Description:s PassThru:b", process: setAlias},
		{name: "Get-Command", params: "Name:s*@0^~ ArgumentList:o* CommandType|Type:s* Module:s* Verb:s* Noun:s* All:b Syntax:b TotalCount:i", process: getCommand},
		{name: "Set-StrictMode", params: "Version:o Off:b", process: func(*call) error { return nil }},
		{name: "Set-PSDebug", params: "Trace:i Step:b Strict:b Off:b", process: func(*call) error { return nil }},
		{name: "Get-History", params: "Id:o@0 Count:i@1", process: func(*call) error { return nil }},
		{name: "Get-Culture", process: func(c *call) error {
			return c.out(record("System.Globalization.CultureInfo", "LCID", int32(1033), "Name", "en-US", "DisplayName", "English (United States)"))
		}},
		{name: "Get-UICulture", process: func(c *call) error {
			return c.out(record("System.Globalization.CultureInfo", "LCID", int32(1033), "Name", "en-US", "DisplayName", "English (United States)"))
		}},
		{name: "Export-ModuleMember", params: "Function:s*@0 Cmdlet:s* Variable:s* Alias:s*", process: func(*call) error { return nil }},
	}
}

func invokeExpression(c *call) error {
	sb, err := c.compile(c.text("Command"), "")
	if err != nil {
		return err
	}
	return c.callBlock(sb, false, nil, false, nil, c.out)
}

func invokeCommand(c *call) error {
	if c.has("Session") || c.has("ComputerName") || c.flag("AsJob") {
		c.unsupported("parameter", "Invoke-Command", "remote and job invocation are not simulated")
		return newError("System.Management.Automation.Remoting.PSRemotingTransportException", "PSSessionStateBroken", "OpenError", "Connecting to the remote server failed.")
	}
	sb := c.block("ScriptBlock")
	if sb == nil {
		return bindingError("MissingMandatoryParameter", "Cannot process command because of one or more missing mandatory parameters: ScriptBlock.")
	}
	var args []any
	if c.has("ArgumentList") {
		args = asList(c.value("ArgumentList"))
	}
	return c.callBlock(sb, !c.flag("NoNewScope"), nil, false, args, c.out)
}

func (c *call) scopeNamed() *scope {
	switch s := strings.ToLower(c.text("Scope")); s {
	case "global", "script":
		return c.named2(s)
	case "1":
		if c.scope.parent != nil {
			return c.scope.parent
		}
	}
	return c.scope
}

func (c *call) named2(qualifier string) *scope { return c.interp.named(qualifier) }

func getVariable(c *call) error {
	names := c.list("Name")
	if names == nil {
		names = []string{"*"}
	}
	for _, name := range names {
		matched := []string{name}
		if hasWildcard(name) {
			matched = slices.DeleteFunc(c.children(place{variables, ""}), func(n string) bool { return !wildcard(name, false).MatchString(n) || strings.Contains(n, ":") })
			slices.Sort(matched)
			matched = slices.Compact(matched)
		}
		for _, n := range matched {
			v, ok := c.variable("", n)
			if !ok {
				if err := c.fail(newError("System.Management.Automation.ItemNotFoundException", "VariableNotFound", "ObjectNotFound", "Cannot find a variable with the name '%s'.", n).on(n)); err != nil {
					return err
				}
				continue
			}
			if c.flag("ValueOnly") {
				if err := c.out(v); err != nil {
					return err
				}
				continue
			}
			if err := c.out(record("System.Management.Automation.PSVariable", "Name", n, "Value", v)); err != nil {
				return err
			}
		}
	}
	return nil
}

func setVariableCmd(c *call) error {
	for _, name := range c.list("Name") {
		c.scopeNamed().set(name, c.value("Value"))
	}
	return nil
}

func getAlias(c *call) error {
	names := c.list("Name")
	for _, alias := range slices.Sorted(maps.Keys(c.aliases)) {
		target := c.aliases[alias]
		match := names == nil
		for _, n := range names {
			match = match || wildcard(n, false).MatchString(alias)
		}
		for _, d := range c.list("Definition") {
			match = wildcard(d, false).MatchString(target)
		}
		if match {
			if err := c.out(record("System.Management.Automation.AliasInfo", "CommandType", "Alias", "Name", alias, "Definition", target)); err != nil {
				return err
			}
		}
	}
	return nil
}

func setAlias(c *call) error {
	c.aliases[strings.ToLower(c.text("Name"))] = c.text("Value")
	return nil
}

func getCommand(c *call) error {
	for _, name := range c.list("Name") {
		found := c.findCommand(name)
		if found == nil && !hasWildcard(name) {
			if knownToWindows(name) {
				c.unsupported("command", name, "not simulated")
			}
			if err := c.fail(newError("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", "ObjectNotFound",
				"The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again.", name).on(name)); err != nil {
				return err
			}
		}
		for _, o := range found {
			if err := c.out(o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) findCommand(name string) []*Object {
	var out []*Object
	info := func(kind, name, source string) *Object {
		o := record("System.Management.Automation."+kind+"Info", "CommandType", kind, "Name", name, "Version", "3.1.0.0", "Source", source)
		return o.note("Definition", source).note("ModuleName", source).note("Path", source)
	}
	if target, ok := c.aliases[strings.ToLower(name)]; ok {
		out = append(out, info("Alias", name, target))
	}
	if f := c.scope.function(name); f != nil {
		o := info("Function", f.name, "")
		o.data = &ScriptBlock{ast: f.body}
		out = append(out, o.note("ScriptBlock", o.data))
	}
	for _, key := range slices.Sorted(maps.Keys(c.cmdlets)) {
		cmd := c.cmdlets[key]
		if !wildcard(name, false).MatchString(cmd.name) {
			continue
		}
		if cmd.module != "" && !c.moduleAvailable(cmd.module) {
			continue
		}
		module := cmd.module
		if module == "" {
			module = "Microsoft.PowerShell.Management"
		}
		out = append(out, info("Cmdlet", cmd.name, module))
	}
	if path, err := c.findExternal(name); err == nil && out == nil {
		out = append(out, info("Application", host.Base(path), path))
	}
	return out
}

func moduleCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Import-Module", params: "Name:s*@0^ Force:b Global:b PassThru:b DisableNameChecking:b Scope:s Prefix:s Function:s* Cmdlet:s* Variable:s* Alias:s* NoClobber:b MinimumVersion:o RequiredVersion:o SkipEditionCheck:b ArgumentList:o*", process: importModule},
		{name: "Get-Module", params: "Name:s*@0^ ListAvailable:b All:b FullyQualifiedName:o* Refresh:b", process: getModule},
		{name: "Remove-Module", params: "Name:s*@0^ Force:b", process: func(c *call) error {
			for _, n := range c.list("Name") {
				delete(c.modules, strings.ToLower(n))
			}
			return nil
		}},
	}
}

// coreModules are part of every installation.
func coreModules() []string {
	return []string{"Microsoft.PowerShell.Management", "Microsoft.PowerShell.Utility", "Microsoft.PowerShell.Security", "Microsoft.PowerShell.Diagnostics", "Microsoft.PowerShell.LocalAccounts", "CimCmdlets", "PSReadline"}
}

const moduleRoot = `C:\Windows\System32\WindowsPowerShell\v1.0\Modules\`

// moduleAvailable tells whether a module is installed, in the machine's module folder.
func (in *interp) moduleAvailable(name string) bool {
	if slices.ContainsFunc(coreModules(), func(m string) bool { return strings.EqualFold(m, name) }) {
		return true
	}
	f, err := in.k.Host().FS.Stat(moduleRoot + name) // a 32-bit process has the folder, too, in SysWOW64
	return err == nil && f.IsDirectory()
}

// loadModule loads a module on its first use.
func (in *interp) loadModule(name string) error {
	key := strings.ToLower(name)
	if in.modules[key] {
		return nil
	}
	if !in.moduleAvailable(name) {
		return newError("System.IO.FileNotFoundException", "Modules_ModuleNotFound", "ResourceUnavailable",
			"The specified module '%s' was not loaded because no valid module file was found in any module directory.", name).on(name)
	}
	if key == "webadministration" {
		if in.p.Bits != 64 {
			return newError("System.Runtime.InteropServices.COMException", "System.Runtime.InteropServices.COMException", "NotSpecified",
				"Retrieving the COM class factory for component with CLSID {688EEEE5-6A7E-422F-B2E1-6AF00DC944A6} failed due to the following error: 80040154 "+
					"Class not registered (Exception from HRESULT: 0x80040154 (REGDB_E_CLASSNOTREG)).")
		}
		const image = `C:\Windows\System32\inetsrv\Microsoft.IIS.PowerShell.Provider.dll`
		if _, err := in.k.Stat(in.p, image); err == nil {
			_ = in.k.LoadImage(in.p, image) // the cmdlets answer for themselves
		}
	}
	in.modules[key] = true
	return nil
}

func importModule(c *call) error {
	for _, name := range c.list("Name") {
		base := strings.TrimSuffix(host.Base(name), ".psd1")
		if strings.HasSuffix(strings.ToLower(name), ".psm1") || strings.HasSuffix(strings.ToLower(name), ".ps1") {
			if err := c.importScript(name); err != nil {
				return err
			}
			continue
		}
		if err := c.loadModule(base); err != nil {
			if r, ok := asRecord(err); ok {
				c.noteMissingModule(base)
				if err := c.fail(r); err != nil {
					return err
				}
				continue
			}
			return err
		}
		if c.flag("PassThru") {
			if err := c.out(moduleObject(base)); err != nil {
				return err
			}
		}
	}
	return nil
}

// noteMissingModule records a module that Windows can have.
func (c *call) noteMissingModule(name string) {
	c.unsupported("module", name, "not installed on the simulated machine")
}

func (c *call) importScript(name string) error {
	path, err := c.filePath(name)
	if err != nil {
		return err
	}
	data, err := c.k.ReadFile(c.p, path)
	if err != nil {
		return newError("System.IO.FileNotFoundException", "Modules_ModuleNotFound", "ResourceUnavailable",
			"The specified module '%s' was not loaded because no valid module file was found in any module directory.", name).on(name)
	}
	sb, err := c.compile(decodeText(data, ""), path)
	if err != nil {
		return err
	}
	saved := c.interp.scope
	c.interp.scope = c.global
	defer func() { c.interp.scope = saved }()
	return c.callBlock(sb, false, nil, false, nil, c.out)
}

func moduleObject(name string) *Object {
	return record("System.Management.Automation.PSModuleInfo", "ModuleType", "Manifest", "Version", "1.0.0.0", "Name", name, "ExportedCommands", newHash(hashtable)).note("Path", moduleRoot+name+`\`+name+".psd1")
}

func getModule(c *call) error {
	names := c.list("Name")
	match := func(n string) bool {
		return names == nil || slices.ContainsFunc(names, func(p string) bool { return wildcard(p, false).MatchString(n) })
	}
	var found []string
	if c.flag("ListAvailable") {
		found = coreModules()
		for _, n := range c.children(place{fileSystem, strings.TrimSuffix(moduleRoot, `\`)}) {
			if !slices.ContainsFunc(found, func(have string) bool { return strings.EqualFold(have, n) }) {
				found = append(found, n)
			}
		}
	} else {
		found = []string{"Microsoft.PowerShell.Management", "Microsoft.PowerShell.Utility"}
		if c.modules["webadministration"] {
			found = append(found, "WebAdministration")
		}
	}
	slices.Sort(found)
	for _, n := range found {
		if match(n) {
			if err := c.out(moduleObject(n)); err != nil {
				return err
			}
		}
	}
	return nil
}
