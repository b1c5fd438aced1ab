package doctor

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/sensor"
)

const installSysmon = `Sysmon64.exe -accepteula -i C:\ProgramData\sysmon.xml`

func sysmonPoints() []hostPoint {
	known := func(h *Host) bool { return h.Sysmon != nil }
	return []hostPoint{
		{point{"sysmon", "Does Sysmon run?", true, ""}, "sysmon", known, sysmon},
		{
			point{"sysmon-version", "Is its Sysmon recent enough?", false, "events lack the user, so that rules on account names see nothing"},
			"sysmon", known, sysmonVersion,
		},
		{
			point{"sysmon-configuration", "Can its configuration be judged?", false, "an event that is missing may be one that was never asked for"},
			"sysmonConfiguration", func(h *Host) bool { return h.SysmonConfiguration != nil }, configured,
		},
	}
}

func sysmon(p point, f *Facts) Finding {
	s := f.Host.Sysmon
	switch s.Service {
	case "Running":
		return p.holds("%s is running", s.Name)
	case "":
		return p.broken(installSysmon, "it is not installed")
	}
	return p.broken("Start-Service "+s.Name, "%s is %s", s.Name, strings.ToLower(s.Service))
}

// firstWithUser is the first version whose schema gives most events a User.
const firstWithUser = 13

func sysmonVersion(p point, f *Facts) Finding {
	s := f.Host.Sysmon
	var major int
	if _, err := fmt.Sscanf(s.Version, "%d", &major); err != nil {
		return p.unknown("its program gives no version")
	}
	if major < firstWithUser {
		return p.broken(`Sysmon64.exe -u force; `+installSysmon, "version %s; %d is wanted", s.Version, firstWithUser)
	}
	if s.Schema == "" {
		return p.holds("version %s", s.Version)
	}
	return p.holds("version %s, schema %s", s.Version, s.Schema)
}

func configured(p point, f *Facts) Finding {
	config, err := f.Host.SysmonConfiguration.read()
	if err != nil {
		return p.unknown("%v", err).mended(OnMachine, "& (Get-Item $env:windir\\Sysmon64.exe, $env:windir\\Sysmon.exe -ErrorAction Ignore)[0] -c")
	}
	from := "as `sysmon -c` prints it"
	if len(f.Host.SysmonConfiguration.File) > 0 {
		from = f.Host.Sysmon.ConfigFile
	}
	return p.holds("schema %s, from %s", config.SchemaVersion, from)
}

// activity is something that our tests do, as Sysmon would report it, and what a configuration must have to log it.
type activity struct {
	point
	tags   []string // of the events that can tell it; one is enough
	fields map[string]string
	advice string // a condition that would include it
}

