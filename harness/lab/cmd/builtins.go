package cmd

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// call is one call of a built-in command.
type call struct {
	ctx  context.Context
	args string // everything behind the name
	std  streams
	vars *forVariables
}

// trimmed are the arguments without the blanks around them.
func (c call) trimmed() string { return strings.Trim(c.args, " \t,;=") }

// switches separates /x switches (lower case, without the slash) from the other
// arguments, which keep their quotation marks.
func (c call) switches() (names []string, rest []string) {
	for _, item := range splitArguments(c.args) {
		if name, ok := strings.CutPrefix(item, "/"); ok {
			names = append(names, strings.ToLower(name))
			continue
		}
		rest = append(rest, item)
	}
	return names, rest
}

// splitArguments separates arguments at blanks and in front of switches:
// "a/b" are two.
func splitArguments(text string) []string {
	var list []string
	for _, item := range splitSet(text) {
		for {
			cut := slashOutsideQuotes(item)
			if cut <= 0 {
				list = append(list, item)
				break
			}
			list = append(list, item[:cut])
			item = item[cut:]
		}
	}
	return list
}

func slashOutsideQuotes(item string) int {
	quoted := false
	for i := range len(item) {
		switch {
		case item[i] == '"':
			quoted = !quoted
		case item[i] == '/' && !quoted && i > 0:
			return i
		}
	}
	return -1
}

func has(names []string, want string) bool { return slices.Contains(names, want) }

// only reports the switches of a command that the simulation does not know: an
// allowed one that ends in * may carry more text.
func (sh *shell) only(command string, options []string, allowed ...string) {
	for _, option := range options {
		known := slices.ContainsFunc(allowed, func(a string) bool {
			prefix, open := strings.CutSuffix(a, "*")
			return option == a || open && strings.HasPrefix(option, prefix)
		})
		if !known {
			sh.unsupported("parameter", command+" /"+option)
		}
	}
}

// builtin is a command of the interpreter itself.
type builtin func(*shell, call) int

// builtins are the commands by lower-case name.
func builtins() map[string]builtin {
	return map[string]builtin{
		"assoc": assocCommand, "break": nothing, "call": callCommand, "cd": cdCommand, "chdir": cdCommand, "cls": clsCommand,
		"color": nothing, "copy": copyCommand, "date": dateCommand, "del": delCommand, "dir": dirCommand, "echo": echoCommand,
		"endlocal": endlocalCommand, "erase": delCommand, "exit": exitCommand, "ftype": ftypeCommand, "goto": gotoCommand,
		"md": mkdirCommand, "mkdir": mkdirCommand, "mklink": mklinkCommand, "move": moveCommand, "path": pathCommand,
		"pause": pauseCommand, "popd": popdCommand, "prompt": nothing, "pushd": pushdCommand, "rd": rmdirCommand, "rem": nothing,
		"ren": renCommand, "rename": renCommand, "rmdir": rmdirCommand, "set": setCommand, "setlocal": setlocalCommand,
		"shift": shiftCommand, "start": startCommand, "time": timeCommand, "title": nothing, "type": typeCommand,
		"ver": verCommand, "verify": verifyCommand, "vol": volCommand,
	}
}

func isBuiltin(name string) bool {
	_, ok := builtins()[strings.ToLower(name)]
	return ok
}

func (sh *shell) write(std streams, text string) {
	if text != "" {
		_, _ = io.WriteString(std.out, text) // a closed pipe is the reader's decision
	}
}

// done is the end of a built-in command that succeeded.
func (sh *shell) done() int {
	sh.level = 0
	return 0
}

func nothing(*shell, call) int { return 0 }

func echoCommand(sh *shell, c call) int {
	text := c.args
	if text != "" {
		text = text[1:] // the blank, or one of . ( : and so on
	}
	switch trimmed := strings.TrimSpace(text); {
	case c.args == "" || trimmed == "" && isBlank(c.args[0]):
		state := map[bool]string{true: "on", false: "off"}[sh.echo]
		sh.write(c.std, "ECHO is "+state+".\r\n")
	case strings.EqualFold(trimmed, "on"):
		sh.echo = true
	case strings.EqualFold(trimmed, "off"):
		sh.echo = false
	default:
		sh.write(c.std, text+"\r\n")
	}
	return 0
}

func clsCommand(sh *shell, c call) int {
	sh.write(c.std, "\f")
	return 0
}

func verCommand(sh *shell, c call) int {
	sh.write(c.std, "\r\nMicrosoft Windows [Version "+version+"]\r\n")
	return sh.done()
}

func verifyCommand(sh *shell, c call) int {
	if c.trimmed() == "" {
		sh.write(c.std, "VERIFY is off.\r\n")
	}
	return sh.done()
}

func volCommand(sh *shell, c call) int {
	drive := strings.ToUpper(strings.TrimSuffix(c.trimmed(), ":"))
	if drive != "" && drive != "C" {
		return sh.fail(c.std, "The system cannot find the path specified.")
	}
	sh.write(c.std, " Volume in drive C has no label.\r\n Volume Serial Number is "+sh.serial()+"\r\n")
	return sh.done()
}

