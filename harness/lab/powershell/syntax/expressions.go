package syntax

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Operator precedence, lowest first; a comma list binds tighter than all of them.
const (
	precLogical = iota + 1
	precBitwise
	precComparison
	precAdditive
	precMultiplicative
	precFormat
	precRange
)

// wordPrecedence gives the precedence of a named binary operator, or 0.
func wordPrecedence(name string) int {
	switch name {
	case "and", "or", "xor":
		return precLogical
	case "band", "bor", "bxor":
		return precBitwise
	case "is", "isnot", "as", "shl", "shr":
		return precComparison
	case "f":
		return precFormat
	}
	base := name
	if len(name) > 1 && (name[0] == 'c' || name[0] == 'i') {
		if comparison(name[1:]) {
			base = name[1:]
		}
	}
	if comparison(base) {
		return precComparison
	}
	return 0
}

func comparison(name string) bool {
	switch name {
	case "eq", "ne", "gt", "ge", "lt", "le", "like", "notlike", "match", "notmatch", "contains", "notcontains", "in", "notin",
		"replace", "split", "join":
		return true
	}
	return false
}

// expr parses an expression with all binary operators.
func (p *parser) expr() Expr { return p.binary(precLogical) }

// operator returns the binary operator at the position with its precedence and width, or 0.
func (p *parser) operator() (name string, prec, width int) {
	if p.has("..") {
		return "..", precRange, 2
	}
	switch c := p.peek(); c {
	case '+':
		if p.at(1) == '=' || p.at(1) == '+' {
			return "", 0, 0
		}
		return "+", precAdditive, 1
	case '*', '/', '%':
		if p.at(1) == '=' || c == '*' && p.at(1) == '>' {
			return "", 0, 0
		}
		return string(c), precMultiplicative, 1
	}
	d := p.dash()
	if d == 0 {
		return "", 0, 0
	}
	end := p.pos + d
	for end < len(p.text) && isLetter(p.text[end]) {
		end++
	}
	word := strings.ToLower(p.text[p.pos+d : end])
	if word == "" {
		if p.at(d) == '=' || p.at(d) == '-' {
			return "", 0, 0
		}
		return "-", precAdditive, d
	}
	return word, wordPrecedence(word), end - p.pos
}

func (p *parser) binary(prec int) Expr {
	if prec > precRange {
		return p.commaList()
	}
	if !p.enter() {
		return &Number{}
	}
	defer p.leave()
	start := p.pos
	left := p.binary(prec + 1)
	for p.err == nil {
		p.skipSpace()
		op, opPrec, width := p.operator()
		if opPrec != prec {
			break
		}
		opSpan := Span{p.pos, p.pos + width}
		p.pos += width
		p.skipBlank()
		if c := p.peek(); p.eof() || c == ')' || c == '}' || c == ';' || c == '|' {
			p.fail(opSpan.Start, "ExpectedValueExpression", "You must provide a value expression following the '"+
				p.text[opSpan.Start:opSpan.End]+"' operator.")
			break
		}
		right := p.binary(prec + 1)
		left = &Binary{Span: Span{start, right.Extent().End}, Op: op, OpSpan: opSpan, Left: left, Right: right}
	}
	return left
}

func (p *parser) commaList() Expr {
	start := p.pos
	first := p.unary()
	if p.noComma {
		return first
	}
	items := []Expr{first}
	for p.err == nil {
		save := p.pos
		p.skipSpace()
		if p.peek() != ',' {
			p.pos = save
			break
		}
		p.next()
		p.skipBlank()
		if c := p.peek(); p.eof() || c == ')' || c == '}' || c == ';' {
			p.fail(save, "MissingExpressionAfterToken", "Missing expression after ','.")
			break
		}
		items = append(items, p.unary())
	}
	if len(items) == 1 {
		return first
	}
	return &Array{Span{start, items[len(items)-1].Extent().End}, items}
}

// unaryWord returns the named prefix operator whose name begins at the offset, or "".
func (p *parser) unaryWord(at int) string {
	end := p.pos + at
	for end < len(p.text) && isLetter(p.text[end]) {
		end++
	}
	switch w := strings.ToLower(p.text[min(p.pos+at, end):end]); w {
	case "not", "bnot", "split", "isplit", "csplit", "join":
		return w
	}
	return ""
}

