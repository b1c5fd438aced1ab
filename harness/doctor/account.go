package doctor

import (
	"fmt"
	"strings"
	"time"
)

func accountPoints() []hostPoint {
	known := func(h *Host) bool { return h.Identity != nil }
	return []hostPoint{
		{point{"computer", "Is it the machine that the inventory means?", true, ""}, "identity", known, computer},
		{point{"elevation", "Do commands run elevated?", true, ""}, "identity", known, elevation},
		{
			point{"token-filter", "Do local administrators keep their rights over the network?", false, "only the built-in Administrator and domain accounts run elevated"},
			"tokenFilter", func(h *Host) bool { return h.TokenFilter != nil && h.Identity != nil }, tokenFilter,
		},
	}
}

func computer(p point, f *Facts) Finding {
	name := f.Host.Identity.Name
	switch {
	case f.Computer == "":
		return p.holds("it calls itself %s; the inventory names none", name)
	case strings.EqualFold(name, f.Computer):
		return p.holds("it calls itself %s", name)
	}
	saw := fmt.Sprintf("it calls itself %s, the inventory says %s", name, f.Computer)
	return p.finding(Broken, saw).mended(InInventory, "computer: "+name)
}

// local reports whether the account is one of the machine itself.
func (i *Identity) local() bool {
	domain, _, _ := strings.Cut(i.User, `\`)
	return strings.EqualFold(domain, i.Name)
}

// builtIn reports whether the account is the built-in Administrator, whose token is not filtered unless
// FilterAdministratorToken says so.
func (i *Identity) builtIn() bool { return strings.HasSuffix(i.SID, "-500") }

func elevation(p point, f *Facts) Finding {
	i := f.Host.Identity
	if i.Elevated {
		return p.holds("%s is an administrator, and elevated", i.User)
	}
	fix := "net localgroup Administrators " + quoted(i.User) + " /add"
	if t := f.Host.TokenFilter; i.local() && !i.builtIn() && t != nil && !t.Off {
		fix += "; " + filterOff
	}
	return p.broken(fix, "%s is not elevated", i.User)
}

func tokenFilter(p point, f *Facts) Finding {
	i := f.Host.Identity
	switch {
	case f.Host.TokenFilter.Off:
		return p.holds("LocalAccountTokenFilterPolicy is 1")
	case i.Elevated && i.builtIn():
		return p.holds("LocalAccountTokenFilterPolicy is not 1, which the built-in Administrator need not mind")
	case !i.local():
		return p.holds("LocalAccountTokenFilterPolicy is not 1, which a domain account need not mind")
	case i.Elevated:
		return p.holds("LocalAccountTokenFilterPolicy is not 1, but the token is not filtered")
	}
	return p.broken(filterOff, "LocalAccountTokenFilterPolicy is not 1")
}

func shellPoints() []hostPoint {
	known := func(h *Host) bool { return h.Shell != nil && h.Shell.Bits > 0 }
	return []hostPoint{
		{point{"64-bit", "Is the shell of 64 bits?", true, ""}, "shell", known, bits},
		{point{"powershell", "Is its PowerShell recent enough?", true, ""}, "shell", known, version},
		{point{"language-mode", "May scripts use the whole language?", true, ""}, "shell", func(h *Host) bool { return h.Shell != nil }, languageMode},
		{
			point{"quotas", "Do WinRM's quotas leave room?", false, "runs may wait for shells, and large collections may fail"},
			"quotas", func(h *Host) bool { return h.Quotas != nil }, quotas,
		},
		{
			point{"clock", "Does its clock agree with this one?", false, "Kerberos fails; geiger itself corrects for the difference"},
			"", func(h *Host) bool { return h.UTC != "" }, clock,
		},
	}
}

func bits(p point, f *Facts) Finding {
	if n := f.Host.Shell.Bits; n != 64 {
		const fix = `(Get-CimInstance Win32_OperatingSystem).OSArchitecture; (Get-Command powershell.exe).Source`
		return p.broken(fix, "it has %d bits, so that %s is another folder there", n, `C:\Windows\System32`)
	}
	return p.holds("64 bits")
}

func version(p point, f *Facts) Finding {
	v := f.Host.Shell.PowerShell
	var major, minor int
	if _, err := fmt.Sscanf(v, "%d.%d", &major, &minor); err != nil {
		return p.unknown("it calls its version %q", v)
	}
	if major < 5 || major == 5 && minor < 1 {
		return p.broken("Start-Process https://aka.ms/wmf5download", "version %s; 5.1 is needed", v)
	}
	return p.holds("version %s", v)
}

func languageMode(p point, f *Facts) Finding {
	mode := f.Host.Shell.LanguageMode
	if mode == "FullLanguage" {
		return p.holds("%s", mode)
	}
	const fix = `reg delete "HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment" /v __PSLockdownPolicy /f`
	return p.broken(fix, "%s; if it is not __PSLockdownPolicy that asks for it, it is AppLocker or App Control", mode)
}

// What geiger wants of the quotas: the shells that it keeps open and one more, and what a collecting PowerShell takes.
const (
	wantedShells   = 5
	wantedMemoryMB = 512
)

func quotas(p point, f *Facts) Finding {
	q := f.Host.Quotas
	saw := fmt.Sprintf("%d shells and %d operations per user, %d processes and %d MB per shell, %d users",
		q.ShellsPerUser, q.OperationsPerUser, q.ProcessesPerShell, q.MemoryMB, q.ConcurrentUsers)
	var fixes []string
	if q.ShellsPerUser < wantedShells {
		fixes = append(fixes, `Set-Item WSMan:\localhost\Shell\MaxShellsPerUser 30`)
	}
	if q.MemoryMB > 0 && q.MemoryMB < wantedMemoryMB {
		fixes = append(fixes, `Set-Item WSMan:\localhost\Shell\MaxMemoryPerShellMB 1024`)
	}
	if q.OperationsPerUser > 0 && q.OperationsPerUser < 3*wantedShells {
		fixes = append(fixes, `Set-Item WSMan:\localhost\Service\MaxConcurrentOperationsPerUser 1500`)
	}
	if len(fixes) == 0 {
		return p.holds("%s", saw)
	}
	return p.broken(strings.Join(append(fixes, "Restart-Service WinRM"), "; "), "%s", saw)
}

// maximumSkew is what Kerberos allows.
const maximumSkew = 5 * time.Minute

func clock(p point, f *Facts) Finding {
	skew := f.Host.Skew.Round(time.Millisecond)
	if skew.Abs() > maximumSkew {
		return p.broken("w32tm /resync /force", "it is off by %s", skew)
	}
	return p.holds("it is off by %s", skew)
}
