package kernel_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// since runs f and returns what was published meanwhile.
func (m machine) since(f func()) []kernel.Activity {
	before := len(*m.seen)
	f()
	return (*m.seen)[before:]
}

func requireCode(t *testing.T, want kernel.Code, err error, msg string) {
	t.Helper()
	code, ok := kernel.CodeOf(err)
	require.True(t, ok, "%s: %v", msg, err)
	require.Equal(t, want, code, msg)
}

func TestDispositions(t *testing.T) {
	cases := []struct {
		d       kernel.Disposition
		exists  bool
		code    kernel.Code // 0 is success
		created bool        // FileCreated is published
		content string
	}{
		{kernel.CreateNew, false, 0, true, "new"},
		{kernel.CreateNew, true, kernel.FileExists, false, "old text"},
		{kernel.CreateAlways, false, 0, true, "new"},
		{kernel.CreateAlways, true, 0, true, "new"},
		{kernel.OpenExisting, false, kernel.FileNotFound, false, ""},
		{kernel.OpenExisting, true, 0, false, "new text"},
		{kernel.OpenAlways, false, 0, true, "new"},
		{kernel.OpenAlways, true, 0, false, "new text"},
		{kernel.TruncateExisting, false, kernel.FileNotFound, false, ""},
		{kernel.TruncateExisting, true, 0, true, "new"},
	}
	for _, c := range cases {
		m := boot(t)
		path := `C:\Windows\Temp\f.txt`
		var born time.Time
		if c.exists {
			require.NoError(t, m.WriteFile(m.shell, path, []byte("old text"), kernel.CreateNew))
			f, err := m.Stat(m.shell, path)
			require.NoError(t, err)
			born = f.Created
			m.Host().Clock.Advance(time.Hour)
		}
		var err error
		seen := m.since(func() { err = m.WriteFile(m.shell, path, []byte("new"), c.d) })
		if c.code != 0 {
			requireCode(t, c.code, err, "disposition")
		} else {
			require.NoError(t, err)
		}
		created := false
		for _, a := range seen {
			if fc, ok := a.(kernel.FileCreated); ok {
				created = true
				require.Equal(t, !c.exists, fc.New)
				require.Equal(t, path, fc.File.Path)
				if c.exists {
					require.Equal(t, born, fc.File.Created, "an overwritten file keeps its creation time")
				}
			}
		}
		require.Equal(t, c.created, created, "%+v", c)
		if c.content != "" {
			got, err := m.ReadFile(m.shell, path)
			require.NoError(t, err)
			require.Equal(t, c.content, string(got), "%+v", c)
		}
	}
}

