package native

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func netUser(r *run, args []string) int {
	rest, switches := words(args)
	switch {
	case contains(switches, "/domain"):
		r.unsupported("domain")
		return r.netError(2221, "The user name could not be found.")
	case len(rest) == 0:
		r.userList()
		return 0
	case len(rest) > 1 || len(switches) > 0:
		return r.changeUser(rest, args)
	}
	u, ok := r.k.Host().Accounts.User(rest[0])
	if !ok {
		return r.netError(2221, "The user name could not be found.")
	}
	r.userDetails(u)
	return 0
}

// changeUser creates, deletes or changes the user rest[0], whose password is
// rest[1].
func (r *run) changeUser(rest, args []string) int {
	_, switches := words(args)
	name, comment := rest[0], ""
	for _, arg := range args {
		if text, ok := value(arg, "comment"); ok {
			comment = text
		}
	}
	if slices.Contains(rest[1:], "*") || contains(switches, "/random") {
		r.unsupported("password that is not part of the command")
		return r.systemError(&kernel.Error{Code: kernel.NotSupported, Op: "set password", Path: name})
	}
	var err error
	switch {
	case contains(switches, "/delete"):
		return r.netDone(r.k.DeleteUser(r.p, name))
	case contains(switches, "/add"):
		err = r.k.CreateUser(r.p, name, comment)
	case comment != "":
		err = r.k.SetComment(r.p, name, comment)
	}
	if err == nil && len(rest) > 1 {
		err = r.k.ResetPassword(r.p, name)
	}
	for _, s := range switches {
		if err == nil {
			err = r.userSwitch(name, s)
		}
	}
	return r.netDone(err)
}

// userSwitch carries out a switch that changes an existing user. What the
// machine cannot do fails: the program does not say that it was done.
func (r *run) userSwitch(name, text string) error {
	key, state, _ := strings.Cut(text, ":")
	switch key {
	case "/active":
		return r.k.EnableUser(r.p, name, state == "yes")
	case "/add", "/comment", "/y":
		return nil
	}
	r.unsupported("switch " + key)
	return &kernel.Error{Code: kernel.NotSupported, Op: "change user", Path: name}
}

// netDone says how a change of accounts ended.
func (r *run) netDone(err error) int {
	if err == nil {
		r.print(netDone)
		return 0
	}
	if number := code(err); number >= 2100 && number < 3000 {
		return r.netError(number, message(err))
	}
	return r.systemError(err)
}

func (r *run) userList() {
	r.print("\nUser accounts for \\\\%s\n\n%s\n", r.k.Host().Name, strings.Repeat("-", 79))
	for i, u := range r.k.Host().Accounts.Users() {
		if i > 0 && i%3 == 0 {
			r.print("\n")
		}
		r.print("%-25s", u.Name)
	}
	r.print("\n" + netDone)
}

func (r *run) userDetails(u host.User) {
	var groups []string
	for _, g := range u.Groups {
		groups = append(groups, "*"+host.Base(g))
	}
	yes := map[bool]string{true: "Yes", false: "No"}
	for _, row := range [][2]string{
		{"User name", u.Name},
		{"Full Name", ""},
		{"Comment", u.Comment},
		{"User's comment", ""},
		{"Country/region code", "000 (System Default)"},
		{"Account active", yes[u.Enabled]},
		{"Account expires", "Never"},
		{"", ""},
		{"Local Group Memberships", strings.Join(groups, " ")},
		{"Global Group memberships", "*None"},
	} {
		r.print("%s\n", strings.TrimRight(fmt.Sprintf("%-29s%s", row[0], row[1]), " "))
	}
	r.print(netDone)
}

func netLocalGroup(r *run, args []string) int {
	rest, switches := words(args)
	if len(rest) > 0 && (contains(switches, "/add") || contains(switches, "/delete") || contains(switches, "/comment")) {
		return r.changeGroup(rest[0], rest[1:], args)
	}
	if len(rest) == 0 {
		r.print("\nAliases for \\\\%s\n\n%s\n", r.k.Host().Name, strings.Repeat("-", 79))
		for _, g := range r.k.Host().Accounts.Groups() {
			if _, err := r.k.Group(g.Name); err == nil {
				r.print("*%s\n", host.Base(g.Name))
			}
		}
		r.print(netDone)
		return 0
	}
	g, err := r.k.Group(rest[0])
	if err != nil {
		return r.systemError(err)
	}
	r.members(g)
	return 0
}

// changeGroup creates or deletes a group, or changes who is in it.
func (r *run) changeGroup(group string, members, args []string) int {
	_, switches := words(args)
	remove, comment := contains(switches, "/delete"), ""
	for _, arg := range args {
		if text, ok := value(arg, "comment"); ok {
			comment = text
		}
	}
	switch {
	case remove && len(members) == 0:
		return r.netDone(r.k.DeleteGroup(r.p, group))
	case len(members) == 0 && contains(switches, "/add"):
		return r.netDone(r.k.CreateGroup(r.p, group, comment))
	case len(members) == 0:
		r.unsupported("change of a group's comment")
		return r.systemError(&kernel.Error{Code: kernel.NotSupported, Op: "change group", Path: group})
	}
	change := r.k.AddMember
	if remove {
		change = r.k.RemoveMember
	}
	for _, member := range members {
		err := change(r.p, group, member)
		if c, _ := kernel.CodeOf(err); c == kernel.NoSuchMember {
			return r.netError(3783, "There is no such global user or group: "+member+".")
		}
		if err != nil {
			return r.netDone(err)
		}
	}
	return r.netDone(nil)
}

func (r *run) members(g host.Group) {
	r.print("Alias name     %s\nComment        %s\n\nMembers\n\n%s\n", host.Base(g.Name), g.Comment, strings.Repeat("-", 79))
	for _, u := range r.k.Host().Accounts.Users() {
		if contains(u.Groups, g.Name) {
			r.print("%s\n", u.Name)
		}
	}
	r.print(netDone)
}
