package host

import (
	"bytes"
	"crypto/md5" //nolint:gosec // names a directory, protects nothing
	"crypto/sha256"
	_ "embed" // the furniture is data
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed data/images.txt
var imagesData string

//go:embed data/native.txt
var nativeData string

//go:embed data/files.txt
var filesData string

//go:embed data/services.txt
var servicesData string

//go:embed data/registry.txt
var registryData string

//go:embed data/applicationHost.config
var applicationHostData string

// furnish fills an empty machine.
func (h *Host) furnish() {
	h.furnishDirectories()
	h.furnishAccounts()
	h.furnishImages()
	h.furnishNative()
	h.furnishFiles()
	h.furnishServices()
	h.furnishRegistry()
	// Whoever watches his servers turns this on, and so does the lab.
	h.Audit.Set("Process Creation", AuditSuccess)
}

// dataLines yields the lines of a data file that say something.
func dataLines(text string, f func(line string)) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && !strings.HasPrefix(line, "#") {
			f(line)
		}
	}
}

func columns(line string) []string {
	parts := strings.Split(line, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func (h *Host) furnishImages() {
	var dir string
	var of Version
	dataLines(imagesData, func(line string) {
		if place, product, ok := strings.Cut(line, ` ! `); ok {
			dir = place
			c := columns(product)
			of = Version{Product: c[0], FileVersion: c[1], Company: c[2], Signer: "Microsoft Windows"}
			return
		}
		c := columns(line)
		v := of
		v.Description, v.OriginalFileName = c[1], c[2]
		h.FS.Put(Image(dir+c[0], v))
	})
}

// Image describes an executable of the operating system or of a vendor. Its
// content is not a program: it says which file it stands for, so that its hashes
// are those of no real file.
func Image(path string, v Version) File {
	at := InstallTime()
	return File{
		Path: path, Content: stub(path), Created: at, Modified: at, Accessed: at, Attributes: Archive,
		Owner: TrustedInstaller, Access: imageAccess(), Version: &v, Synthetic: true,
	}
}

// stubMark begins the content of an image of Image, before its path.
const stubMark = "MZ\x90\x00lab:"

// StandsFor returns the path of the executable for which the content of an
// [Image] stands; copies have it too.
func StandsFor(content []byte) (path string, ok bool) {
	rest, ok := bytes.CutPrefix(content, []byte(stubMark))
	if !ok {
		return "", false
	}
	line, _, ok := bytes.Cut(rest, []byte("\r\n"))
	return string(line), ok
}

func stub(path string) []byte {
	text := "lab:" + path
	return fmt.Appendf(nil, "MZ\x90\x00%s\r\nThis stands for an executable of a simulated machine.\r\n%x\r\n", text, sha256.Sum256([]byte(text)))
}

// NativeImage is the path of the native image of a .NET assembly.
func NativeImage(assembly string) string {
	folder := assembly
	if len(folder) > 13 {
		folder = fmt.Sprintf("%s%x#", assembly[:11], md5.Sum([]byte(assembly)))[:20] + "#" //nolint:gosec // see import
	}
	version := fmt.Sprintf("%x", md5.Sum([]byte("lab:"+assembly))) //nolint:gosec // see import
	return Join(`C:\Windows\assembly\NativeImages_v4.0.30319_64`, folder, version, assembly+".ni.dll")
}

func (h *Host) furnishNative() {
	dataLines(nativeData, func(assembly string) {
		h.FS.Put(Image(NativeImage(assembly), Version{
			FileVersion: "4.8.4110.0 built by: NET48REL1LAST_B", Description: assembly + ".dll", Product: "Microsoft® .NET Framework",
			Company: "Microsoft Corporation", OriginalFileName: assembly + ".dll",
		}))
	})
}

func (h *Host) furnishFiles() {
	dataLines(filesData, func(line string) {
		path, content, isFile := strings.Cut(line, " => ")
		if isFile {
			content = strings.ReplaceAll(content, `\r\n`, "\r\n") + "\r\n"
			h.putText(path, content)
			return
		}
		if _, err := h.FS.Stat(path); err != nil {
			h.FS.Put(directoryAt(path, nil, TrustedInstaller))
		}
	})
	crlf := strings.ReplaceAll(applicationHostData, "\r\n", "\n")
	crlf = strings.ReplaceAll(crlf, "\n", "\r\n")
	h.putText(`C:\Windows\System32\inetsrv\config\applicationHost.config`, crlf)
	h.putText(`C:\inetpub\history\CFGHISTORY_0000000001\applicationHost.config`, crlf)
}

func (h *Host) putText(path, content string) {
	at := InstallTime().Add(41 * time.Minute)
	h.FS.Put(File{
		Path: path, Content: []byte(content), Created: at, Modified: at, Accessed: at, Attributes: Archive, Owner: Administrators,
		Access: textAccess(path),
	})
}

func (h *Host) furnishServices() {
	dataLines(servicesData, func(line string) {
		c := columns(line)
		s := Service{
			Name: c[0], DisplayName: c[1], Path: c[2], Account: c[3], State: Stopped,
			Start: map[string]StartType{"auto": Automatic, "manual": Manual, "disabled": DisabledStart}[c[4]], Shared: c[5] == "shared",
		}
		if len(c) > 6 {
			s.DependsOn = strings.Fields(c[6])
		}
		h.Services.Put(s)
		h.setValues(`HKLM\SYSTEM\ControlSet001\Services\`+s.Name, s.Values())
	})
}

func (h *Host) setValues(key string, values []Value) {
	// The paths come from this package's own data, which the tests walk.
	_, _ = h.Registry.CreateKey(key, InstallTime())
	for _, v := range values {
		_ = h.Registry.SetValue(key, v, InstallTime())
	}
}

func (h *Host) furnishRegistry() {
	fill := strings.NewReplacer("{computer}", h.Name, "{machineguid}", strings.ToLower(strings.Trim(h.MachineGUID.String(), "{}")))
	key := ""
	dataLines(registryData, func(line string) {
		if name, ok := strings.CutPrefix(line, "["); ok {
			key = strings.TrimSuffix(name, "]")
			h.setValues(key, nil)
			return
		}
		h.setValues(key, []Value{parseValue(fill.Replace(line))})
	})
	admin, _ := h.Accounts.User("Administrator")
	h.setValues(`HKU\`+admin.SID+`\Environment`, []Value{
		{Name: "TEMP", Type: ExpandString, Text: `%USERPROFILE%\AppData\Local\Temp`},
		{Name: "TMP", Type: ExpandString, Text: `%USERPROFILE%\AppData\Local\Temp`},
	})
	h.setValues(`HKU\`+admin.SID+`\SOFTWARE\Microsoft\Windows\CurrentVersion\Run`, nil)
	h.setValues(`HKU\`+admin.SID+`\Volatile Environment`, []Value{{Name: "USERNAME", Type: String, Text: admin.Name}})
}

func parseValue(line string) Value {
	name, rest, _ := strings.Cut(line, " = ")
	kind, data, _ := strings.Cut(rest, ":")
	if name == "@" {
		name = ""
	}
	v := Value{Name: name, Text: data, Type: String}
	switch kind {
	case "expand":
		v.Type = ExpandString
	case "multi":
		v.Type, v.Text, v.Strings = MultiString, "", strings.Split(data, `\0`)
	case "dword":
		v.Type, v.Text = DWord, ""
		v.Number, _ = strconv.ParseUint(data, 0, 32)
	}
	return v
}

func (h *Host) furnishAccounts() {
	groups := []Group{
		{Administrators, "S-1-5-32-544", "Administrators have complete and unrestricted access to the computer/domain"},
		{Users, "S-1-5-32-545", "Users are prevented from making accidental or intentional system-wide changes"},
		{`BUILTIN\Guests`, "S-1-5-32-546", "Guests have the same access as members of the Users group by default"},
		{`BUILTIN\Remote Desktop Users`, "S-1-5-32-555", "Members in this group are granted the right to logon remotely"},
		{`BUILTIN\Event Log Readers`, "S-1-5-32-573", "Members of this group can read event logs from local machine"},
		{`BUILTIN\Remote Management Users`, "S-1-5-32-580", "Members of this group can access WMI resources over management protocols"},
		{IISUsers, "S-1-5-32-568", "Built-in group used by Internet Information Services."},
		{`NT AUTHORITY\Authenticated Users`, "S-1-5-11", ""},
		{`NT AUTHORITY\NETWORK`, "S-1-5-2", ""},
		{`NT AUTHORITY\BATCH`, "S-1-5-3", ""},
		{`NT AUTHORITY\INTERACTIVE`, "S-1-5-4", ""},
		{`NT AUTHORITY\SERVICE`, "S-1-5-6", ""},
		{`NT AUTHORITY\This Organization`, "S-1-5-15", ""},
		{`NT AUTHORITY\NTLM Authentication`, "S-1-5-64-10", ""},
	}
	for _, g := range groups {
		h.Accounts.PutGroup(g)
	}
	h.addUser("Administrator", 500, true, "Built-in account for administering the computer/domain", Administrators)
	h.addUser("DefaultAccount", 503, false, "A user account managed by the system.")
	h.addUser("Guest", 501, false, "Built-in account for guest access to the computer/domain", `BUILTIN\Guests`)
	h.addUser("operator", 1001, true, "Lab operator", Users, `BUILTIN\Remote Management Users`)
	h.addUser("WDAGUtilityAccount", 504, false, "A user account managed and used by the system for Windows Defender Application Guard scenarios.")
}

func (h *Host) addUser(name string, rid int, enabled bool, comment string, groups ...string) {
	u := User{Name: name, SID: fmt.Sprintf("%s-%d", h.MachineSID, rid), Comment: comment, Enabled: enabled, Groups: groups}
	if enabled {
		u.Profile = `C:\Users\` + name
		h.furnishProfile(u)
	}
	h.Accounts.PutUser(u)
}

func (h *Host) furnishProfile(u User) {
	h.FS.Put(directoryAt(u.Profile, profileAccess(h.Account(u.Name)), System))
	for _, dir := range []string{
		"Desktop", "Documents", "Documents\\WindowsPowerShell", "Downloads", `AppData\Local\Temp`, `AppData\Local\Microsoft\CLR_v4.0\UsageLogs`,
		`AppData\Local\Microsoft\Windows\PowerShell`, `AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup`,
		`AppData\Roaming\Microsoft\Windows\PowerShell\PSReadLine`,
	} {
		h.FS.Put(directoryAt(Join(u.Profile, dir), nil, h.Account(u.Name)))
	}
}
