package kernel_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func TestBootedMachine(t *testing.T) {
	m := boot(t)
	parents := map[string]string{}
	pids := map[uint32]bool{}
	for _, p := range m.Processes() {
		require.Zero(t, p.PID%4, p.Name())
		require.False(t, pids[p.PID], "pid %d is used twice", p.PID)
		pids[p.PID] = true
		if p.Parent != nil {
			parents[p.Name()] = p.Parent.Name()
		}
	}
	require.Equal(t, "services.exe", parents["svchost.exe"])
	require.Equal(t, "wininit.exe", parents["services.exe"])
	require.Equal(t, "wininit.exe", parents["lsass.exe"])
	require.NotContains(t, parents, "w3wp.exe", "no worker runs before the first request")
	for name, line := range map[string]string{
		"DcomLaunch": `C:\Windows\system32\svchost.exe -k DcomLaunch -p`, "W3SVC": `C:\Windows\system32\svchost.exe -k iissvcs`,
		"WinRM": `C:\Windows\system32\svchost.exe -k NetworkService -p`, "Sysmon64": `C:\Windows\Sysmon64.exe`,
	} {
		p, ok := m.ServiceProcess(name)
		require.True(t, ok, name)
		require.Equal(t, line, p.CommandLine)
	}
	_, ok := m.ServiceProcess("TrustedInstaller")
	require.False(t, ok, "it starts on demand")
	system, ok := m.Process(4)
	require.True(t, ok)
	require.Equal(t, "System", system.Name())
}

func TestEveryProfileCanBeLoaded(t *testing.T) {
	m := boot(t)
	for _, image := range []string{
		"powershell.exe", "wsmprovhost.exe", "cmd.exe", "conhost.exe", "whoami.exe", "net.exe", "net1.exe", "reg.exe", "sc.exe", "winrshost.exe",
		`C:\Windows\System32\inetsrv\appcmd.exe`, `C:\Windows\System32\inetsrv\w3wp.exe`, "svchost.exe", "msiexec.exe",
	} {
		p, err := m.StartResident(t.Context(), m.shell, kernel.Spec{Image: image})
		require.NoError(t, err, image)
		require.Empty(t, kernel.MissingLibraries(m.Kernel, p), image)
	}
}

func TestPowerShellStart(t *testing.T) {
	m := boot(t)
	var p *kernel.Process
	seen := m.since(func() {
		var err error
		p, err = m.StartResident(t.Context(), m.shell, kernel.Spec{CommandLine: "powershell.exe"})
		require.NoError(t, err)
	})
	var files, pipes, images []string
	for _, a := range seen {
		switch a := a.(type) {
		case kernel.FileCreated:
			files = append(files, "+"+host.Ext(a.File.Path))
			require.Contains(t, a.File.Path, `C:\Users\ADMINI~1\AppData\Local\Temp\__PSScriptPolicyTest_`)
		case kernel.FileDeleted:
			files = append(files, "-"+host.Ext(a.File.Path))
		case kernel.PipeCreated:
			pipes = append(pipes, a.Name)
		case kernel.ImageLoaded:
			images = append(images, a.File.Name())
		}
	}
	require.Equal(t, []string{"+.ps1", "+.psm1", "-.ps1", "-.psm1"}, files)
	require.Len(t, pipes, 1)
	require.Regexp(t, `^\\PSHost\.13\d{16}\.\d+\.DefaultAppDomain\.powershell$`, pipes[0])
	require.Contains(t, images, "clr.dll")
	require.Contains(t, images, "System.Management.Automation.ni.dll")
	require.Greater(t, len(images), 70)
	require.Equal(t, 64, p.Bits)
}

func TestConsoles(t *testing.T) {
	m := boot(t)
	consoles := func(parent *kernel.Process) int {
		n := 0
		for _, p := range m.Processes() {
			if p.Name() == "conhost.exe" && p.Parent == parent {
				n++
			}
		}
		return n
	}
	require.Equal(t, 1, consoles(m.shell), "the remote shell has a console")
	child, err := m.StartResident(t.Context(), m.shell, kernel.Spec{CommandLine: "cmd.exe"})
	require.NoError(t, err)
	require.Zero(t, consoles(child), "its children share it")
	scm, _ := m.Named("services.exe")
	alone, err := m.StartResident(t.Context(), scm, kernel.Spec{CommandLine: "cmd.exe"})
	require.NoError(t, err)
	require.Equal(t, 1, consoles(alone))
	m.Terminate(alone, 0)
	require.Zero(t, consoles(alone), "a console ends with its program")
}

