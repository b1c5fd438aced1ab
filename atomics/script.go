package atomics

import (
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

func keys(m map[string]*yaml.Node) iter.Seq[string] { return maps.Keys(m) }

var (
	failing  = regexp.MustCompile(`(?i)\b(exit\s*\(?\s*([1-9$]|/b\s+[1-9%])|throw\b|\$ErrorActionPreference\s*=\s*['"]?Stop|-(ErrorAction|EA)\s+Stop)`)
	printing = regexp.MustCompile(`(?i)^\s*@?echo\b`)
)

// neverFails reports whether a prerequisite plainly cannot end with another exit status than 0. A script that runs as
// `powershell.exe & {...}` ends with 0 after errors that do not terminate it, so only exit, throw and Stop fail; for
// cmd.exe any command can, unless all that the script ends with is a message.
func neverFails(executor ExecutorName, text string) bool {
	switch executor {
	case PowerShell:
		return !failing.MatchString(text)
	case CommandPrompt:
		ls := lines(text)
		last := ls[len(ls)-1]
		return !failing.MatchString(text) && printing.MatchString(last) && !strings.ContainsAny(last, "&|")
	}
	return false
}

var (
	assignment = regexp.MustCompile(`\$(\w+)\s*[+\-*/]?=[^=]`)
	looping    = regexp.MustCompile(`(?i)\bforeach\s*\(\s*\$(\w+)\s+in\b|\bparam\s*\(([^)]*)\)`)
	reading    = regexp.MustCompile(`\$(\w+)\b[^:]|\$(\w+)$`)
)

// automatic are variables that every PowerShell process has.
func automatic() []string {
	return []string{
		"_", "null", "true", "false", "env", "args", "input", "error", "home", "host", "pid", "pshome", "pwd", "this",
		"psitem", "matches", "lastexitcode", "psversiontable", "erroractionpreference", "progresspreference", "profile",
		"global", "script", "local", "using",
	}
}

// lostVariables lists the variables that a cleanup reads, the test sets, and the cleanup does not set itself.
func lostVariables(command, cleanup string) []string {
	set, own := assigned(command), assigned(cleanup)
	var lost []string
	for _, m := range reading.FindAllStringSubmatch(cleanup+"\n", -1) {
		name := strings.ToLower(m[1] + m[2])
		if set[name] && !own[name] && !slices.Contains(automatic(), name) && !slices.Contains(lost, "$"+name) {
			lost = append(lost, "$"+name)
		}
	}
	return lost
}

func assigned(text string) map[string]bool {
	names := map[string]bool{}
	for _, m := range assignment.FindAllStringSubmatch(text, -1) {
		names[strings.ToLower(m[1])] = true
	}
	for _, m := range looping.FindAllStringSubmatch(text, -1) {
		names[strings.ToLower(m[1])] = true
	}
	return names
}

var (
	changingPowerShell = regexp.MustCompile(`(?i)(^|[\s;|&{(])(Set-(Content|Item|ItemProperty|Service|Acl)|New-(Item|ItemProperty|Service|LocalUser|WebGlobalModule)|Add-(Content|LocalGroupMember)|Copy-Item|Move-Item|Rename-Item|Remove-Item|Out-File|Register-\w+|Install-\w+|Enable-\w+|Disable-\w+)\b|\[(System\.)?IO\.File\]::Write`)
	changingCommand    = regexp.MustCompile(`(?i)\b(reg(\.exe)?"?\s+(add|delete|import)|sc(\.exe)?"?\s+(create|config|delete)|schtasks(\.exe)?"?\s+/create|net1?(\.exe)?"?\s+(user|localgroup)\s.*/(add|del)|appcmd(\.exe)?"?\s+(install|uninstall|add|set|delete)|copy|xcopy|move|mkdir|md)\s|>\s*[^&\s]`)
)

// changes reports whether a command plainly changes something on the host.
func changes(executor ExecutorName, text string) bool {
	switch executor {
	case PowerShell:
		return changingPowerShell.MatchString(text)
	case CommandPrompt:
		return changingCommand.MatchString(text)
	}
	return false
}
