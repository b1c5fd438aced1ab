package host

import (
	"slices"
	"strings"
)

// Rights are what an access control entry allows, in the groups that icacls
// prints.
type Rights uint8

// The rights. Modify and Full are combinations.
const (
	RightRead    Rights = 1 << iota // read data, list, read attributes (R)
	RightExecute                    // run, traverse (X)
	RightWrite                      // write data, create children (W)
	RightDelete                     // delete (D)
	RightControl                    // change permissions and owner

	RightReadExecute = RightRead | RightExecute
	RightModify      = RightReadExecute | RightWrite | RightDelete
	RightFull        = RightModify | RightControl
)

// String is the icacls letter of the combination.
func (r Rights) String() string {
	switch r {
	case RightFull:
		return "F"
	case RightModify:
		return "M"
	case RightReadExecute:
		return "RX"
	case RightRead:
		return "R"
	}
	var letters []string
	for i, name := range []string{"R", "X", "W", "D", "WDAC"} {
		if r&(1<<i) != 0 {
			letters = append(letters, name)
		}
	}
	return strings.Join(letters, ",")
}

// Scope says whether an entry counts for the object, for what is created below
// it, or for both.
type Scope uint8

// The scopes; Children is icacls' (OI)(CI)(IO).
const (
	This     Scope = 1
	Children Scope = 2
	Both     Scope = This | Children
)

// An AccessEntry allows an account (`BUILTIN\Users`) some rights. There are no
// deny entries in the simulated machine.
type AccessEntry struct {
	Account string
	Rights  Rights
	Scope   Scope
}

// An ACL is a discretionary access control list.
type ACL []AccessEntry

// Allows reports whether the list gives the token every right of want. The
// owner may always change permissions.
func (a ACL) Allows(t *Token, want Rights) bool {
	var have Rights
	for _, e := range a {
		if e.Scope&This != 0 && t.Is(e.Account) {
			have |= e.Rights
		}
	}
	return have&want == want
}

// Inherited is the list that a child with the given owner gets.
func (a ACL) Inherited(owner string) ACL {
	var out ACL
	for _, e := range a {
		switch {
		case e.Scope&Children == 0:
		case e.Account == CreatorOwner:
			out = append(out, AccessEntry{owner, e.Rights, This}, AccessEntry{CreatorOwner, e.Rights, Children})
		default:
			out = append(out, AccessEntry{e.Account, e.Rights, Both})
		}
	}
	return out
}

// Integrity is the mandatory label of a token.
type Integrity string

// The integrity levels as Sysmon names them.
const (
	IntegrityLow    Integrity = "Low"
	IntegrityMedium Integrity = "Medium"
	IntegrityHigh   Integrity = "High"
	IntegritySystem Integrity = "System"
)

// A Token is the security context of a process. It does not change after it is
// made.
type Token struct {
	User      string   // account, `LAB-IIS01\Administrator`
	SID       string   // of the account
	Groups    []string // accounts of enabled groups, `BUILTIN\Administrators`
	LogonID   uint64   // LUID of the logon session, 0x3e7 for SYSTEM
	LogonGUID GUID     // as Sysmon derives it from the logon session
	Elevated  bool
	Integrity Integrity
	Session   uint32 // terminal session, 0 for services and remote shells
}

// Is reports whether the token's user or one of its enabled groups is account.
func (t *Token) Is(account string) bool {
	return strings.EqualFold(t.User, account) || strings.EqualFold(account, Everyone) ||
		slices.ContainsFunc(t.Groups, func(g string) bool { return strings.EqualFold(g, account) })
}

// Owner is the account that owns what the token creates: the Administrators
// group for an elevated administrator, otherwise the user.
func (t *Token) Owner() string {
	if t.Elevated && t.Is(Administrators) {
		return Administrators
	}
	return t.User
}

// Split returns the domain and the account name of the token's user.
func (t *Token) Split() (domain, name string) {
	domain, name, ok := strings.Cut(t.User, `\`)
	if !ok {
		return "", t.User
	}
	return domain, name
}

// Well-known accounts and groups.
const (
	Everyone         = "Everyone"
	System           = `NT AUTHORITY\SYSTEM`
	LocalService     = `NT AUTHORITY\LOCAL SERVICE`
	NetworkService   = `NT AUTHORITY\NETWORK SERVICE`
	TrustedInstaller = `NT SERVICE\TrustedInstaller`
	Administrators   = `BUILTIN\Administrators`
	Users            = `BUILTIN\Users`
	IISUsers         = `BUILTIN\IIS_IUSRS`
	CreatorOwner     = `CREATOR OWNER`
)