func (p *parser) unary() Expr {
	if !p.enter() {
		return &Number{}
	}
	defer p.leave()
	start := p.pos
	op, width := p.prefix()
	if op != "" {
		p.pos += width
		p.skipBlank()
		if p.eof() {
			p.fail(start, "MissingExpressionAfterOperator", "Missing expression after unary operator '"+p.text[start:start+width]+"'.")
			return &Number{}
		}
		operand := p.unary()
		span := Span{start, operand.Extent().End}
		if n, ok := operand.(*Number); ok && p.err == nil && op == "-" && n.Text != "" && n.Text[0] != '-' {
			n.negate()
			n.Span, n.Text = span, p.text[span.Start:span.End]
			return n
		}
		if op == "," {
			return &Array{span, []Expr{operand}}
		}
		return &Unary{Span: span, Op: op, Operand: operand}
	}
	if p.peek() == '[' {
		return p.bracket()
	}
	return p.postfix(p.primary(), false)
}

func (p *parser) prefix() (op string, width int) {
	switch p.peek() {
	case '!':
		return "not", 1
	case ',':
		return ",", 1
	case '+':
		if p.at(1) == '+' {
			return "++", 2
		}
		return "+", 1
	}
	d := p.dash()
	if d == 0 {
		return "", 0
	}
	if p.at(d) == '-' {
		return "--", d + 1
	}
	if w := p.unaryWord(d); w != "" {
		return w, d + len(w)
	}
	return "-", d
}

// bracket parses what begins with `[`: a cast, an attribute before a variable, or a type with its static members.
func (p *parser) bracket() Expr {
	start := p.pos
	if a := p.tryAttribute(); a != nil || p.err != nil {
		p.skipBlank()
		operand := p.unary()
		return &Attributed{Span{start, operand.Extent().End}, a, operand}
	}
	t := p.typeLiteral()
	save := p.pos
	p.skipSpace()
	if p.castFollows() {
		p.skipBlank()
		operand := p.unary()
		return &Cast{Span{start, operand.Extent().End}, t, operand}
	}
	p.pos = save
	return p.postfix(&TypeLiteral{Span{start, save}, t}, false)
}

func (p *parser) castFollows() bool {
	if p.eof() {
		return false
	}
	if kind, _ := p.quote(); kind != 0 {
		return true
	}
	c := p.peek()
	if d := p.dash(); d > 0 {
		return isDigit(p.at(d)) || p.at(d) == '$' || p.at(d) == '(' || p.unaryWord(d) != ""
	}
	return c == '$' || c == '(' || c == '@' || c == '[' || c == '{' || c == '!' || isDigit(c) || c == '.' && isDigit(p.at(1)) ||
		c == '+' && p.at(1) != '+'
}

func (p *parser) primary() Expr {
	start := p.pos
	if kind, _ := p.quote(); kind != 0 {
		return p.quoted()
	}
	switch c := p.peek(); {
	case p.eof():
		p.fail(start, "ExpectedExpression", "An expression was expected.")
		return &Number{}
	case c == '$':
		return p.dollar()
	case c == '(':
		return p.paren()
	case c == '@':
		return p.atSign()
	case c == '{':
		return &ScriptBlock{Body: p.bracedScript(), Span: Span{start, p.pos}}
	case isDigit(c) || c == '.' && isDigit(p.at(1)):
		if n := p.number(); n != nil {
			return n
		}
	}
	p.unexpected()
	return &Number{}
}

func (p *parser) dollar() Expr {
	start := p.pos
	e := p.variable()
	if _, literal := e.(*String); literal {
		p.pos = start
		p.unexpected()
	}
	return e
}

