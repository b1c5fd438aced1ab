package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func accountCmdlets() []*cmdlet {
	const member = "Group|Name:s@0! Member:s*@1!^"
	return []*cmdlet{
		{name: "New-LocalUser", params: "Name:s@0!^~ Password:o NoPassword:b Description:s FullName:s PasswordNeverExpires:b AccountNeverExpires:b UserMayNotChangePassword:b Disabled:b", process: newLocalUser},
		{name: "Set-LocalUser", params: "Name:s@0!^~ Password:o Description:s PasswordNeverExpires:o", process: setLocalUser},
		{name: "Remove-LocalUser", params: "Name:s*@0!^~", process: eachAccount("User", "Name", func(c *call, name string) error { return c.k.DeleteUser(c.p, name) })},
		{name: "Enable-LocalUser", params: "Name:s*@0!^~", process: eachAccount("User", "Name", func(c *call, name string) error { return c.k.EnableUser(c.p, name, true) })},
		{name: "Disable-LocalUser", params: "Name:s*@0!^~", process: eachAccount("User", "Name", func(c *call, name string) error { return c.k.EnableUser(c.p, name, false) })},
		{name: "New-LocalGroup", params: "Name:s*@0!^~ Description:s", process: eachAccount("Group", "Name", func(c *call, name string) error { return c.k.CreateGroup(c.p, name, c.text("Description")) })},
		{name: "Remove-LocalGroup", params: "Name:s*@0!^~", process: eachAccount("Group", "Name", func(c *call, name string) error { return c.k.DeleteGroup(c.p, name) })},
		{name: "Add-LocalGroupMember", params: member, process: eachAccount("Member", "Member", func(c *call, name string) error { return c.k.AddMember(c.p, c.text("Group"), accountName(name)) })},
		{name: "Remove-LocalGroupMember", params: member, process: eachAccount("Member", "Member", func(c *call, name string) error { return c.k.RemoveMember(c.p, c.text("Group"), accountName(name)) })},
	}
}

// accountName is the part of an account's name behind the machine.
func accountName(name string) string { return name[strings.LastIndexByte(name, '\\')+1:] }

// eachAccount applies a change to every name in a parameter; a name that fails is reported, and the next one follows.
func eachAccount(kind, param string, change func(c *call, name string) error) func(*call) error {
	return func(c *call) error {
		for _, name := range c.list(param) {
			if ok, err := c.should(c.cmd.name, name); !ok || err != nil {
				return err
			}
			if err := change(c, name); err != nil {
				if err := c.fail(accountError(kind, name, err)); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// accountError is how the LocalAccounts module tells an error of the account database.
func accountError(kind, name string, err error) *ErrorRecord {
	const space = "Microsoft.PowerShell.Commands."
	switch code, _ := kernel.CodeOf(err); code {
	case kernel.AccessDenied:
		return newError(space+"AccessDeniedException", "AccessDenied", "PermissionDenied", "Access denied.").on(name)
	case kernel.UserNotFound:
		return newError(space+"UserNotFoundException", "UserNotFound", "ObjectNotFound", "User %s was not found.", name).on(name)
	case kernel.NoSuchAlias:
		return newError(space+"GroupNotFoundException", "GroupNotFound", "ObjectNotFound", "Group %s was not found.", name).on(name)
	}
	return newError(space+kind+"ExistsException", kind+"Exists", "ResourceExists", "%s", startError(err).Message).on(name)
}

func newLocalUser(c *call) error {
	name := c.text("Name")
	if !c.has("Password") && !c.flag("NoPassword") {
		return bindingError("MissingMandatoryParameter", "Cannot process command because of one or more missing mandatory parameters: Password.")
	}
	if err := c.wantsSecret(); err != nil {
		return err
	}
	if ok, err := c.should("Create new local user", name); !ok || err != nil {
		return err
	}
	if err := c.k.CreateUser(c.p, name, c.text("Description")); err != nil {
		return c.fail(accountError("User", name, err))
	}
	c.unsupported("parameter", "New-LocalUser", "the user becomes a member of Users as with net user; on Windows the cmdlet adds it to no group")
	for _, name := range []string{"FullName", "PasswordNeverExpires", "AccountNeverExpires", "UserMayNotChangePassword"} {
		if c.has(name) {
			c.unsupported("parameter", "New-LocalUser -"+name, "users have no such property in the simulation")
		}
	}
	if c.flag("Disabled") {
		if err := c.k.EnableUser(c.p, name, false); err != nil {
			return c.fail(accountError("User", name, err))
		}
	}
	return c.out(record("Microsoft.PowerShell.Commands.LocalUser", "Name", name, "Enabled", !c.flag("Disabled"), "Description", c.text("Description")))
}

// wantsSecret checks that a password is a secure string.
func (c *call) wantsSecret() error {
	if !c.has("Password") {
		return nil
	}
	if o, ok := c.value("Password").(*Object); ok && o.typeName() == secureString {
		return nil
	}
	return bindingError("CannotConvertArgumentNoMessage", "Cannot bind parameter 'Password'. Cannot convert the \"%s\" value of type \"%s\" to type \"%s\".",
		c.text("Password"), typeName(c.value("Password")), secureString)
}

func setLocalUser(c *call) error {
	name := c.text("Name")
	if err := c.wantsSecret(); err != nil {
		return err
	}
	var err error
	if c.has("Password") {
		err = c.k.ResetPassword(c.p, name)
	}
	if err == nil && c.has("Description") {
		err = c.k.SetComment(c.p, name, c.text("Description"))
	}
	if c.has("PasswordNeverExpires") {
		c.unsupported("parameter", "Set-LocalUser -PasswordNeverExpires", "passwords have no age in the simulation")
	}
	if err != nil {
		return c.fail(accountError("User", name, err))
	}
	return nil
}
