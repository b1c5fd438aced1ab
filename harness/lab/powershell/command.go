package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// cmdlet is a built-in command. begin and end may be nil; process runs for each pipeline object, or once without.
type cmdlet struct {
	name    string
	params  string // see parseParameters
	module  string // that is loaded by the first use, "" for the core
	begin   func(*call) error
	process func(*call) error
	end     func(*call) error
	parsed  []*parameter
}

// parameters gives the declared and the common parameters. The table of cmdlets belongs to one process.
func (c *cmdlet) parameters() []*parameter {
	if c.parsed == nil {
		c.parsed = parseParameters(c.params + " " + commonParameters + shouldProcess)
	}
	return c.parsed
}

// call is one invocation of a cmdlet.
type call struct {
	*interp
	cmd     *cmdlet
	name    string // as written
	bound   *binding
	out     sink
	input   any
	piped   bool
	action  string // -ErrorAction
	state   any    // what begin leaves for process and end
	scope   *scope
	streams streams
	source  *syntax.Source
	span    syntax.Span
	stage   stage
}

// stage prepares one command of a pipeline.
func (in *interp) stage(c *syntax.Command, out sink, piped bool) (stage, error) {
	outer := in.streams
	restore, redirected, closeAll, err := in.redirect(c.Redirections, out)
	if err != nil {
		return nil, err
	}
	s, err := in.resolve(c, redirected, piped, closeAll)
	restore()
	in.streams = outer
	if r, ok := asPlain(err); ok {
		return nil, r.at(in.source, c.Span)
	}
	return s, err
}

func (in *interp) resolve(c *syntax.Command, out sink, piped bool, done func() error) (stage, error) {
	target, err := in.commandTarget(c)
	if err != nil {
		return nil, err
	}
	args, err := in.arguments(c.Elements[1:])
	if err != nil {
		return nil, err
	}
	if sb, ok := target.(*ScriptBlock); ok {
		return in.scriptBlockStage(sb.ast, "", c, args, out, false, done)
	}
	name := in.str(target)
	for range 8 {
		real, ok := in.aliases[strings.ToLower(name)]
		if !ok {
			break
		}
		name = real
	}
	if f := in.scope.function(name); f != nil {
		return in.scriptBlockStage(f.body, f.name, c, args, out, f.filter, done)
	}
	if cmd, ok := in.findCmdlet(name); ok {
		return in.cmdletStage(cmd, name, c, args, out, done)
	}
	return in.externalStage(name, c, args, out, piped, done)
}

