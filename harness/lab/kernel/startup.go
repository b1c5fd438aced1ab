package kernel

import (
	"context"
	_ "embed" // profiles are data
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

//go:embed data/profiles.txt
var profilesData string

// profile is what every process of an image does before its program begins.
type profile struct {
	low, high  time.Duration
	noConsole  bool
	policyTest bool   // PowerShell's probe for script policies
	hostPipe   string // PowerShell's pipe for debuggers, its two last parts
	loads      []load
}

type load struct {
	path  string
	share float64
}

// readProfiles parses the profile data; "*" is the profile of the others.
func readProfiles(text string) map[string]*profile {
	profiles := map[string]*profile{}
	var at *profile
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			at = &profile{}
			profiles[host.Fold(strings.Trim(line, "[]"))] = at
		case verb == "load":
			at.addLoads(rest)
		case verb == "work":
			low, high, _ := strings.Cut(rest, " ")
			at.low, _ = time.ParseDuration(low)
			at.high, _ = time.ParseDuration(high)
		case line == "no console":
			at.noConsole = true
		case line == "policy test":
			at.policyTest = true
		case strings.HasPrefix(line, "host pipe "):
			at.hostPipe = line[len("host pipe "):]
		}
	}
	return profiles
}

func (p *profile) addLoads(list string) {
	for name := range strings.FieldsSeq(list) {
		name, share, ok := strings.Cut(name, "*")
		l := load{path: libraryPath(name), share: 1}
		if ok {
			l.share, _ = strconv.ParseFloat(share, 64)
		}
		p.loads = append(p.loads, l)
	}
}

func libraryPath(name string) string {
	place, file, ok := strings.Cut(name, ":")
	if !ok {
		return `C:\Windows\System32\` + name
	}
	switch place {
	case "ni":
		return host.NativeImage(file)
	case "fw":
		return `C:\Windows\Microsoft.NET\Framework64\v4.0.30319\` + file
	case "gac":
		return host.Join(`C:\Windows\Microsoft.NET\assembly\GAC_64`, strings.TrimSuffix(file, ".dll"), `v4.0_4.0.0.0__b77a5c561934e089`, file)
	case "wbem":
		return `C:\Windows\System32\wbem\` + file
	case "ps":
		return `C:\Windows\System32\WindowsPowerShell\v1.0\` + file
	case "iis":
		return `C:\Windows\System32\inetsrv\` + file
	default:
		return `C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.25110.5-0\` + file
	}
}

func (k *Kernel) profileOf(p *Process) *profile {
	if profile, ok := k.profiles[host.Fold(host.Base(k.host.FS.LongPath(p.Image)))]; ok {
		return profile
	}
	return k.profiles["*"]
}

// startUp does what the loader does before a program begins. What fails here fails silently, as it does there.
func (k *Kernel) startUp(p *Process) {
	profile := k.profileOf(p)
	k.attachConsole(p, profile)
	_ = k.LoadImage(p, p.Image)
	for _, l := range profile.loads {
		if k.rand.Chance(l.share) {
			_ = k.LoadImage(p, l.path)
		}
	}
	k.work(profile.low, profile.high)
}

// startEngine does what a scripting engine does at its start, for a process that
// has no Program to do it.
func (k *Kernel) startEngine(p *Process) {
	profile := k.profileOf(p)
	if profile.hostPipe != "" {
		// .NET gives the start time as a FILETIME.
		ticks := p.Start.Unix()*1e7 + int64(p.Start.Nanosecond()/100) + 116444736000000000
		_ = k.CreatePipe(p, fmt.Sprintf(`\PSHost.%d.%d.%s`, ticks, p.PID, profile.hostPipe))
	}
	if profile.policyTest {
		k.testPolicy(p)
	}
}

// testPolicy is how PowerShell finds out whether AppLocker restricts scripts: it
// writes two files and deletes them again.
func (k *Kernel) testPolicy(p *Process) {
	const letters = "abcdefghijklmnopqrstuvwxyz012345"
	stem := host.Join(p.Env.Get("TEMP"), "__PSScriptPolicyTest_"+k.rand.Text(letters, 8)+"."+k.rand.Text(letters, 3))
	for _, ext := range []string{".ps1", ".psm1"} {
		if err := k.WriteFile(p, stem+ext, []byte("1"), CreateNew); err != nil {
			return
		}
	}
	k.work(2*time.Millisecond, 12*time.Millisecond)
	for _, ext := range []string{".ps1", ".psm1"} {
		_ = k.DeleteFile(p, stem+ext)
	}
}

// attachConsole gives a console program its parent's console, or a new one with
// a conhost.exe of its own.
func (k *Kernel) attachConsole(p *Process, profile *profile) {
	if profile.noConsole || withoutConsole(p.Name()) {
		return
	}
	if k.shareConsole(p) || p.hidden {
		return
	}
	const conhost = `C:\Windows\System32\conhost.exe`
	line := `\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1`
	if child, err := k.StartResident(context.Background(), p, Spec{Image: conhost, CommandLine: line, Dir: `C:\Windows`}); err == nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		p.console = child
	}
}

// shareConsole gives p the console of its parent, if that has one.
func (k *Kernel) shareConsole(p *Process) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p.Parent == nil || p.Parent.console == nil {
		return false
	}
	p.console = p.Parent.console
	return true
}

// withoutConsole lists programs of the graphical and the native subsystem and
// services.
func withoutConsole(image string) bool {
	switch host.Fold(image) {
	case "conhost.exe", "calc.exe", "consent.exe", "csrss.exe", "dllhost.exe", "dwm.exe", "eventvwr.exe", "explorer.exe", "fontdrvhost.exe",
		"inetmgr.exe", "logonui.exe", "lsass.exe", "mmc.exe", "mshta.exe", "msinfo32.exe", "msmpeng.exe", "notepad.exe", "regedit.exe",
		"regsvr32.exe", "rundll32.exe", "searchindexer.exe", "services.exe", "smss.exe", "spoolsv.exe", "sppsvc.exe", "sysmon64.exe",
		"taskhostw.exe", "wermgr.exe", "wininit.exe", "winlogon.exe", "wmiprvse.exe", "wscript.exe", "wsmprovhost.exe", "wusa.exe":
		return true
	}
	return false
}