// atSign parses what begins with an at sign.
func (p *parser) atSign() Expr {
	start := p.pos
	switch c := p.at(1); {
	case c == '(':
		p.pos += 2
		restore := p.commas(true)
		b := p.statements()
		restore()
		p.expect(')', start, "MissingEndParenthesisInExpression", "Missing closing ')' in expression.")
		return &ArrayExpr{Span{start, p.pos}, b}
	case c == '{':
		return p.hash()
	case isIdentifier(c) && c < 0x80:
		s := p.splat()
		p.fail(start, "SplattingNotPermitted", "The splatting operator '@' cannot be used to reference variables in an expression. "+
			p.text[start:p.pos]+" can be used only as an argument to a command.")
		return s
	}
	p.next()
	if kind, _ := p.quote(); kind != 0 {
		p.pos--
		return p.hereString()
	}
	p.pos = start
	p.fail(start, "UnrecognizedToken", "Unrecognized token in source text.")
	return &Number{}
}

func (p *parser) paren() Expr {
	start := p.pos
	p.next()
	defer p.commas(true)()
	p.skipBlank()
	if p.peek() == ')' || p.eof() {
		p.fail(start, "ExpectedExpression", "An expression was expected after '('.")
		return &Paren{}
	}
	s := p.pipelineStatement()
	p.expect(')', start, "MissingEndParenthesisInExpression", "Missing closing ')' in expression.")
	return &Paren{Span{start, p.pos}, s}
}

func (p *parser) hash() Expr {
	h := &Hash{Span: Span{Start: p.pos}}
	p.pos += 2
	defer p.commas(true)()
	for p.skipSeparators(); !p.eof() && p.peek() != '}'; p.skipSeparators() {
		key := p.hashKey()
		p.skipBlank()
		if !p.accept("=") {
			p.fail(p.pos, "MissingEqualsInHashLiteral", "Missing '=' operator after key in hash literal.")
			return h
		}
		p.skipBlank()
		if c := p.peek(); p.eof() || c == '}' || c == ';' {
			p.fail(p.pos, "MissingStatementInHashLiteral", "Missing statement after '=' in hash literal.")
			return h
		}
		h.Keys, h.Values = append(h.Keys, key), append(h.Values, p.statement())
		p.skipSpace()
		if c := p.peek(); !p.eof() && c != ';' && c != '}' && !isNewline(c) {
			p.fail(p.pos, "IncompleteHashLiteral", "The hash literal was incomplete.")
			return h
		}
	}
	p.expect('}', h.Start, "MissingEndCurlyBrace", "Missing closing '}' in statement block or type definition.")
	h.End = p.pos
	return h
}

func (p *parser) hashKey() Expr {
	if w := p.word(); w != "" && isLetter(w[0]) {
		start := p.pos
		for !p.eof() && (isIdentifier(p.peek()) || p.peek() == '-' || p.peek() == '.') {
			p.next()
		}
		return &String{Span: Span{start, p.pos}, Value: p.text[start:p.pos], Bare: true}
	}
	defer p.commas(false)()
	return p.unary()
}

// postfix parses member accesses, calls, indexes and increments that follow without white space.
func (p *parser) postfix(e Expr, argument bool) Expr {
	for p.err == nil && !p.eof() {
		switch {
		case p.has("::"):
			e = p.member(e, true)
		case p.peek() == '.' && p.at(1) != '.' && p.memberFollows(argument):
			e = p.member(e, false)
		case p.peek() == '[':
			e = p.index(e)
		case !argument && (p.has("++") || p.has("--")) && assignable(e):
			e = &Unary{Span: Span{e.Extent().Start, p.pos + 2}, Op: p.text[p.pos : p.pos+2], Operand: e, Postfix: true}
			p.pos += 2
		default:
			return e
		}
	}
	return e
}

func (p *parser) memberFollows(argument bool) bool {
	c := p.at(1)
	if isIdentifier(c) || c == '$' || c == '(' || c == '\'' || c == '"' {
		return true
	}
	return !argument && (c == ' ' || isNewline(c))
}

func (p *parser) member(target Expr, static bool) Expr {
	p.next()
	if static {
		p.next()
	}
	p.skipBlank()
	name := p.memberName()
	start := target.Extent().Start
	if p.err == nil && p.peek() == '(' && !p.eof() {
		open := p.pos
		p.next()
		args := p.arguments(open)
		return &Invoke{Span{start, p.pos}, target, name, static, args}
	}
	return &Member{Span{start, p.pos}, target, name, static}
}

