package cmd

import (
	"context"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// maxBatchDepth bounds nested batch files, which Windows bounds by its stack.
const maxBatchDepth = 100

// batch is a batch file that runs.
type batch struct {
	lines  []string
	next   int // index of the line to read next
	args   *batchArguments
	jumped bool // GOTO or EXIT /B was met: the current line is abandoned
}

// batchFile runs a batch file to its end; the caller's file goes on when it was
// called and ends when it was merely started.
func (sh *shell) batchFile(ctx context.Context, path, name, args string, std streams) int {
	data, err := sh.k.ReadFile(sh.p, path)
	if err != nil {
		return sh.failure(std, err)
	}
	caller := sh.batch
	code := sh.runBatch(ctx, &batch{lines: splitLines(string(data)), args: sh.arguments(unquoted(name, path), args)}, std)
	if caller != nil && !sh.exiting {
		caller.next, caller.jumped = len(caller.lines), true // no return without CALL
	}
	return code
}

// unquoted is the name by which a batch file knows itself as %0.
func unquoted(name, path string) string {
	if name == "" {
		return path
	}
	return name
}

func (sh *shell) arguments(name, rest string) *batchArguments {
	rest = strings.TrimLeft(rest, " \t,;=")
	a := &batchArguments{list: append([]string{name}, splitSet(rest)...), all: strings.TrimRight(rest, " ")}
	a.modify = func(modifiers, value string) string {
		if value == name && modifiers != "" {
			if found, err := sh.k.Resolve(sh.p, unquote(name)); err == nil {
				value = found
			}
		}
		return sh.modify(modifiers, value)
	}
	return a
}

// runBatch runs the lines of b from its current one.
func (sh *shell) runBatch(ctx context.Context, b *batch, std streams) int {
	sh.depth++
	defer func() { sh.depth-- }()
	if sh.depth > maxBatchDepth {
		return sh.fail(std, "****** B A T C H   R E C U R S I O N  exceeds STACK limits ******")
	}
	caller, frames := sh.batch, len(sh.saved)
	sh.batch = b
	code := 0
	for b.next < len(b.lines) && !sh.exiting && ctx.Err() == nil {
		b.jumped = false
		code = sh.batchLine(ctx, b, std)
	}
	for len(sh.saved) > frames {
		sh.endLocal()
	}
	sh.batch = caller
	if sh.level != 0 && code == 0 {
		return sh.level
	}
	return code
}

func (sh *shell) batchLine(ctx context.Context, b *batch, std streams) int {
	read := func() (string, bool) {
		if b.next >= len(b.lines) {
			return "", false
		}
		b.next++
		return expandPercent(b.lines[b.next-1], sh.variable, b.args), true
	}
	text, _ := read()
	n, err := parseLine(text, read)
	if err != nil {
		b.next = len(b.lines) // a syntax error ends the batch file
		sh.fail(std, err.Error())
		sh.level = 255
		return sh.level
	}
	if n == nil {
		return 0
	}
	if _, quiet := n.(*silent); sh.echo && !quiet {
		sh.write(std, "\r\n"+sh.p.Dir+">"+strings.TrimSpace(n.source())+" \r\n")
	}
	return sh.run(ctx, n, std, sh.noVariables())
}

// find returns the index of the line behind a label: the search goes on from
// the current line and wraps around.
func (b *batch) find(label string) (int, bool) {
	for i := range b.lines {
		at := (b.next + i) % len(b.lines)
		text, ok := strings.CutPrefix(strings.TrimLeft(b.lines[at], " \t,;="), ":")
		if !ok {
			continue
		}
		text = strings.TrimLeft(text, " \t")
		if end := strings.IndexAny(text, " \t+:,;="); end >= 0 {
			text = text[:end]
		}
		if strings.EqualFold(text, label) {
			return at + 1, true
		}
	}
	return 0, false
}

func gotoCommand(sh *shell, c call) int {
	label := strings.TrimPrefix(c.trimmed(), ":")
	label, _, _ = strings.Cut(label, " ")
	b := sh.batch
	if b == nil {
		return 1
	}
	if strings.EqualFold(label, "eof") {
		b.next, b.jumped = len(b.lines), true
		return sh.level
	}
	at, ok := b.find(label)
	if !ok {
		b.next, b.jumped = len(b.lines), true
		return sh.fail(c.std, "The system cannot find the batch label specified - "+label)
	}
	b.next, b.jumped = at, true
	return 0
}

func callCommand(sh *shell, c call) int {
	text := expandPercent(c.trimmed(), sh.variable, sh.callArguments())
	if label, ok := strings.CutPrefix(text, ":"); ok {
		return sh.callLabel(c, label)
	}
	if text == "" {
		return 0
	}
	caller := sh.batch
	sh.batch = nil // the called file returns here
	defer func() { sh.batch = caller }()
	return sh.run(c.ctx, &simple{text: text}, c.std, c.vars)
}

// callArguments are the parameters for the second expansion of CALL.
func (sh *shell) callArguments() *batchArguments {
	if sh.batch == nil {
		return nil
	}
	return sh.batch.args
}

func (sh *shell) callLabel(c call, text string) int {
	name, args := splitName(text)
	if sh.batch == nil {
		return sh.fail(c.std, "Invalid attempt to call batch label outside of batch script.")
	}
	at, ok := sh.batch.find(name)
	if !ok {
		return sh.fail(c.std, "The system cannot find the batch label specified - "+name)
	}
	inner := &batch{lines: sh.batch.lines, next: at, args: sh.arguments(":"+name, args)}
	code := sh.runBatch(c.ctx, inner, c.std)
	return code
}

func exitCommand(sh *shell, c call) int {
	text := c.trimmed()
	onlyBatch := false
	if len(text) >= 2 && strings.EqualFold(text[:2], "/b") {
		onlyBatch, text = true, strings.TrimSpace(text[2:])
	}
	code := sh.level
	if text != "" {
		code = atoi(text)
	}
	sh.level = code
	if onlyBatch && sh.batch != nil {
		sh.batch.next, sh.batch.jumped = len(sh.batch.lines), true
		return code
	}
	sh.exiting = true
	return code
}

func shiftCommand(sh *shell, c call) int {
	if sh.batch == nil {
		return 0
	}
	from := 0
	if text := c.trimmed(); strings.HasPrefix(text, "/") {
		from = atoi(text[1:])
	}
	a := sh.batch.args
	if from+1 <= len(a.list) {
		a.list = append(append([]string{}, a.list[:from]...), a.list[min(from+1, len(a.list)):]...)
	}
	return 0
}

func setlocalCommand(sh *shell, c call) int {
	if sh.batch == nil {
		return 0
	}
	sh.saved = append(sh.saved, scope{env: sh.env, dir: sh.p.Dir, delayed: sh.delayed})
	sh.useEnvironment(sh.env.Clone())
	switch strings.ToLower(c.trimmed()) {
	case "enabledelayedexpansion", "enableextensions enabledelayedexpansion":
		sh.delayed = true
	case "disabledelayedexpansion":
		sh.delayed = false
	}
	return 0
}

func endlocalCommand(sh *shell, _ call) int {
	sh.endLocal()
	return 0
}

func (sh *shell) endLocal() {
	if n := len(sh.saved); n > 0 {
		last := sh.saved[n-1]
		sh.saved = sh.saved[:n-1]
		sh.useEnvironment(last.env)
		sh.p.Dir, sh.delayed = last.dir, last.delayed
	}
}

func (sh *shell) useEnvironment(env *kernel.Environment) { sh.env, sh.p.Env = env, env }
