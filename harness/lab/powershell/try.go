package powershell

import (
	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

func (in *interp) flow(s *syntax.Flow, out sink) error {
	switch s.Keyword {
	case "break", "continue":
		label := ""
		if s.Label != nil {
			v, err := in.eval(s.Label)
			if err != nil {
				return err
			}
			label = in.str(v)
		}
		return &jump{label: label, again: s.Keyword == "continue"}
	case "return":
		if s.Value != nil {
			if err := in.statement(s.Value, out); err != nil {
				return err
			}
		}
		return returning{}
	}
	var v any
	if s.Value != nil {
		var err error
		if v, err = in.statementValue(s.Value); err != nil {
			return err
		}
	}
	if s.Keyword == "exit" {
		code, err := in.int(v)
		if err != nil {
			code = 0
		}
		return &exiting{code}
	}
	return in.throw(unvoid(v), s)
}

// throw makes a terminating error of a value; without one in a catch block the current error is thrown again.
func (in *interp) throw(v any, s *syntax.Flow) error {
	if v == nil {
		if current, ok := in.scope.find("_").read().(*ErrorRecord); ok {
			current.endsScript = true
			return current
		}
		v = "ScriptHalted"
	}
	r := &ErrorRecord{Category: "OperationStopped", endsScript: true}
	switch x := v.(type) {
	case *ErrorRecord:
		x.endsScript = true
		return x
	case *Exception:
		r.Exception = x
		r.ID = x.Message
	default:
		text := in.str(v)
		r.Exception = &Exception{Type: runtimeException, Message: text}
		r.ID = text
		r.on(v)
	}
	return r.at(in.source, s.Span)
}

func (v *variable) read() any {
	if v == nil {
		return nil
	}
	return v.value
}

func (in *interp) try(s *syntax.Try, out sink) error {
	in.tries++
	err := in.block(s.Body, out)
	in.tries--
	if r, ok := asRecord(err); ok && err != nil && in.ctx.Err() == nil {
		if c := in.catchFor(s, r); c != nil {
			err = in.runCatch(c, r, out)
		}
	}
	if s.Finally != nil {
		if ferr := in.block(s.Finally, out); ferr != nil {
			return ferr
		}
	}
	return err
}

func (in *interp) catchFor(s *syntax.Try, r *ErrorRecord) *syntax.Catch {
	for i := range s.Catches {
		c := &s.Catches[i]
		if len(c.Types) == 0 {
			return c
		}
		for _, t := range c.Types {
			if r.Exception.is(t.Name) || r.Exception.Inner != nil && r.Exception.Inner.is(t.Name) {
				return c
			}
		}
	}
	return nil
}

func (in *interp) runCatch(c *syntax.Catch, r *ErrorRecord, out sink) error {
	in.remember(r)
	if r.Exception.Inner != nil && len(c.Types) > 0 && !r.Exception.is(c.Types[0].Name) {
		unwrapped := *r
		unwrapped.Exception = r.Exception.Inner
		r = &unwrapped
	}
	saved, had := in.variable("", "_")
	in.scope.set("_", r)
	r.endsScript = false
	err := in.block(c.Body, out)
	if had {
		in.scope.set("_", saved)
	}
	return err
}
