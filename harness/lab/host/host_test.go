package host_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

var start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

func TestSleepRunsWhatIsDueInOrder(t *testing.T) {
	c := host.NewVirtualClock(start)
	var order []string
	note := func(name string) func() {
		return func() { order = append(order, name+" "+c.Now().Sub(start).String()) }
	}
	c.Schedule(start.Add(3*time.Second), note("c"))
	c.Schedule(start.Add(time.Second), func() {
		note("a")()
		c.Elapse(500 * time.Millisecond)
		c.Schedule(c.Now().Add(time.Second), note("b"))
		require.NoError(t, c.Sleep(t.Context(), 0), "sleeping inside of scheduled work only moves the clock")
	})
	c.Schedule(start.Add(time.Hour), note("never"))
	c.Elapse(200 * time.Millisecond)
	require.Empty(t, order, "elapsing runs nothing")
	require.NoError(t, c.Sleep(t.Context(), 10*time.Second))
	require.Equal(t, []string{"a 1s", "b 2.5s", "c 3s"}, order)
	require.Equal(t, start.Add(10200*time.Millisecond), c.Now())
}

func TestAdvanceRunsWhatIsOverdue(t *testing.T) {
	c := host.NewVirtualClock(start)
	ran := false
	c.Schedule(start.Add(time.Second), func() { ran = true })
	c.Elapse(2 * time.Second)
	c.Advance(0)
	require.True(t, ran)
	require.Equal(t, start.Add(2*time.Second), c.Now())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Sleep(ctx, time.Hour), context.Canceled)
}

func TestWallClock(t *testing.T) {
	c := host.NewWallClock(func() time.Time { return start })
	require.Equal(t, start, c.Now())
	require.NoError(t, c.Sleep(t.Context(), time.Microsecond))
	ran := make(chan struct{})
	c.Schedule(start, func() { close(ran) })
	<-ran
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Sleep(ctx, time.Hour), context.Canceled)
}