func TestRefusals(t *testing.T) {
	m := boot(t)
	user := logon(t, m.Kernel, "operator")
	const inetsrv = `C:\Windows\System32\inetsrv`
	cases := []struct {
		name string
		code kernel.Code
		do   func() error
	}{
		{"overwrite a system library", kernel.AccessDenied, func() error {
			return m.CopyFile(m.shell, inetsrv+`\static.dll`, inetsrv+`\defdoc.dll`, true)
		}},
		{"delete a system library", kernel.AccessDenied, func() error { return m.DeleteFile(m.shell, inetsrv+`\defdoc.dll`) }},
		{"create beside it as a plain user", kernel.AccessDenied, func() error {
			return m.WriteFile(user, inetsrv+`\x.dll`, nil, kernel.CreateAlways)
		}},
		{"read the configuration as a plain user", kernel.AccessDenied, func() error {
			_, err := m.ReadFile(user, inetsrv+`\config\applicationHost.config`)
			return err
		}},
		{"write into a missing directory", kernel.PathNotFound, func() error {
			return m.WriteFile(m.shell, `C:\nowhere\x`, nil, kernel.CreateAlways)
		}},
		{"write over a directory", kernel.AccessDenied, func() error { return m.WriteFile(m.shell, `C:\Windows\Temp`, nil, kernel.CreateAlways) }},
		{"read a missing file", kernel.FileNotFound, func() error { _, err := m.ReadFile(m.shell, `C:\Windows\none`); return err }},
		{"a name that cannot be", kernel.InvalidName, func() error { return m.WriteFile(m.shell, `C:\Windows\Temp\a?b`, nil, kernel.CreateAlways) }},
		{"a path on another machine", kernel.BadNetworkPath, func() error { _, err := m.ReadFile(m.shell, `\\server\share\x`); return err }},
		{"make a directory twice", kernel.AlreadyExists, func() error { return m.MakeDirectory(m.shell, `C:\Windows\Temp`) }},
		{"remove a full directory", kernel.DirectoryNotEmpty, func() error { return m.RemoveDirectory(m.shell, `C:\Users\Administrator`) }},
		{"remove a file as a directory", kernel.DirectoryName, func() error { return m.RemoveDirectory(m.shell, inetsrv+`\config\redirection.config`) }},
		{"machine registry as a plain user", kernel.AccessDenied, func() error { return m.CreateKey(user, `HKLM\SOFTWARE\x`) }},
		{"the account database", kernel.AccessDenied, func() error { return m.CreateKey(m.shell, `HKLM\SAM\SAM\x`) }},
		{"value of a missing key", kernel.FileNotFound, func() error { return m.SetValue(m.shell, `HKLM\SOFTWARE\none`, host.Value{Name: "x"}) }},
		{"load what is no image", kernel.BadExeFormat, func() error { return m.LoadImage(m.shell, `C:\Windows\win.ini`) }},
		{"load what is missing", kernel.ModuleNotFound, func() error { return m.LoadImage(m.shell, `C:\Windows\none.dll`) }},
		{"start a text file", kernel.BadExeFormat, func() error {
			_, err := m.Start(t.Context(), m.shell, kernel.Spec{Image: `C:\Windows\win.ini`}, kernel.Stdio{})
			return err
		}},
		{"start what is missing", kernel.FileNotFound, func() error {
			_, err := m.Start(t.Context(), m.shell, kernel.Spec{CommandLine: `none.exe /x`}, kernel.Stdio{})
			return err
		}},
		{"start in a missing directory", kernel.DirectoryName, func() error {
			_, err := m.Start(t.Context(), m.shell, kernel.Spec{CommandLine: `cmd.exe`, Dir: `C:\none`}, kernel.Stdio{})
			return err
		}},
		{"stop a service as a plain user", kernel.AccessDenied, func() error { return m.StopService(user, "W3SVC") }},
		{"start a running service", kernel.ServiceRunning, func() error { return m.StartService(m.shell, "W3SVC") }},
		{"start a disabled service", kernel.ServiceDisabled, func() error { return m.StartService(m.shell, "WMSVC") }},
		{"stop what is no service", kernel.ServiceNotExist, func() error { return m.StopService(m.shell, "none") }},
	}
	for _, c := range cases {
		seen := m.since(func() { requireCode(t, c.code, c.do(), c.name) })
		for _, a := range seen {
			_, read := a.(kernel.FileRead)
			require.True(t, read, "%s published %T", c.name, a)
		}
	}
	require.EqualError(t, m.DeleteFile(m.shell, inetsrv+`\defdoc.dll`), `delete C:\Windows\System32\inetsrv\defdoc.dll: Access is denied.`)
}

