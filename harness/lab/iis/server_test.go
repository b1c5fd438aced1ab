package iis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel/kerneltest"
)

type machine struct {
	k          *kernel.Kernel
	server     *Server
	admin      *kernel.Process
	activities []kernel.Activity
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	k := kernel.New(host.New(host.Options{Seed: 3}))
	m := &machine{k: k, server: New(k)}
	t.Cleanup(m.server.Close)
	m.admin = kerneltest.OpenShell(t, k, "Administrator", `C:\Windows\system32`)
	k.Subscribe(func(a kernel.Activity) { m.activities = append(m.activities, a) })
	return m
}

// of renders the activities that f knows, one a line.
func (m *machine) of(f func(kernel.Activity) string) []string {
	var lines []string
	for _, a := range m.activities {
		if line := f(a); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func commits(a kernel.Activity) string {
	if c, ok := a.(kernel.ConfigurationCommitted); ok {
		line := strings.Join([]string{c.Operation, c.Section, c.OldValue, c.NewValue}, "|")
		if c.Last {
			line += "|last"
		}
		return line
	}
	return ""
}

func (m *machine) text(t *testing.T) string {
	t.Helper()
	data, err := m.k.ReadFile(m.admin, configFile)
	require.NoError(t, err)
	return string(data)
}

func TestGlobalModules(t *testing.T) {
	m := newMachine(t)
	list, err := m.server.GlobalModules(m.admin)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(list), 13)
	require.Equal(t, Module{Name: "UriCacheModule", Image: `%windir%\System32\inetsrv\cachuri.dll`}, list[0])
	enabled, err := m.server.Modules(m.admin)
	require.NoError(t, err)
	require.NotEmpty(t, enabled)
}

func TestInstallAndUninstall(t *testing.T) {
	m := newMachine(t)
	before := m.text(t)
	module := Module{Name: "Audit", Image: `%windir%\System32\inetsrv\defdoc.dll`}
	require.NoError(t, m.server.InstallModule(m.admin, module, true, false))
	require.Contains(t, m.text(t), "<add name=\"Audit\" image=\"%windir%\\System32\\inetsrv\\defdoc.dll\" />\r\n")
	require.NoError(t, m.server.UninstallModule(m.admin, "Audit"))
	require.Empty(t, cmp.Diff(before, m.text(t)), "uninstalling restores the file")
	require.Equal(t, []string{
		`add|/system.webServer/globalModules/add[@name="Audit"]||Audit`,
		`set|/system.webServer/globalModules/add[@name="Audit"]/@image||%windir%\System32\inetsrv\defdoc.dll`,
		`add|/system.webServer/modules/add[@name="Audit"]||Audit|last`,
		`delete|/system.webServer/globalModules/add[@name="Audit"]|Audit|`,
		`delete|/system.webServer/modules/add[@name="Audit"]|Audit||last`,
	}, m.of(commits))
	require.Contains(t, m.of(func(a kernel.Activity) string {
		if c, ok := a.(kernel.FileCreated); ok {
			return fmt.Sprint(c.File.Path, c.New)
		}
		return ""
	}), `C:\Windows\System32\inetsrv\config\applicationHost.configfalse`, "the file is overwritten in place")
}

func TestRefusals(t *testing.T) {
	m := newMachine(t)
	err := m.server.AddGlobalModule(m.admin, Module{Name: "uricachemodule", Image: "x"})
	require.True(t, IsDuplicate(err), "%v", err)
	require.ErrorContains(t, err, "Cannot add duplicate collection entry of type 'add' with unique key attribute 'name' set to 'uricachemodule'")
	require.True(t, IsNotFound(m.server.RemoveGlobalModule(m.admin, "nobody")))

	user := kerneltest.OpenShell(t, m.k, "operator", `C:\Windows\system32`)
	_, err = m.server.GlobalModules(user)
	require.True(t, IsDenied(err), "%v", err)
	require.ErrorContains(t, err, `Filename: \\?\C:\Windows\system32\inetsrv\config\redirection.config`)

	require.NoError(t, m.k.WriteFile(m.admin, configFile, []byte("<configuration>"), kernel.CreateAlways))
	_, err = m.server.GlobalModules(m.admin)
	require.ErrorContains(t, err, "not well-formed XML")
}

func TestSetAttribute(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, m.server.SetGlobalModule(m.admin, Module{Name: "DefaultDocumentModule", Image: `C:\x.dll`, PreCondition: "bitness64"}))
	require.NoError(t, m.server.SetAttribute(m.admin, "/system.webServer/httpLogging", "dontLog", "true"))
	require.Equal(t, []string{
		`set|/system.webServer/globalModules/add[@name="DefaultDocumentModule"]/@image|%windir%\System32\inetsrv\defdoc.dll|C:\x.dll`,
		`set|/system.webServer/globalModules/add[@name="DefaultDocumentModule"]/@preCondition||bitness64|last`,
		`set|/system.webServer/httpLogging/@dontLog|false|true|last`,
	}, m.of(commits))
}

