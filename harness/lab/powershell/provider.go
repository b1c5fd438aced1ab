package powershell

import (
	"maps"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// place is a path that has been resolved to a provider. For the file system and the registry path is what the kernel
// takes; for the other providers it is the name below the drive.
type place struct {
	provider string
	path     string
}

const (
	fileSystem  = "FileSystem"
	registry    = "Registry"
	environment = "Environment"
	variables   = "Variable"
	functions   = "Function"
	aliasDrive  = "Alias"
	webAdmin    = "WebAdministration"
)

// drives gives the provider and the root of the drives that are not letters.
func (in *interp) drive(name string) (provider, root string, ok bool) {
	switch strings.ToLower(name) {
	case "hklm":
		return registry, "HKLM", true
	case "hkcu":
		return registry, "HKCU", true
	case "env":
		return environment, "", true
	case "variable":
		return variables, "", true
	case "function":
		return functions, "", true
	case "alias":
		return aliasDrive, "", true
	case "iis":
		return webAdmin, "", true
	}
	if v := in.global.vars["drive:"+strings.ToLower(name)]; v != nil {
		p, ok := v.value.(place)
		return p.provider, p.path, ok
	}
	if len(name) == 1 && (name[0]|0x20 == 'c') {
		return fileSystem, strings.ToUpper(name) + ":", true
	}
	return "", "", false
}

// resolvePath finds the provider of a path and makes it absolute.
func (in *interp) resolvePath(path string) (place, error) {
	path = strings.ReplaceAll(path, "/", `\`)
	if provider, rest, ok := strings.Cut(path, "::"); ok {
		name := provider[strings.LastIndexByte(provider, '\\')+1:]
		switch strings.ToLower(name) {
		case "registry":
			return place{registry, strings.Trim(rest, `\`)}, nil
		case "filesystem":
			return in.fullFile(rest)
		}
		return place{}, in.noProvider(name)
	}
	if path == "~" || strings.HasPrefix(path, `~\`) {
		return in.fullFile(in.p.Env.Get("USERPROFILE") + path[1:])
	}
	drive, rest, ok := strings.Cut(path, ":")
	if !ok || strings.HasPrefix(path, `\\`) {
		return in.relative(path)
	}
	provider, root, ok := in.drive(drive)
	switch {
	case !ok:
		if len(drive) == 1 {
			return place{}, in.noDrive(drive)
		}
		if strings.ContainsAny(drive, `\.`) {
			return in.fullFile(path)
		}
		if s := strings.ToLower(drive); s == "cert" || s == "wsman" {
			in.unsupported("provider", drive+":", "not simulated")
		}
		return place{}, in.noDrive(drive)
	case provider == fileSystem:
		if len(drive) == 1 {
			return in.fullFile(path)
		}
		return in.fullFile(host.Join(root, rest))
	case provider == registry:
		return place{registry, strings.TrimRight(host.Join(root, clean(rest)), `\`)}, nil
	case provider == webAdmin:
		if err := in.loadModule("WebAdministration"); err != nil {
			return place{}, in.noDrive(drive)
		}
	}
	return place{provider, strings.Trim(rest, `\`)}, nil
}

// clean works off . and .. in a key path.
func clean(path string) string {
	var parts []string
	for part := range strings.SplitSeq(path, `\`) {
		switch part {
		case "", ".":
		case "..":
			parts = parts[:max(0, len(parts)-1)]
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, `\`)
}

func (in *interp) relative(path string) (place, error) {
	drive, rest, _ := strings.Cut(in.location, ":")
	if len(drive) == 1 || drive == "" {
		return in.fullFile(path)
	}
	if strings.HasPrefix(path, `\`) {
		rest = ""
	}
	return in.resolvePath(drive + `:\` + clean(rest+`\`+path))
}

func (in *interp) fullFile(path string) (place, error) {
	full, ok := host.Absolute(in.fileDir(), path)
	if !ok {
		if strings.HasPrefix(path, `\\`) {
			in.unsupported("path", path, "no network shares in the simulation")
		}
		return place{}, newError("System.NotSupportedException", "PathError", "InvalidArgument", "The given path's format is not supported.").on(path)
	}
	return place{fileSystem, full}, nil
}

// fileDir is the current directory in the file system.
func (in *interp) fileDir() string {
	if drive, _, ok := strings.Cut(in.location, ":"); ok && len(drive) == 1 {
		return in.location
	}
	return in.p.Dir
}

// filePath resolves a path that must be in the file system.
func (in *interp) filePath(path string) (string, error) {
	p, err := in.resolvePath(path)
	if err != nil {
		return "", err
	}
	if p.provider != fileSystem {
		return "", newError("System.Management.Automation.PSInvalidOperationException", "ReadWriteFileNotFileSystemProvider", invalidOperation,
			"Cannot open file because the current provider (Microsoft.PowerShell.Core\\%s) cannot open a file.", p.provider)
	}
	return p.path, nil
}

// netPath makes a path absolute as .NET does: against the process directory, not the location.
func (in *interp) netPath(v any) string {
	path := in.str(v)
	if full, ok := host.Absolute(in.p.Dir, path); ok {
		return full
	}
	return path
}

func (in *interp) noDrive(name string) *ErrorRecord {
	return newError("System.Management.Automation.DriveNotFoundException", "DriveNotFound", "ObjectNotFound",
		"Cannot find drive. A drive with the name '%s' does not exist.", name).on(name)
}

func (in *interp) noProvider(name string) *ErrorRecord {
	return newError("System.Management.Automation.ProviderNotFoundException", "ProviderNotFound", "ObjectNotFound",
		"Cannot find a provider with the name '%s'.", name).on(name)
}

func noPath(path string) *ErrorRecord {
	return newError("System.Management.Automation.ItemNotFoundException", "PathNotFound", "ObjectNotFound",
		"Cannot find path '%s' because it does not exist.", path).on(path)
}

// drivePath is a place as scripts write it.
func (p place) drivePath() string {
	switch p.provider {
	case registry:
		hive, rest, _ := strings.Cut(p.path, `\`)
		hive = map[string]string{"hkey_local_machine": "HKLM", "hkey_current_user": "HKCU"}[strings.ToLower(hive)] + map[bool]string{true: hive}[len(hive) <= 4]
		return hive + `:\` + rest
	case fileSystem:
		return p.path
	case environment:
		return `Env:\` + p.path
	case webAdmin:
		return `IIS:\` + p.path
	}
	return p.provider + `:\` + p.path
}

// psPath is the provider-qualified form.
func (p place) psPath() string {
	if p.provider == registry {
		return `Microsoft.PowerShell.Core\Registry::` + longHive(p.path)
	}
	if p.provider == webAdmin {
		return `WebAdministration::\\` + p.path
	}
	return `Microsoft.PowerShell.Core\` + p.provider + "::" + p.path
}

// longHive writes the hive of a key in full.
func longHive(key string) string {
	hive, rest, ok := strings.Cut(key, `\`)
	long := map[string]string{"HKLM": "HKEY_LOCAL_MACHINE", "HKCU": "HKEY_CURRENT_USER", "HKU": "HKEY_USERS", "HKCR": "HKEY_CLASSES_ROOT"}[strings.ToUpper(hive)]
	if long == "" {
		long = hive
	}
	if !ok {
		return long
	}
	return long + `\` + rest
}

// expandPath resolves a path and, unless it is literal, its wildcards. Without wildcards a missing item gives itself.
func (in *interp) expandPath(path string, literal bool) ([]place, error) {
	p, err := in.resolvePath(path)
	if err != nil {
		return nil, err
	}
	if literal || !hasWildcard(p.path) {
		return []place{p}, nil
	}
	sep := `\`
	parts := strings.Split(p.path, sep)
	found := []string{parts[0]}
	if p.provider == environment || p.provider == variables || p.provider == functions || p.provider == aliasDrive {
		return in.expandNames(p), nil
	}
	for _, part := range parts[1:] {
		var next []string
		for _, base := range found {
			if !hasWildcard(part) {
				next = append(next, base+sep+part)
				continue
			}
			for _, name := range in.children(place{p.provider, base}) {
				if wildcard(part, false).MatchString(name) {
					next = append(next, base+sep+name)
				}
			}
		}
		found = next
	}
	var out []place
	for _, f := range found {
		if q := (place{p.provider, f}); in.exists(q) {
			out = append(out, q)
		}
	}
	return out, nil
}

func (in *interp) expandNames(p place) []place {
	var out []place
	for _, name := range in.children(place{p.provider, ""}) {
		if wildcard(p.path, false).MatchString(name) {
			out = append(out, place{p.provider, name})
		}
	}
	return out
}

// children names what is directly below a place.
func (in *interp) children(p place) []string {
	var names []string
	switch p.provider {
	case fileSystem:
		dir := p.path
		if strings.HasSuffix(dir, ":") {
			dir += `\`
		}
		files, err := in.k.ReadDirectory(in.p, dir)
		if err != nil {
			return nil
		}
		for _, f := range files {
			names = append(names, f.Name())
		}
	case registry:
		names, _ = in.k.Subkeys(in.p, p.path)
	case environment:
		names = in.p.Env.Names()
	case variables:
		for s := in.scope; s != nil; s = s.parent {
			for _, key := range slices.Sorted(maps.Keys(s.vars)) {
				names = append(names, s.vars[key].name)
			}
		}
	case aliasDrive:
		names = slices.Sorted(maps.Keys(in.aliases))
	case functions:
		for s := in.scope; s != nil; s = s.parent {
			for _, key := range slices.Sorted(maps.Keys(s.functions)) {
				names = append(names, s.functions[key].name)
			}
		}
	}
	return names
}

func (in *interp) exists(p place) bool {
	switch p.provider {
	case fileSystem:
		_, err := in.k.Stat(in.p, withRoot(p.path))
		return err == nil
	case registry:
		return in.k.KeyExists(in.p, p.path)
	case environment:
		_, ok := in.p.Env.Lookup(p.path)
		return ok || p.path == ""
	case variables:
		_, ok := in.variable("", p.path)
		return ok || p.path == ""
	case functions:
		return in.scope.function(p.path) != nil || p.path == ""
	case aliasDrive:
		return in.aliases[strings.ToLower(p.path)] != "" || p.path == ""
	case webAdmin:
		return in.webItemExists(p.path)
	}
	return false
}

func withRoot(path string) string {
	if len(path) == 2 {
		return path + `\`
	}
	return path
}

// pathInfo is what Get-Location gives.
func (in *interp) pathInfo() *Object {
	return newObject(&class{name: "System.Management.Automation.PathInfo", columns: []string{"Path"}, text: func(_ *interp, o *Object) string {
		s, _ := o.data.(string)
		return s
	}, props: []prop{
		{name: "Path", get: func(_ *interp, o *Object) any { return o.data }},
		{name: "ProviderPath", get: func(_ *interp, o *Object) any { return o.data }},
		{name: "Drive", get: func(in *interp, o *Object) any {
			d, _, _ := strings.Cut(in.str(o.data), ":")
			return record("System.Management.Automation.PSDriveInfo", "Name", d)
		}},
	}}, in.location)
}

// getContent reads an item as lines, or raw as one text.
func (in *interp) getContent(path, encoding string, lines bool) (any, error) {
	p, err := in.resolvePath(path)
	if err != nil {
		return nil, err
	}
	switch p.provider {
	case fileSystem:
		data, err := in.k.ReadFile(in.p, p.path)
		if err != nil {
			return nil, win32(err, p.path)
		}
		text := decodeText(data, encoding)
		if !lines {
			return text, nil
		}
		return newArray(splitLines(text)...), nil
	case environment, variables:
		scope := map[string]string{environment: "env", variables: ""}[p.provider]
		if v, ok := in.variable(scope, p.path); ok {
			return v, nil
		}
	case functions:
		if f := in.scope.function(p.path); f != nil {
			return &ScriptBlock{ast: f.body}, nil
		}
	}
	return nil, noPath(p.drivePath())
}

func splitLines(text string) []any {
	if text == "" {
		return nil
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var out []any
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		out = append(out, line)
	}
	return out
}

// setContent writes values to an item.
func (in *interp) setContent(path string, items []any, encoding string, appending bool) error {
	p, err := in.resolvePath(path)
	if err != nil {
		return err
	}
	switch p.provider {
	case environment:
		return in.setVariable("env", p.path, collapse(items))
	case variables:
		return in.setVariable("", p.path, collapse(items))
	case functions:
		return in.setVariable("function", p.path, collapse(items))
	case fileSystem:
		var b strings.Builder
		for _, item := range items {
			b.WriteString(in.str(item) + "\r\n")
		}
		return in.writeText(p.path, b.String(), encoding, appending)
	}
	return noPath(p.drivePath())
}

// writeText writes or appends text to a file; a new file gets the byte order mark of the encoding.
func (in *interp) writeText(path, text, encoding string, appending bool) error {
	data := encodeText(text, encoding)
	f, err := in.k.Stat(in.p, path)
	if err != nil || !appending || f.Size() == 0 {
		data = append(append([]byte{}, preamble(encoding)...), data...)
	}
	if appending {
		err = in.k.AppendFile(in.p, path, data)
	} else {
		err = in.k.WriteFile(in.p, path, data, kernel.CreateAlways)
	}
	if err != nil {
		return win32(err, path)
	}
	return nil
}
