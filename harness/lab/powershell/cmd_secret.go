package powershell

import "strings"

const (
	secureString = "System.Security.SecureString"
	credential   = "System.Management.Automation.PSCredential"
)

func secretCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "ConvertTo-SecureString", params: "String:s@0!^ SecureKey:o Key:o AsPlainText:b Force:b", process: toSecureString},
		{name: "ConvertFrom-SecureString", params: "SecureString:o@0!^ SecureKey:o Key:o", process: func(c *call) error {
			c.unsupported("command", c.cmd.name, "the simulation has no data protection")
			return newError("System.Security.Cryptography.CryptographicException", "ImportSecureString_InvalidArgument_CryptographicError", "InvalidArgument", "Key not valid for use in specified state.")
		}},
	}
}

func toSecureString(c *call) error {
	if !c.flag("AsPlainText") {
		c.unsupported("command", c.cmd.name, "the simulation has no data protection")
		return newError("System.FormatException", "ImportSecureString_InvalidArgument", "InvalidArgument", "Input string was not in a correct format.")
	}
	if !c.flag("Force") {
		return newError("System.ArgumentException", "ImportSecureString_ForceRequired", "InvalidArgument", "The system cannot protect plain text input. To suppress this warning and convert the "+
			"plain text to a SecureString, reissue the command specifying the Force parameter. For more information ,type: get-help ConvertTo-SecureString.")
	}
	return c.out(newSecureString(c.text("String")))
}

func newSecureString(text string) *Object {
	return newObject(&class{
		name: secureString, text: func(*interp, *Object) string { return secureString }, columns: []string{"Length"},
		props:   []prop{{name: "Length", get: func(_ *interp, o *Object) any { return int32(len([]rune(secretText(o)))) }}}, //nolint:gosec // small
		methods: methods{"dispose": nothing, "makereadonly": nothing, "appendchar": appendChar},
	}, text)
}

func secretText(v any) string {
	if o, ok := v.(*Object); ok && o.typeName() == secureString {
		s, _ := o.data.(string)
		return s
	}
	return ""
}

func appendChar(in *interp, self any, args []any) (any, error) {
	if o, ok := self.(*Object); ok {
		o.data = secretText(o) + in.str(args0(args))
	}
	return void{}, nil
}

func secretStatics() []*static {
	return []*static{
		{name: secureString, create: func(*interp, any, []any) (any, error) { return newSecureString(""), nil }},
		{name: credential, create: newCredential},
	}
}

func newCredential(in *interp, _ any, args []any) (any, error) {
	if len(args) != 2 {
		return nil, exception("System.Management.Automation.MethodException", "Cannot find an overload for \"PSCredential\" and the argument count: \"%d\".", len(args))
	}
	secret, ok := args[1].(*Object)
	user := in.str(args[0])
	switch {
	case !ok || secret.typeName() != secureString:
		return nil, exception("System.Management.Automation.PSInvalidCastException", "Cannot convert argument \"password\", with value: \"%s\", for \"PSCredential\" to type \"%s\".", in.str(args[1]), secureString)
	case user == "":
		return nil, exception("System.Management.Automation.PSArgumentException", "Cannot process argument because the value of argument \"userName\" is not valid. Change the value of the \"userName\" argument and run the operation again.")
	}
	return newObject(&class{name: credential, columns: []string{"UserName", "Password"}, props: []prop{
		{name: "UserName", get: func(*interp, *Object) any { return user }},
		{name: "Password", get: func(*interp, *Object) any { return secret }},
	}, methods: methods{"getnetworkcredential": func(*interp, any, []any) (any, error) {
		domain, name, qualified := strings.Cut(user, `\`)
		if !qualified {
			domain, name = "", user
		}
		return record("System.Net.NetworkCredential", "UserName", name, "Password", secretText(secret), "SecurePassword", secret, "Domain", domain), nil
	}}}, nil), nil
}
