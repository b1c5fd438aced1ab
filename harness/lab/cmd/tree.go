package cmd

import "strings"

// node is one parsed command of a logical line.
type node interface {
	// source is the command as cmd.exe would write it for a child
	// interpreter (the sides of a pipe are passed on as text).
	source() string
}

// redirection connects one standard handle to a file or to another handle.
type redirection struct {
	handle int    // 0, 1 or 2: the handle that is redirected
	mode   string // "<", ">" or ">>"
	target string // a file name, or "&1" for a handle
}

func (r redirection) source() string {
	handle := ""
	if (r.mode == "<") != (r.handle == 0) || r.handle > 1 {
		handle = string(rune('0' + r.handle))
	}
	return " " + handle + r.mode + r.target
}

func redirectionSource(list []redirection) string {
	var b strings.Builder
	for _, r := range list {
		b.WriteString(r.source())
	}
	return b.String()
}

// simple is a built-in command or a program with its arguments; which of the
// two is decided when it runs, after the late expansions.
type simple struct {
	text   string // escapes removed, quotation marks kept
	redirs []redirection
}

func (s *simple) source() string { return s.text + redirectionSource(s.redirs) }

// binary joins two commands with &, &&, || or |.
type binary struct {
	op          string
	left, right node
}

func (b *binary) source() string {
	if b.right == nil {
		return b.left.source()
	}
	return b.left.source() + " " + b.op + " " + b.right.source()
}

// block is a parenthesised list of commands.
type block struct {
	body   node // nil for an empty block
	redirs []redirection
}

func (b *block) source() string {
	if b.body == nil {
		return "( )"
	}
	return "( " + b.body.source() + " )" + redirectionSource(b.redirs)
}

// ifCommand is IF; operands are expanded when it runs.
type ifCommand struct {
	fold, not   bool
	kind        string // exist, defined, errorlevel, cmdextversion, == or equ neq lss leq gtr geq
	left, right string
	then, other node
}

func (c *ifCommand) source() string {
	var b strings.Builder
	b.WriteString("if ")
	if c.fold {
		b.WriteString("/i ")
	}
	if c.not {
		b.WriteString("not ")
	}
	switch {
	case c.right != "":
		b.WriteString(c.left + " " + c.kind + " " + c.right)
	default:
		b.WriteString(c.kind + " " + c.left)
	}
	b.WriteString(" " + c.then.source())
	if c.other != nil {
		b.WriteString(" else " + c.other.source())
	}
	return b.String()
}

// forCommand is FOR in its five forms.
type forCommand struct {
	kind     byte   // 0 plain, 'd', 'l', 'f', 'r'
	options  string // the quoted options of /f, the folder of /r
	variable byte
	set      string
	body     node
}

func (c *forCommand) source() string {
	head := "for "
	if c.kind != 0 {
		head += "/" + string(c.kind) + " "
	}
	if c.options != "" {
		head += c.options + " "
	}
	return head + "%" + string(c.variable) + " in (" + c.set + ") do " + c.body.source()
}

// silent is a command behind @: it is not echoed in a batch file.
type silent struct{ body node }

func (s *silent) source() string { return "@" + s.body.source() }
