package kernel

import (
	"bytes"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// program returns what runs as an image: what is installed under its path, or
// under the path of the file whose content it has (a copied or renamed program
// is the same program), or its 64-bit sibling; nil when there is nothing.
func (k *Kernel) program(image string) Program {
	const wow, system = `C:\Windows\SysWOW64`, `C:\Windows\System32`
	candidates := []string{k.host.FS.LongPath(image)}
	if f, err := k.host.FS.Stat(image); err == nil {
		if original, ok := host.StandsFor(f.Content); ok {
			candidates = append(candidates, original)
		}
	}
	if last := candidates[len(candidates)-1]; host.Within(last, wow) {
		candidates = append(candidates, system+last[len(wow):])
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, path := range candidates {
		if prog, ok := k.programs[host.Fold(path)]; ok {
			return prog
		}
	}
	return nil
}

// find resolves the image of a Spec and completes its command line.
func (k *Kernel) find(parent *Process, s *Spec) (host.File, error) {
	image, err := k.image(parent, s)
	if err != nil {
		return host.File{}, err
	}
	if ext := host.Ext(image); ext == ".bat" || ext == ".cmd" {
		// CreateProcess hands batch files to the command processor.
		line := s.CommandLine
		if line == "" {
			line = `"` + image + `"`
		}
		s.CommandLine = `C:\Windows\system32\cmd.exe /c "` + line + `"`
		image = `C:\Windows\System32\cmd.exe`
	}
	file, err := k.executable(parent, image)
	if s.CommandLine == "" {
		s.CommandLine = `"` + file.Path + `"`
	}
	return file, err
}

// image is the path of the executable. An unquoted command line is tried up to
// each of its blanks, as CreateProcess does.
func (k *Kernel) image(parent *Process, s *Spec) (string, error) {
	if s.Image != "" {
		return k.Resolve(parent, s.Image)
	}
	line := strings.TrimLeft(s.CommandLine, " \t")
	name, _ := cutProgram(line)
	image, err := k.Resolve(parent, name)
	if err == nil || strings.HasPrefix(line, `"`) {
		return image, err
	}
	for end := len(name); end < len(line); {
		next := strings.IndexByte(line[end+1:], ' ')
		if next < 0 {
			end = len(line)
		} else {
			end += 1 + next
		}
		if longer, err := k.Resolve(parent, line[:end]); err == nil {
			return longer, nil
		}
	}
	return "", err
}

// isImage reports whether content is that of an executable.
func isImage(content []byte) bool { return bytes.HasPrefix(content, []byte("MZ")) }
