package kernel

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// filterPolicy is the key whose value LocalAccountTokenFilterPolicy, set to 1,
// gives remote local administrators their full token.
const filterPolicy = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System`

// Logon opens a logon session for a local user and returns its token. The
// built-in Administrator gets a full token; over the network other local
// administrators get a filtered one unless LocalAccountTokenFilterPolicy is 1.
// Asker is the process that logs the user on, source the client's address and
// authentication the package.
func (k *Kernel) Logon(asker *Process, user string, t LogonType, source, authentication string) (*host.Token, error) {
	u, ok := k.host.Accounts.User(user)
	if !ok || !u.Enabled {
		k.RefuseLogon(asker, Attempt{User: user, Source: source, Package: authentication, Type: t})
		return nil, fail("logon", user, LogonFailure)
	}
	k.work(2*time.Millisecond, 12*time.Millisecond)
	token := k.userToken(u, t)
	k.Publish(LoggedOn{By: k.By(asker), Token: token, Type: t, Source: source, Package: authentication})
	return token, nil
}

// NTSTATUS values of refused logons (MS-ERREF 2.3.1).
const (
	statusNoSuchUser         = 0xc0000064
	statusWrongPassword      = 0xc000006a
	statusLogonFailure       = 0xc000006d
	statusAccountRestriction = 0xc000006e
	statusAccountDisabled    = 0xc0000072
)

// RefuseLogon reports that a logon has failed because the credentials are wrong,
// or the account may not log on.
func (k *Kernel) RefuseLogon(asker *Process, a Attempt) {
	f := LogonFailed{Attempt: a, Status: statusLogonFailure, SubStatus: statusWrongPassword}
	switch u, ok := k.host.Accounts.User(a.User); {
	case !ok:
		f.SubStatus = statusNoSuchUser
	case !u.Enabled:
		f.Status, f.SubStatus = statusAccountRestriction, statusAccountDisabled
	}
	k.work(2*time.Millisecond, 12*time.Millisecond)
	f.By = k.By(asker)
	k.Publish(f)
}

// Logoff ends a logon session.
func (k *Kernel) Logoff(asker *Process, token *host.Token, t LogonType) {
	k.Publish(LoggedOff{By: k.By(asker), Token: token, Type: t})
}

func (k *Kernel) userToken(u host.User, t LogonType) *host.Token {
	full := strings.HasSuffix(u.SID, "-500")
	if v, err := k.host.Registry.Value(filterPolicy, "LocalAccountTokenFilterPolicy"); err == nil && v.Number == 1 {
		full = true
	}
	token := &host.Token{User: k.host.Account(u.Name), SID: u.SID, Integrity: host.IntegrityMedium, LogonID: k.newLogonID()}
	for _, group := range slices.Concat(u.Groups, []string{host.Users}, sessionGroups(t)) {
		if (group != host.Administrators || full) && !slices.Contains(token.Groups, group) {
			token.Groups = append(token.Groups, group)
		}
	}
	if token.Is(host.Administrators) {
		token.Elevated, token.Integrity = true, host.IntegrityHigh
	}
	token.LogonGUID = host.SysmonGUID(k.host.MachineGUID.Data1, k.host.Clock.Now(), token.LogonID)
	return token
}

// sessionGroups are the groups that a token has by the way of its logon. Every
// local account is in Users by way of Authenticated Users.
func sessionGroups(t LogonType) []string {
	groups := []string{`NT AUTHORITY\Authenticated Users`, `NT AUTHORITY\This Organization`}
	switch t {
	case LogonNetwork, LogonCleartext:
		return append([]string{`NT AUTHORITY\NETWORK`}, groups...)
	case LogonInteractive:
		return append([]string{`NT AUTHORITY\INTERACTIVE`}, groups...)
	case LogonBatch:
		return append([]string{`NT AUTHORITY\BATCH`}, groups...)
	case LogonService:
		return append([]string{`NT AUTHORITY\SERVICE`}, groups...)
	}
	return groups
}

func (k *Kernel) newLogonID() uint64 {
	step := uint64(0x200 + k.rand.IntN(0x9000)) //nolint:gosec // small
	k.mu.Lock()
	defer k.mu.Unlock()
	k.logons += step
	return k.logons
}

// ServiceToken returns the token of a service account or virtual account. The
// services' own names may be added as groups (`NT SERVICE\TrustedInstaller`).
func (k *Kernel) ServiceToken(account string, services ...string) *host.Token {
	token := &host.Token{User: account, Groups: append([]string{`NT AUTHORITY\Authenticated Users`, host.Users}, services...), Integrity: host.IntegritySystem}
	token.SID, _ = k.host.Accounts.SID(account)
	began := k.host.BootTime.Add(6 * time.Second)
	switch strings.ToUpper(account) {
	case strings.ToUpper(host.System), "LOCALSYSTEM":
		token.User, token.SID, token.LogonID, token.Elevated = host.System, "S-1-5-18", 0x3e7, true
		token.Groups = append(token.Groups, host.Administrators)
	case strings.ToUpper(host.LocalService):
		token.LogonID = 0x3e5
	case strings.ToUpper(host.NetworkService):
		token.LogonID = 0x3e4
	default:
		token.LogonID, began = k.newLogonID(), k.host.Clock.Now()
		if strings.HasPrefix(strings.ToUpper(account), `IIS APPPOOL\`) {
			token.Integrity = host.IntegrityHigh
			token.Groups = append(token.Groups, host.IISUsers)
		}
	}
	token.LogonGUID = host.SysmonGUID(k.host.MachineGUID.Data1, began, token.LogonID)
	return token
}

// SetAuditPolicy changes what the security audit records of a subcategory, which
// is given by its name or its GUID. It needs the privilege of administrators.
func (k *Kernel) SetAuditPolicy(p *Process, subcategory string, setting host.AuditSetting) error {
	if err := k.alive(p, "set audit policy", subcategory); err != nil {
		return err
	}
	if !p.Token.Elevated {
		return fail("set audit policy", subcategory, PrivilegeNotHeld)
	}
	old, ok := k.host.Audit.Subcategory(subcategory)
	if !ok {
		return fail("set audit policy", subcategory, InvalidParameter)
	}
	k.work(200*time.Microsecond, 2*time.Millisecond)
	if old.Setting == setting {
		return nil
	}
	k.host.Audit.Set(subcategory, setting)
	now := old
	now.Setting = setting
	k.Publish(AuditPolicyChanged{By: k.By(p), Subcategory: now, Previous: old.Setting})
	return nil
}

// Environment returns the variables with which a session of the token's user
// begins.
func (k *Kernel) Environment(t *host.Token) *Environment {
	_, name := t.Split()
	profile := `C:\Users\` + name
	temp := k.host.FS.ShortPath(profile + `\AppData\Local\Temp`) // as the profile service sets it
	e := NewEnvironment(
		`ALLUSERSPROFILE=C:\ProgramData`, `CommonProgramFiles=C:\Program Files\Common Files`,
		`CommonProgramFiles(x86)=C:\Program Files (x86)\Common Files`, `CommonProgramW6432=C:\Program Files\Common Files`,
		`COMPUTERNAME=`+k.host.Name, `ComSpec=C:\Windows\system32\cmd.exe`, `DriverData=C:\Windows\System32\Drivers\DriverData`,
		`NUMBER_OF_PROCESSORS=2`, `OS=Windows_NT`,
		`Path=C:\Windows\system32;C:\Windows;C:\Windows\System32\Wbem;C:\Windows\System32\WindowsPowerShell\v1.0\;C:\Windows\System32\OpenSSH\`,
		`PATHEXT=.COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC`, `PROCESSOR_ARCHITECTURE=AMD64`,
		`PROCESSOR_IDENTIFIER=Intel64 Family 6 Model 85 Stepping 7, GenuineIntel`, `PROCESSOR_LEVEL=6`, `PROCESSOR_REVISION=5507`,
		`ProgramData=C:\ProgramData`, `ProgramFiles=C:\Program Files`, `ProgramFiles(x86)=C:\Program Files (x86)`,
		`ProgramW6432=C:\Program Files`,
		`PSModulePath=C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules`,
		`PUBLIC=C:\Users\Public`, `SystemDrive=C:`, `SystemRoot=C:\Windows`, `windir=C:\Windows`,
		`USERDOMAIN=`+k.host.Name, `USERNAME=`+name, `USERPROFILE=`+profile,
		`APPDATA=`+profile+`\AppData\Roaming`, `LOCALAPPDATA=`+profile+`\AppData\Local`,
		`TEMP=`+temp, `TMP=`+temp,
	)
	if u, ok := k.host.Accounts.User(name); !ok || u.Profile == "" {
		k.serviceProfile(e, t)
	}
	return e
}

func (k *Kernel) serviceProfile(e *Environment, t *host.Token) {
	profile := map[string]string{
		host.System:         `C:\Windows\system32\config\systemprofile`,
		host.LocalService:   `C:\Windows\ServiceProfiles\LocalService`,
		host.NetworkService: `C:\Windows\ServiceProfiles\NetworkService`,
	}[t.User]
	if profile == "" {
		profile = `C:\Windows\system32\config\systemprofile`
	}
	e.Set("USERPROFILE", profile)
	e.Set("APPDATA", profile+`\AppData\Roaming`)
	e.Set("LOCALAPPDATA", profile+`\AppData\Local`)
	e.Set("TEMP", `C:\Windows\TEMP`)
	e.Set("TMP", `C:\Windows\TEMP`)
	if t.Is(host.System) {
		e.Set("USERNAME", k.host.Name+"$")
		e.Set("USERDOMAIN", k.host.Domain)
	}
}
