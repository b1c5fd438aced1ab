package host

import (
	"crypto/sha1" //nolint:gosec // that is how Windows derives some SIDs
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
)

// A User is a local account.
type User struct {
	Name    string // without the machine name
	SID     string
	Comment string
	Enabled bool
	Groups  []string // local groups, `BUILTIN\Administrators`
	Profile string   // `C:\Users\Administrator`, "" before the first logon
}

// A Group is a local group.
type Group struct {
	Name    string // `BUILTIN\Administrators`
	SID     string
	Comment string
}

// Accounts is the machine's account database.
type Accounts struct {
	mu     sync.RWMutex
	users  map[string]User
	groups map[string]Group
	rid    int // of the account that was added last
}

// NewAccounts returns an empty database.
func NewAccounts() *Accounts {
	return &Accounts{users: map[string]User{}, groups: map[string]Group{}, rid: 1001}
}

// User returns the local user called name, with or without machine name.
func (a *Accounts) User(name string) (User, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	u, ok := a.users[Fold(Base(name))]
	return u, ok
}

// Users returns every local user, ordered by name.
func (a *Accounts) Users() []User {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return ordered(a.users)
}

// Groups returns every local group, ordered by name.
func (a *Accounts) Groups() []Group {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return ordered(a.groups)
}

func ordered[V any](m map[string]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// remove deletes what is kept under a name and reports whether it was there.
func remove[V any](m map[string]V, name string) bool {
	_, ok := m[Fold(name)]
	delete(m, Fold(name))
	return ok
}

// PutUser adds or replaces a user.
func (a *Accounts) PutUser(u User) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users[Fold(u.Name)] = u
}

// PutGroup adds or replaces a group.
func (a *Accounts) PutGroup(g Group) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.groups[Fold(g.Name)] = g
}

// RemoveUser deletes a user and reports whether it was there.
func (a *Accounts) RemoveUser(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return remove(a.users, name)
}

// RemoveGroup deletes a group and reports whether it was there.
func (a *Accounts) RemoveGroup(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return remove(a.groups, name)
}

// NextRID returns the last part of the SID of a new account. It is not given
// again.
func (a *Accounts) NextRID() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rid++
	return a.rid
}

// wellKnown are the accounts whose SIDs are the same on every machine.
func wellKnown(account string) (string, bool) {
	sid, ok := map[string]string{
		"everyone":                     "S-1-1-0",
		"creator owner":                "S-1-3-0",
		`nt authority\system`:          "S-1-5-18",
		`nt authority\local service`:   "S-1-5-19",
		`nt authority\network service`: "S-1-5-20",
		`nt authority\local account`:   "S-1-5-113",
		`window manager\dwm-1`:         "S-1-5-90-0-1",
		`font driver host\umfd-0`:      "S-1-5-96-0-0",
	}[strings.ToLower(account)]
	if ok {
		return sid, true
	}
	return virtualAccount(account)
}

// virtualAccount computes the SID of a service (S-1-5-80) or of an application
// pool (S-1-5-82): the SHA-1 of its name in UTF-16, in upper case for the one
// and in lower case for the other.
func virtualAccount(account string) (string, bool) {
	domain, name, _ := strings.Cut(account, `\`)
	authority := ""
	switch strings.ToUpper(domain) {
	case "NT SERVICE":
		authority, name = "S-1-5-80", strings.ToUpper(name)
	case "IIS APPPOOL":
		authority, name = "S-1-5-82", strings.ToLower(name)
	}
	if authority == "" || name == "" {
		return "", false
	}
	var raw []byte
	for _, unit := range utf16.Encode([]rune(name)) {
		raw = binary.LittleEndian.AppendUint16(raw, unit)
	}
	sum := sha1.Sum(raw) //nolint:gosec // that is how Windows derives them
	for part := range slices.Chunk(sum[:], 4) {
		authority += "-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(part)), 10)
	}
	return authority, true
}

// SID returns the security identifier of a user, group or well-known account.
func (a *Accounts) SID(account string) (string, bool) {
	if sid, ok := wellKnown(account); ok {
		return sid, true
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if g, ok := a.groups[Fold(account)]; ok {
		return g.SID, true
	}
	if u, ok := a.users[Fold(Base(account))]; ok {
		return u.SID, true
	}
	return "", false
}
