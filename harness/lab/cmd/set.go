package cmd

import (
	"strings"
)

func setCommand(sh *shell, c call) int {
	text := strings.TrimLeft(c.args, " \t,;")
	if len(text) >= 2 && text[0] == '/' {
		switch text[1] | 0x20 {
		case 'a':
			return sh.setArithmetic(c, strings.TrimLeft(text[2:], " "))
		case 'p':
			return sh.setPrompt(c, strings.TrimLeft(text[2:], " "))
		}
	}
	name, value, assigns := strings.Cut(assignment(text), "=")
	switch {
	case !assigns:
		return sh.showVariables(c, strings.TrimSpace(name))
	case name == "":
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	case value == "":
		sh.env.Unset(name)
	default:
		sh.env.Set(name, value)
	}
	return 0
}

// assignment takes the outer quotation marks of "NAME=value" off; what follows
// the last one is dropped.
func assignment(text string) string {
	rest, ok := strings.CutPrefix(text, `"`)
	if !ok {
		return text
	}
	if last := strings.LastIndexByte(rest, '"'); last >= 0 {
		return rest[:last]
	}
	return rest
}

// showVariables prints the variables whose names begin with prefix.
func (sh *shell) showVariables(c call, prefix string) int {
	found := false
	for _, name := range sh.env.Names() {
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			found = true
			sh.write(c.std, name+"="+sh.env.Get(name)+"\r\n")
		}
	}
	if !found {
		return sh.fail(c.std, "Environment variable "+prefix+" not defined")
	}
	return sh.done()
}

func (sh *shell) setArithmetic(c call, text string) int {
	a := &arithmetic{text: text, get: sh.variable, set: sh.env.Set}
	value, err := a.evaluate()
	if err != nil {
		code := sh.fail(c.std, err.Error())
		sh.level = 1073750988
		return code
	}
	if sh.batch == nil {
		sh.write(c.std, itoa(int(value)))
	}
	return sh.done()
}

func (sh *shell) setPrompt(c call, text string) int {
	name, prompt, ok := strings.Cut(assignment(text), "=")
	if !ok {
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	}
	sh.write(c.std, unquote(prompt))
	line, err := readLine(c.ctx, c.std.in)
	if line == "" {
		if err != nil {
			sh.level = 1
			return 1
		}
		return 0
	}
	sh.env.Set(name, line)
	return 0
}