func (p *parser) memberName() Expr {
	start := p.pos
	if kind, _ := p.quote(); kind != 0 {
		return p.quoted()
	}
	switch p.peek() {
	case '$':
		return p.dollar()
	case '(':
		return p.paren()
	}
	w := p.variableWord()
	if w == "" {
		p.fail(start, "MissingPropertyName", "Missing property name after reference operator.")
	}
	p.pos += len(w)
	return &String{Span: Span{start, p.pos}, Value: w, Bare: true}
}

// arguments parses method arguments up to the closing parenthesis; the opening one is behind the position.
func (p *parser) arguments(open int) []Expr {
	defer p.commas(false)()
	var args []Expr
	for p.skipBlank(); !p.eof() && p.peek() != ')'; p.skipBlank() {
		args = append(args, p.expr())
		p.skipBlank()
		if !p.accept(",") {
			break
		}
		p.skipBlank()
		if p.peek() == ')' {
			p.fail(p.pos, "MissingExpressionAfterToken", "Missing expression after ','.")
		}
	}
	p.expect(')', open, "MissingEndParenthesisInMethodCall", "Missing ')' in method call.")
	return args
}

func (p *parser) index(target Expr) Expr {
	open := p.pos
	p.next()
	restore := p.commas(true)
	p.skipBlank()
	i := p.expr()
	restore()
	p.expect(']', open, "MissingEndSquareBracket", "Missing ] at end of index expression.")
	return &Index{Span{target.Extent().Start, p.pos}, target, i}
}

// commas says whether a comma makes an array from here on, until the function that it returns is called.
func (p *parser) commas(arrays bool) (restore func()) {
	outer := p.noComma
	p.noComma = !arrays
	return func() { p.noComma = outer }
}

// typeLiteral parses `[name]`.
func (p *parser) typeLiteral() *TypeName {
	start := p.pos
	p.next()
	p.skipBlank()
	t := p.typeName()
	p.skipBlank()
	if p.err == nil && !p.accept("]") {
		p.fail(start, "EndSquareBracketExpectedAtEndOfAttribute", "Missing ] at end of attribute or type literal.")
	}
	return t
}

// typeName parses a name with generic arguments and array ranks; an assembly name after a comma is passed over.
func (p *parser) typeName() *TypeName {
	t := &TypeName{Span: Span{Start: p.pos}}
	if !p.enter() {
		return t
	}
	defer p.leave()
	for !p.eof() && (isIdentifier(p.peek()) || p.peek() == '.' || p.peek() == '+' || p.peek() == '`') {
		p.next()
	}
	t.Name = strings.TrimPrefix(p.text[t.Start:p.pos], "System.")
	if t.Name == "" {
		p.fail(p.pos, "MissingTypename", "Missing type name after '['.")
		return t
	}
	for p.err == nil && p.peek() == '[' && !p.eof() {
		p.next()
		p.skipBlank()
		for p.accept(",") {
			p.skipBlank()
		}
		if p.accept("]") {
			if t.Array {
				t = &TypeName{Name: t.Name, Array: true, Args: t.Args, Span: t.Span}
			}
			t.Array = true
			continue
		}
		p.typeArguments(t)
	}
	p.assemblyName()
	t.End = p.pos
	return t
}

func (p *parser) typeArguments(t *TypeName) {
	for p.err == nil {
		p.skipBlank()
		if p.peek() == '[' {
			t.Args = append(t.Args, p.typeLiteral())
		} else {
			t.Args = append(t.Args, p.typeName())
		}
		p.skipBlank()
		if !p.accept(",") {
			break
		}
	}
	if p.err == nil && !p.accept("]") {
		p.fail(p.pos, "EndSquareBracketExpectedAtEndOfAttribute", "Missing ] at end of attribute or type literal.")
	}
}

