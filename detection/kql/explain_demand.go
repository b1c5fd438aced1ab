package kql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// demand is what a predicate asks of a value, with its operands evaluated for the row.
type demand struct {
	x        *examiner
	expr     bind.Expr
	sign     string // of the operator, "" for any other predicate
	want     bool   // that it holds, or (under a not) that it does not
	subject  value.Value
	operands []value.Value
	texts    []string // the operands as the texts that a string operator looks for
	operator stringOperator
	textual  bool
}

// demand evaluates the operands of a predicate.
func (e *examiner) demand(x bind.Expr, want bool) (*demand, error) {
	d := &demand{x: e, expr: x, want: want}
	var err error
	switch x := x.(type) {
	case *bind.Call:
		err = d.call(x)
	case *bind.InTable:
		err = d.table(x)
	case *bind.AnyColumn:
		d.sign = x.Name
		var arg value.Value
		arg, err = e.value(x.Arg)
		d.operands = []value.Value{arg}
	}
	return d, err
}

// call sorts the arguments of an operator into the value compared and what it is compared with.
func (d *demand) call(x *bind.Call) error {
	op, textual := parseStringOperator(x.Name)
	compares := slices.Contains([]string{"==", "!=", "<", "<=", ">", ">=", "between", "!between"}, x.Name)
	if len(x.Args) < 2 || !textual && !compares {
		return nil
	}
	d.sign = x.Name
	args := slices.Clone(x.Args)
	if compares && len(args) == 2 && len(columnsIn(args[0])) == 0 && len(columnsIn(args[1])) > 0 {
		args[0], args[1] = args[1], args[0]
		d.sign = mirrored(d.sign)
	}
	var err error
	if d.subject, err = d.x.value(args[0]); err != nil {
		return err
	}
	for _, a := range args[1:] {
		v, err := d.x.value(a)
		if err != nil {
			return err
		}
		d.operands = append(d.operands, v)
	}
	d.asText(op, textual, args[0].Type())
	return nil
}

// mirrored is the sign that says the same of the exchanged sides.
func mirrored(sign string) string {
	switch sign {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	default:
		return sign
	}
}

// asText prepares the operands of an operator that compares texts.
func (d *demand) asText(op stringOperator, textual bool, subject value.Type) {
	text := func(t value.Type) bool { return t == value.String || t == value.Dynamic }
	if d.sign == "==" || d.sign == "!=" {
		op = stringOperator{kind: matchEqual, sensitive: true, negated: d.sign == "!="}
		textual = text(subject) && text(d.operands[0].Type())
	}
	if op.kind == matchIn && !text(subject) {
		textual = false
	}
	d.operator, d.textual = op, textual
	if textual {
		for _, v := range d.operands {
			d.texts = op.texts(d.texts, v)
		}
	}
}

// table evaluates the list of an `in (T)`.
func (d *demand) table(x *bind.InTable) error {
	var err error
	d.sign = x.Name
	if d.subject, err = d.x.value(x.Arg); err != nil {
		return err
	}
	compiled, ok := d.x.exprs.get(x).(*inTable)
	if !ok {
		return nil
	}
	list, err := compiled.list(d.x.x)
	if err != nil {
		return err
	}
	d.operands = []value.Value{list.values.value(0)}
	op, textual := parseStringOperator(x.Name)
	d.asText(op, textual, x.Arg.Type())
	return nil
}

// positive reports whether a match is wanted.
func (d *demand) positive() bool { return strings.HasPrefix(d.sign, "!") != d.want }

// maxListed bounds the values of a list that are written out.
const maxListed = 6

// wanted writes the demand as the query could.
func (d *demand) wanted() string {
	prefix := ""
	if !d.want {
		prefix = "not "
	}
	if _, ok := d.expr.(*bind.AnyColumn); ok {
		return prefix + "any column " + d.sign + " " + Literal(d.operands[0])
	}
	switch {
	case d.sign == "" && d.want:
		return "true"
	case d.sign == "":
		return "false"
	case d.sign == "between" || d.sign == "!between":
		return fmt.Sprintf("%s%s (%s .. %s)", prefix, d.sign, Literal(d.operands[0]), Literal(d.operands[1]))
	case len(d.operands) == 0:
		return prefix + d.sign + " a value of the list"
	case len(d.operands) == 1 && !d.lists():
		return prefix + d.sign + " " + Literal(d.operands[0])
	}
	var parts []string
	seen := map[string]bool{}
	for _, v := range listed(d.operands) {
		text := Literal(v)
		if len(parts) < maxListed && !seen[text] {
			parts = append(parts, text)
		}
		seen[text] = true
	}
	if more := len(seen) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return prefix + d.sign + " (" + strings.Join(parts, ", ") + ")"
}

// lists reports whether the operator takes a list.
func (d *demand) lists() bool {
	op, ok := parseStringOperator(d.sign)
	return ok && (op.kind == matchIn || op.kind == matchAnyTerm || op.kind == matchAllTerms)
}

// Literal writes a value as a literal of KQL.
func Literal(v value.Value) string {
	t := v.Type()
	switch {
	case v.IsNull():
		return t.String() + "(null)"
	case t == value.String && strings.Contains(v.Str(), `\`) && !strings.ContainsAny(v.Str(), "\"\n\r\t"):
		return `@"` + v.Str() + `"`
	case t == value.String:
		return syntax.QuoteString(v.Str())
	case t == value.DateTime, t == value.GUID, t == value.Timespan, t == value.Dynamic, t == value.Decimal:
		return t.String() + "(" + v.String() + ")"
	default:
		return v.String()
	}
}
