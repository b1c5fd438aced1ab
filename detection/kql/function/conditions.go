package function

import "github.com/seed-67b27da2/geiger/detection/kql/value"

func conditionalFunctions() []Function {
	return []Function{
		{Name: "iff", Aliases: []string{"iif"}, Signatures: []string{"- commonscalar if:bool then:CommonScalarOrDynamic else:CommonScalarOrDynamic"}, Doc: "iff-function", Call: choose},
		{Name: "case", Signatures: []string{"- commonscalar &block predicate:bool+ then:CommonScalarOrDynamic+ else:CommonScalarOrDynamic"}, Doc: "case-function", Call: chooseCase},
		{Name: "coalesce", Signatures: []string{"- common arg:CommonScalar{2,64}"}, Doc: "coalesce-function", Call: coalesce},
		{Name: "not", Signatures: []string{"- bool expression:bool|int|long|real|decimal"}, Doc: "not-function", Nulls: Propagate, Call: negation},
		{Name: "isnull", Signatures: []string{"- bool expression:Scalar"}, Doc: "isnull-function", Call: isNull},
		{Name: "isnotnull", Aliases: []string{"notnull"}, Signatures: []string{"- bool expression:Scalar"}, Doc: "isnotnull-function", Call: isNotNull},
		{Name: "isempty", Signatures: []string{"- bool value:Scalar"}, Doc: "isempty-function", Call: isEmpty},
		{Name: "isnotempty", Aliases: []string{"notempty"}, Signatures: []string{"- bool value:Scalar"}, Doc: "isnotempty-function", Call: isNotEmpty},
		{Name: "max_of", Signatures: []string{"- common arg:CommonOrderable{2,64}"}, Doc: "max-of-function", Call: greatest},
		{Name: "min_of", Signatures: []string{"- common arg:CommonOrderable{2,64}"}, Doc: "min-of-function", Call: least},
		{Name: "assert", Signatures: []string{"- bool predicate:bool message:string"}, Doc: "assert-function", Call: assertion},
		{Name: "around", Signatures: []string{"- bool value:Scalar center:Scalar delta:Scalar"}, Doc: "around-function", Nulls: Propagate, Call: around},
	}
}

// choose is iff(condition, then, otherwise).
func choose(_ *Invocation, args []value.Value) value.Value {
	if value.Convert(args[0], value.Bool).Bool() {
		return args[1]
	}
	return args[2]
}

// chooseCase is case(condition, value, ..., otherwise).
func chooseCase(_ *Invocation, args []value.Value) value.Value {
	for i := 0; i+1 < len(args); i += 2 {
		if value.Convert(args[i], value.Bool).Bool() {
			return args[i+1]
		}
	}
	return args[len(args)-1]
}

// coalesce takes the first argument that is neither null nor the empty string.
func coalesce(c *Invocation, args []value.Value) value.Value {
	for _, a := range args {
		if !a.IsNull() && (a.Type() != value.String || a.Str() != "") {
			return a
		}
	}
	return c.Null()
}

// negation is not(); a number counts as true unless it is 0.
func negation(_ *Invocation, args []value.Value) value.Value {
	return value.NewBool(!value.Convert(args[0], value.Bool).Bool())
}

func isNull(_ *Invocation, args []value.Value) value.Value { return value.NewBool(args[0].IsNull()) }

func isNotNull(_ *Invocation, args []value.Value) value.Value {
	return value.NewBool(!args[0].IsNull())
}

func isEmpty(_ *Invocation, args []value.Value) value.Value {
	return value.NewBool(text(args[0]) == "")
}

func isNotEmpty(_ *Invocation, args []value.Value) value.Value {
	return value.NewBool(text(args[0]) != "")
}

func greatest(c *Invocation, args []value.Value) value.Value { return extreme(c, args, 1) }

func least(c *Invocation, args []value.Value) value.Value { return extreme(c, args, -1) }

// extreme is max_of and min_of, which skip nulls.
func extreme(c *Invocation, args []value.Value, direction int) value.Value {
	best, some := c.Null(), false
	for _, a := range args {
		if !a.IsNull() && (!some || value.Order(a, best) == direction) {
			best, some = a, true
		}
	}
	return best
}

// assertion is assert(condition, message): the query fails if the condition is not true.
func assertion(c *Invocation, args []value.Value) value.Value {
	if !value.Convert(args[0], value.Bool).Bool() {
		return c.Fail("assert() has failed with message: '%s'", text(args[1]))
	}
	return value.NewBool(true)
}

// around reports whether a value lies between center - delta and center + delta, both included.
func around(c *Invocation, args []value.Value) value.Value {
	v, center, delta := value.Scalar(args[0]), value.Scalar(args[1]), value.Scalar(args[2])
	above, ok := value.Compare(v, value.Calculate('-', center, delta, center.Type()), false)
	below, fine := value.Compare(v, value.Calculate('+', center, delta, center.Type()), false)
	if !ok || !fine {
		return c.Null()
	}
	return value.NewBool(above >= 0 && below <= 0)
}
