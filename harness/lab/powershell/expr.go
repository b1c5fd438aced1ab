package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// eval gives the value of an expression.
func (in *interp) eval(e syntax.Expr) (any, error) {
	if err := in.step(); err != nil {
		return nil, err
	}
	v, err := in.evalNode(e)
	if r, ok := asPlain(err); ok {
		return v, r.at(in.source, e.Extent())
	}
	return v, err
}

// asPlain is asRecord for errors that have not been placed yet.
func asPlain(err error) (*ErrorRecord, bool) {
	if err == nil {
		return nil, false
	}
	return asRecord(err)
}

func (in *interp) evalNode(e syntax.Expr) (any, error) {
	switch e := e.(type) {
	case *syntax.Number:
		return e.Value, nil
	case *syntax.String:
		return e.Value, nil
	case *syntax.Expandable:
		return in.expand(e)
	case *syntax.Variable:
		v, _ := in.variable(e.Scope, e.Name)
		return v, nil
	case *syntax.Array:
		return in.arrayLiteral(e.Items)
	case *syntax.ArrayExpr:
		return in.arrayExpr(e)
	case *syntax.SubExpr:
		items, err := in.collectBlock(e.Body)
		return collapse(items), err
	case *syntax.Paren:
		return in.statementValue(e.Body)
	case *syntax.Hash:
		return in.hashLiteral(e, hashtable)
	case *syntax.ScriptBlock:
		return &ScriptBlock{ast: e.Body}, nil
	case *syntax.TypeLiteral:
		return in.resolveType(e.Type)
	case *syntax.Cast:
		return in.evalCast(e)
	case *syntax.Attributed:
		return in.eval(e.Operand)
	case *syntax.Verbatim:
		return e.Text, nil
	}
	return in.evalOperation(e)
}

func (in *interp) evalOperation(e syntax.Expr) (any, error) {
	switch e := e.(type) {
	case *syntax.Unary:
		return in.unary(e)
	case *syntax.Binary:
		return in.binary(e)
	case *syntax.Member:
		return in.member(e)
	case *syntax.Invoke:
		return in.invokeMember(e)
	case *syntax.Index:
		return in.index(e)
	case *syntax.Parameter:
		return "-" + e.Name, nil
	}
	return nil, runtimeError("Unsupported", "The expression is not valid here.")
}

func (in *interp) expand(e *syntax.Expandable) (any, error) {
	var b strings.Builder
	for _, part := range e.Parts {
		v, err := in.eval(part)
		if err != nil {
			return nil, err
		}
		b.WriteString(in.str(v))
		if b.Len() > maxText {
			return nil, in.tooLarge()
		}
	}
	return b.String(), in.work(b.Len() / bytesPerStep)
}

func (in *interp) arrayLiteral(items []syntax.Expr) (any, error) {
	out := newArray()
	for _, item := range items {
		v, err := in.eval(item)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, unvoid(v))
	}
	return out, nil
}

// arrayExpr is @(...): an array stays what it is, everything else becomes an array of the outputs.
func (in *interp) arrayExpr(e *syntax.ArrayExpr) (any, error) {
	items, err := in.collectBlock(e.Body)
	if err != nil {
		return nil, err
	}
	return newArray(items...), nil
}

func (in *interp) hashLiteral(e *syntax.Hash, typ string) (any, error) {
	h := newHash(typ)
	for i, key := range e.Keys {
		k, err := in.eval(key)
		if err != nil {
			return nil, err
		}
		if _, dup := h.get(k); dup {
			return nil, newError(runtimeException, "DuplicateKeyInHashLiteral", invalidOperation,
				"Item has already been added. Key in dictionary: '%s'  Key being added: '%s'", in.str(k), in.str(k))
		}
		v, err := in.statementValue(e.Values[i])
		if err != nil {
			return nil, err
		}
		h.set(k, unvoid(v))
	}
	return h, nil
}

func (in *interp) evalCast(e *syntax.Cast) (any, error) {
	if h, ok := e.Operand.(*syntax.Hash); ok && strings.EqualFold(e.Type.Name, "ordered") {
		return in.hashLiteral(h, orderedDictionary)
	}
	t, err := in.resolveType(e.Type)
	if err != nil {
		return nil, err
	}
	v, err := in.eval(e.Operand)
	if err != nil {
		return nil, err
	}
	return in.cast(v, t)
}

func (in *interp) unary(e *syntax.Unary) (any, error) {
	if e.Op == "++" || e.Op == "--" {
		return in.increment(e)
	}
	v, err := in.eval(e.Operand)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case "not":
		return !truth(v), nil
	case "-":
		return in.arithmetic("-", int32(0), v)
	case "+":
		return in.toNumber(v, "System.Int32")
	case "bnot":
		n, err := in.toNumber(v, "System.Int32")
		i, _ := integer(n)
		return fit(^i), err
	case "join":
		return in.join(v, ""), nil
	}
	out := &Array{Type: stringArray}
	for _, item := range asList(v) {
		for f := range strings.FieldsSeq(in.str(item)) {
			out.Items = append(out.Items, f)
		}
	}
	return out, nil
}

