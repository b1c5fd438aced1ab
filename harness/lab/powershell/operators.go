package powershell

import (
	"cmp"
	"strings"
	"time"
)

// binaryOp applies a binary operator to two values.
func (in *interp) binaryOp(op string, l, r any) (any, error) {
	switch op {
	case "+":
		return in.add(l, r)
	case "-", "*", "/", "%":
		return in.arithmetic(op, l, r)
	case "..":
		return in.rangeOf(l, r)
	case "f":
		return in.format(in.str(l), asList(r))
	case "band", "bor", "bxor", "shl", "shr":
		return in.bitwise(op, l, r)
	case "is", "isnot":
		ok, err := in.isType(l, r)
		return ok == (op == "is"), err
	case "as":
		return in.asType(l, r)
	case "xor":
		return truth(l) != truth(r), nil
	}
	return in.comparison(op, l, r)
}

// comparison applies a comparison operator with its case prefix.
func (in *interp) comparison(op string, l, r any) (any, error) {
	sensitive := false
	if (op[0] == 'c' || op[0] == 'i') && op != "contains" && op != "in" {
		sensitive, op = op[0] == 'c', op[1:]
	}
	switch op {
	case "contains":
		return in.contains(l, r, sensitive), nil
	case "notcontains":
		return !in.contains(l, r, sensitive), nil
	case "in":
		return in.contains(r, l, sensitive), nil
	case "notin":
		return !in.contains(r, l, sensitive), nil
	case "replace":
		return in.replace(l, r, sensitive)
	case "split":
		return in.split(l, r, sensitive)
	case "join":
		return in.join(l, in.str(r)), nil
	}
	items, many := elements(l)
	if !many {
		ok, err := in.compareOne(op, l, r, sensitive, true)
		return ok, err
	}
	out := newArray()
	for _, item := range items {
		ok, err := in.compareOne(op, item, r, sensitive, false)
		if err != nil {
			return nil, err
		}
		if ok {
			out.Items = append(out.Items, item)
		}
	}
	return out, nil
}

func (in *interp) compareOne(op string, l, r any, sensitive, keep bool) (bool, error) {
	switch op {
	case "eq":
		return in.equal(l, r, sensitive), nil
	case "ne":
		return !in.equal(l, r, sensitive), nil
	case "like", "notlike":
		ok := wildcard(in.str(r), sensitive).MatchString(in.str(l))
		return ok == (op == "like"), nil
	case "match", "notmatch":
		ok, err := in.match(in.str(l), in.str(r), sensitive, keep)
		return ok == (op == "match"), err
	}
	c, err := in.compare(l, r, sensitive)
	if err != nil {
		return false, err
	}
	switch op {
	case "gt":
		return c > 0, nil
	case "ge":
		return c >= 0, nil
	case "lt":
		return c < 0, nil
	}
	return c <= 0, nil
}

func (in *interp) contains(list, v any, sensitive bool) bool {
	for _, item := range asList(list) {
		if in.equal(item, v, sensitive) {
			return true
		}
	}
	return false
}

// equal compares by the type of the left operand.
func (in *interp) equal(l, r any, sensitive bool) bool {
	l, r = unvoid(l), unvoid(r)
	if l == nil || r == nil {
		return l == nil && r == nil
	}
	switch x := l.(type) {
	case string:
		return equalText(x, in.str(r), sensitive)
	case Char:
		if s, ok := r.(string); ok {
			return equalText(in.str(x), s, sensitive)
		}
	case bool:
		return x == truth(r)
	case time.Time:
		t, err := in.cast(r, &TypeRef{name: "System.DateTime"})
		y, ok := t.(time.Time)
		return err == nil && ok && x.Equal(y)
	case *TypeRef:
		y, ok := r.(*TypeRef)
		return ok && strings.EqualFold(x.name, y.name)
	case *Object:
		return in.equalObjects(x, r, sensitive)
	case Version:
		c, err := in.compare(l, r, sensitive)
		return err == nil && c == 0
	}
	if a, ok := number(l); ok {
		n, err := in.toNumber(r, typeName(l))
		b, isNumber := number(n)
		return err == nil && isNumber && a == b
	}
	switch l.(type) {
	case *Array, *Hash, *ScriptBlock, *ErrorRecord, *Exception, time.Duration, Char:
		return l == r
	}
	return false
}

func (in *interp) equalObjects(x *Object, r any, sensitive bool) bool {
	if y, ok := r.(*Object); ok {
		if a, ok := x.data.(enumValue); ok {
			b, ok := y.data.(enumValue)
			return ok && a.value == b.value
		}
		return x == y || x.class != nil && x.class.name == "System.Guid" && x.data == y.data
	}
	if e, ok := x.data.(enumValue); ok {
		if n, ok := integer(r); ok {
			return e.value == n
		}
		return equalText(e.name, in.str(r), sensitive)
	}
	s, ok := r.(string)
	return ok && x.class != nil && equalText(in.str(x), s, sensitive)
}

func equalText(a, b string, sensitive bool) bool {
	if sensitive {
		return a == b
	}
	return strings.EqualFold(a, b)
}

// compare orders two values by the type of the left one.
func (in *interp) compare(l, r any, sensitive bool) (int, error) {
	switch x := unvoid(l).(type) {
	case nil:
		if unvoid(r) == nil {
			return 0, nil
		}
		return -1, nil
	case string:
		return compareText(x, in.str(r), sensitive), nil
	case time.Time:
		t, err := in.cast(r, &TypeRef{name: "System.DateTime"})
		y, _ := t.(time.Time)
		return x.Compare(y), err
	case time.Duration:
		t, err := in.cast(r, &TypeRef{name: "System.TimeSpan"})
		y, _ := t.(time.Duration)
		return cmp.Compare(x, y), err
	case Version:
		t, err := in.cast(r, &TypeRef{name: "System.Version"})
		y, _ := t.(Version)
		return compareVersions(x, y), err
	case *Object:
		if _, ok := x.data.(enumValue); !ok {
			return compareText(in.str(x), in.str(r), sensitive), nil
		}
	}
	a, err := in.toNumber(l, typeName(r))
	if err != nil {
		return 0, err
	}
	b, err := in.toNumber(r, typeName(l))
	if err != nil {
		return 0, err
	}
	x, _ := number(a)
	y, _ := number(b)
	return cmp.Compare(x, y), nil
}

func compareText(a, b string, sensitive bool) int {
	if c := cmp.Compare(strings.ToLower(a), strings.ToLower(b)); c != 0 || !sensitive {
		return c
	}
	return -cmp.Compare(a, b)
}

func compareVersions(a, b Version) int {
	at := func(v Version, i int) int {
		if i < len(v.parts) {
			return v.parts[i]
		}
		return -1
	}
	for i := range 4 {
		if c := cmp.Compare(at(a, i), at(b, i)); c != 0 {
			return c
		}
	}
	return 0
}