// serial is the volume serial number; it belongs to the machine.
func (sh *shell) serial() string {
	n := sh.k.Host().MachineGUID.Data1
	const digits = "0123456789ABCDEF"
	text := make([]byte, 0, 9)
	for shift := 28; shift >= 0; shift -= 4 {
		if len(text) == 4 {
			text = append(text, '-')
		}
		text = append(text, digits[n>>shift&0xf])
	}
	return string(text)
}

func dateCommand(sh *shell, c call) int {
	if names, _ := c.switches(); !has(names, "t") {
		return sh.refuse(c, "date")
	}
	sh.write(c.std, dateText(sh.k.Host().Clock.Now())+"\r\n")
	return sh.done()
}

func timeCommand(sh *shell, c call) int {
	if names, _ := c.switches(); !has(names, "t") {
		return sh.refuse(c, "time")
	}
	sh.write(c.std, sh.k.Host().Clock.Now().Format("03:04 PM")+"\r\n")
	return sh.done()
}

// refuse is the answer to setting the clock, which the machine does not allow.
func (sh *shell) refuse(c call, name string) int {
	sh.unsupported("command", name)
	return sh.fail(c.std, "A required privilege is not held by the client.")
}

func pauseCommand(sh *shell, c call) int {
	sh.write(c.std, "Press any key to continue . . . ")
	_, _ = readLine(c.ctx, c.std.in) // the end of the input counts as a key
	sh.write(c.std, "\r\n")
	return 0
}

func pathCommand(sh *shell, c call) int {
	if c.args == "" || c.trimmed() == "" && !strings.Contains(c.args, ";") {
		sh.write(c.std, "PATH="+sh.env.Get("PATH")+"\r\n")
		return 0
	}
	sh.env.Set("PATH", c.trimmed())
	return sh.done()
}

// assocCommand reads the class of an extension as the registry has it.
func assocCommand(sh *shell, c call) int {
	extension := c.trimmed()
	v, err := sh.k.Value(sh.p, `HKLM\SOFTWARE\Classes\`+extension, "")
	if strings.Contains(extension, "=") || extension == "" {
		sh.unsupported("parameter", "assoc "+extension)
		return 1
	}
	if err != nil {
		return sh.fail(c.std, "File association not found for extension "+extension)
	}
	sh.write(c.std, extension+"="+v.Text+"\r\n")
	return sh.done()
}

func ftypeCommand(sh *shell, c call) int {
	class := c.trimmed()
	v, err := sh.k.Value(sh.p, `HKLM\SOFTWARE\Classes\`+class+`\shell\open\command`, "")
	if strings.Contains(class, "=") || class == "" {
		sh.unsupported("parameter", "ftype "+class)
		return 1
	}
	if err != nil {
		return sh.fail(c.std, "File type '"+class+"' not found or no open command associated with it.")
	}
	sh.write(c.std, class+"="+v.Text+"\r\n")
	return sh.done()
}

func mklinkCommand(sh *shell, c call) int {
	sh.unsupported("command", "mklink")
	return sh.fail(c.std, "You do not have sufficient privilege to perform this operation.")
}

// startCommand starts a program and does not wait unless /wait is given.
func startCommand(sh *shell, c call) int {
	wait, background, dir, line := startOptions(c.args)
	if line == "" {
		return 0
	}
	name, args := splitName(line)
	image, err := sh.k.Resolve(sh.p, unquote(name))
	started := commandLine(name, args)
	if err == nil && (host.Ext(image) == ".bat" || host.Ext(image) == ".cmd") || isBuiltin(name) {
		image, started, err = interpreter, interpreter+" /K "+line, nil
	}
	if err != nil {
		if sh.mayBeLacking(unquote(name)) {
			sh.unsupported("command", unquote(name))
		}
		return sh.fail(c.std, "The system cannot find the file "+unquote(name)+".")
	}
	return sh.launch(c, startSpec{image: image, line: started, dir: dir, wait: wait, shared: background})
}

// startOptions reads the title and the switches of START.
func startOptions(text string) (wait, background bool, dir, line string) {
	titled := false
	for text = strings.TrimLeft(text, " \t"); text != ""; text = strings.TrimLeft(text, " \t") {
		if text[0] == '"' && !titled {
			titled = true
			_, text, _ = strings.Cut(text[1:], `"`)
			continue
		}
		if text[0] != '/' {
			break
		}
		var word string
		word, text, _ = strings.Cut(text, " ")
		switch lower := strings.ToLower(word); {
		case lower == "/wait" || lower == "/w":
			wait = true
		case lower == "/b":
			background = true
		case lower == "/d":
			word, text, _ = strings.Cut(strings.TrimLeft(text, " "), " ")
			dir = unquote(word)
		case strings.HasPrefix(lower, "/d"):
			dir = unquote(word[2:])
		}
	}
	return wait, background, dir, text
}