func (in *interp) increment(e *syntax.Unary) (any, error) {
	old, err := in.eval(e.Operand)
	if err != nil {
		return nil, err
	}
	if unvoid(old) == nil {
		old = int32(0)
	}
	by := int32(1)
	if e.Op == "--" {
		by = -1
	}
	v, err := in.arithmetic("+", old, by)
	if err != nil {
		return nil, err
	}
	if err := in.assign(e.Operand, v); err != nil {
		return nil, err
	}
	if e.Postfix {
		return old, nil
	}
	return v, nil
}

func (in *interp) binary(e *syntax.Binary) (any, error) {
	l, err := in.eval(e.Left)
	if err != nil {
		return nil, err
	}
	switch {
	case e.Op == "and" && !truth(l):
		return false, nil
	case e.Op == "or" && truth(l):
		return true, nil
	}
	r, err := in.eval(e.Right)
	if err != nil {
		return nil, err
	}
	if e.Op == "and" || e.Op == "or" {
		return truth(r), nil
	}
	if _, ok := r.(*ScriptBlock); ok && e.Op == "replace" {
		r = in.str(r)
	}
	v, err := in.binaryOp(e.Op, unvoid(l), unvoid(r))
	if rec, ok := asPlain(err); ok {
		return nil, rec.at(in.source, e.Span)
	}
	return v, err
}

func (in *interp) memberName(e syntax.Expr) (string, error) {
	if s, ok := e.(*syntax.String); ok {
		return s.Value, nil
	}
	v, err := in.eval(e)
	return in.str(v), err
}

// receiver evaluates what stands around the dot or the colons of a member access.
func (in *interp) receiver(target, member syntax.Expr) (any, string, error) {
	v, err := in.eval(target)
	if err != nil {
		return nil, "", err
	}
	name, err := in.memberName(member)
	return v, name, err
}

func (in *interp) member(e *syntax.Member) (any, error) {
	target, name, err := in.receiver(e.Target, e.Name)
	if err != nil {
		return nil, err
	}
	if e.Static {
		ref, err := in.typeOperand(target)
		if err != nil {
			return nil, err
		}
		return in.staticValue(ref, name)
	}
	return in.property(unvoid(target), name)
}

func (in *interp) typeOperand(v any) (*TypeRef, error) {
	if ref, ok := v.(*TypeRef); ok {
		return ref, nil
	}
	if s, ok := v.(string); ok {
		n, err := in.namedType(s)
		if err != nil {
			return nil, err
		}
		ref, _ := n.(*TypeRef)
		return ref, nil
	}
	return &TypeRef{name: typeName(v)}, nil
}

func (in *interp) invokeMember(e *syntax.Invoke) (any, error) {
	target, name, err := in.receiver(e.Target, e.Name)
	if err != nil {
		return nil, err
	}
	args := make([]any, len(e.Args))
	for i, a := range e.Args {
		v, err := in.eval(a)
		if err != nil {
			return nil, err
		}
		args[i] = unvoid(v)
	}
	if e.Static {
		ref, err := in.typeOperand(target)
		if err != nil {
			return nil, err
		}
		return in.callStatic(ref, name, args)
	}
	return in.call(unvoid(target), name, args)
}

func (in *interp) index(e *syntax.Index) (any, error) {
	target, err := in.eval(e.Target)
	if err != nil {
		return nil, err
	}
	i, err := in.eval(e.Index)
	if err != nil {
		return nil, err
	}
	target = unvoid(target)
	if target == nil {
		return nil, runtimeError("NullArray", "Cannot index into a null array.")
	}
	if h, ok := target.(*Hash); ok {
		return in.hashIndex(h, i)
	}
	if many, ok := elements(i); ok {
		out := newArray()
		for _, one := range many {
			v, err := in.element(target, one)
			if err != nil {
				return nil, err
			}
			if _, none := v.(void); !none {
				out.Items = append(out.Items, v)
			}
		}
		return out, nil
	}
	v, err := in.element(target, i)
	return unvoid(v), err
}

func (in *interp) hashIndex(h *Hash, i any) (any, error) {
	if many, ok := elements(i); ok {
		out := newArray()
		for _, one := range many {
			v, _ := h.get(one)
			out.Items = append(out.Items, v)
		}
		return out, nil
	}
	if v, ok := h.get(i); ok {
		return v, nil
	}
	if n, ok := integer(i); ok && h.Type == orderedDictionary && n >= 0 && int(n) < len(h.keys) {
		return h.list()[n], nil
	}
	return nil, nil
}

// element gives one element; void when the index is outside.
func (in *interp) element(target, i any) (any, error) {
	if o, ok := target.(*Object); ok && o.class != nil {
		if item, ok := o.class.methods["item"]; ok {
			return item(in, o, []any{i})
		}
	}
	n, err := in.int(i)
	if err != nil {
		return nil, err
	}
	if s, ok := target.(string); ok {
		r := []rune(s)
		if n < 0 {
			n += len(r)
		}
		if n < 0 || n >= len(r) {
			return void{}, nil
		}
		return Char(r[n]), nil
	}
	items := asList(target)
	if n < 0 {
		n += len(items)
	}
	if n < 0 || n >= len(items) {
		return void{}, nil
	}
	return items[n], nil
}
