package cmd

import (
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// version is the build of Windows Server 2022.
const version = "10.0.20348.2849"

// variable looks a variable up; the dynamic ones yield to real ones of the same
// name.
func (sh *shell) variable(name string) (string, bool) {
	if value, ok := sh.env.Lookup(name); ok {
		return value, true
	}
	switch strings.ToLower(name) {
	case "cd":
		return sh.p.Dir, true
	case "errorlevel":
		return itoa(sh.level), true
	case "random":
		return itoa(sh.random.IntN(32768)), true
	case "date":
		return dateText(sh.k.Host().Clock.Now()), true
	case "time":
		return timeText(sh.k.Host().Clock.Now()), true
	case "cmdcmdline":
		return sh.p.CommandLine, true
	case "cmdextversion":
		return "2", true
	case "highestnumanodenumber":
		return "0", true
	}
	return "", false
}

// dateText is %DATE% in the format of the United States.
func dateText(t time.Time) string { return t.Format("Mon 01/02/2006") }

// timeText is %TIME%: the hour is padded with a blank.
func timeText(t time.Time) string {
	text := t.Format("15:04:05") + "." + t.Format(".00")[1:]
	if text[0] == '0' {
		return " " + text[1:]
	}
	return text
}

// modify applies the modifiers of %~fdpnxsatz to a value.
func (sh *shell) modify(modifiers, value string) string {
	value = strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`)
	if modifiers == "" {
		return value
	}
	modifiers = strings.ToLower(modifiers)
	full, err := sh.k.Path(sh.p, value)
	if err != nil {
		return ""
	}
	f, err := sh.k.Stat(sh.p, full)
	if err == nil {
		full = f.Path
	}
	var parts []string
	for _, detail := range []struct{ letter, text string }{
		{"a", attributesText(f, err == nil)}, {"t", stamp(f, err == nil)}, {"z", size(f, err == nil)},
	} {
		if strings.Contains(modifiers, detail.letter) && detail.text != "" {
			parts = append(parts, detail.text)
		}
	}
	if path := pathParts(modifiers, full); path != "" {
		parts = append(parts, path)
	}
	return strings.Join(parts, " ")
}

func pathParts(modifiers, full string) string {
	if strings.Trim(modifiers, "atz") == "" {
		return ""
	}
	if strings.Contains(modifiers, "f") || strings.Trim(modifiers, "satz") == "" {
		return full
	}
	drive, folder, name := full[:2], host.Parent(full)[2:], host.Base(full)
	if !strings.HasSuffix(folder, `\`) {
		folder += `\`
	}
	extension := ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name, extension = name[:i], name[i:]
	}
	var out strings.Builder
	for _, part := range []struct{ letter, text string }{{"d", drive}, {"p", folder}, {"n", name}, {"x", extension}} {
		if strings.Contains(modifiers, part.letter) {
			out.WriteString(part.text)
		}
	}
	return out.String()
}

func attributesText(f host.File, known bool) string {
	if !known {
		return ""
	}
	letters := []byte("-----------")
	for i, bit := range []struct {
		letter byte
		value  host.Attributes
	}{{'d', host.Directory}, {'r', host.ReadOnly}, {'a', host.Archive}, {'h', host.Hidden}, {'s', host.SystemBit}} {
		if f.Attributes&bit.value != 0 {
			letters[i] = bit.letter
		}
	}
	return string(letters)
}

func stamp(f host.File, known bool) string {
	if !known {
		return ""
	}
	return f.Modified.Format("01/02/2006 03:04 PM")
}

func size(f host.File, known bool) string {
	if !known {
		return ""
	}
	return itoa(int(f.Size()))
}

// glob lists the files and folders that match a pattern in its last part.
func (sh *shell) glob(pattern string) []host.File {
	folder, name := splitPattern(pattern)
	files, err := sh.k.ReadDirectory(sh.p, folder)
	if err != nil {
		return nil
	}
	var found []host.File
	for _, f := range files {
		if matches(name, f.Name()) {
			found = append(found, f)
		}
	}
	return found
}

// splitPattern separates the folder of a pattern from its last part.
func splitPattern(pattern string) (folder, name string) {
	i := strings.LastIndexAny(pattern, `\/:`)
	if i < 0 {
		return ".", pattern
	}
	folder, name = pattern[:i], pattern[i+1:]
	if folder == "" || strings.HasSuffix(folder, ":") || pattern[i] == ':' {
		folder = pattern[:i+1]
	}
	return folder, name
}
