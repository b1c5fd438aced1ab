package cmd

import (
	"strconv"
	"strings"
)

// message is an error whose text is the one Windows prints.
type message string

func (m message) Error() string { return string(m) }

// The errors of SET /A, in the words of cmd.exe.
const (
	errMissingOperand  message = "Missing operand."
	errMissingOperator message = "Missing operator."
	errParentheses     message = "Unbalanced parenthesis."
	errDivideByZero    message = "Divide by zero error."
	errInvalidNumber   message = "Invalid number.  Numeric constants are either decimal (17),\r\nhexadecimal (0x11), or octal (021)."
)

// arithmetic evaluates the expression of SET /A on 32-bit signed numbers.
type arithmetic struct {
	text string
	pos  int
	nest int
	get  lookup
	set  func(name, value string)
}

// evaluate computes the comma-separated expressions and returns the last value.
func (a *arithmetic) evaluate() (int32, error) {
	for {
		value, err := a.assignment()
		if err != nil {
			return 0, err
		}
		a.blank()
		if a.pos >= len(a.text) {
			return value, nil
		}
		if a.text[a.pos] == ')' {
			return 0, errParentheses
		}
		if a.text[a.pos] != ',' {
			return 0, errMissingOperator
		}
		a.pos++
	}
}

func (a *arithmetic) blank() {
	for a.pos < len(a.text) && (a.text[a.pos] == ' ' || a.text[a.pos] == '\t' || a.text[a.pos] == '"') {
		a.pos++
	}
}

func (a *arithmetic) assignment() (int32, error) {
	start := a.pos
	a.blank()
	name := a.name()
	a.blank()
	op, ok := a.assignOperator()
	if name == "" || !ok {
		a.pos = start
		return a.binary(0)
	}
	right, err := a.assignment()
	if err != nil {
		return 0, err
	}
	if op != "" {
		if right, err = operate(op, a.value(name), right); err != nil {
			return 0, err
		}
	}
	a.set(name, strconv.Itoa(int(right)))
	return right, nil
}

func (a *arithmetic) name() string {
	start := a.pos
	for a.pos < len(a.text) && strings.IndexByte(" \t\"()!~*/%+-<>&^|=,", a.text[a.pos]) < 0 {
		a.pos++
	}
	return a.text[start:a.pos]
}

func (a *arithmetic) assignOperator() (string, bool) {
	rest := a.text[a.pos:]
	for _, op := range []string{"<<", ">>", "*", "/", "%", "+", "-", "&", "^", "|", ""} {
		if strings.HasPrefix(rest, op+"=") {
			a.pos += len(op) + 1
			return op, true
		}
	}
	return "", false
}

// precedence lists the binary operators from the loosest to the tightest.
var precedence = [...][]string{{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}}

func (a *arithmetic) binary(level int) (int32, error) {
	if level == len(precedence) {
		return a.unary()
	}
	left, err := a.binary(level + 1)
	for err == nil {
		a.blank()
		op := ""
		for _, candidate := range precedence[level] {
			if strings.HasPrefix(a.text[a.pos:], candidate) {
				op = candidate
			}
		}
		if op == "" {
			return left, nil
		}
		a.pos += len(op)
		var right int32
		if right, err = a.binary(level + 1); err == nil {
			left, err = operate(op, left, right)
		}
	}
	return 0, err
}

func operate(op string, left, right int32) (int32, error) {
	switch op {
	case "|":
		return left | right, nil
	case "^":
		return left ^ right, nil
	case "&":
		return left & right, nil
	case "<<":
		return left << (uint32(right) & 31), nil
	case ">>":
		return left >> (uint32(right) & 31), nil
	case "+":
		return left + right, nil
	case "-":
		return left - right, nil
	case "*":
		return left * right, nil
	}
	if right == 0 {
		return 0, errDivideByZero
	}
	if op == "/" {
		return left / right, nil
	}
	return left % right, nil
}

func (a *arithmetic) unary() (int32, error) {
	a.nest++
	defer func() { a.nest-- }()
	a.blank()
	if a.pos >= len(a.text) {
		return 0, errMissingOperand
	}
	if a.nest > maxDepth {
		return 0, errParentheses
	}
	c := a.text[a.pos]
	switch c {
	case '(':
		return a.parenthesis()
	case '!', '~', '-', '+':
		a.pos++
		value, err := a.unary()
		return negate(c, value), err
	}
	word := a.name()
	if word == "" {
		return 0, errMissingOperand
	}
	if word[0] < '0' || word[0] > '9' {
		return a.value(word), nil
	}
	n, err := strconv.ParseInt(word, 0, 32)
	if err != nil || strings.Contains(word, "_") {
		return 0, errInvalidNumber
	}
	return int32(n), nil
}

func negate(op byte, value int32) int32 {
	switch op {
	case '-':
		return -value
	case '~':
		return ^value
	case '!':
		if value == 0 {
			return 1
		}
		return 0
	}
	return value
}

func (a *arithmetic) parenthesis() (int32, error) {
	a.pos++
	value, err := a.assignment()
	if err != nil {
		return 0, err
	}
	a.blank()
	if a.pos >= len(a.text) || a.text[a.pos] != ')' {
		return 0, errParentheses
	}
	a.pos++
	return value, nil
}

// value reads a variable as a number; anything else counts as zero.
func (a *arithmetic) value(name string) int32 {
	text, _ := a.get(name)
	n, err := strconv.ParseInt(strings.TrimSpace(text), 0, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}