func TestAdministratorCreatesBesideSystemLibraries(t *testing.T) {
	m := boot(t)
	path := `C:\Windows\System32\inetsrv\own.dll`
	require.NoError(t, m.CopyFile(m.shell, `C:\Windows\System32\inetsrv\defdoc.dll`, path, false))
	f, err := m.Stat(m.shell, path)
	require.NoError(t, err)
	require.Equal(t, host.Administrators, f.Owner)
	require.Equal(t, "defdoc.dll", f.Version.OriginalFileName, "the version resource is part of the content")
	require.NoError(t, m.LoadImage(m.shell, path))
	require.NoError(t, m.RenameFile(m.shell, path, `C:\Windows\Temp\own.dll`))
	require.NoError(t, m.SetAttributes(m.shell, `C:\Windows\Temp\own.dll`, host.ReadOnly))
	requireCode(t, kernel.AccessDenied, m.DeleteFile(m.shell, `C:\Windows\Temp\own.dll`), "read-only")
	require.NoError(t, m.SetAttributes(m.shell, `C:\Windows\Temp\own.dll`, host.Archive))
	require.NoError(t, m.DeleteFile(m.shell, `C:\Windows\Temp\own.dll`))
}

func TestShortNamesAreSeenAsTheyWereGiven(t *testing.T) {
	m := boot(t)
	temp := m.shell.Env.Get("TEMP")
	require.Equal(t, `C:\Users\ADMINI~1\AppData\Local\Temp`, temp)
	seen := m.since(func() { require.NoError(t, m.WriteFile(m.shell, temp+`\x.txt`, nil, kernel.CreateNew)) })
	created, ok := seen[0].(kernel.FileCreated)
	require.True(t, ok)
	require.Equal(t, temp+`\x.txt`, created.File.Path)
	_, err := m.Stat(m.shell, `C:\Users\Administrator\AppData\Local\Temp\x.txt`)
	require.NoError(t, err)
	p, err := m.StartResident(t.Context(), m.shell, kernel.Spec{CommandLine: "find.exe", Dir: temp})
	require.NoError(t, err)
	require.Equal(t, temp, p.Dir)
	const library = `C:\ProgramData\library-in-use.dll`
	require.NoError(t, m.WriteFile(m.shell, library, []byte("MZ"), kernel.CreateNew))
	require.NoError(t, m.LoadImage(p, library))
	requireCode(t, kernel.SharingViolation, m.WriteFile(m.shell, `C:\PROGRA~3\LIBRAR~1.DLL`, nil, kernel.CreateAlways), "another name of the same file")
}

func TestReplaceFile(t *testing.T) {
	m := boot(t)
	const from, to = `C:\Windows\Temp\new.txt`, `C:\Windows\Temp\old.txt`
	require.NoError(t, m.WriteFile(m.shell, from, []byte("new"), kernel.CreateNew))
	require.NoError(t, m.WriteFile(m.shell, to, []byte("old"), kernel.CreateNew))
	requireCode(t, kernel.AlreadyExists, m.RenameFile(m.shell, from, to), "a rename needs a free place")
	seen := m.since(func() { require.NoError(t, m.ReplaceFile(m.shell, from, to)) })
	require.Len(t, seen, 1, "no deletion is seen")
	renamed, ok := seen[0].(kernel.FileRenamed)
	require.True(t, ok)
	require.Equal(t, []string{from, to, "new"}, []string{renamed.From, renamed.File.Path, string(renamed.File.Content)})
	_, err := m.Stat(m.shell, from)
	requireCode(t, kernel.FileNotFound, err, "it is gone from its old place")
	for _, target := range []string{`C:\Windows\System32\inetsrv\defdoc.dll`, `C:\Users\Public`} {
		requireCode(t, kernel.AccessDenied, m.ReplaceFile(m.shell, to, target), target)
	}
}

func TestTakingOwnership(t *testing.T) {
	m := boot(t)
	path := `C:\Windows\System32\inetsrv\static.dll`
	full := host.ACL{{Account: host.Administrators, Rights: host.RightFull, Scope: host.This}}
	requireCode(t, kernel.AccessDenied, m.SetAccess(m.shell, path, full, ""), "the list belongs to TrustedInstaller")
	require.NoError(t, m.SetAccess(m.shell, path, full, host.Administrators))
	require.NoError(t, m.DeleteFile(m.shell, path))
}