func (p *parser) assemblyName() {
	save := p.pos
	p.skipSpace()
	if !p.accept(",") || p.depth == 0 {
		p.pos = save
		return
	}
	p.skipSpace()
	name := p.word()
	rest := p.text[p.pos:]
	end := strings.IndexByte(rest, ']')
	if name == "" || end < 0 || !strings.Contains(rest[:end], "=") && strings.ContainsAny(rest[:end], "[, ") {
		p.pos = save
		return
	}
	if strings.Contains(rest[:end], "=") || strings.Contains(name, "mscorlib") || strings.HasPrefix(rest, "System.") {
		p.pos += end
		return
	}
	p.pos = save
}

// number parses a numeric literal at the position, or returns nil without moving.
func (p *parser) number() *Number {
	start := p.pos
	n := &Number{}
	if p.has("0x") || p.has("0X") {
		end := p.pos + 2
		for end < len(p.text) && strings.IndexByte("0123456789abcdefABCDEF", p.text[end]) >= 0 {
			end++
		}
		digits := p.text[p.pos+2 : end]
		p.pos = end
		n.Value = hexValue(digits)
		if digits == "" || n.Value == nil {
			p.pos = start
			return nil
		}
	} else if !p.decimalNumber(n) {
		p.pos = start
		return nil
	}
	p.suffix(n)
	if isIdentifier(p.peek()) && !p.eof() {
		p.pos = start
		return nil
	}
	n.Span = Span{start, p.pos}
	n.Text = p.text[start:p.pos]
	return n
}

func hexValue(digits string) any {
	u, err := strconv.ParseUint(digits, 16, 64)
	switch {
	case err != nil:
		return nil
	case len(digits) <= 8:
		return int32(uint32(u))
	}
	return int64(u)
}

func (p *parser) decimalNumber(n *Number) bool {
	start := p.pos
	real := false
	digits := func() {
		for isDigit(p.peek()) {
			p.next()
		}
	}
	digits()
	if p.peek() == '.' && p.at(1) != '.' && !isLetter(p.at(1)) {
		real = true
		p.next()
		digits()
	}
	if c := p.peek(); (c == 'e' || c == 'E') && (isDigit(p.at(1)) || (p.at(1) == '+' || p.at(1) == '-') && isDigit(p.at(2))) {
		real = true
		p.pos += 2
		digits()
	}
	text := p.text[start:p.pos]
	if text == "." || text == "" {
		return false
	}
	n.Value = decimalValue(text, real)
	return true
}

func decimalValue(text string, real bool) any {
	if !real {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			if i >= math.MinInt32 && i <= math.MaxInt32 {
				return int32(i)
			}
			return i
		}
	}
	f, _ := strconv.ParseFloat(text, 64)
	return f
}

// suffix applies a type suffix (l, d) and a multiplier (kb to pb).
func (p *parser) suffix(n *Number) {
	switch p.peek() {
	case 'l', 'L':
		p.next()
		if f, ok := n.Value.(float64); ok {
			n.Value = int64(f)
		} else if i, ok := n.Value.(int32); ok {
			n.Value = int64(i)
		}
	case 'd', 'D':
		p.next()
		n.Decimal = true
	}
	if i := strings.IndexByte("kmgtp", p.peek()|0x20); i >= 0 && !p.eof() && p.at(1)|0x20 == 'b' {
		p.pos += 2
		n.multiply(int64(1) << (10 * (i + 1)))
	}
}

func (n *Number) multiply(by int64) {
	switch v := n.Value.(type) {
	case int32:
		n.setInteger(new(big.Int).Mul(big.NewInt(int64(v)), big.NewInt(by)))
	case int64:
		n.setInteger(new(big.Int).Mul(big.NewInt(v), big.NewInt(by)))
	case float64:
		n.Value = v * float64(by)
	}
}

func (n *Number) setInteger(i *big.Int) {
	switch {
	case !i.IsInt64():
		f, _ := new(big.Float).SetInt(i).Float64()
		n.Value = f
	case i.Int64() >= math.MinInt32 && i.Int64() <= math.MaxInt32:
		n.Value = int32(i.Int64())
	default:
		n.Value = i.Int64()
	}
}

func (n *Number) negate() {
	switch v := n.Value.(type) {
	case int32:
		n.setInteger(big.NewInt(-int64(v)))
	case int64:
		n.setInteger(new(big.Int).Neg(big.NewInt(v)))
	case float64:
		n.Value = -v
	}
}
