package lab

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman"
)

// shells opens remote shells on the host, in the way of the WinRM service: a logon, then a winrshost.exe under the
// DCOM launcher, and below that a cmd.exe for each command. The lineage is that of recorded WinRS sessions.
type shells struct{ kernel *kernel.Kernel }

// OpenShell implements wsman.Host.
func (s *shells) OpenShell(ctx context.Context, spec wsman.ShellSpec) (wsman.Shell, error) {
	service, ok := s.kernel.ServiceProcess("WinRM")
	launcher, running := s.kernel.ServiceProcess("DcomLaunch")
	if !ok || !running {
		return nil, &wsman.HostError{Code: 1062, Text: "The service has not been started. "}
	}
	token, err := s.kernel.Logon(service, spec.User, kernel.LogonNetwork, spec.ClientAddress, "Negotiate")
	if err != nil {
		return nil, hostError(err)
	}
	s.kernel.Publish(kernel.ShellOpened{
		By: s.kernel.By(service), Token: token, ShellID: spec.ID,
		ResourceURI: "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
	})
	ctx, cancel := context.WithCancel(ctx)
	p, err := s.kernel.Start(ctx, launcher, kernel.Spec{
		Image: `C:\Windows\System32\winrshost.exe`, CommandLine: `C:\Windows\system32\WinrsHost.exe -Embedding`,
		Dir: `C:\Windows\system32`, Token: token, Env: s.kernel.Environment(token),
	}, kernel.Stdio{})
	if err != nil {
		cancel()
		return nil, hostError(err)
	}
	return &shell{kernel: s.kernel, service: service, host: p, token: token, spec: spec, end: cancel}, nil
}

// waitForEnd is the program of winrshost.exe: it stays until its shell is closed.
func waitForEnd(ctx context.Context, _ *kernel.Process, _ kernel.Stdio) int {
	<-ctx.Done()
	return 0
}

func hostError(err error) error {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return err
	}
	return &wsman.HostError{Code: uint32(e.Code), Text: e.Error()}
}

// shell is one remote shell.
type shell struct {
	kernel  *kernel.Kernel
	service *kernel.Process
	host    *kernel.Process
	token   *host.Token
	spec    wsman.ShellSpec
	end     context.CancelFunc
	once    sync.Once
}

// commandProcessor is how recorded WinRS sessions name it.
const commandProcessor = `C:\Windows\system32\cmd.exe`

// Start implements wsman.Shell.
func (s *shell) Start(ctx context.Context, c wsman.CommandSpec, in io.Reader, out, errs io.Writer) (wsman.Process, error) {
	spec := kernel.Spec{Image: commandProcessor, CommandLine: commandProcessor + " /C " + c.Line(), Dir: s.dir(), Env: s.environment()}
	if c.SkipCmdShell {
		spec.Image, spec.CommandLine = "", c.Line()
	}
	p, err := s.kernel.Start(ctx, s.host, spec, kernel.Stdio{In: in, Out: out, Err: errs})
	if err != nil {
		return nil, hostError(err)
	}
	return &process{kernel: s.kernel, p: p}, nil
}

func (s *shell) dir() string {
	if s.spec.Dir != "" {
		return s.spec.Dir
	}
	_, name, _ := strings.Cut(s.token.User, `\`)
	return `C:\Users\` + name
}

func (s *shell) environment() *kernel.Environment {
	e := s.kernel.Environment(s.token)
	for _, v := range s.spec.Env {
		e.Set(v.Name, v.Value)
	}
	return e
}

// Close implements wsman.Shell.
func (s *shell) Close() error {
	s.once.Do(func() {
		s.kernel.TerminateTree(s.host, 0)
		s.end()
		s.kernel.Logoff(s.service, s.token, kernel.LogonNetwork)
	})
	return nil
}

// process is one command of a shell.
type process struct {
	kernel *kernel.Kernel
	p      *kernel.Process
}

// Wait implements wsman.Process.
func (p *process) Wait() int {
	code, err := p.p.Wait(context.Background())
	if err != nil {
		return -1
	}
	return code
}

// Terminate implements wsman.Process.
func (p *process) Terminate() { p.kernel.TerminateTree(p.p, 1) }
