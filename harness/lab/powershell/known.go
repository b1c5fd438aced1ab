package powershell

import (
	"slices"
	"strings"
)

// knownToWindows tells a name that Windows may have from a slip: a cmdlet with an approved verb, a program or alias of
// the operating system, or something with a path.
func knownToWindows(name string) bool {
	lower := strings.ToLower(name)
	if verb, noun, ok := strings.Cut(lower, "-"); ok && noun != "" {
		return slices.Contains(verbs(), verb)
	}
	if strings.ContainsAny(name, `\/`) {
		return strings.HasPrefix(lower, `c:\windows`)
	}
	lower = strings.TrimSuffix(strings.TrimSuffix(lower, ".exe"), ".com")
	return slices.Contains(programs(), lower)
}

// verbs are the approved verbs (Get-Verb).
func verbs() []string {
	return strings.Fields("add clear close copy enter exit find format get hide join lock move new open optimize pop push redo remove rename reset resize " +
		"search select set show skip split step switch undo unlock watch backup checkpoint compare compress convert convertfrom convertto dismount edit expand " +
		"export group import initialize limit merge mount out publish restore save sync unpublish update debug measure ping repair resolve test trace approve " +
		"assert complete confirm deny disable enable install invoke register request restart resume start stop submit suspend uninstall unregister wait connect " +
		"disconnect read receive send write block grant protect revoke unblock unprotect use")
}

// programs are commands of Windows that scripts name without a path.
func programs() []string {
	return strings.Fields("appcmd arp at attrib auditpol bcdedit bitsadmin cacls certreq certutil change chcp chkdsk choice cipher clip cmd cmdkey cmstp comp compact " +
		"control cscript csc curl dcdiag defrag dism diskpart diskshadow dnscmd driverquery dsquery esentutl eventcreate expand explorer extrac32 fc find findstr " +
		"finger forfiles format fsutil ftp gpresult gpupdate hh hostname icacls iisreset ipconfig klist ksetup logman logoff makecab mavinject mmc mode mofcomp " +
		"more mountvol msbuild mshta msiexec msg mstsc net net1 netdom netsh netstat nltest notepad nslookup ntdsutil odbcconf pathping pcalua ping pnputil powercfg " +
		"powershell powershell_ise print procdump quser query qwinsta rasdial reg regasm regedit regini regsvcs regsvr32 replace robocopy route rpcping runas " +
		"rundll32 rwinsta sc schtasks sdbinst secedit setx sfc shutdown sort ssh subst sxstrace syskey systeminfo systempropertiesadvanced takeown tar taskkill " +
		"tasklist tftp timeout tpmvscmgr tracert tree tscon typeperf tzutil vaultcmd verclsid ver vssadmin w32tm wbadmin wbemtest wecutil wevtutil where whoami " +
		"winget winmgmt winrm winrs wmic wscript wsl wsmprovhost wuauclt wusa xcopy xwizard sysmon sysmon64 installutil ogv help gwmi")
}
