package kernel

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Path makes a path absolute for p: relative to its current directory, and with
// the WOW64 redirection of System32 for a 32-bit process. The machine reaches its
// own administrative shares (`\\localhost\C$\...`) and no others.
func (k *Kernel) Path(p *Process, path string) (string, error) {
	share, network := k.share(path)
	switch {
	case network && share == "":
		return "", fail("open", path, BadNetworkPath)
	case network:
		path = share
	}
	full, ok := host.Absolute(p.Dir, path)
	if !ok || strings.ContainsAny(full[2:], `<>"|?*`) {
		return "", fail("open", path, InvalidName)
	}
	if strings.Contains(full[2:], ":") {
		k.Unsupported(p, "path", path, "streams of files are not simulated")
		return "", fail("open", path, InvalidName)
	}
	const system, wow = `C:\Windows\System32`, `C:\Windows\SysWOW64`
	if p.Bits == 32 && host.Within(full, system) {
		full = wow + full[len(system):]
	}
	return full, nil
}

// share translates a path on one of the machine's own administrative shares.
func (k *Kernel) share(path string) (local string, network bool) {
	path = strings.ReplaceAll(path, "/", `\`)
	if !strings.HasPrefix(path, `\\`) || strings.HasPrefix(path, `\\?\`) || strings.HasPrefix(path, `\\.\`) {
		return "", false
	}
	server, rest, _ := strings.Cut(path[2:], `\`)
	drive, rest, _ := strings.Cut(rest, `\`)
	own := []string{"localhost", "127.0.0.1", ".", k.host.Name}
	if len(drive) != 2 || drive[1] != '$' || !slices.ContainsFunc(own, func(name string) bool { return strings.EqualFold(name, server) }) {
		return "", true
	}
	return drive[:1] + `:\` + rest, true
}

// Resolve finds the executable for a name: with a path as it stands, otherwise
// in the directory of p's image, the current directory, the system directories
// and PATH. A name without extension is tried with those of PATHEXT.
func (k *Kernel) Resolve(p *Process, name string) (string, error) {
	name = strings.Trim(name, `"`)
	if name == "" {
		return "", fail("create process", name, InvalidParameter)
	}
	if strings.ContainsAny(name, `\/:`) {
		return k.withExtension(p, name)
	}
	for _, dir := range k.searchPath(p) {
		if found, err := k.withExtension(p, host.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fail("create process", name, FileNotFound)
}

func (k *Kernel) searchPath(p *Process) []string {
	dirs := []string{host.Parent(p.Image), p.Dir, `C:\Windows\System32`, `C:\Windows`}
	for dir := range strings.SplitSeq(p.Env.Get("PATH"), ";") {
		if dir = strings.Trim(p.Env.Expand(dir), `" `); dir != "" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func (k *Kernel) withExtension(p *Process, name string) (string, error) {
	full, err := k.Path(p, name)
	if err != nil {
		return "", err
	}
	candidates := []string{full}
	if host.Ext(full) == "" {
		candidates = nil
	}
	extensions := p.Env.Get("PATHEXT")
	if extensions == "" {
		extensions = ".COM;.EXE;.BAT;.CMD"
	}
	for ext := range strings.SplitSeq(extensions, ";") {
		candidates = append(candidates, full+strings.ToLower(ext))
	}
	for _, candidate := range candidates {
		if f, err := k.host.FS.Stat(candidate); err == nil && !f.IsDirectory() {
			return f.Path, nil
		}
	}
	return "", k.notFound("create process", full)
}

// notFound is FileNotFound, or PathNotFound when even the directory is missing.
func (k *Kernel) notFound(op, path string) error {
	if _, err := k.host.FS.Stat(host.Parent(path)); err != nil {
		return fail(op, path, PathNotFound)
	}
	return fail(op, path, FileNotFound)
}

// executable checks that p may run the file and that it is an image.
func (k *Kernel) executable(p *Process, path string) (host.File, error) {
	file, err := k.host.FS.Stat(path)
	if err != nil {
		return host.File{}, translate("create process", path, err)
	}
	if !file.Access.Allows(p.Token, host.RightReadExecute) {
		return host.File{}, fail("create process", path, AccessDenied)
	}
	if !isImage(file.Content) {
		return host.File{}, fail("create process", path, BadExeFormat)
	}
	return file, nil
}

func (k *Kernel) directory(p *Process, dir string) (string, error) {
	full, err := k.Path(p, dir)
	if err != nil {
		return "", err
	}
	f, err := k.host.FS.Stat(full)
	if err != nil || !f.IsDirectory() {
		return "", fail("create process", dir, DirectoryName)
	}
	return f.Path, nil
}