func TestAbsolute(t *testing.T) {
	const dir = `C:\Users\Administrator`
	cases := map[string]string{
		`x.txt`:                   `C:\Users\Administrator\x.txt`,
		`..\Public\.\x.txt`:       `C:\Users\Public\x.txt`,
		`\Windows`:                `C:\Windows`,
		`c:/windows/System32/`:    `C:\windows\System32`,
		`C:x.txt`:                 `C:\Users\Administrator\x.txt`,
		`C:\..\..\x`:              `C:\x`,
		`C:\`:                     `C:\`,
		`d:\x`:                    `D:\x`,
		`C:\dir.\file. `:          `C:\dir\file`,
		`\\?\C:\Windows\win.ini`:  `C:\Windows\win.ini`,
		`\\server\share\file.txt`: ``,
		``:                        ``,
	}
	for path, want := range cases {
		got, ok := host.Absolute(dir, path)
		require.Equal(t, want != "", ok, path)
		require.Equal(t, want, got, path)
	}
}

func TestPathParts(t *testing.T) {
	require.Equal(t, "x.dll", host.Base(`C:\a\x.dll`))
	require.Equal(t, `C:\a`, host.Parent(`C:\a\x.dll`))
	require.Equal(t, `C:\`, host.Parent(`C:\a`))
	require.Equal(t, ".dll", host.Ext(`C:\a.b\x.DLL`))
	require.Empty(t, host.Ext(`C:\a.b\x`))
	require.Equal(t, `C:\a\b`, host.Join(`C:\`, `a`, `\b`))
	require.True(t, host.Within(`c:\WINDOWS\x`, `C:\Windows`))
	require.False(t, host.Within(`c:\WINDOWS2\x`, `C:\Windows`))
}

func FuzzAbsolute(f *testing.F) {
	f.Add(`C:\Users`, `..\x/y`)
	f.Add(`C:\`, `\\?\c:`)
	f.Fuzz(func(t *testing.T, dir, path string) {
		full, ok := host.Absolute(dir, path)
		if !ok {
			return
		}
		again, ok := host.Absolute(`C:\`, full)
		require.True(t, ok)
		require.Equal(t, full, again)
	})
}

func TestFileSystem(t *testing.T) {
	fs := host.New(host.Options{}).FS
	at := start
	require.ErrorIs(t, fs.Create(host.File{Path: `C:\no\such\file`}), host.ErrNoParent)
	require.NoError(t, fs.Create(host.File{Path: `C:\Windows\Temp\A.txt`, Content: []byte("1"), Created: at, Owner: host.System}))
	require.ErrorIs(t, fs.Create(host.File{Path: `C:\WINDOWS\temp\a.TXT`}), host.ErrExist)
	f, err := fs.Stat(`c:\windows\TEMP\a.txt`)
	require.NoError(t, err)
	require.Equal(t, `C:\Windows\Temp\A.txt`, f.Path, "names keep the case of their creation")
	require.True(t, f.Inherits)
	require.NoError(t, fs.Rename(`C:\Windows\Temp\a.txt`, `C:\Windows\Temp\B.txt`))
	_, err = fs.Stat(`C:\Windows\Temp\a.txt`)
	require.ErrorIs(t, err, host.ErrNotExist)
	_, err = fs.Stat(`C:\Windows\Tmp\a.txt`)
	require.ErrorIs(t, err, host.ErrNoParent)
	require.ErrorIs(t, fs.Remove(`C:\Windows\Temp\..`), host.ErrNotExist)
	require.ErrorIs(t, fs.Remove(`C:\Windows`), host.ErrNotEmpty)
	require.NoError(t, fs.Remove(`C:\Windows\Temp\b.txt`))
	_, err = fs.List(`C:\Windows\win.ini`)
	require.ErrorIs(t, err, host.ErrNotDirectory)
	users, err := fs.List(`C:\users`)
	require.NoError(t, err)
	var names []string
	for _, u := range users {
		names = append(names, u.Name())
	}
	require.Equal(t, []string{"Administrator", "Default", "operator", "Public"}, names)
}

func TestShortNames(t *testing.T) {
	h := host.New(host.Options{})
	for long, short := range map[string]string{
		`C:\Users\Administrator\AppData\Local\Temp`:                 `C:\Users\ADMINI~1\AppData\Local\Temp`,
		`C:\Users\operator`:                                         `C:\Users\operator`,
		`C:\Program Files (x86)`:                                    `C:\PROGRA~2`,
		`C:\ProgramData`:                                            `C:\PROGRA~3`,
		`C:\Windows\System32\inetsrv\config\applicationHost.config`: `C:\Windows\System32\inetsrv\config\APPLIC~1.CON`,
	} {
		require.Equal(t, short, h.FS.ShortPath(long))
		require.Equal(t, long, h.FS.LongPath(short))
		f, err := h.FS.Stat(strings.ToLower(short))
		require.NoError(t, err)
		require.True(t, strings.EqualFold(short, f.Path), "a caller sees his own form: %s", f.Path)
	}
	const dir = `C:\PROGRA~3\`
	for i, want := range []string{"LONGNA~1.TEX", "LONGNA~2.TEX", "LONGNA~3.TEX", "LONGNA~4.TEX"} {
		path := dir + fmt.Sprintf("long name %d.text", i)
		require.NoError(t, h.FS.Create(host.File{Path: path}))
		require.Equal(t, `C:\PROGRA~3\`+want, h.FS.ShortPath(path))
	}
	require.NoError(t, h.FS.Create(host.File{Path: dir + "long name 4.text"}))
	require.Regexp(t, `^C:\\PROGRA~3\\LO[0-9A-F]{4}~1\.TEX$`, h.FS.ShortPath(dir+"long name 4.text"))
	require.ErrorIs(t, h.FS.Create(host.File{Path: dir + "LONGNA~2.TEX"}), host.ErrExist)
	require.NoError(t, h.FS.Rename(dir+"LONGNA~1.TEX", dir+"a.txt"))
	require.NoError(t, h.FS.Replace(dir+"a.txt", dir+"LONGNA~2.TEX"))
	f, err := h.FS.Stat(`C:\ProgramData\long name 1.text`)
	require.NoError(t, err, "the long name stays with the place")
	require.Equal(t, `C:\ProgramData\long name 1.text`, f.Path)
	files, err := h.FS.List(dir)
	require.NoError(t, err)
	require.Contains(t, files[0].Path, dir)
	require.NoError(t, h.FS.Remove(dir+"long name 2.text"))
	_, err = h.FS.Stat(dir + "LONGNA~3.TEX")
	require.ErrorIs(t, err, host.ErrNotExist)
}

func TestWhoMayDoWhat(t *testing.T) {
	h := host.New(host.Options{})
	admin := &host.Token{User: h.Account("Administrator"), Groups: []string{host.Administrators, host.Users}, Elevated: true}
	user := &host.Token{User: h.Account("operator"), Groups: []string{host.Users}}
	pool := &host.Token{User: `IIS APPPOOL\DefaultAppPool`, Groups: []string{host.Users, host.IISUsers}}
	installer := &host.Token{User: host.System, Groups: []string{host.Administrators, host.TrustedInstaller}}
	const inetsrv = `C:\Windows\System32\inetsrv`
	cases := []struct {
		path  string
		token *host.Token
		want  host.Rights
		ok    bool
	}{
		{inetsrv, admin, host.RightWrite, true},
		{inetsrv, user, host.RightWrite, false},
		{inetsrv, user, host.RightReadExecute, true},
		{inetsrv + `\defdoc.dll`, admin, host.RightWrite, false},
		{inetsrv + `\defdoc.dll`, admin, host.RightDelete, false},
		{inetsrv + `\defdoc.dll`, user, host.RightReadExecute, true},
		{inetsrv + `\defdoc.dll`, installer, host.RightFull, true},
		{inetsrv + `\config\applicationHost.config`, admin, host.RightModify, true},
		{inetsrv + `\config\applicationHost.config`, user, host.RightRead, false},
		{inetsrv + `\config\applicationHost.config`, pool, host.RightRead, false},
		{`C:\Windows\System32\config\SAM`, user, host.RightRead, false},
		{`C:\inetpub\wwwroot`, pool, host.RightReadExecute, true},
		{`C:\inetpub\wwwroot`, pool, host.RightWrite, false},
		{`C:\inetpub\wwwroot`, admin, host.RightWrite, true},
		{`C:\Windows\Temp`, user, host.RightWrite, true},
		{`C:\ProgramData`, user, host.RightWrite, true},
		{`C:\ProgramData`, pool, host.RightReadExecute, true},
		{`C:\Windows\win.ini`, admin, host.RightModify, true},
		{`C:\Windows\win.ini`, user, host.RightWrite, false},
		{`C:\Windows\System32\drivers\etc\hosts`, admin, host.RightModify, true},
		{`C:\Program Files`, user, host.RightWrite, false},
		{`C:\Users\Administrator\Desktop`, user, host.RightRead, false},
		{`C:\Users\operator\Desktop`, user, host.RightFull, true},
	}
	for _, c := range cases {
		f, err := h.FS.Stat(c.path)
		require.NoError(t, err, c.path)
		require.Equal(t, c.ok, f.Access.Allows(c.token, c.want), "%s: %s %s", c.path, c.token.User, c.want)
	}
	require.NoError(t, h.FS.Create(host.File{Path: `C:\Windows\Temp\own`, Owner: user.User}))
	own, err := h.FS.Stat(`C:\Windows\Temp\own`)
	require.NoError(t, err)
	require.True(t, own.Access.Allows(user, host.RightFull), "what one creates there is one's own")
	require.False(t, own.Access.Allows(pool, host.RightRead))
	for _, path := range []string{`C:\ProgramData\shared.dll`, `C:\Users\Public\shared.dll`} {
		require.NoError(t, h.FS.Create(host.File{Path: path, Owner: host.Administrators}))
		shared, err := h.FS.Stat(path)
		require.NoError(t, err)
		require.True(t, shared.Access.Allows(pool, host.RightReadExecute), path)
		require.False(t, shared.Access.Allows(user, host.RightWrite), path)
	}
}

func TestRegistry(t *testing.T) {
	r := host.New(host.Options{}).Registry
	v, err := r.Value(`HKEY_LOCAL_MACHINE\software\microsoft\INETSTP`, "majorversion")
	require.NoError(t, err)
	require.Equal(t, host.Value{Name: "MajorVersion", Type: host.DWord, Number: 10}, v)
	one, err := r.Values(`HKLM\SYSTEM\CurrentControlSet\Services\W3SVC`)
	require.NoError(t, err)
	other, err := r.Values(`HKLM:\SYSTEM\ControlSet001\Services\w3svc\`)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(one, other), "the current control set is ControlSet001")
	require.True(t, r.Exists(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels\Microsoft-Windows-Sysmon/Operational`))
	created, err := r.CreateKey(`HKCR\Lab\x`, start)
	require.NoError(t, err)
	require.Equal(t, []string{`HKLM\SOFTWARE\Classes\Lab`, `HKLM\SOFTWARE\Classes\Lab\x`}, created)
	require.True(t, r.Exists(`HKLM\SOFTWARE\Classes\Lab\X`))
	require.Equal(t, `HKLM\SOFTWARE\Classes\Lab\x`, r.TrueName(`HKLM\software\CLASSES\lab\X`))
	require.ErrorIs(t, r.DeleteKey(`HKCR\Lab`), host.ErrNotEmpty)
	require.ErrorIs(t, r.DeleteKey(`HKLM`), host.ErrNotEmpty)
	require.NoError(t, r.DeleteKey(`HKCR\Lab\x`))
	require.ErrorIs(t, r.DeleteValue(`HKCR\Lab`, "none"), host.ErrNotExist)
	require.ErrorIs(t, r.SetValue(`HKLM\nowhere`, host.Value{}, start), host.ErrNotExist)
	_, err = r.Subkeys(`HKXX\y`)
	require.ErrorIs(t, err, host.ErrNotExist)
	path, ok := host.RegistryPath(`HKCU\Environment`, "S-1-5-21-1-2-3-500")
	require.True(t, ok)
	require.Equal(t, `HKU\S-1-5-21-1-2-3-500\Environment`, path)
}

