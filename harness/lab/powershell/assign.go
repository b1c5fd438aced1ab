package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// assign stores a value in what an expression denotes.
func (in *interp) assign(target syntax.Expr, v any) error {
	switch t := target.(type) {
	case *syntax.Variable:
		return in.setVariable(t.Scope, t.Name, v)
	case *syntax.Cast:
		return in.assignTyped(t, v)
	case *syntax.Attributed:
		return in.assign(t.Operand, v)
	case *syntax.Paren:
		pl, _ := t.Body.(*syntax.Pipeline)
		ce, _ := pl.Elements[0].(*syntax.CommandExpr)
		return in.assign(ce.Expr, v)
	case *syntax.Array:
		return in.assignList(t.Items, v)
	case *syntax.Member:
		return in.assignMember(t, v)
	case *syntax.Index:
		return in.assignIndex(t, v)
	}
	return runtimeError("InvalidLeftHandSide", "The assignment expression is not valid.")
}

func (in *interp) assignTyped(t *syntax.Cast, v any) error {
	ref, err := in.resolveType(t.Type)
	if err != nil {
		return err
	}
	v, err = in.cast(v, ref)
	if err != nil {
		return err
	}
	if err := in.assign(t.Operand, v); err != nil {
		return err
	}
	if name, ok := t.Operand.(*syntax.Variable); ok {
		if stored := in.named(name.Scope).vars[strings.ToLower(name.Name)]; stored != nil {
			stored.typ = ref
		}
	}
	return nil
}

func (in *interp) assignList(targets []syntax.Expr, v any) error {
	items := asList(v)
	for i, t := range targets {
		var item any
		switch {
		case i >= len(items):
		case i == len(targets)-1 && len(items) > len(targets):
			item = newArray(items[i:]...)
		default:
			item = items[i]
		}
		if err := in.assign(t, item); err != nil {
			return err
		}
	}
	return nil
}

func (in *interp) assignMember(t *syntax.Member, v any) error {
	target, err := in.eval(t.Target)
	if err != nil {
		return err
	}
	name, err := in.memberName(t.Name)
	if err != nil {
		return err
	}
	if t.Static {
		ref, err := in.typeOperand(target)
		if err != nil {
			return err
		}
		_, err = in.callStatic(ref, "set_"+name, []any{unvoid(v)})
		return err
	}
	return in.setProperty(unvoid(target), name, unvoid(v))
}

func (in *interp) assignIndex(t *syntax.Index, v any) error {
	target, err := in.eval(t.Target)
	if err != nil {
		return err
	}
	i, err := in.eval(t.Index)
	if err != nil {
		return err
	}
	switch x := target.(type) {
	case *Hash:
		x.set(i, unvoid(v))
		return nil
	case *Array:
		n, err := in.int(i)
		if err != nil {
			return err
		}
		if n < 0 {
			n += len(x.Items)
		}
		if n < 0 || n >= len(x.Items) {
			return newError("System.IndexOutOfRangeException", "System.IndexOutOfRangeException", "OperationStopped", "Index was outside the bounds of the array.")
		}
		if x.fixed() && x.Type != objectArray {
			if v, err = in.cast(v, &TypeRef{name: strings.TrimSuffix(x.Type, "[]")}); err != nil {
				return err
			}
		}
		x.Items[n] = unvoid(v)
		return nil
	case *Object:
		if x.class != nil && x.class.methods["set_item"] != nil {
			_, err := x.class.methods["set_item"](in, x, []any{i, unvoid(v)})
			return err
		}
	}
	return runtimeError("CannotIndex", "Unable to index into an object of type %s.", typeName(target))
}
