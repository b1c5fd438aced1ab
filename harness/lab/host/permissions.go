package host

// imageAccess is the list on the files of the operating system: TrustedInstaller
// alone may change them.
func imageAccess() ACL {
	return ACL{
		{TrustedInstaller, RightFull, This},
		{Administrators, RightReadExecute, This},
		{System, RightReadExecute, This},
		{Users, RightReadExecute, This},
	}
}

// systemAccess is the list on the directories of the operating system and of
// programs: administrators may create files there, and own what they create.
func systemAccess() ACL {
	return ACL{
		{TrustedInstaller, RightFull, Both},
		{System, RightModify, This},
		{System, RightFull, Children},
		{Administrators, RightModify, This},
		{Administrators, RightFull, Children},
		{Users, RightReadExecute, Both},
		{CreatorOwner, RightFull, Children},
	}
}

// protectedAccess keeps everybody out but administrators and the system.
func protectedAccess() ACL {
	return ACL{{TrustedInstaller, RightFull, Both}, {System, RightFull, Both}, {Administrators, RightFull, Both}}
}

func profileAccess(user string) ACL {
	return ACL{{System, RightFull, Both}, {Administrators, RightFull, Both}, {user, RightFull, Both}}
}

// sharedAccess lets everybody create files of his own and read everybody
// else's: every account of a service may load what lies there.
func sharedAccess() ACL {
	return ACL{
		{System, RightFull, Both},
		{Administrators, RightFull, Both},
		{CreatorOwner, RightFull, Children},
		{Users, RightReadExecute, Both},
		{Users, RightWrite, This},
	}
}

// dropAccess lets everybody create files of his own, which others cannot read.
func dropAccess() ACL {
	return ACL{
		{System, RightFull, Both},
		{Administrators, RightFull, Both},
		{Users, RightRead | RightExecute | RightWrite, This},
		{CreatorOwner, RightFull, Children},
	}
}

func webAccess() ACL {
	return ACL{
		{TrustedInstaller, RightFull, Both},
		{System, RightFull, Both},
		{Administrators, RightFull, Both},
		{Users, RightReadExecute, Both},
		{IISUsers, RightReadExecute, Both},
		{CreatorOwner, RightFull, Children},
	}
}

// furnishDirectories lays out the directories on which the rights of everything
// below depend.
func (h *Host) furnishDirectories() {
	lists := []struct {
		path  string
		owner string
		acl   ACL
	}{
		{`C:\`, TrustedInstaller, ACL{{System, RightFull, Both}, {Administrators, RightFull, Both}, {Users, RightReadExecute, Both}}},
		{`C:\Windows`, TrustedInstaller, systemAccess()},
		{`C:\Windows\System32`, TrustedInstaller, systemAccess()},
		{`C:\Windows\SysWOW64`, TrustedInstaller, systemAccess()},
		{`C:\Windows\System32\inetsrv`, TrustedInstaller, systemAccess()},
		{`C:\Windows\System32\inetsrv\config`, TrustedInstaller, protectedAccess()},
		{`C:\Windows\SysWOW64\inetsrv\config`, TrustedInstaller, protectedAccess()},
		{`C:\Windows\System32\config`, System, protectedAccess()},
		{`C:\Windows\System32\Tasks`, System, protectedAccess()},
		{`C:\Windows\System32\winevt\Logs`, System, protectedAccess()},
		{`C:\Windows\ServiceProfiles`, System, protectedAccess()},
		{`C:\Windows\Temp`, System, dropAccess()},
		{`C:\Program Files`, TrustedInstaller, systemAccess()},
		{`C:\Program Files (x86)`, TrustedInstaller, systemAccess()},
		{`C:\ProgramData`, System, sharedAccess()},
		{`C:\ProgramData\Microsoft`, System, systemAccess()},
		{`C:\Users`, System, ACL{{System, RightFull, Both}, {Administrators, RightFull, Both}, {Users, RightReadExecute, This}}},
		{`C:\Users\Public`, System, sharedAccess()},
		{`C:\inetpub`, TrustedInstaller, webAccess()},
		{`C:\inetpub\history`, System, protectedAccess()},
		{`C:\inetpub\logs`, System, protectedAccess()},
		{`C:\inetpub\temp\appPools`, System, append(protectedAccess(), AccessEntry{IISUsers, RightReadExecute, Both})},
		{`C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files`, System, append(systemAccess(), AccessEntry{IISUsers, RightModify, Both})},
	}
	for _, l := range lists {
		h.FS.Put(directoryAt(l.path, l.acl, l.owner))
	}
}

func directoryAt(path string, acl ACL, owner string) File {
	at := InstallTime()
	return File{Path: path, Created: at, Modified: at, Accessed: at, Attributes: Directory, Owner: owner, Access: acl}
}

// textAccess is nil, to inherit, except for files of the operating system that
// nobody configures.
func textAccess(path string) ACL {
	for _, place := range []string{
		`C:\Windows\win.ini`, `C:\Windows\System32\inetsrv\config`, `C:\Windows\System32\config`, `C:\Windows\System32\drivers\etc`,
	} {
		if Within(path, place) {
			return nil
		}
	}
	if Within(path, `C:\Windows`) {
		return imageAccess()
	}
	return nil
}