func loads(a kernel.Activity) string {
	if l, ok := a.(kernel.ImageLoaded); ok && l.Process.Name() == "w3wp.exe" {
		return l.File.Path
	}
	return ""
}

func TestRequestStartsAWorker(t *testing.T) {
	m := newMachine(t)
	response, err := m.server.Request(t.Context(), "http://localhost/")
	require.NoError(t, err)
	require.Equal(t, 200, response.Status)
	loaded := m.of(loads)
	require.Contains(t, loaded, `C:\Windows\System32\inetsrv\defdoc.dll`)
	require.NotContains(t, loaded, `C:\Windows\Microsoft.NET\Framework\v4.0.30319\webengine4.dll`, "preCondition bitness32")
	workers := m.server.Workers()
	require.Len(t, workers, 1)
	p, ok := m.k.Process(workers[0].PID)
	require.True(t, ok)
	require.Equal(t, `IIS APPPOOL\DefaultAppPool`, p.Token.User)
	require.Equal(t, "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415", p.Token.SID)
	require.Equal(t, "svchost.exe", p.Parent.Name())

	_, err = m.server.Request(t.Context(), "http://127.0.0.1/none.txt")
	require.NoError(t, err)
	require.Equal(t, workers, m.server.Workers(), "the worker stays")

	require.NoError(t, m.server.AddGlobalModule(m.admin, Module{Name: "Copy", Image: `%windir%\System32\inetsrv\dirlist.dll`}))
	_, err = m.server.Request(t.Context(), "http://localhost/")
	require.NoError(t, err)
	require.NotEqual(t, workers, m.server.Workers(), "a changed list of modules recycles")
	require.Empty(t, m.of(func(a kernel.Activity) string {
		if d, ok := a.(kernel.FileDeleted); ok {
			return d.File.Path
		}
		return ""
	}), "the pool's copy of the configuration is replaced, not deleted")
}

func TestABrokenModuleStopsThePool(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, m.k.WriteFile(m.admin, `C:\inetpub\broken.dll`, []byte("no image"), kernel.CreateNew))
	require.NoError(t, m.server.AddGlobalModule(m.admin, Module{Name: "Broken", Image: `%SystemDrive%\inetpub\broken.dll`}))
	for range 2 {
		response, err := m.server.Request(t.Context(), "http://localhost/")
		require.NoError(t, err)
		require.Equal(t, 503, response.Status)
	}
	logged := m.of(func(a kernel.Activity) string {
		if e, ok := a.(kernel.EventLogged); ok {
			return fmt.Sprint(e.Channel, " ", e.EventID, " ", e.Data[0].Value)
		}
		return ""
	})
	require.Equal(t, `Application 2282 C:\inetpub\broken.dll`, logged[0])
	require.Equal(t, "System 5002 DefaultAppPool", logged[len(logged)-1])
	require.Len(t, logged, 2*rapidFails+1, "a disabled pool is not started again")
	pools, err := m.server.Pools(m.admin)
	require.NoError(t, err)
	require.Equal(t, Stopped, pools[0].State)

	require.NoError(t, m.server.RemoveGlobalModule(m.admin, "Broken"))
	m.server.Reset()
	response, err := m.server.Request(t.Context(), "http://localhost/")
	require.NoError(t, err)
	require.Equal(t, 200, response.Status)
}

func TestAMissingModule(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, m.server.AddGlobalModule(m.admin, Module{Name: "Gone", Image: `C:\gone.dll`}))
	_, err := m.server.Request(t.Context(), "http://localhost/")
	require.NoError(t, err)
	require.Contains(t, m.of(func(a kernel.Activity) string {
		if e, ok := a.(kernel.EventLogged); ok && e.EventID == 2280 {
			return e.Data[0].Value + " " + e.Data[1].Value
		}
		return ""
	}), `C:\gone.dll 7E000000`)
}