func TestMachineIsFurnished(t *testing.T) {
	h := host.New(host.Options{Seed: 4})
	for _, path := range []string{
		`C:\Windows\System32\inetsrv\config\applicationHost.config`, `C:\Windows\System32\inetsrv\defdoc.dll`, `C:\Windows\Sysmon64.exe`,
		`C:\Windows\System32\WindowsPowerShell\v1.0\Modules\WebAdministration\WebAdministration.psd1`,
	} {
		f, err := h.FS.Stat(path)
		require.NoError(t, err)
		require.NotEmpty(t, f.Content)
	}
	for _, s := range h.Services.All() {
		require.NotEmpty(t, s.Path, s.Name)
		require.True(t, h.Registry.Exists(`HKLM\SYSTEM\CurrentControlSet\Services\`+s.Name))
	}
	guid, err := h.Registry.Value(`HKLM\SOFTWARE\Microsoft\Cryptography`, "MachineGuid")
	require.NoError(t, err)
	require.Equal(t, strings.ToLower(h.MachineGUID.String()), "{"+guid.Text+"}")
	sid, ok := h.Accounts.SID(`LAB-IIS01\Administrator`)
	require.True(t, ok)
	require.Equal(t, h.MachineSID+"-500", sid)
}

// TestConfigurationOfTheWebServer reads applicationHost.config as XML: every
// enabled module is a global one, and every native image exists.
func TestConfigurationOfTheWebServer(t *testing.T) {
	h := host.New(host.Options{})
	f, err := h.FS.Stat(`C:\Windows\System32\inetsrv\config\applicationHost.config`)
	require.NoError(t, err)
	require.Contains(t, string(f.Content), "\r\n")
	var config struct {
		Global []struct {
			Name  string `xml:"name,attr"`
			Image string `xml:"image,attr"`
		} `xml:"system.webServer>globalModules>add"`
		Enabled []struct {
			Name string `xml:"name,attr"`
			Type string `xml:"type,attr"`
		} `xml:"location>system.webServer>modules>add"`
	}
	require.NoError(t, xml.Unmarshal(f.Content, &config))
	global := map[string]bool{}
	for _, m := range config.Global {
		global[m.Name] = true
		_, err := h.FS.Stat(strings.ReplaceAll(m.Image, "%windir%", `C:\Windows`))
		require.NoError(t, err, m.Image)
	}
	require.GreaterOrEqual(t, len(global), 20)
	for _, m := range config.Enabled {
		require.True(t, global[m.Name] || m.Type != "", m.Name)
	}
}

func TestVirtualAccounts(t *testing.T) {
	accounts := host.New(host.Options{}).Accounts
	for account, want := range map[string]string{
		`NT SERVICE\TrustedInstaller`: "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
		`IIS APPPOOL\DefaultAppPool`:  "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415",
		`builtin\administrators`:      "S-1-5-32-544",
	} {
		sid, ok := accounts.SID(account)
		require.True(t, ok)
		require.Equal(t, want, sid)
	}
	_, ok := accounts.SID("nobody")
	require.False(t, ok)
}

func TestSeeds(t *testing.T) {
	one, same, other := host.New(host.Options{Seed: 1}), host.New(host.Options{Seed: 1}), host.New(host.Options{Seed: 2})
	require.Equal(t, one.MachineGUID, same.MachineGUID)
	require.Equal(t, one.MachineSID, same.MachineSID)
	require.NotEqual(t, one.MachineGUID, other.MachineGUID)
	require.Equal(t, one.Rand.Stream("a").Uint64(), same.Rand.Stream("a").Uint64())
	require.NotEqual(t, one.Rand.Stream("a").Uint64(), one.Rand.Stream("b").Uint64())
}

func TestLagHasALongTail(t *testing.T) {
	r := host.NewRand(1)
	const n = 2000
	below, long := 0, 0
	for range n {
		switch lag := r.Lag(20 * time.Millisecond); {
		case lag <= 0:
			t.Fatalf("lag %v", lag)
		case lag <= 20*time.Millisecond:
			below++
		case lag > 80*time.Millisecond:
			long++
		}
	}
	require.InDelta(t, n/2, below, n/10)
	require.InDelta(t, n/10, long, n/20)
}

func TestSysmonGUID(t *testing.T) {
	guid := host.SysmonGUID(0xDFAE8213, time.Unix(0x5CDCBD78, 0), 0x2e<<48|7)
	require.Equal(t, "{DFAE8213-BD78-5CDC-0700-000000002E00}", guid.String())
}

func Example() {
	h := host.New(host.Options{Name: "WEB01", Seed: 1})
	product, _ := h.Registry.Value(`HKLM\SOFTWARE\Microsoft\InetStp`, "VersionString")
	file, _ := h.FS.Stat(`c:\windows\system32\INETSRV\defdoc.dll`)
	fmt.Println(h.Account("Administrator"), product.Text)
	fmt.Println(file.Path, file.Owner)
	// Output:
	// WEB01\Administrator Version 10.0
	// C:\Windows\System32\inetsrv\defdoc.dll NT SERVICE\TrustedInstaller
}
