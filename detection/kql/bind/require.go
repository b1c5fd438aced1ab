package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// demand is what is said of an expression that is not of a class of types.
type demand struct{ code, message string }

func demandOf(class string) demand {
	switch class {
	case "Scalar":
		return demand{"KS108", "scalar value expected"}
	case "Integer":
		return demand{"KS134", "the expression value must be an integer"}
	case "RealOrDecimal":
		return demand{"KS135", "the expression value must be a real or decimal number"}
	case "IntegerOrArray":
		return demand{"KS136", "the expression value must be an integer or a dynamic array of integers"}
	case "Number":
		return demand{"KS137", "the expression value must be a number"}
	case "NumberOrBool":
		return demand{"KS137", "the expression value must be a number or a bool"}
	case "Summable":
		return demand{"KS138", "the argument value must be summable: a number, timespan or datetime"}
	case "Orderable":
		return demand{"KS206", "the argument value must be orderable: a number, timespan, datetime, string or bool"}
	case "StringOrDynamic":
		return demand{"KS141", "the expression must have the type string or dynamic"}
	case "StringOrArray":
		return demand{"KS233", "the expression value must be a string or a dynamic array of strings"}
	case "DynamicArray":
		return demand{"KS234", "the expression value must be a dynamic array"}
	case "DynamicBag":
		return demand{"KS235", "the expression must be a dynamic bag"}
	case "Tabular":
		return demand{"KS111", "tabular value expected"}
	default:
		return demand{"KS116", "a value of this type is not allowed in this context"}
	}
}

// require reports an expression that is not of the class; one that did not bind is left alone.
func (b *binder) require(a *bound, class string) bool {
	t := a.typing
	switch class {
	case "NotBool", "NotDynamic", "NotRealOrBool":
		return b.require(a, "Scalar") && b.requireNot(a, class)
	}
	if matchClass(class, t) != noMatch || t.shape == unknown && class != "Tabular" {
		return true
	}
	if t.shape != invalid {
		d := demandOf(class)
		b.report(d.code, a.span(), "%s", d.message)
	}
	return false
}

func (b *binder) requireNot(a *bound, class string) bool {
	if a.typing.shape == unknown || matchClass(class, a.typing) != noMatch {
		return true
	}
	b.report("KS116", a.span(), "a value of type '%s' is not allowed in this context", a.typing)
	return false
}

// requireType reports an expression that is not of the type.
func (b *binder) requireType(a *bound, t typing, allowed conversion) bool {
	from := a.typing
	switch {
	case from.unresolved() || t.unresolved():
		return from.shape != invalid
	case t.shape == anything && from.isDynamic(), t.shape != anything && assignable(t, from, allowed):
		return true
	}
	b.report("KS141", a.span(), "the expression must have the type %s", t)
	return false
}

func (b *binder) requireBool(a *bound) { b.requireType(a, scalar(value.Bool), exact) }

func (b *binder) requireColumn(a *bound) bool {
	if a.column != nil {
		return true
	}
	if a.typing.shape != invalid {
		b.report("KS109", a.span(), "column name expected")
	}
	return false
}

// requireScalars checks that all are scalars; like the original, it stops at the first that is not.
func (b *binder) requireScalars(args []*bound) bool {
	for _, a := range args {
		if !b.require(a, "Scalar") {
			return false
		}
	}
	return true
}

// requireNotDynamic reports the first that is dynamic.
func (b *binder) requireNotDynamic(args []*bound) {
	for _, a := range args {
		if a.typing.isDynamic() {
			b.report("KS116", a.span(), "a value of type 'dynamic' is not allowed in this context")
			return
		}
	}
}
