package kernel

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// samUsers is the key below which the account database has a key for each name.
const samUsers = `HKLM\SAM\SAM\Domains\Account\Users\Names`

// CreateUser adds a local user with a name and a comment, who is enabled and a
// member of Users. Like all changes of accounts it needs an elevated
// administrator.
func (k *Kernel) CreateUser(p *Process, name, comment string) error {
	if err := k.elevated(p, "create user", name); err != nil {
		return err
	}
	if name == "" || strings.ContainsAny(name, `"/\[]:;|=,+*?<>@`) {
		return fail("create user", name, InvalidParameter)
	}
	if _, ok := k.host.Accounts.SID(k.host.Account(name)); ok {
		return fail("create user", name, UserExists)
	}
	u := host.User{Name: name, SID: k.newSID(), Comment: comment}
	k.changeUser(p, u, UserCreated)
	k.sam(func(lsass *Process) error { return k.CreateKey(lsass, host.Join(samUsers, name)) })
	if err := k.EnableUser(p, name, true); err != nil {
		return err
	}
	return k.AddMember(p, host.Users, name)
}

// DeleteUser removes a local user with its memberships.
func (k *Kernel) DeleteUser(p *Process, name string) error {
	u, err := k.user(p, name)
	if err != nil {
		return err
	}
	if rid := u.SID[strings.LastIndexByte(u.SID, '-'):]; len(rid) <= len("-500") {
		return fail("delete user", name, SpecialAccount)
	}
	for _, group := range u.Groups {
		if err := k.RemoveMember(p, group, name); err != nil {
			return err
		}
	}
	k.work(time.Millisecond, 4*time.Millisecond)
	k.host.Accounts.RemoveUser(u.Name)
	k.Publish(UserChanged{By: k.By(p), Change: UserDeleted, User: u})
	k.sam(func(lsass *Process) error { return k.DeleteKey(lsass, host.Join(samUsers, u.Name)) })
	return nil
}

// EnableUser lets a user log on, or not any more.
func (k *Kernel) EnableUser(p *Process, name string, enabled bool) error {
	u, err := k.user(p, name)
	if err != nil || u.Enabled == enabled {
		return err
	}
	u.Enabled = enabled
	change := UserDisabled
	if enabled {
		change = UserEnabled
	}
	k.changeUser(p, u, change)
	return nil
}

// SetComment changes the description of a user.
func (k *Kernel) SetComment(p *Process, name, comment string) error {
	u, err := k.user(p, name)
	if err != nil || u.Comment == comment {
		return err
	}
	u.Comment = comment
	k.changeUser(p, u, UserAltered)
	return nil
}

// ResetPassword gives a user another password. The machine keeps none: who may
// log on remotely is the business of the WinRM server.
func (k *Kernel) ResetPassword(p *Process, name string) error {
	u, err := k.user(p, name)
	if err == nil {
		k.changeUser(p, u, PasswordReset)
	}
	return err
}

// CreateGroup adds a local group.
func (k *Kernel) CreateGroup(p *Process, name, comment string) error {
	if err := k.elevated(p, "create group", name); err != nil {
		return err
	}
	if _, err := k.Group(name); err == nil {
		return fail("create group", name, AliasExists)
	}
	g := host.Group{Name: k.host.Account(name), SID: k.newSID(), Comment: comment}
	k.work(time.Millisecond, 4*time.Millisecond)
	k.host.Accounts.PutGroup(g)
	k.Publish(GroupChanged{By: k.By(p), Change: GroupCreated, Group: g})
	return nil
}

// DeleteGroup removes a local group that is none of Windows' own.
func (k *Kernel) DeleteGroup(p *Process, name string) error {
	if err := k.elevated(p, "delete group", name); err != nil {
		return err
	}
	g, err := k.Group(name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(g.Name, `BUILTIN\`) {
		return fail("delete group", name, SpecialAccount)
	}
	for _, u := range k.host.Accounts.Users() {
		if i := slices.Index(u.Groups, g.Name); i >= 0 {
			u.Groups = slices.Delete(slices.Clone(u.Groups), i, i+1)
			k.host.Accounts.PutUser(u)
		}
	}
	k.work(time.Millisecond, 4*time.Millisecond)
	k.host.Accounts.RemoveGroup(g.Name)
	k.Publish(GroupChanged{By: k.By(p), Change: GroupDeleted, Group: g})
	return nil
}

// AddMember makes a user a member of a local group. Tokens that exist stay as
// they are.
func (k *Kernel) AddMember(p *Process, group, user string) error {
	return k.changeMember(p, group, user, MemberAdded)
}

// RemoveMember takes a user from a local group.
func (k *Kernel) RemoveMember(p *Process, group, user string) error {
	return k.changeMember(p, group, user, MemberRemoved)
}

func (k *Kernel) changeMember(p *Process, group, user string, change GroupChange) error {
	if err := k.elevated(p, "change group", group); err != nil {
		return err
	}
	g, err := k.Group(group)
	if err != nil {
		return err
	}
	u, ok := k.host.Accounts.User(user)
	if !ok {
		return fail("change group", user, NoSuchMember)
	}
	at := slices.Index(u.Groups, g.Name)
	switch {
	case change == MemberAdded && at >= 0:
		return fail("change group", user, MemberInAlias)
	case change == MemberRemoved && at < 0:
		return fail("change group", user, MemberNotInAlias)
	case change == MemberAdded:
		u.Groups = append(slices.Clone(u.Groups), g.Name)
	default:
		u.Groups = slices.Delete(slices.Clone(u.Groups), at, at+1)
	}
	k.work(time.Millisecond, 4*time.Millisecond)
	k.host.Accounts.PutUser(u)
	k.Publish(GroupChanged{By: k.By(p), Change: change, Group: g, Member: u})
	return nil
}

// Group finds a local group by its name, with or without the part before the
// backslash.
func (k *Kernel) Group(name string) (host.Group, error) {
	for _, g := range k.host.Accounts.Groups() {
		local := strings.HasPrefix(g.Name, `BUILTIN\`) || strings.HasPrefix(g.Name, k.host.Name+`\`)
		if local && (strings.EqualFold(g.Name, name) || strings.EqualFold(host.Base(g.Name), name)) {
			return g, nil
		}
	}
	return host.Group{}, fail("open group", name, NoSuchAlias)
}

// user finds a user whom p wants to change.
func (k *Kernel) user(p *Process, name string) (host.User, error) {
	if err := k.elevated(p, "change user", name); err != nil {
		return host.User{}, err
	}
	u, ok := k.host.Accounts.User(name)
	if !ok {
		return u, fail("change user", name, UserNotFound)
	}
	return u, nil
}

func (k *Kernel) changeUser(p *Process, u host.User, change UserChange) {
	k.work(time.Millisecond, 4*time.Millisecond)
	k.host.Accounts.PutUser(u)
	k.Publish(UserChanged{By: k.By(p), Change: change, User: u})
}

// newSID is that of the next account of the machine.
func (k *Kernel) newSID() string {
	return fmt.Sprintf("%s-%d", k.host.MachineSID, k.host.Accounts.NextRID())
}

// sam lets lsass.exe write the account database in the registry. The state above
// is what counts: a failure there changes nothing.
func (k *Kernel) sam(write func(lsass *Process) error) {
	if lsass, ok := k.Named("lsass.exe"); ok {
		_ = write(lsass)
	}
}
