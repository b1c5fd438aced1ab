package powershell

import (
	"errors"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// block runs a statement list. An error that ends only its statement is shown, and the next statement runs, unless a
// try or a Stop preference catches it.
func (in *interp) block(b *syntax.Block, out sink) error {
	if b == nil {
		return nil
	}
	for _, s := range b.Statements {
		err := in.statement(s, out)
		if err == nil {
			continue
		}
		if r, ok := asRecord(err); ok {
			err = r.at(in.source, s.Extent())
		}
		if err = in.afterError(b, err, out); err != nil {
			return err
		}
	}
	return nil
}

// afterError decides what an error does to the statement list in which it came up.
func (in *interp) afterError(b *syntax.Block, err error, out sink) error {
	r, ok := asRecord(err)
	if !ok || in.ctx.Err() != nil {
		return err
	}
	in.ok = false
	for _, t := range b.Traps {
		if in.trapMatches(t, r) {
			return in.runTrap(t, r, out)
		}
	}
	if in.tries > 0 || r.endsScript {
		return r
	}
	switch in.preference("ErrorActionPreference") {
	case "stop":
		r.endsScript = true
		return r
	case "silentlycontinue", "ignore":
		in.remember(r)
		return nil
	}
	in.remember(r)
	return in.showError(r)
}

func (in *interp) trapMatches(t *syntax.Trap, r *ErrorRecord) bool {
	return t.Type == nil || r.Exception.is(t.Type.Name) || r.Exception.Inner != nil && r.Exception.Inner.is(t.Type.Name)
}

func (in *interp) runTrap(t *syntax.Trap, r *ErrorRecord, out sink) error {
	in.remember(r)
	in.scope.set("_", r)
	err := in.block(t.Body, out)
	if j, ok := errors.AsType[*jump](err); ok {
		if j.again {
			return nil
		}
		return r
	}
	if err != nil {
		return err
	}
	return in.showError(r)
}

// statement runs one statement and sends what it outputs to out.
func (in *interp) statement(s syntax.Statement, out sink) error {
	if err := in.step(); err != nil {
		return err
	}
	switch s := s.(type) {
	case *syntax.Pipeline:
		return in.pipeline(s, out)
	case *syntax.Assignment:
		return in.assignment(s)
	case *syntax.If:
		return in.ifStatement(s, out)
	case *syntax.Try:
		return in.try(s, out)
	case *syntax.Flow:
		return in.flow(s, out)
	case *syntax.Function:
		in.define(s)
		return nil
	case *syntax.Trap:
		return nil
	case *syntax.Using:
		if s.Kind == "namespace" {
			in.namespaces = append(in.namespaces, strings.ToLower(s.Name)+".")
		}
		return nil
	case *syntax.Data:
		return in.block(s.Body, out)
	case *syntax.Enum:
		return in.defineEnum(s)
	case *syntax.Class:
		in.unsupported("statement", "class "+s.Name, "classes are parsed, not run")
		return runtimeError("ClassNotSupported", "The class '%s' could not be defined.", s.Name)
	}
	return in.loopStatement(s, out)
}

func (in *interp) loopStatement(s syntax.Statement, out sink) error {
	switch s := s.(type) {
	case *syntax.While:
		return in.loop(s.Label, s.Body, out, func() (bool, error) { return in.condition(s.Condition) }, nil)
	case *syntax.DoLoop:
		first := true
		return in.loop(s.Label, s.Body, out, func() (bool, error) {
			if first {
				first = false
				return true, nil
			}
			ok, err := in.condition(s.Condition)
			return ok != s.Until, err
		}, nil)
	case *syntax.For:
		return in.forLoop(s, out)
	case *syntax.ForEach:
		return in.forEach(s, out)
	case *syntax.Switch:
		return in.switchStatement(s, out)
	}
	return runtimeError("Unsupported", "The statement is not valid here.")
}

func (in *interp) define(s *syntax.Function) {
	name := s.Name
	target := in.scope
	if scope, rest, ok := strings.Cut(name, ":"); ok {
		name = rest
		target = in.named(strings.ToLower(scope))
	}
	target.functions[strings.ToLower(name)] = &function{name: name, body: s.Body, filter: s.Keyword == "filter"}
}

func (in *interp) defineEnum(s *syntax.Enum) error {
	e := &static{name: s.Name, enum: map[string]int64{}}
	next := int64(0)
	for i, name := range s.Names {
		if s.Values[i] != nil {
			v, err := in.eval(s.Values[i])
			if err != nil {
				return err
			}
			n, err := in.int(v)
			if err != nil {
				return err
			}
			next = int64(n)
		}
		e.enum[name] = next
		next++
	}
	in.statics[strings.ToLower(s.Name)] = e
	return nil
}

func (in *interp) assignment(s *syntax.Assignment) error {
	v, err := in.statementValue(s.Value)
	if err != nil {
		return err
	}
	v = unvoid(v)
	if s.Op != "=" {
		old, err := in.eval(s.Target)
		if err != nil {
			return err
		}
		if v, err = in.binaryOp(s.Op[:1], unvoid(old), v); err != nil {
			if r, ok := asRecord(err); ok {
				return r.at(in.source, s.Span)
			}
			return err
		}
	}
	err = in.assign(s.Target, v)
	if r, ok := asPlain(err); ok {
		return r.at(in.source, s.Span)
	}
	return err
}

// statementValue gives what a statement outputs as one value: a lone expression keeps its own.
func (in *interp) statementValue(s syntax.Statement) (any, error) {
	switch s := s.(type) {
	case nil:
		return void{}, nil
	case *syntax.Pipeline:
		if len(s.Elements) == 1 {
			if ce, ok := s.Elements[0].(*syntax.CommandExpr); ok && len(ce.Redirections) == 0 {
				v, err := in.eval(ce.Expr)
				in.ok = err == nil
				return v, err
			}
		}
	case *syntax.Assignment:
		if err := in.assignment(s); err != nil {
			return nil, err
		}
		return in.eval(s.Target)
	}
	var items []any
	err := in.statement(s, collector(&items))
	return collapse(items), err
}

func collector(items *[]any) sink {
	return func(v any) error {
		*items = append(*items, v)
		return nil
	}
}

func (in *interp) collectBlock(b *syntax.Block) ([]any, error) {
	var items []any
	err := in.block(b, collector(&items))
	return items, err
}

func (in *interp) condition(s syntax.Statement) (bool, error) {
	v, err := in.statementValue(s)
	return truth(v), err
}

func (in *interp) ifStatement(s *syntax.If, out sink) error {
	for _, c := range s.Clauses {
		ok, err := in.condition(c.Condition)
		if err != nil {
			return err
		}
		if ok {
			return in.block(c.Body, out)
		}
	}
	return in.block(s.Else, out)
}

// loop runs a body while a condition holds; done tells whether an error was a jump that concerns this loop.
func (in *interp) loop(label string, body *syntax.Block, out sink, more func() (bool, error), next func() error) error {
	for {
		if err := in.step(); err != nil {
			return err
		}
		ok, err := more()
		if err != nil || !ok {
			return err
		}
		end, err := caught(label, in.block(body, out))
		if err != nil || end {
			return err
		}
		if next != nil {
			if err := next(); err != nil {
				return err
			}
		}
	}
}

// caught consumes a jump that is meant for the loop with the label.
func caught(label string, err error) (end bool, rest error) {
	var j *jump
	if !errors.As(err, &j) {
		return err != nil, err
	}
	if j.label != "" && !strings.EqualFold(j.label, label) {
		return true, err
	}
	return !j.again, nil
}

func (in *interp) forLoop(s *syntax.For, out sink) error {
	discard := func(any) error { return nil }
	if s.Init != nil {
		if err := in.statement(s.Init, discard); err != nil {
			return err
		}
	}
	more := func() (bool, error) {
		if s.Condition == nil {
			return true, nil
		}
		return in.condition(s.Condition)
	}
	next := func() error {
		if s.Step == nil {
			return nil
		}
		return in.statement(s.Step, discard)
	}
	return in.loop(s.Label, s.Body, out, more, next)
}

func (in *interp) forEach(s *syntax.ForEach, out sink) error {
	v, err := in.statementValue(s.Values)
	if err != nil {
		return err
	}
	if unvoid(v) == nil {
		return nil
	}
	i := 0
	items := asList(v)
	return in.loop(s.Label, s.Body, out, func() (bool, error) {
		if i >= len(items) {
			return false, nil
		}
		i++
		return true, in.setVariable(s.Variable.Scope, s.Variable.Name, items[i-1])
	}, nil)
}

func (in *interp) switchStatement(s *syntax.Switch, out sink) error {
	v, err := in.statementValue(s.Value)
	if err != nil {
		return err
	}
	items := asList(v)
	if s.Flags["file"] {
		content, err := in.getContent(in.str(v), "", true)
		if err != nil {
			return err
		}
		items = asList(content)
	}
	saved, had := in.variable("", "_")
	defer func() {
		if had {
			in.scope.set("_", saved)
		}
	}()
	for _, item := range items {
		end, err := caught(s.Label, in.switchItem(s, item, out))
		if err != nil || end {
			return err
		}
	}
	return nil
}

func (in *interp) switchItem(s *syntax.Switch, item any, out sink) error {
	matched := false
	for _, c := range s.Clauses {
		in.scope.set("_", item)
		ok, err := in.switchMatches(s, c.Condition, item)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		matched = true
		if err := in.block(c.Body, out); err != nil {
			return err
		}
	}
	if matched || s.Default == nil {
		return nil
	}
	in.scope.set("_", item)
	return in.block(s.Default, out)
}

func (in *interp) switchMatches(s *syntax.Switch, condition syntax.Expr, item any) (bool, error) {
	v, err := in.eval(condition)
	if err != nil {
		return false, err
	}
	sensitive := s.Flags["casesensitive"]
	if sb, ok := v.(*ScriptBlock); ok {
		items, err := in.collectBlock(sb.ast.End)
		return truth(collapse(items)), err
	}
	switch {
	case s.Flags["regex"]:
		return in.match(in.str(item), in.str(v), sensitive, true)
	case s.Flags["wildcard"]:
		return wildcard(in.str(v), sensitive).MatchString(in.str(item)), nil
	}
	if _, isText := item.(string); isText {
		return equalText(in.str(item), in.str(v), sensitive), nil
	}
	return in.equal(item, v, sensitive), nil
}
