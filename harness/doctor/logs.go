package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// Channels are those that the examination asks for.
func Channels() []string {
	return []string{
		telemetry.ChannelSysmon, telemetry.ChannelSecurity, telemetry.ChannelPowerShell,
		telemetry.ChannelIISConfiguration, telemetry.ChannelApplication,
	}
}

func auditPoints() []hostPoint {
	known := func(h *Host) bool { return h.Audit != nil }
	subcategory := func(id, question, guid, without string) hostPoint {
		of := func(p point, f *Facts) Finding { return audit(p, guid, f.Host.Audit[guid]) }
		return hostPoint{point{id, question, false, without}, "audit", known, of}
	}
	return []hostPoint{
		subcategory("audit-process", "Is process creation audited?", "0CCE922B-69AE-11D9-BED3-505054503030", "there is no event 4688; Sysmon's event 1 says the same and more"),
		subcategory("audit-logon", "Are logons audited?", "0CCE9215-69AE-11D9-BED3-505054503030", "DeviceLogonEvents stays empty"),
		subcategory("audit-object", "Is access to files audited?", "0CCE921D-69AE-11D9-BED3-505054503030", "there are no events 4663"),
		{
			point{"script-block-logging", "Are script blocks logged?", false, "rules that read what PowerShell ran see nothing"},
			"scriptBlockLogging", func(h *Host) bool { return h.ScriptBlockLogging != nil }, scriptBlockLogging,
		},
	}
}

// audit judges a setting in the words of auditpol, which are in the language of the machine.
func audit(p point, guid, setting string) Finding {
	switch setting {
	case "Success", "Success and Failure":
		return p.holds("%s", setting)
	case "No Auditing", "Failure":
		set := `auditpol.exe /set "/subcategory:{` + guid + `}" /success:`
		return p.broken(set+"enable", "%s", setting).undone(set + "disable")
	case "":
		return p.unknown("auditpol.exe does not list the subcategory")
	}
	return p.unknown("auditpol.exe calls the setting %q, in another language", setting)
}

func scriptBlockLogging(p point, f *Facts) Finding {
	if f.Host.ScriptBlockLogging.On {
		return p.holds("EnableScriptBlockLogging is 1")
	}
	const value = `HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging /v EnableScriptBlockLogging`
	const add = "reg add " + value + " /t REG_DWORD /d %d /f"
	undo := "reg delete " + value + " /f"
	if was := f.Host.ScriptBlockLogging.Value; was != nil {
		undo = fmt.Sprintf(add, *was)
	}
	return p.broken(fmt.Sprintf(add, 1), "EnableScriptBlockLogging is not 1").undone(undo)
}

func channelPoints() []hostPoint {
	known := func(h *Host) bool { return len(h.Channels) > 0 }
	var points []hostPoint
	for _, name := range Channels() {
		p := point{"channel-" + short(name), "Can " + name + " be read?", name == telemetry.ChannelSysmon, "its events are missing from recordings"}
		of := func(p point, f *Facts) Finding { return f.Host.channel(p, name) }
		points = append(points, hostPoint{p, "channels", known, of})
	}
	size := point{"log-size", "Do the logs hold what a run leaves?", false, "events may be overwritten, or not written, before they are collected"}
	return append(points, hostPoint{size, "channels", known, logSize})
}

// short is the middle of a channel's name: sysmon for Microsoft-Windows-Sysmon/Operational.
func short(channel string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(channel, "Microsoft-"), "Windows-")
	name, _, _ = strings.Cut(name, "/")
	return strings.ToLower(name)
}

func (h *Host) channel(p point, name string) Finding {
	i := slices.IndexFunc(h.Channels, func(c Channel) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return p.unknown("the machine did not answer for it")
	}
	switch state := harness.ChannelState(h.Channels[i].State); state {
	case harness.ChannelEnabled:
		return p.holds("%s", state)
	case harness.ChannelDisabled:
		return p.broken("wevtutil sl "+name+" /e:true", "%s", state).undone("wevtutil sl " + name + " /e:false")
	case harness.ChannelDenied:
		return p.broken(`net localgroup "Event Log Readers" `+quoted(h.user())+" /add", "%s", state)
	case harness.ChannelMissing:
		return p.broken(installer(name), "%s", state)
	default:
		return p.unknown("the machine calls its state %q", state)
	}
}

func (h *Host) user() string {
	if h.Identity == nil {
		return ""
	}
	return h.Identity.User
}

// installer is the command that brings a channel with it; "" for those that every Windows has.
func installer(channel string) string {
	switch channel {
	case telemetry.ChannelSysmon:
		return installSysmon
	case telemetry.ChannelIISConfiguration:
		return "Install-WindowsFeature Web-Server -IncludeManagementTools"
	}
	return ""
}

// enoughLog is the size below which a busy channel may lose a run's events.
const enoughLog = 8 << 20

func logSize(p point, f *Facts) Finding {
	var saw, fixes []string
	for _, c := range f.Host.Channels {
		busy := c.Name == telemetry.ChannelSysmon || c.Name == telemetry.ChannelSecurity
		full := c.Mode != "Circular" && c.Maximum > 0 && c.Size >= c.Maximum
		switch {
		case c.State != string(harness.ChannelEnabled):
			continue
		case full:
			fixes = append(fixes, "wevtutil sl "+c.Name+" /rt:false /ab:false")
			saw = append(saw, fmt.Sprintf("%s is full (mode %s)", short(c.Name), c.Mode))
		case busy && c.Maximum < enoughLog:
			fixes = append(fixes, fmt.Sprintf("wevtutil sl %s /ms:%d", c.Name, 8*enoughLog))
			saw = append(saw, fmt.Sprintf("%s may have %s", short(c.Name), bytes(c.Maximum)))
		case busy:
			saw = append(saw, fmt.Sprintf("%s may have %s", short(c.Name), bytes(c.Maximum)))
		}
	}
	if len(fixes) > 0 {
		return p.broken(strings.Join(fixes, "; "), "%s", strings.Join(saw, ", "))
	}
	return p.holds("%s", strings.Join(saw, ", "))
}

// bytes is a size as people read it.
func bytes(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

func diskPoints() []hostPoint {
	return []hostPoint{
		{
			point{"disk", "Is there room on its system drive?", false, "logs stop growing and tests fail for want of room"},
			"disk", func(h *Host) bool { return h.Disk != nil }, disk,
		},
		{
			point{"defender", "Will Defender leave the tests alone?", false, "a test whose files are taken away is inconclusive"},
			"defender", func(h *Host) bool { return h.Defender != nil }, defender,
		},
	}
}

// enoughDisk is the room that logs and working directories may want.
const enoughDisk = 1 << 30

func disk(p point, f *Facts) Finding {
	d := f.Host.Disk
	if d.Free < enoughDisk {
		return p.broken("Dism.exe /Online /Cleanup-Image /StartComponentCleanup", "%s of %s are free", bytes(d.Free), d.Drive)
	}
	return p.holds("%s of %s are free", bytes(d.Free), d.Drive)
}

func defender(p point, f *Facts) Finding {
	d := f.Host.Defender
	switch {
	case d.Service == "":
		return p.holds("it is not installed")
	case !d.RealTime:
		return p.holds("its real-time protection is off (service: %s)", d.Service)
	case len(d.Exclusions) > 0:
		return p.holds("its real-time protection is on, except in %s", strings.Join(d.Exclusions, ", "))
	}
	const fix = `Add-MpPreference -ExclusionPath "$env:TEMP\geiger", "$env:windir\System32\inetsrv"`
	return p.broken(fix, "its real-time protection is on everywhere")
}
