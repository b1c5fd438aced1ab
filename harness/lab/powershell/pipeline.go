package powershell

import (
	"errors"

	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// stage is one running command of a pipeline.
type stage interface {
	begin() error
	process(v any, input bool) error // input is false for the first command, which runs once without
	end() error
}

// pipeline runs a pipeline and sends its output to out.
func (in *interp) pipeline(p *syntax.Pipeline, out sink) error {
	if len(p.Elements) == 1 {
		if ce, ok := p.Elements[0].(*syntax.CommandExpr); ok {
			return in.commandExpr(ce, out)
		}
	}
	stages := make([]stage, len(p.Elements))
	next := out
	for i := len(p.Elements) - 1; i >= 0; i-- {
		c, ok := p.Elements[i].(*syntax.Command)
		if !ok {
			continue
		}
		s, err := in.stage(c, next, i > 0)
		if err != nil {
			return err
		}
		stages[i] = s
		next = func(v any) error { return s.process(v, true) }
	}
	in.ok = true
	return in.runStages(p, stages, next)
}

// runStages runs the stages of a pipeline: begin, input, end.
func (in *interp) runStages(p *syntax.Pipeline, stages []stage, next sink) error {
	from := 0
	if stages[0] == nil {
		from = 1
	}
	for i := len(stages) - 1; i >= from; i-- {
		if err := stages[i].begin(); err != nil {
			return in.finish(stages, err)
		}
	}
	var err error
	if ce, ok := p.Elements[0].(*syntax.CommandExpr); ok {
		err = in.commandExpr(ce, next)
	} else {
		err = stages[0].process(nil, false)
	}
	if err != nil {
		return in.finish(stages, err)
	}
	for i := from; i < len(stages); i++ {
		if err := stages[i].end(); err != nil {
			return in.finish(stages, err)
		}
	}
	return nil
}

// finish ends the commands behind one that stopped the pipeline.
func (in *interp) finish(stages []stage, err error) error {
	var stop *stopped
	if !errors.As(err, &stop) {
		return err
	}
	for i, s := range stages {
		if s != stop.by || s == nil {
			continue
		}
		for _, later := range stages[i+1:] {
			if err := later.end(); err != nil {
				return in.finish(stages[i+1:], err)
			}
		}
		return nil
	}
	return err
}

// commandExpr evaluates an expression in a pipeline and enumerates its value.
func (in *interp) commandExpr(ce *syntax.CommandExpr, out sink) error {
	if len(ce.Redirections) > 0 {
		restore, redirected, closeAll, err := in.redirect(ce.Redirections, out)
		if err != nil {
			return err
		}
		defer restore()
		err = in.commandExpr(&syntax.CommandExpr{Span: ce.Span, Expr: ce.Expr}, redirected)
		return errors.Join(err, closeAll())
	}
	switch e := ce.Expr.(type) {
	case *syntax.Unary:
		if e.Op == "++" || e.Op == "--" {
			_, err := in.eval(e)
			return err
		}
	case *syntax.SubExpr:
		return in.block(e.Body, out)
	}
	v, err := in.eval(ce.Expr)
	if err != nil {
		return err
	}
	in.ok = true
	return in.emit(v, out)
}

// emit sends a value down the pipeline, collections element by element.
func (in *interp) emit(v any, out sink) error {
	if _, none := v.(void); none {
		return nil
	}
	items, many := elements(v)
	if !many {
		return out(v)
	}
	for _, item := range items {
		if err := out(item); err != nil {
			return err
		}
	}
	return nil
}

// guarded runs f with the streams, the scope and the place of a command, and restores them.
func (in *interp) guarded(s streams, sc *scope, src *syntax.Source, span syntax.Span, f func() error) error {
	streams, scope, source, at := in.streams, in.scope, in.source, in.span
	in.streams, in.scope, in.source, in.span = s, sc, src, span
	defer func() { in.streams, in.scope, in.source, in.span = streams, scope, source, at }()
	return f()
}

// redirect applies redirections: it returns the sink for the success stream and a function that closes the files.
func (in *interp) redirect(list []*syntax.Redirection, out sink) (restore func(), redirected sink, closeAll func() error, err error) {
	old := in.streams
	var files []*outFile
	for _, r := range list {
		to := out
		if !r.Merge {
			f, err := in.redirectionFile(r)
			if err != nil {
				in.streams = old
				return nil, nil, nil, err
			}
			to = func(any) error { return nil }
			if f != nil {
				files = append(files, f)
				to = f.write
			}
		}
		in.setStream(r.From, to, &out)
	}
	return func() { in.streams = old }, out, func() error {
		var all error
		for _, f := range files {
			all = errors.Join(all, f.close())
		}
		return all
	}, nil
}

func (in *interp) setStream(n int, to sink, out *sink) {
	if n == 1 || n == 0 {
		*out = to
	}
	for i, s := range []*sink{&in.streams.err, &in.streams.warning, &in.streams.verbose, &in.streams.debug, &in.streams.information} {
		if n == 0 || n == i+2 {
			*s = to
		}
	}
}

// redirectionFile opens the file of a redirection; nil for $null.
func (in *interp) redirectionFile(r *syntax.Redirection) (*outFile, error) {
	v, err := in.eval(r.File)
	if err != nil || unvoid(v) == nil {
		return nil, err
	}
	return in.newOutFile(in.str(v), "unicode", r.Append, r.Span), nil
}

// function is a defined function or filter.
type function struct {
	name   string
	body   *syntax.Script
	filter bool
}

// scriptStage runs a function or script block as a stage.
type scriptStage struct {
	in      *interp
	body    *syntax.Script
	filter  bool
	scope   *scope
	streams streams
	out     sink
	input   []any
	piped   bool
	name    string
	bound   *binding
	done    func() error
}

func (s *scriptStage) run(f func() error) error {
	in := s.in
	if in.calls >= maxCalls {
		return runtimeError("CallDepthOverflow", "The script failed due to call depth overflow.")
	}
	in.calls++
	defer func() { in.calls-- }()
	err := in.guarded(s.streams, s.scope, s.body.Source, in.span, f)
	if errors.As(err, new(returning)) {
		err = nil
	}
	in.ok = true // $? tells of the command itself, not of what ran inside it
	return err
}

func (s *scriptStage) begin() error {
	if s.body.Begin == nil {
		return nil
	}
	return s.run(func() error { return s.in.block(s.body.Begin, s.out) })
}

func (s *scriptStage) process(v any, input bool) error {
	if input {
		s.piped = true
		if s.bound != nil {
			if err := s.in.bindInput(s.bound, v); err != nil {
				return s.in.writeError(err, "")
			}
			s.in.publishBound(s.bound, s.scope)
		}
	}
	body := s.body.Process
	if s.filter {
		body = s.body.End
	}
	if body == nil {
		if input {
			s.input = append(s.input, v)
		}
		return nil
	}
	return s.run(func() error {
		if input {
			s.scope.set("_", v)
			s.scope.set("input", newArray(v))
		}
		return s.in.block(body, s.out)
	})
}

func (s *scriptStage) end() error {
	if s.body.End != nil && !s.filter {
		err := s.run(func() error {
			if s.piped {
				s.scope.set("input", newArray(s.input...))
			}
			return s.in.block(s.body.End, s.out)
		})
		if err != nil {
			return err
		}
	}
	if s.done != nil {
		return s.done()
	}
	return nil
}

// callBlock runs a script block in a scope of its own, or in the current one, with $_ set when item is given.
func (in *interp) callBlock(sb *ScriptBlock, own bool, item any, hasItem bool, args []any, out sink) error {
	sc := in.scope
	if own {
		sc = newScope(in.scope)
	}
	var saved any
	had := false
	if hasItem {
		if v := sc.vars["_"]; v != nil {
			saved, had = v.value, true
		}
		sc.set("_", item)
	}
	defer func() {
		if had {
			sc.set("_", saved)
		}
	}()
	if own {
		b, err := in.bindScript(sb.ast, "", args)
		if err != nil {
			return err
		}
		in.publishBound(b, sc)
	}
	s := &scriptStage{in: in, body: sb.ast, scope: sc, streams: in.streams, out: out}
	return s.run(func() error {
		for _, b := range []*syntax.Block{sb.ast.Begin, sb.ast.Process, sb.ast.End} {
			if err := in.block(b, out); err != nil {
				return err
			}
		}
		return nil
	})
}

// blockValue collects what a script block gives for an item.
func (in *interp) blockValue(sb *ScriptBlock, item any) (any, error) {
	var items []any
	err := in.callBlock(sb, false, item, true, nil, collector(&items))
	return unvoid(collapse(items)), err
}
