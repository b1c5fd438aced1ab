package powershell

import (
	"crypto/md5"  //nolint:gosec // the simulated host offers it
	"crypto/sha1" //nolint:gosec // the simulated host offers it
	"crypto/sha256"
	"crypto/sha512"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

func securityStatics() []*static {
	hash := func(name string, sum func([]byte) []byte) *static {
		create := func(*interp, any, []any) (any, error) {
			return newObject(&class{name: name, methods: methods{
				"computehash": one(func(in *interp, v any) (any, error) { return in.computeHash(v, sum) }), "dispose": nothing, "clear": nothing,
			}}, nil), nil
		}
		return &static{name: name, create: create, methods: methods{"create": create}}
	}
	sums := hashSums()
	return []*static{
		hash("System.Security.Cryptography.SHA256", sums["SHA256"]), hash("System.Security.Cryptography.SHA1", sums["SHA1"]),
		hash("System.Security.Cryptography.SHA512", sums["SHA512"]), hash("System.Security.Cryptography.SHA384", sums["SHA384"]), hash("System.Security.Cryptography.MD5", sums["MD5"]),
		hash("System.Security.Cryptography.SHA256Managed", sums["SHA256"]), hash("System.Security.Cryptography.SHA256CryptoServiceProvider", sums["SHA256"]),
		hash("System.Security.Cryptography.MD5CryptoServiceProvider", sums["MD5"]), hash("System.Security.Cryptography.SHA1CryptoServiceProvider", sums["SHA1"]),
		{name: "System.Security.Principal.WindowsIdentity", methods: methods{"getcurrent": func(in *interp, _ any, _ []any) (any, error) { return in.identity(), nil }}},
		{name: "System.Security.Principal.WindowsBuiltInRole", enum: names{"Administrator": 544, "User": 545, "Guest": 546, "PowerUser": 547, "SystemOperator": 549, "BackupOperator": 551}},
		{
			name: "System.Security.Principal.WindowsPrincipal", create: one(func(in *interp, v any) (any, error) { return in.principal(v), nil }),
			cast: func(in *interp, v any) (any, error) { return in.principal(v), nil },
		},
	}
}

func hashSums() map[string]func([]byte) []byte {
	return map[string]func([]byte) []byte{
		"SHA256": func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }, "SHA1": func(b []byte) []byte { s := sha1.Sum(b); return s[:] }, //nolint:gosec // see above
		"SHA512": func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }, "SHA384": func(b []byte) []byte { s := sha512.Sum384(b); return s[:] },
		"MD5": func(b []byte) []byte { s := md5.Sum(b); return s[:] }, //nolint:gosec // see above
	}
}

func (in *interp) computeHash(v any, sum func([]byte) []byte) (any, error) {
	if o, ok := v.(*Object); ok {
		if m, ok := o.data.(*memory); ok {
			return newBytes(sum(m.data[min(m.pos, len(m.data)):])), nil
		}
	}
	data, err := in.bytes(v)
	if err != nil {
		return nil, err
	}
	return newBytes(sum(data)), nil
}

func (in *interp) identity() *Object {
	t := in.p.Token
	sid := newObject(&class{name: "System.Security.Principal.SecurityIdentifier", text: func(*interp, *Object) string { return t.SID }, props: []prop{
		{name: "Value", get: func(*interp, *Object) any { return t.SID }},
	}}, nil)
	return newObject(&class{name: "System.Security.Principal.WindowsIdentity", props: []prop{
		{name: "Name", get: func(*interp, *Object) any { return t.User }},
		{name: "User", get: func(*interp, *Object) any { return sid }},
		{name: "AuthenticationType", get: func(*interp, *Object) any { return "NTLM" }},
		{name: "IsAuthenticated", get: func(*interp, *Object) any { return true }},
		{name: "IsSystem", get: func(*interp, *Object) any { return t.Is(host.System) }},
		{name: "Owner", get: func(*interp, *Object) any { return sid }},
		{name: "Groups", get: func(*interp, *Object) any { return newStrings(t.Groups) }},
	}}, t)
}

func (in *interp) principal(identity any) *Object {
	role := one(func(in *interp, v any) (any, error) {
		name := in.str(v)
		switch strings.ToLower(name) {
		case "administrator", "administrators", `builtin\administrators`, "544", "s-1-5-32-544":
			return in.p.Token.Elevated && in.p.Token.Is(host.Administrators), nil
		case "user", "users", "545":
			return in.p.Token.Is(host.Users), nil
		}
		return in.p.Token.Is(name) || in.p.Token.Is(`BUILTIN\`+name), nil
	})
	return newObject(&class{
		name: "System.Security.Principal.WindowsPrincipal", props: []prop{{name: "Identity", get: func(*interp, *Object) any { return identity }}},
		methods: methods{"isinrole": role},
	}, nil)
}
