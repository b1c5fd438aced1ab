package kernel

import (
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// bootProcess is a process that runs from the boot on. Parent names an earlier
// one by its image name; after is the time since the boot.
type bootProcess struct {
	image, line, parent, account string
	session                      uint32
	after                        time.Duration
	services                     string // names of the services it hosts
}

func bootProcesses() []bootProcess {
	const sys, svc = `C:\Windows\System32\`, `C:\Windows\system32\svchost.exe -k `
	second := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	hosted := func(after float64, group, account, services string) bootProcess {
		return bootProcess{sys + "svchost.exe", svc + group, "services.exe", account, 0, second(after), services}
	}
	return []bootProcess{
		{"System", "", "", host.System, 0, 0, ""},
		{"Registry", "", "System", host.System, 0, 0, ""},
		{sys + "smss.exe", `\SystemRoot\System32\smss.exe`, "System", host.System, 0, second(1.1), ""},
		{sys + "csrss.exe", `%SystemRoot%\system32\csrss.exe ObjectDirectory=\Windows SharedSection=1024,20480,768 Windows=On SubSystemType=Windows ServerDll=basesrv,1 ServerDll=winsrv:UserServerDllInitialization,3 ServerDll=sxssrv,4 ProfileControl=Off MaxRequestThreads=16`, "smss.exe", host.System, 0, second(4.3), ""},
		{sys + "wininit.exe", "wininit.exe", "smss.exe", host.System, 0, second(4.8), ""},
		{sys + "winlogon.exe", "winlogon.exe", "smss.exe", host.System, 1, second(5), ""},
		{sys + "services.exe", `C:\Windows\system32\services.exe`, "wininit.exe", host.System, 0, second(5.2), ""},
		{sys + "lsass.exe", `C:\Windows\system32\lsass.exe`, "wininit.exe", host.System, 0, second(5.3), "SamSs"},
		hosted(5.9, "DcomLaunch -p", host.System, "DcomLaunch PlugPlay Power"),
		{sys + "fontdrvhost.exe", `"fontdrvhost.exe"`, "wininit.exe", `Font Driver Host\UMFD-0`, 0, second(6), ""},
		hosted(6.1, "RPCSS -p", host.NetworkService, "RpcSs RpcEptMapper"),
		{sys + "LogonUI.exe", `"LogonUI.exe" /flags:0x2 /state0:0xa3bd2055 /state1:0x41c64e6d`, "winlogon.exe", host.System, 1, second(6.6), ""},
		{sys + "dwm.exe", `"dwm.exe"`, "winlogon.exe", `Window Manager\DWM-1`, 1, second(6.7), ""},
		hosted(7.2, "LocalServiceNetworkRestricted -p", host.LocalService, "EventLog Dhcp"),
		hosted(7.3, "netsvcs -p", host.System, "Schedule gpsvc ProfSvc Winmgmt SENS Themes"),
		hosted(7.6, "LocalService -p", host.LocalService, "EventSystem nsi W32Time"),
		hosted(7.9, "NetworkService -p", host.NetworkService, "WinRM Dnscache LanmanWorkstation CryptSvc"),
		hosted(8.2, "LocalServiceNoNetwork -p", host.LocalService, "BFE mpssvc"),
		hosted(8.8, "smphost", host.System, "LanmanServer"),
		{sys + "spoolsv.exe", sys + "spoolsv.exe", "services.exe", host.System, 0, second(9.6), "Spooler"},
		{`C:\Windows\Sysmon64.exe`, `C:\Windows\Sysmon64.exe`, "services.exe", host.System, 0, second(9.8), "Sysmon64"},
		hosted(10.1, "apphost", host.System, "AppHostSvc"),
		hosted(10.4, "iissvcs", host.System, "W3SVC WAS"),
		{`C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.25110.5-0\MsMpEng.exe`, `"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.25110.5-0\MsMpEng.exe"`, "services.exe", host.System, 0, second(10.9), "WinDefend"},
		{sys + "msdtc.exe", sys + "msdtc.exe", "services.exe", host.NetworkService, 0, second(128), "MSDTC"},
	}
}

func (k *Kernel) boot() {
	running := map[string]*Process{}
	for _, b := range bootProcesses() {
		token := k.ServiceToken(b.account)
		if b.session != 0 {
			other := *token
			other.Session = b.session
			token = &other
		}
		p := &Process{
			Image: b.image, CommandLine: b.line, Dir: `C:\Windows\system32`, Env: k.Environment(token), Token: token,
			Parent: running[b.parent], Start: k.host.BootTime.Add(b.after), Bits: 64,
			images: map[string]bool{}, done: make(chan struct{}),
		}
		k.number(p)
		running[p.Name()] = p
		for name := range strings.FieldsSeq(b.services) {
			k.adopt(name, p)
		}
	}
}

// adopt marks a service as running in p.
func (k *Kernel) adopt(service string, p *Process) {
	if s, ok := k.host.Services.Service(service); ok {
		s.State, s.PID = host.Running, p.PID
		k.host.Services.Put(s)
	}
}

// ServiceProcess returns the process that hosts a running service, such as
// "DcomLaunch".
func (k *Kernel) ServiceProcess(service string) (*Process, bool) {
	s, ok := k.host.Services.Service(service)
	if !ok || s.State != host.Running {
		return nil, false
	}
	return k.Process(s.PID)
}