// findCmdlet finds a cmdlet by name, with or without module qualifier; Get- may be left out.
func (in *interp) findCmdlet(name string) (*cmdlet, bool) {
	lower := strings.ToLower(name)
	if module, rest, ok := strings.Cut(lower, `\`); ok && !strings.ContainsAny(module, ":.") && strings.Contains(rest, "-") {
		lower = rest
	}
	cmd, ok := in.cmdlets[lower]
	return cmd, ok
}

func (in *interp) commandTarget(c *syntax.Command) (any, error) {
	if len(c.Elements) == 0 {
		return nil, runtimeError("ExpectedExpression", "An expression was expected.")
	}
	v, err := in.eval(c.Elements[0])
	if err != nil {
		return nil, err
	}
	v = unvoid(v)
	if v == nil || v == "" {
		return nil, newError(runtimeException, "BadExpression", invalidOperation, "The expression after '%s' in a pipeline element produced an object that was "+
			"not valid. It must result in a command name, a script block, or a CommandInfo object.", string(c.Operator))
	}
	if o, ok := v.(*Object); ok {
		if sb, ok := o.data.(*ScriptBlock); ok {
			return sb, nil
		}
	}
	return v, nil
}

// arguments evaluates the elements after the command name.
func (in *interp) arguments(elements []syntax.Expr) ([]argument, error) {
	var args []argument
	for _, e := range elements {
		switch x := e.(type) {
		case *syntax.Parameter:
			a := argument{name: x.Name, isName: true, colon: x.Colon, literal: x}
			if x.Arg != nil {
				v, err := in.eval(x.Arg)
				if err != nil {
					return nil, err
				}
				a.value, a.hasValue = v, true
			}
			args = append(args, a)
		case *syntax.Variable:
			if x.Splat {
				args = append(args, in.splat(x)...)
				continue
			}
			v, _ := in.variable(x.Scope, x.Name)
			args = append(args, argument{value: v, hasValue: true, literal: e})
		default:
			v, err := in.eval(e)
			if err != nil {
				return nil, err
			}
			args = append(args, argument{value: unvoid(v), hasValue: true, literal: e, bareText: bare(e)})
		}
	}
	return args, nil
}

func bare(e syntax.Expr) bool {
	switch x := e.(type) {
	case *syntax.String:
		return x.Bare
	case *syntax.Expandable:
		return x.Bare
	case *syntax.Number:
		return true
	}
	return false
}

// splat turns a splatted variable into arguments.
func (in *interp) splat(x *syntax.Variable) []argument {
	v, _ := in.variable(x.Scope, x.Name)
	var args []argument
	if h, ok := v.(*Hash); ok {
		for _, k := range h.keys {
			args = append(args, argument{name: in.str(k), isName: true, colon: true, value: h.values[hashKey(k)], hasValue: true})
		}
		return args
	}
	for _, item := range asList(v) {
		args = append(args, argument{value: item, hasValue: true})
	}
	return args
}

// scriptBlockStage prepares a function, script or script block.
func (in *interp) scriptBlockStage(body *syntax.Script, name string, c *syntax.Command, args []argument, out sink, filter bool, done func() error) (stage, error) {
	b, err := in.bindScriptArgs(body, name, args)
	if err != nil {
		if r, ok := asRecord(err); ok {
			r.Activity, r.command = name, name
			r.ID += "," + name
		}
		return nil, err
	}
	sc := in.scope
	if c.Operator != '.' {
		sc = newScope(in.scope)
	}
	sc.set("MyInvocation", record("System.Management.Automation.InvocationInfo", "InvocationName", name, "ScriptName", body.Source.Name,
		"MyCommand", record("System.Management.Automation.ScriptInfo", "Name", name, "Path", body.Source.Name, "Definition", body.Text())))
	if action, ok := b.values["erroraction"]; ok && b.advanced {
		sc.set("ErrorActionPreference", in.str(action))
	}
	in.publishBound(b, sc)
	return &scriptStage{in: in, body: body, filter: filter, scope: sc, streams: in.streams, out: out, name: name, bound: b, done: done}, nil
}

// cmdletStage prepares a built-in command.
func (in *interp) cmdletStage(cmd *cmdlet, name string, c *syntax.Command, args []argument, out sink, done func() error) (stage, error) {
	cl := &call{interp: in, cmd: cmd, name: name, out: out, scope: in.scope, streams: in.streams, source: in.source, span: c.Span}
	fail := func(err error) error {
		if r, ok := asRecord(err); ok {
			cl.decorate(r)
		}
		return err
	}
	if cmd.module != "" {
		if err := in.loadModule(cmd.module); err != nil {
			return nil, fail(err)
		}
	}
	b, err := in.bind(cmd.name, cmd.parameters(), args, true)
	if err != nil {
		return nil, fail(err)
	}
	cl.bound = b
	if v, ok := b.values["erroraction"]; ok {
		cl.action = strings.ToLower(in.str(v))
	}
	if b.values["verbose"] == true && cl.streams.verbose == nil {
		cl.streams.verbose = func(v any) error {
			p, _ := in.objectProperty(v.(*Object), "Message")
			return in.out.text("VERBOSE: " + in.str(p))
		}
	}
	s := &cmdletStage{c: cl, done: done}
	cl.stage = s
	if name, ok := b.values["outvariable"].(string); ok {
		in.captureOut(cl, name)
	}
	return s, nil
}

func (in *interp) captureOut(cl *call, name string) {
	out := cl.out
	list := &Array{Type: arrayList}
	if rest, ok := strings.CutPrefix(name, "+"); ok {
		name = rest
		if v, _ := in.variable("", name); v != nil {
			list.Items = append(list.Items, asList(v)...)
		}
	}
	in.scope.set(name, list)
	cl.out = func(v any) error {
		list.Items = append(list.Items, v)
		return out(v)
	}
}

// cmdletStage drives a cmdlet.
type cmdletStage struct {
	c    *call
	done func() error
	ran  bool
}

func (s *cmdletStage) run(f func(*call) error) error {
	if f == nil {
		return nil
	}
	c := s.c
	err := c.guarded(c.streams, c.scope, c.source, c.span, func() error { return f(c) })
	if r, ok := asPlain(err); ok {
		c.decorate(r)
		return r.at(c.source, c.span)
	}
	return err
}

func (s *cmdletStage) begin() error { return s.run(s.c.cmd.begin) }

func (s *cmdletStage) process(v any, input bool) error {
	c := s.c
	if err := c.work(stepsPerCommand); err != nil {
		return err
	}
	c.input, c.piped = v, input
	if input {
		if r := c.bindInput(c.bound, v); r != nil {
			return s.run(func(c *call) error { return c.fail(r) })
		}
	}
	if p := c.bound.missing(); p != nil {
		return s.run(func(*call) error {
			return newError("System.Management.Automation.ParameterBindingException", "MissingMandatoryParameter", "InvalidArgument",
				"Cannot process command because of one or more missing mandatory parameters: %s.", p.name)
		})
	}
	s.ran = true
	return s.run(c.cmd.process)
}

func (s *cmdletStage) end() error {
	if err := s.run(s.c.cmd.end); err != nil {
		return err
	}
	if s.done != nil {
		return s.done()
	}
	return nil
}

// decorate completes an error with the command that caused it.
func (c *call) decorate(r *ErrorRecord) {
	if r.Activity != "" {
		return
	}
	r.Activity, r.command = c.cmd.name, c.name
	if !strings.Contains(r.ID, ",") && r.ID != "" {
		r.ID += ",Microsoft.PowerShell.Commands." + strings.ReplaceAll(c.cmd.name, "-", "") + "Command"
	}
}

// fail reports a non-terminating error.
func (c *call) fail(r *ErrorRecord) error {
	c.decorate(r)
	if name, ok := c.bound.values["errorvariable"].(string); ok {
		c.scope.set(strings.TrimPrefix(name, "+"), newArray(r))
	}
	return c.writeError(r, c.action)
}

// failPath reports a kernel error about a path as the providers do.
func (c *call) failPath(err error, path, verb string) error {
	e, ok := err.(*Exception) //nolint:errorlint // win32 returns it unwrapped
	if !ok {
		e = win32(err, path)
	}
	category, id := categoryOf(e, verb)
	return c.fail((&ErrorRecord{Exception: e, Category: category, ID: id}).on(path))
}

// should asks -WhatIf before a change.
func (c *call) should(action, target string) (bool, error) {
	if !c.flag("WhatIf") {
		return true, nil
	}
	return false, c.interp.out.text(`What if: Performing the operation "` + action + `" on target "` + target + `".`)
}

// externalStage prepares a script file or a program.
func (in *interp) externalStage(name string, c *syntax.Command, args []argument, out sink, piped bool, done func() error) (stage, error) {
	path, err := in.findExternal(name)
	if err != nil {
		if cmd, ok := in.findCmdlet("Get-" + name); ok {
			return in.cmdletStage(cmd, name, c, args, out, done)
		}
		return nil, in.notRecognized(name)
	}
	if host.Ext(path) == ".ps1" {
		return in.scriptFileStage(path, c, args, out, done)
	}
	return &nativeStage{
		in: in, path: path, args: in.nativeArguments(args), out: out, streams: in.streams, piped: piped, done: done,
		source: in.source, span: c.Span, capture: true,
	}, nil
}

func (in *interp) scriptFileStage(path string, c *syntax.Command, args []argument, out sink, done func() error) (stage, error) {
	data, err := in.k.ReadFile(in.p, path)
	if err != nil {
		return nil, win32(err, path)
	}
	sb, err := in.compile(decodeText(data, ""), path)
	if err != nil {
		return nil, err
	}
	s, err := in.scriptBlockStage(sb.ast, host.Base(path), c, args, out, false, done)
	if st, ok := s.(*scriptStage); ok {
		st.scope.script = true
		st.scope.set("PSScriptRoot", host.Parent(path))
		st.scope.set("PSCommandPath", path)
	}
	return s, err
}

// findExternal finds the file of a command: with a path as it stands, else in PATH. The current directory is not searched.
func (in *interp) findExternal(name string) (string, error) {
	full := name
	if strings.ContainsAny(name, `\/`) || len(name) > 1 && name[1] == ':' {
		p, err := in.filePath(name)
		if err != nil {
			return "", err
		}
		full = p
		if f, err := in.k.Stat(in.p, full); err == nil && !f.IsDirectory() && host.Ext(full) != "" {
			return full, nil
		}
	} else {
		for dir := range strings.SplitSeq(in.p.Env.Get("PATH"), ";") {
			if dir = strings.Trim(in.p.Env.Expand(dir), `" `); dir == "" {
				continue
			}
			for _, ext := range append([]string{""}, in.pathExtensions()...) {
				if ext == "" && host.Ext(name) == "" {
					continue
				}
				if f, err := in.k.Stat(in.p, host.Join(dir, name+ext)); err == nil && !f.IsDirectory() {
					return host.Join(dir, f.Name()), nil // the folder as PATH spells it
				}
			}
		}
	}
	if full == name {
		return "", errNotFound
	}
	for _, ext := range in.pathExtensions() {
		if f, err := in.k.Stat(in.p, full+ext); err == nil && !f.IsDirectory() {
			return full + ext, nil
		}
	}
	return "", errNotFound
}

var errNotFound = exception("System.Management.Automation.CommandNotFoundException", "not found")

func (in *interp) pathExtensions() []string {
	list := []string{".ps1"}
	for ext := range strings.SplitSeq(in.p.Env.Get("PATHEXT"), ";") {
		if ext != "" {
			list = append(list, strings.ToLower(ext))
		}
	}
	if len(list) == 1 {
		list = append(list, ".com", ".exe", ".bat", ".cmd")
	}
	return list
}

// notRecognized is the error of an unknown command; what Windows has and the simulation lacks is recorded.
func (in *interp) notRecognized(name string) error {
	if knownToWindows(name) {
		in.unsupported("command", name, "not simulated")
	}
	r := newError("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", "ObjectNotFound",
		"The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, "+
			"or if a path was included, verify that the path is correct and try again.", name).on(name)
	r.command = name
	return r
}
