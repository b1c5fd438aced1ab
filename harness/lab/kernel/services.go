package kernel

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Service describes a service.
func (k *Kernel) Service(name string) (host.Service, error) {
	s, ok := k.host.Services.Service(name)
	if !ok {
		return host.Service{}, fail("open service", name, ServiceNotExist)
	}
	return s, nil
}

// StartService starts a service on behalf of p, which needs to be elevated. A
// shared service joins the running svchost.exe of its group; otherwise
// services.exe starts a process.
func (k *Kernel) StartService(p *Process, name string) error {
	s, err := k.controllable(p, name)
	switch {
	case err != nil:
		return err
	case s.Start == host.DisabledStart:
		return fail("start service", name, ServiceDisabled)
	case s.State == host.Running:
		return fail("start service", name, ServiceRunning)
	}
	k.work(20*time.Millisecond, 120*time.Millisecond)
	process, err := k.serviceHost(s)
	if err != nil {
		return err
	}
	k.adopt(s.Name, process)
	k.serviceEvent(s, "running")
	return nil
}

// StopService stops a service on behalf of p. Its process ends when it hosts no
// other one.
func (k *Kernel) StopService(p *Process, name string) error {
	s, err := k.controllable(p, name)
	if err != nil {
		return err
	}
	if s.State != host.Running {
		return fail("stop service", name, ServiceNotActive)
	}
	k.work(20*time.Millisecond, 120*time.Millisecond)
	pid := s.PID
	s.State, s.PID = host.Stopped, 0
	k.host.Services.Put(s)
	k.serviceEvent(s, "stopped")
	for _, other := range k.host.Services.All() {
		if other.State == host.Running && other.PID == pid {
			return nil
		}
	}
	if process, ok := k.Process(pid); ok {
		k.Terminate(process, 0)
	}
	return nil
}

// CreateService adds a service, or changes the one of the same name. The service
// control manager writes its key, of an existing one only the values that
// change.
func (k *Kernel) CreateService(p *Process, s host.Service) error {
	if err := k.elevated(p, "create service", s.Name); err != nil {
		return err
	}
	scm, ok := k.Named("services.exe")
	if !ok {
		return fail("create service", s.Name, AccessDenied)
	}
	k.host.Services.Put(s)
	key := `HKLM\SYSTEM\CurrentControlSet\Services\` + s.Name
	if err := k.CreateKey(scm, key); err != nil {
		return err
	}
	for _, v := range s.Values() {
		if old, err := k.Value(scm, key, v.Name); err == nil && reflect.DeepEqual(old, v) {
			continue
		}
		if err := k.SetValue(scm, key, v); err != nil {
			return err
		}
	}
	return nil
}

// DeleteService removes a service and its key.
func (k *Kernel) DeleteService(p *Process, name string) error {
	s, err := k.controllable(p, name)
	if err != nil {
		return err
	}
	k.host.Services.Remove(s.Name)
	scm, ok := k.Named("services.exe")
	if !ok {
		return nil
	}
	return k.DeleteKey(scm, `HKLM\SYSTEM\CurrentControlSet\Services\`+s.Name)
}

func (k *Kernel) controllable(p *Process, name string) (host.Service, error) {
	s, err := k.Service(name)
	if err != nil {
		return s, err
	}
	return s, k.elevated(p, "open service", name)
}

func (k *Kernel) elevated(p *Process, op, path string) error {
	if err := k.alive(p, op, path); err != nil {
		return err
	}
	if !p.Token.Elevated {
		return fail(op, path, AccessDenied)
	}
	return nil
}

func (k *Kernel) serviceHost(s host.Service) (*Process, error) {
	if s.Shared {
		for _, other := range k.host.Services.All() {
			if other.State == host.Running && strings.EqualFold(other.Path, s.Path) {
				if process, ok := k.Process(other.PID); ok {
					return process, nil
				}
			}
		}
	}
	scm, ok := k.Named("services.exe")
	if !ok {
		return nil, fail("start service", s.Name, AccessDenied)
	}
	token := k.ServiceToken(s.Account, `NT SERVICE\`+s.Name)
	return k.StartResident(context.Background(), scm, Spec{
		CommandLine: s.Path, Dir: `C:\Windows\system32`, Env: k.Environment(token), Token: token,
	})
}

// abandoned marks the services of a process that has ended without being asked
// to as stopped.
func (k *Kernel) abandoned(p *Process) {
	for _, s := range k.host.Services.All() {
		if s.State == host.Running && s.PID == p.PID {
			s.State, s.PID = host.Stopped, 0
			k.host.Services.Put(s)
			k.scmEvent(7034, 2, Field{"param1", s.DisplayName}, Field{"param2", "1"})
		}
	}
}

func (k *Kernel) serviceEvent(s host.Service, state string) {
	k.scmEvent(7036, 4, Field{"param1", s.DisplayName}, Field{"param2", state})
}

// scmEvent is a record of the service control manager in the System log.
func (k *Kernel) scmEvent(id, level int, data ...Field) {
	scm, _ := k.Named("services.exe")
	k.Publish(EventLogged{By: k.By(scm), Channel: "System", Provider: "Service Control Manager", EventID: id, Level: level, Data: data})
}