func TestAModuleInProgramDataIsLoaded(t *testing.T) {
	m := newMachine(t)
	const library = `C:\ProgramData\filter.dll`
	require.NoError(t, m.k.WriteFile(m.admin, library, []byte("MZ RegisterModule"), kernel.CreateNew))
	require.NoError(t, m.server.AddGlobalModule(m.admin, Module{Name: "Filter", Image: library}))
	response, err := m.server.Request(t.Context(), "http://localhost/")
	require.NoError(t, err)
	require.Equal(t, 200, response.Status)
	require.Contains(t, m.of(loads), library)
}

func TestAnImageWithoutEntryPoint(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, m.server.AddGlobalModule(m.admin, Module{Name: "Wrong", Image: `C:\Windows\System32\notepad.exe`}))
	_, err := m.server.Request(t.Context(), "http://localhost/")
	require.NoError(t, err)
	require.Contains(t, m.of(func(a kernel.Activity) string {
		if e, ok := a.(kernel.EventLogged); ok && e.EventID == 2295 {
			return e.Data[0].Value
		}
		return ""
	}), `C:\Windows\System32\notepad.exe`)
}

func TestRequestsToNowhere(t *testing.T) {
	m := newMachine(t)
	_, err := m.server.Request(t.Context(), "http://example.com/")
	require.ErrorIs(t, err, ErrUnreachable)
	_, err = m.server.Request(t.Context(), "http://localhost:81/")
	require.ErrorIs(t, err, ErrRefused)
	require.NoError(t, m.k.StopService(m.admin, "W3SVC"))
	_, err = m.server.Request(t.Context(), "http://localhost/")
	require.ErrorIs(t, err, ErrRefused)
}

func TestHistoryKeepsTenCopies(t *testing.T) {
	m := newMachine(t)
	for i := range 12 {
		require.NoError(t, m.server.AddGlobalModule(m.admin, Module{Name: fmt.Sprint("M", i), Image: "m.dll"}))
		m.k.Host().Clock.Advance(historyPeriod + time.Second)
	}
	files, err := m.k.ReadDirectory(m.admin, historyFolder)
	require.NoError(t, err)
	require.Len(t, files, historyKept)
	last := files[len(files)-1]
	require.Equal(t, "CFGHISTORY_0000000013", last.Name())
	data, err := m.k.ReadFile(m.admin, host.Join(last.Path, "applicationHost.config"))
	require.NoError(t, err)
	require.Equal(t, m.text(t), string(data))
	writers := m.of(func(a kernel.Activity) string {
		if c, ok := a.(kernel.FileCreated); ok && host.Within(c.File.Path, historyFolder) {
			return c.Process.CommandLine
		}
		return ""
	})
	require.Contains(t, writers[0], "-k apphost")
}

func TestSitesAndPools(t *testing.T) {
	m := newMachine(t)
	sites, err := m.server.Sites(m.admin)
	require.NoError(t, err)
	require.Equal(t, "Default Web Site", sites[0].Name)
	require.Equal(t, "http/*:80:", sites[0].Bindings[0].String())
	require.Equal(t, "DefaultAppPool", sites[0].Applications[0].Pool)
	known, err := m.server.SetSiteState(m.admin, "default web site", Stopped)
	require.NoError(t, err)
	require.True(t, known)
	_, err = m.server.Request(t.Context(), "http://localhost/")
	require.ErrorIs(t, err, ErrRefused)
}

// TestWorkOfTheMachineInBetween lets visitors and an installer come while the
// server works: kernel operations let time pass, and what is due runs in the
// goroutine of the operation.
func TestWorkOfTheMachineInBetween(t *testing.T) {
	m := newMachine(t)
	clock := m.k.Host().Clock
	for i := range 60 {
		clock.Schedule(clock.Now().Add(time.Duration(i)*1300*time.Microsecond), func() {
			_, _ = m.server.Request(t.Context(), "http://localhost/")
			err := m.server.AddGlobalModule(m.admin, Module{Name: fmt.Sprint("Own", i), Image: `%windir%\System32\inetsrv\dirlist.dll`})
			if err != nil {
				require.ErrorContains(t, err, "on", "busy, or read half written")
			}
			if i%20 == 0 {
				m.server.Recycle()
			}
		})
	}
	for range 5 {
		response, err := m.server.Request(t.Context(), "http://localhost/")
		require.NoError(t, err)
		require.Contains(t, []int{200, 503}, response.Status)
		_ = m.server.AddGlobalModule(m.admin, Module{Name: "Mine", Image: `%windir%\System32\inetsrv\dirlist.dll`})
	}
	clock.Advance(time.Minute)
	response, err := m.server.Request(t.Context(), "http://localhost/")
	require.NoError(t, err)
	require.Equal(t, 200, response.Status)
}