func TestTerminateTree(t *testing.T) {
	m := boot(t)
	m.Install(`C:\Windows\System32\cmd.exe`, func(ctx context.Context, p *kernel.Process, _ kernel.Stdio) int {
		code, err := m.Run(ctx, p, kernel.Spec{CommandLine: "timeout.exe 100"}, kernel.Stdio{})
		if err != nil {
			return 1
		}
		return code
	})
	sleeping := make(chan *kernel.Process, 1)
	m.Install(`C:\Windows\System32\timeout.exe`, func(ctx context.Context, p *kernel.Process, _ kernel.Stdio) int {
		sleeping <- p
		<-ctx.Done()
		if m.WriteFile(p, `C:\Windows\Temp\late.txt`, nil, kernel.CreateAlways) == nil {
			t.Error("a process that was ended can still write")
		}
		return 0
	})
	p, err := m.Start(t.Context(), m.shell, kernel.Spec{CommandLine: "cmd.exe /c timeout 100"}, kernel.Stdio{})
	require.NoError(t, err)
	child := <-sleeping
	m.TerminateTree(p, 5)
	code, err := p.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, code)
	code, err = child.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, code)
	_, ok := m.Process(child.PID)
	require.False(t, ok)
}

func TestSettleWaitsForPrograms(t *testing.T) {
	m := boot(t)
	ended, returned := make(chan struct{}), make(chan struct{})
	m.Install(`C:\Windows\System32\timeout.exe`, func(ctx context.Context, _ *kernel.Process, _ kernel.Stdio) int {
		<-ctx.Done()
		<-ended
		close(returned)
		return 0
	})
	p, err := m.Start(t.Context(), m.shell, kernel.Spec{CommandLine: "timeout"}, kernel.Stdio{})
	require.NoError(t, err)
	m.Terminate(p, 1)
	<-p.Done()
	time.AfterFunc(time.Millisecond, func() { close(ended) })
	m.Settle()
	select {
	case <-returned:
	default:
		require.Fail(t, "the program has not returned")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	m := boot(t)
	ctx, cancel := context.WithCancel(t.Context())
	m.Install(`C:\Windows\System32\timeout.exe`, func(ctx context.Context, _ *kernel.Process, _ kernel.Stdio) int {
		cancel()
		<-ctx.Done()
		return 0
	})
	_, err := m.Run(ctx, m.shell, kernel.Spec{CommandLine: "timeout"}, kernel.Stdio{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestResolve(t *testing.T) {
	m := boot(t)
	require.NoError(t, m.CopyFile(m.shell, `C:\Windows\System32\whoami.exe`, `C:\Windows\Temp\tool.exe`, false))
	cases := map[string]string{
		"cmd": `C:\Windows\System32\cmd.exe`, "CMD.EXE": `C:\Windows\System32\cmd.exe`, "chcp": `C:\Windows\System32\chcp.com`,
		"powershell": `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `C:\Windows\Temp\tool`: `C:\Windows\Temp\tool.exe`,
		`..\Temp\tool.exe`: `C:\Windows\Temp\tool.exe`, `"C:\windows\regedit.exe"`: `C:\Windows\regedit.exe`, "explorer": `C:\Windows\explorer.exe`,
		"tool": "", "none": "", `C:\none\cmd.exe`: "",
	}
	p := m.shell
	p.Dir = `C:\Windows\System32`
	for name, want := range cases {
		got, err := m.Resolve(p, name)
		require.Equal(t, want, got, name)
		require.Equal(t, want == "", err != nil, name)
	}
	p.Dir = `C:\Windows\Temp`
	got, err := m.Resolve(p, "tool")
	require.NoError(t, err)
	require.Equal(t, `C:\Windows\Temp\tool.exe`, got, "the current directory is searched")
}

func TestFilteredTokens(t *testing.T) {
	m := boot(t)
	m.Host().Accounts.PutUser(host.User{Name: "second", SID: m.Host().MachineSID + "-1009", Enabled: true, Groups: []string{host.Administrators}})
	launcher, _ := m.ServiceProcess("DcomLaunch")
	token, err := m.Logon(launcher, "second", kernel.LogonNetwork, "", "NTLM")
	require.NoError(t, err)
	require.False(t, token.Elevated)
	require.Equal(t, host.IntegrityMedium, token.Integrity)
	policy := `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System`
	require.NoError(t, m.SetValue(m.shell, policy, host.Value{Name: "LocalAccountTokenFilterPolicy", Type: host.DWord, Number: 1}))
	token, err = m.Logon(launcher, `LAB-IIS01\second`, kernel.LogonNetwork, "", "NTLM")
	require.NoError(t, err)
	require.True(t, token.Elevated)
	require.Equal(t, host.IntegrityHigh, token.Integrity)
	token, err = m.Logon(launcher, "operator", kernel.LogonNetwork, "", "NTLM")
	require.NoError(t, err)
	require.Equal(t, []string{
		host.Users, `BUILTIN\Remote Management Users`, `NT AUTHORITY\NETWORK`, `NT AUTHORITY\Authenticated Users`, `NT AUTHORITY\This Organization`,
	}, token.Groups)
	_, err = m.Logon(launcher, "Guest", kernel.LogonNetwork, "", "NTLM")
	requireCode(t, kernel.LogonFailure, err, "disabled account")
}

func TestServices(t *testing.T) {
	m := boot(t)
	require.NoError(t, m.StartService(m.shell, "BITS"))
	bits, ok := m.ServiceProcess("BITS")
	require.True(t, ok)
	schedule, _ := m.ServiceProcess("Schedule")
	require.Same(t, schedule, bits, "a shared service joins its group")
	require.NoError(t, m.StopService(m.shell, "BITS"))
	_, ok = m.Process(schedule.PID)
	require.True(t, ok, "the others go on")
	require.NoError(t, m.StartService(m.shell, "TrustedInstaller"))
	own, ok := m.ServiceProcess("TrustedInstaller")
	require.True(t, ok)
	require.True(t, own.Token.Is(host.TrustedInstaller))
	require.NoError(t, m.StopService(m.shell, "TrustedInstaller"))
	require.Eventually(t, func() bool { _, running := m.Process(own.PID); return !running }, time.Second, time.Millisecond)
	require.NoError(t, m.CreateService(m.shell, host.Service{Name: "lab", Path: `C:\lab.exe`, Account: "LocalSystem", Start: host.Manual, State: host.Stopped}))
	v, err := m.Value(m.shell, `HKLM\SYSTEM\CurrentControlSet\Services\lab`, "ImagePath")
	require.NoError(t, err)
	require.Equal(t, `C:\lab.exe`, v.Text)
	require.NoError(t, m.DeleteService(m.shell, "lab"))
	require.False(t, m.KeyExists(m.shell, `HKLM\SYSTEM\CurrentControlSet\Services\lab`))
}

func TestKilledServiceIsStopped(t *testing.T) {
	m := boot(t)
	spooler, ok := m.ServiceProcess("Spooler")
	require.True(t, ok)
	seen := m.since(func() { require.NoError(t, m.Kill(m.shell, spooler, 1)) })
	s, err := m.Service("Spooler")
	require.NoError(t, err)
	require.Equal(t, host.Stopped, s.State)
	logged, ok := seen[len(seen)-1].(kernel.EventLogged)
	require.True(t, ok)
	require.Equal(t, 7034, logged.EventID)
}

func TestSameSeedSameProcesses(t *testing.T) {
	history := func() string {
		m := boot(t)
		var out strings.Builder
		for _, line := range []string{"whoami", "powershell", "reg query"} {
			_, err := m.Run(t.Context(), m.shell, kernel.Spec{CommandLine: line}, kernel.Stdio{})
			require.NoError(t, err)
		}
		for _, a := range *m.seen {
			out.WriteString(a.When().String() + a.Actor().GUID.String() + "\n")
		}
		return out.String()
	}
	first := history()
	require.Equal(t, first, history())
}

func TestStdio(t *testing.T) {
	m := boot(t)
	m.Install(`C:\Windows\System32\find.exe`, func(_ context.Context, _ *kernel.Process, stdio kernel.Stdio) int {
		text, _ := io.ReadAll(stdio.In)
		slices.Reverse(text)
		_, _ = stdio.Out.Write(text)
		return 0
	})
	var out strings.Builder
	_, err := m.Run(t.Context(), m.shell, kernel.Spec{CommandLine: "find x"}, kernel.Stdio{In: strings.NewReader("abc"), Out: &out})
	require.NoError(t, err)
	require.Equal(t, "cba", out.String())
	_, err = m.Run(t.Context(), m.shell, kernel.Spec{CommandLine: "find x"}, kernel.Stdio{})
	require.NoError(t, err)
}

// TestWhatRuns starts images in the ways in which CreateProcess finds a program.
func TestWhatRuns(t *testing.T) {
	m := boot(t)
	echo := func(name string) kernel.Program {
		return func(_ context.Context, p *kernel.Process, stdio kernel.Stdio) int {
			_, _ = io.WriteString(stdio.Out, name+": "+p.CommandLine)
			return 0
		}
	}
	m.Install(`C:\Windows\System32\whoami.exe`, echo("whoami"))
	m.Install(`C:\Windows\System32\cmd.exe`, echo("cmd"))
	m.Install(`C:\Windows\System32\reg.exe`, echo("reg"))
	require.NoError(t, m.CopyFile(m.shell, `C:\Windows\System32\whoami.exe`, `C:\Windows\Temp\not evil.exe`, false))
	require.NoError(t, m.WriteFile(m.shell, `C:\Windows\Temp\run.bat`, []byte("echo x"), kernel.CreateNew))
	cases := map[string]string{
		`C:\Windows\Temp\not evil.exe /x`: `whoami: C:\Windows\Temp\not evil.exe /x`,
		`"C:\Windows\Temp\not evil" /x`:   `whoami: "C:\Windows\Temp\not evil" /x`,
		`C:\Windows\Temp\run.bat 1`:       `cmd: C:\Windows\system32\cmd.exe /c "C:\Windows\Temp\run.bat 1"`,
		`C:\Windows\SysWOW64\reg.exe`:     `reg: C:\Windows\SysWOW64\reg.exe`,
	}
	for line, want := range cases {
		var out strings.Builder
		_, err := m.Run(t.Context(), m.shell, kernel.Spec{CommandLine: line}, kernel.Stdio{Out: &out})
		require.NoError(t, err, line)
		require.Equal(t, want, out.String())
	}
}

func TestKill(t *testing.T) {
	m := boot(t)
	user := logon(t, m.Kernel, "operator")
	p, err := m.StartResident(t.Context(), m.shell, kernel.Spec{CommandLine: "notepad.exe"})
	require.NoError(t, err)
	requireCode(t, kernel.AccessDenied, m.Kill(user, p, 1), "somebody else's process")
	scm, _ := m.Named("services.exe")
	requireCode(t, kernel.AccessDenied, m.Kill(m.shell, scm, 1), "a protected process")
	require.NoError(t, m.Kill(m.shell, p, 1))
	requireCode(t, kernel.ProcessAborted, m.Kill(p, user, 1), "by a process that has ended")
}

// TestConcurrentWork lets many processes start, write and end at once.
func TestConcurrentWork(t *testing.T) {
	k := kernel.New(host.New(host.Options{Seed: 9}))
	shell := logon(t, k, "Administrator")
	k.Install(`C:\Windows\System32\find.exe`, func(_ context.Context, p *kernel.Process, _ kernel.Stdio) int {
		name := strings.ReplaceAll(p.CommandLine, " ", "_")
		if k.WriteFile(p, `C:\Windows\Temp\`+name, []byte(name), kernel.CreateAlways) != nil {
			return 1
		}
		return 0
	})
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			code, err := k.Run(t.Context(), shell, kernel.Spec{CommandLine: "find " + strings.Repeat("x", i)}, kernel.Stdio{})
			if err != nil || code != 0 {
				t.Errorf("code %d, %v", code, err)
			}
		})
	}
	group.Wait()
	files, err := k.ReadDirectory(shell, `C:\Windows\Temp`)
	require.NoError(t, err)
	require.Len(t, files, 20)
	k.TerminateTree(shell, 0)
	for _, p := range k.Processes() {
		require.NotSame(t, shell, p.Parent, p.Name())
	}
}
