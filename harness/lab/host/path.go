package host

import "strings"

// Fold returns the form of a name under which NTFS, the registry and the
// environment compare it.
func Fold(name string) string { return strings.ToLower(name) }

// Absolute resolves path against the directory dir as Win32 does: "/" becomes
// "\", "." and ".." are worked off, "\\?\" is dropped, trailing dots and spaces
// of each part are lost, "\x" is on dir's drive and "C:x" below dir when dir is
// on that drive. It is false for what has no place in the simulated machine
// (UNC and device paths, empty paths).
func Absolute(dir, path string) (string, bool) {
	dir, path = strings.ReplaceAll(dir, "/", `\`), strings.ReplaceAll(path, "/", `\`)
	path = strings.TrimPrefix(path, `\\?\`)
	path = strings.TrimPrefix(path, `\??\`)
	drive, rest, ok := splitDrive(dir, path)
	if !ok {
		return "", false
	}
	var parts []string
	for part := range strings.SplitSeq(rest, `\`) {
		parts = appendPart(parts, part)
	}
	return drive + `\` + strings.Join(parts, `\`), true
}

func appendPart(parts []string, part string) []string {
	switch part {
	case "", ".":
		return parts
	case "..":
		if len(parts) > 0 {
			return parts[:len(parts)-1]
		}
		return parts
	}
	if trimmed := strings.TrimRight(part, ". "); trimmed != "" {
		return append(parts, trimmed)
	}
	return parts
}

func splitDrive(dir, path string) (drive, rest string, ok bool) {
	switch {
	case path == "" || strings.HasPrefix(path, `\\`):
		return "", "", false
	case hasDrive(path):
		drive = strings.ToUpper(path[:2])
		if len(path) > 2 && path[2] == '\\' {
			return drive, path[3:], true
		}
		if hasDrive(dir) && strings.EqualFold(dir[:2], drive) {
			return drive, dir[2:] + `\` + path[2:], true
		}
		return drive, path[2:], true
	case !hasDrive(dir):
		return "", "", false
	case path[0] == '\\':
		return strings.ToUpper(dir[:2]), path, true
	default:
		return strings.ToUpper(dir[:2]), dir[2:] + `\` + path, true
	}
}

func hasDrive(path string) bool {
	if len(path) < 2 || path[1] != ':' {
		return false
	}
	c := path[0] | 0x20
	return c >= 'a' && c <= 'z'
}

// Base returns the last part of a Windows path.
func Base(path string) string {
	return path[strings.LastIndexAny(path, `\/:`)+1:]
}

// Parent returns the directory that holds path; the parent of a drive's root is
// the root itself.
func Parent(path string) string {
	i := strings.LastIndexByte(path, '\\')
	if i < 0 {
		return path
	}
	if i == 2 {
		return path[:3]
	}
	return path[:i]
}

// Ext returns the extension of path in lower case, with its dot, or "".
func Ext(path string) string {
	name := Base(path)
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return Fold(name[i:])
	}
	return ""
}

// Join puts parts together with single backslashes.
func Join(dir string, parts ...string) string {
	for _, part := range parts {
		dir = strings.TrimRight(dir, `\`) + `\` + strings.TrimLeft(part, `\`)
	}
	return dir
}

// Within reports whether path is dir or below it.
func Within(path, dir string) bool {
	path, dir = Fold(path), strings.TrimRight(Fold(dir), `\`)
	return path == dir || strings.HasPrefix(path, dir+`\`)
}