func TestReadingIsNotWriting(t *testing.T) {
	m := boot(t)
	seen := m.since(func() {
		_, err := m.ReadFile(m.shell, `C:\Windows\System32\inetsrv\config\applicationHost.config`)
		require.NoError(t, err)
	})
	require.Len(t, seen, 1)
	require.IsType(t, kernel.FileRead{}, seen[0])
}

func TestDeleteKeyTakesEverythingBelow(t *testing.T) {
	m := boot(t)
	require.NoError(t, m.CreateKey(m.shell, `HKCU\Software\A\B\C`))
	require.True(t, m.KeyExists(m.shell, `HKU\`+m.shell.Token.SID+`\Software\A\B`))
	seen := m.since(func() { require.NoError(t, m.DeleteKey(m.shell, `HKCU\software\a`)) })
	var keys []string
	for _, a := range seen {
		d, ok := a.(kernel.RegistryKeyDeleted)
		require.True(t, ok)
		keys = append(keys, host.Base(d.Key))
	}
	require.Equal(t, []string{"C", "B", "A"}, keys)
}

func TestWow64Redirection(t *testing.T) {
	m := boot(t)
	p, err := m.StartResident(t.Context(), m.shell, kernel.Spec{Image: `C:\Windows\SysWOW64\cmd.exe`})
	require.NoError(t, err)
	require.Equal(t, 32, p.Bits)
	require.NoError(t, m.WriteFile(p, `C:\Windows\System32\inetsrv\x.dll`, nil, kernel.CreateAlways))
	_, err = m.Stat(m.shell, `C:\Windows\SysWOW64\inetsrv\x.dll`)
	require.NoError(t, err)
}

func TestLoadedImagesAreInUse(t *testing.T) {
	m := boot(t)
	path := `C:\Windows\System32\inetsrv\loaded.dll`
	require.NoError(t, m.CopyFile(m.shell, `C:\Windows\System32\inetsrv\defdoc.dll`, path, false))
	p, err := m.StartResident(t.Context(), m.shell, kernel.Spec{Image: `C:\Windows\System32\inetsrv\w3wp.exe`})
	require.NoError(t, err)
	require.NoError(t, m.LoadImage(p, path))
	requireCode(t, kernel.SharingViolation, m.WriteFile(m.shell, path, nil, kernel.CreateAlways), "overwrite")
	requireCode(t, kernel.AccessDenied, m.DeleteFile(m.shell, path), "delete")
	require.NoError(t, m.PlaceImage(m.shell, path, host.Version{FileVersion: "2"}), "installers replace what is in use")
	m.Terminate(p, 0)
	require.NoError(t, m.DeleteFile(m.shell, path))
}

func TestCreateKeyReportsEveryNewKey(t *testing.T) {
	m := boot(t)
	seen := m.since(func() { require.NoError(t, m.CreateKey(m.shell, `HKLM\software\Lab\One`)) })
	require.Len(t, seen, 2)
	created, ok := seen[0].(kernel.RegistryKeyCreated)
	require.True(t, ok)
	require.Equal(t, `HKLM\SOFTWARE\Lab`, created.Key, "existing names keep their case")
}

func TestOwnShares(t *testing.T) {
	m := boot(t)
	require.NoError(t, m.WriteFile(m.shell, `\\localhost\C$\Windows\Temp\x.txt`, []byte("x"), kernel.CreateNew))
	_, err := m.Stat(m.shell, `\\lab-iis01\c$\windows\temp\X.TXT`)
	require.NoError(t, err)
}

func TestStreamsAreUnsupported(t *testing.T) {
	m := boot(t)
	seen := m.since(func() {
		requireCode(t, kernel.InvalidName, m.WriteFile(m.shell, `C:\Windows\Temp\x.txt:hidden`, nil, kernel.CreateAlways), "stream")
	})
	require.Len(t, seen, 1)
	require.IsType(t, kernel.Unsupported{}, seen[0])
}