// activities are what tests of IIS modules do.
func activities() []activity {
	const module, worker = `C:\Windows\System32\inetsrv\geiger.dll`, `C:\Windows\System32\inetsrv\w3wp.exe`
	const shell = `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`
	file := func(image, name string) map[string]string {
		return map[string]string{"Image": image, "TargetFilename": name}
	}
	const inetsrv = `<TargetFilename condition="contains">\inetsrv\</TargetFilename>`
	return []activity{
		{
			point{"logs-process", "Does it log that a test starts PowerShell? (event 1)", true, ""},
			[]string{"ProcessCreate"},
			map[string]string{
				"Image": shell, "OriginalFileName": "PowerShell.EXE", "CommandLine": `powershell.exe & {New-WebGlobalModule -Name geiger}`,
				"ParentImage": shell, "ParentCommandLine": "powershell.exe -NoLogo -NoProfile", "IntegrityLevel": "High",
			},
			`<Image condition="image">powershell.exe</Image>`,
		},
		{
			point{"logs-module-file", "Does it log a DLL written to inetsrv? (event 11)", false, "rules on dropped modules cannot fire"},
			[]string{"FileCreate"},
			file(shell, module), inetsrv,
		},
		{
			point{"logs-iis-config", "Does it log a change of applicationHost.config? (event 11)", false, "rules on the configuration file cannot fire"},
			[]string{"FileCreate"},
			file(`C:\Windows\System32\inetsrv\appcmd.exe`, `C:\Windows\System32\inetsrv\config\applicationHost.config`), inetsrv,
		},
		{
			point{"logs-web-content", "Does it log a DLL that the worker writes? (event 11)", false, "rules on web shells cannot fire"},
			[]string{"FileCreate"},
			file(worker, `C:\inetpub\wwwroot\bin\geiger.dll`), `<Image condition="image">w3wp.exe</Image>`,
		},
		{
			point{"logs-delete", "Does it log a deleted module? (event 23 or 26)", false, "rules on deletion cannot fire"},
			[]string{"FileDelete", "FileDeleteDetected"},
			file(shell, module), inetsrv,
		},
		{
			point{"logs-image-load", "Does it log a DLL that the worker loads? (event 7)", false, "rules on loaded modules cannot fire"},
			[]string{"ImageLoad"},
			map[string]string{"Image": worker, "ImageLoaded": module, "Signed": "false", "SignatureStatus": "Unavailable"},
			`<Image condition="image">w3wp.exe</Image>`,
		},
		{
			point{"logs-registry", "Does it log an ISAPI filter in the registry? (event 13)", false, "rules on the registry of IIS cannot fire"},
			[]string{"RegistryEvent"},
			map[string]string{"EventType": "SetValue", "Image": shell, "TargetObject": `HKLM\System\CurrentControlSet\Services\W3SVC\Parameters\Filter DLLs`, "Details": module},
			`<TargetObject condition="contains">\Services\W3SVC\Parameters</TargetObject>`,
		},
	}
}

func loggedPoints() []hostPoint {
	var points []hostPoint
	for _, a := range activities() {
		of := func(_ point, f *Facts) Finding { return a.judge(f) }
		points = append(points, hostPoint{a.point, "sysmonConfiguration", func(h *Host) bool { return h.SysmonConfiguration != nil }, of})
	}
	return points
}

func (a activity) judge(f *Facts) Finding {
	config, err := f.Host.SysmonConfiguration.read()
	if err != nil {
		// Sysmon runs, and logs new processes unless it is told otherwise: that is no reason to turn a machine away.
		a.required = false
		return a.unknown("its configuration could not be judged")
	}
	get := func(field string) string { return a.fields[field] }
	for _, tag := range a.tags {
		if rule, logged := config.Decide(tag, get); logged {
			if rule == "-" {
				return a.holds("%s", tag)
			}
			return a.holds("%s, rule %q", tag, rule)
		}
	}
	file := `C:\ProgramData\sysmon.xml`
	if s := f.Host.Sysmon; s != nil && s.ConfigFile != "" {
		file = s.ConfigFile
	}
	fix := fmt.Sprintf("Sysmon64.exe -c %s # once its <%s onmatch=\"include\"> has %s, and no exclude matches", quoted(file), a.tags[0], a.advice)
	return a.broken(fix, "%s does not match", strings.Join(a.tags, " or "))
}

// read understands the configuration.
func (c *Configuration) read() (*sensor.Config, error) {
	switch {
	case len(c.File) > 0:
		return readFile(fileText(c.File))
	case strings.TrimSpace(c.Dump) != "":
		text, err := dumpXML(c.Dump)
		if err != nil {
			return nil, err
		}
		return sensor.ParseConfig("sysmon -c", text)
	}
	return nil, errors.New("the file that it was read from is gone or was changed since, and `sysmon -c` printed nothing")
}

var newerSchema = regexp.MustCompile(`(?i)(<Sysmon\b[^>]*\bschemaversion\s*=\s*["'])(4\.9[1-9]\d*|4\.\d{3,}|[5-9]\.\d+)`)

// readFile reads a configuration file. One of a newer schema is read as one of 4.90, to which versions have only added:
// what is new is refused by its name.
func readFile(text string) (*sensor.Config, error) {
	m := newerSchema.FindStringSubmatch(text)
	if m == nil {
		return sensor.ParseConfig("configuration", text)
	}
	config, err := sensor.ParseConfig("configuration", newerSchema.ReplaceAllString(text, "${1}4.90"))
	if err == nil {
		config.SchemaVersion = m[2]
	}
	return config, err
}
