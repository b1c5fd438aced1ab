package sensor

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // Sysmon logs it
	"crypto/sha1" //nolint:gosec // Sysmon logs it
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// utc is the format of Sysmon's times.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

func (s *Sysmon) processCreated(a kernel.ProcessCreated) map[string]string {
	p := a.Process
	f := map[string]string{
		"CommandLine": p.CommandLine, "CurrentDirectory": currentDirectory(p, a.Directory),
		"LogonGuid": p.Token.LogonGUID.String(), "LogonId": fmt.Sprintf("0x%x", p.Token.LogonID),
		"TerminalSessionId": strconv.Itoa(int(p.Token.Session)), "IntegrityLevel": string(p.Token.Integrity),
		"Hashes":            s.hashes(a.File),
		"ParentProcessGuid": host.GUID{}.String(), "ParentProcessId": "0", "ParentImage": "-", "ParentCommandLine": "-", "ParentUser": "-",
	}
	describe(f, a.File)
	if parent := p.Parent; parent != nil {
		f["ParentProcessGuid"], f["ParentProcessId"] = parent.GUID.String(), strconv.Itoa(int(parent.PID))
		f["ParentImage"], f["ParentCommandLine"], f["ParentUser"] = parent.Image, parent.CommandLine, parent.Token.User
	}
	return f
}

// currentDirectory ends in a backslash, except for the console host, which the
// kernel starts in a directory that it names without.
func currentDirectory(p *kernel.Process, dir string) string {
	if strings.HasSuffix(dir, `\`) || strings.EqualFold(p.Name(), "conhost.exe") {
		return dir
	}
	return dir + `\`
}

func (s *Sysmon) imageLoaded(a kernel.ImageLoaded) map[string]string {
	f := map[string]string{
		"ImageLoaded": a.File.Path, "Hashes": s.hashes(a.File),
		"Signed": "false", "Signature": "-", "SignatureStatus": "Unavailable",
	}
	describe(f, a.File)
	if v := a.File.Version; v != nil && v.Signer != "" {
		f["Signed"], f["Signature"], f["SignatureStatus"] = "true", v.Signer, "Valid"
	}
	return f
}

// describe fills the fields of the version resource; what is missing is "-".
func describe(f map[string]string, file host.File) {
	v := file.Version
	if v == nil {
		v = &host.Version{}
	}
	for name, value := range map[string]string{
		"FileVersion": v.FileVersion, "Description": v.Description, "Product": v.Product, "Company": v.Company,
		"OriginalFileName": v.OriginalFileName,
	} {
		f[name] = first(value, "-")
	}
}

// hashes renders the configured hashes of a file's content.
func (s *Sysmon) hashes(file host.File) string {
	var parts []string
	for _, name := range s.config.Algorithms {
		parts = append(parts, name+"="+digest(name, file))
	}
	return strings.Join(parts, ",")
}

func digest(algorithm string, file host.File) string {
	switch algorithm {
	case "SHA1":
		return fmt.Sprintf("%X", sha1.Sum(file.Content)) //nolint:gosec // see import
	case "MD5":
		return fmt.Sprintf("%X", md5.Sum(file.Content)) //nolint:gosec // see import
	case "SHA256":
		return fmt.Sprintf("%X", sha256.Sum256(file.Content))
	}
	// A file that stands in for an image has an import hash made up like its
	// content; .NET images and everything else have none.
	if !file.Synthetic || strings.HasSuffix(file.Path, ".ni.dll") {
		return strings.Repeat("0", 32)
	}
	return fmt.Sprintf("%X", md5.Sum(append([]byte("lab imports:"), file.Content...))) //nolint:gosec // see import
}

func (s *Sysmon) fileDeleted(a kernel.FileDeleted) {
	f := map[string]string{
		"TargetFilename": a.File.Path, "Hashes": s.hashes(a.File), "IsExecutable": strconv.FormatBool(bytes.HasPrefix(a.File.Content, []byte("MZ"))),
	}
	s.emit(26, a.Process, a.Time, f, usualLag)
	f["Archived"] = "true"
	s.emit(23, a.Process, a.Time, f, usualLag)
}

// fileWritten reports executables as they appear, when the configuration asks
// for that.
func (s *Sysmon) fileWritten(a kernel.FileWritten) {
	if _, ok := s.config.rules["FileExecutableDetected"]; !ok || !portableExecutable(a.File.Content) {
		return
	}
	s.emit(29, a.Process, a.Time, map[string]string{"TargetFilename": a.File.Path, "Hashes": s.hashes(a.File)}, hashLag)
}

// portableExecutable reports whether content has the two headers of an image.
func portableExecutable(content []byte) bool {
	if len(content) < 0x40 || !bytes.HasPrefix(content, []byte("MZ")) {
		return false
	}
	at := binary.LittleEndian.Uint32(content[0x3c:])
	return uint64(at)+4 <= uint64(len(content)) && string(content[at:at+4]) == "PE\x00\x00"
}

// registryName is how Sysmon abbreviates a key: control sets are always the
// current one, and machine classes are HKCR.
func registryName(key string) string {
	for _, r := range [][2]string{{`HKLM\SYSTEM\ControlSet001`, `HKLM\System\CurrentControlSet`}, {`HKLM\SOFTWARE\Classes`, `HKCR`}} {
		if host.Within(key, r[0]) {
			return r[1] + key[len(r[0]):]
		}
	}
	return key
}

func valueName(key, value string) string {
	return registryName(key) + `\` + first(value, "(Default)")
}

// details renders the data of a value.
func details(v host.Value) string {
	switch v.Type {
	case host.DWord:
		return fmt.Sprintf("DWORD (0x%08x)", v.Number)
	case host.QWord:
		return fmt.Sprintf("QWORD (0x%08x-0x%08x)", v.Number>>32, v.Number&0xffffffff)
	case host.String, host.ExpandString:
		return first(v.Text, "(Empty)")
	default:
		return "Binary Data"
	}
}
