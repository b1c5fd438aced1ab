package bind

import (
	"slices"
	"strconv"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// nameTable hands out names that are not taken yet, by adding a number.
type nameTable map[string]int

// unique gives the name, or the next free one made of it.
func (t nameTable) unique(name string) string {
	last, taken := t[name]
	if !taken {
		t[name] = 0
		return name
	}
	for n := last + 1; ; n++ {
		candidate := name + strconv.Itoa(n)
		if _, taken := t[candidate]; !taken {
			t[name] = n
			t[candidate] = 0
			return candidate
		}
	}
}

// projection builds the output columns of an operator together with the expressions that compute them.
type projection struct {
	columns []*column
	exprs   []Expr
	// row are the columns that came from the input as they are and are not added again; where columns still has them,
	// exprs is nil if expression leaves it to the operator.
	row []*column
	// positions says where the columns are, once there are so many that to look at all of them takes longer.
	positions map[string]int
	skip      map[*column]bool
	declared  map[string]bool
	numbers   map[string]int // the last number that unique has added to a name
}

func newProjection() *projection { return &projection{} }

// fewColumns is how many columns besides those of the input are looked at one by one.
const fewColumns = 16

// keepRow begins with all columns of a row, in their places. They have no expressions.
func (p *projection) keepRow(row *relation) {
	p.row = row.all()
	p.columns = append(make([]*column, 0, len(p.row)+4), p.row...)
	p.exprs = make([]Expr, len(p.row), len(p.row)+4)
}

// addRow adds the columns of a row as they are.
func (p *projection) addRow(row *relation, declare, once bool) {
	for i, c := range row.all() {
		added := p.add(c, columnAt(i, c), "", false, once)
		if declare && added != nil {
			p.declare(added.name)
		}
	}
}

// columnAt is the plain reference to a column of the input.
func columnAt(i int, c *column) Expr {
	return &Column{Typed: Typed{Result: c.typing.valueType()}, Index: i, Name: c.name}
}

// find gives the position of a column, or -1.
func (p *projection) find(name string) int {
	if p.positions == nil && len(p.columns)-len(p.row) > fewColumns {
		p.positions = make(map[string]int, 2*len(p.columns))
		for i, c := range p.columns {
			p.positions[c.name] = i
		}
	}
	if p.positions != nil {
		if i, ok := p.positions[name]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(p.columns, func(c *column) bool { return c.name == name })
}

// unique gives the name of a column, or the next free one made of base (of the name itself if base is empty).
func (p *projection) unique(name, base string) string {
	if p.find(name) < 0 {
		return name
	}
	if base == "" {
		base = name
	}
	for n := p.numbers[name] + 1; ; n++ {
		candidate := base + strconv.Itoa(n)
		if p.find(candidate) < 0 {
			if p.numbers == nil {
				p.numbers = map[string]int{}
			}
			p.numbers[name] = n
			return candidate
		}
	}
}

// once says that a column is not to be added again.
func (p *projection) once(c *column) {
	if p.skip == nil {
		p.skip = map[*column]bool{}
	}
	p.skip[c] = true
}

// declare says that the query has named a column.
func (p *projection) declare(name string) {
	if p.declared == nil {
		p.declared = map[string]bool{}
	}
	p.declared[name] = true
}

// add adds a column under a name that is free. With replace it takes the place of a column of the same name; with once
// the same column is not added again.
func (p *projection) add(c *column, e Expr, base string, replace, once bool) *column {
	if c.name == "" || p.skip[c] || slices.Contains(p.row, c) {
		return c
	}
	if i := p.find(c.name); i >= 0 && replace {
		p.columns[i], p.exprs[i] = c, e
	} else {
		if i >= 0 {
			c = &column{name: p.unique(c.name, base), typing: c.typing}
		}
		if p.positions != nil {
			p.positions[c.name] = len(p.columns)
		}
		p.columns = append(p.columns, c)
		p.exprs = append(p.exprs, e)
	}
	if once {
		p.once(c)
	}
	return c
}

// declare adds a column that the query names; naming two columns alike is an error.
func (b *binder) declare(p *projection, c *column, e Expr, at syntax.Span, replace bool) {
	if p.declared[c.name] {
		b.report("KS171", at, "a column with the name '%s' is already declared", c.name)
		return
	}
	if i := p.find(c.name); i >= 0 && replace {
		p.columns[i], p.exprs[i] = c, e
		p.declare(c.name)
		return
	}
	if added := p.add(c, e, "", false, false); added != nil {
		p.declare(added.name)
	}
}

// rename gives a column another name.
func (b *binder) rename(p *projection, from, to string, at syntax.Span) {
	i := p.find(from)
	if i < 0 {
		return
	}
	if p.declared[to] {
		b.report("KS171", at, "a column with the name '%s' is already declared", to)
		return
	}
	p.columns[i] = &column{name: to, typing: p.columns[i].typing}
	if p.positions != nil {
		delete(p.positions, from)
		p.positions[to] = i
	}
	p.declare(to)
}

// style is how an operator uses its list of columns.
type style uint8

const (
	plainStyle style = iota
	extendStyle
	replaceStyle
	printStyle
	summarizeStyle
)

func (s style) replaces() bool { return s == extendStyle || s == replaceStyle }

// item is an element of a list of columns, bound.
type item struct {
	names []*syntax.Name
	tuple bool
	value *bound
}

// bindItems binds a list of columns against the current row.
func (b *binder) bindItems(list []*syntax.NamedExpr) []*item {
	out := make([]*item, 0, len(list))
	for _, n := range list {
		out = append(out, b.bindItem(n))
	}
	return out
}

func (b *binder) bindItem(n *syntax.NamedExpr) *item {
	if n == nil {
		return &item{value: bad(nil)}
	}
	return &item{names: n.Names, tuple: n.Tuple, value: b.bindExpr(n.Value)}
}

func values(items []*item) []*bound {
	out := make([]*bound, len(items))
	for i, it := range items {
		out[i] = it.value
	}
	return out
}

// placing is how one item enters a projection.
type placing struct {
	style style
	once  bool
	// typing is the type of the column if it is not that of the expression.
	typing *typing
	// name is the name of the column if nothing else gives one.
	name string
}

func (pl placing) typeOf(t typing) typing {
	if pl.typing != nil {
		return *pl.typing
	}
	if !t.isScalar() {
		return typing{shape: unknown}
	}
	return t
}

// place adds an item to a projection, under the name that Kusto gives it.
func (b *binder) place(p *projection, it *item, pl placing) {
	switch {
	case it.value == nil:
	case it.tuple:
		b.placeTuple(p, it, pl)
	case len(it.names) > 0:
		b.placeNamed(p, it, pl)
	case it.value.star:
		for i, c := range b.row.all() {
			p.add(c, columnAt(i, c), "", true, pl.once)
		}
	case it.value.isCall():
		b.placeCall(p, it.value, pl)
	default:
		b.placePlain(p, it.value, pl)
	}
}

func (b *binder) placeNamed(p *projection, it *item, pl placing) {
	v, name := it.value, it.names[0]
	if len(v.values()) > 0 {
		first := v.values()[0]
		b.declare(p, &column{name: name.Text, typing: pl.typeOf(first.typing)}, v.part(0), name.Span(), true)
		if pl.style == printStyle {
			return
		}
		for i := 1; i < len(v.values()); i++ {
			b.placeValue(p, v, i, pl)
		}
		return
	}
	replace := v.column != nil || pl.style.replaces()
	b.declare(p, &column{name: name.Text, typing: pl.typeOf(v.typing)}, v.expr, name.Span(), replace)
	if v.column != nil && pl.once {
		p.once(v.column)
	}
}

// placeValue adds one of several values under the function's own name for it.
func (b *binder) placeValue(p *projection, v *bound, i int, pl placing) {
	c := v.values()[i]
	if v.several.prefix != "" {
		c = &column{name: v.several.prefix + "_" + c.name, typing: c.typing}
	}
	p.add(c, v.part(i), "", false, pl.once)
}

func (b *binder) placeTuple(p *projection, it *item, pl placing) {
	v := it.value
	if len(v.values()) == 0 {
		if len(it.names) != 1 {
			if v.typing.shape != invalid {
				b.report("KS149", it.names[0].Span(), "the expression does not have multiple named values")
			}
			for _, name := range it.names {
				b.declare(p, &column{name: name.Text, typing: typing{shape: unknown}}, v.expr, name.Span(), true)
			}
			return
		}
		b.placeNamed(p, it, pl)
		return
	}
	for i, c := range v.values() {
		switch {
		case i < len(it.names):
			name := it.names[i]
			b.declare(p, &column{name: name.Text, typing: pl.typeOf(c.typing)}, v.part(i), name.Span(), pl.style.replaces())
		case pl.style != printStyle:
			b.placeValue(p, v, i, pl)
		}
	}
	for _, name := range it.names[min(len(v.values()), len(it.names)):] {
		b.report("KS150", name.Span(), "the name does not have a corresponding expression")
	}
}

func (b *binder) placeCall(p *projection, v *bound, pl placing) {
	switch {
	case v.result != nil:
		b.declare(p, pl.retype(v.result), v.expr, v.span(), pl.style == replaceStyle)
		if pl.once {
			p.once(v.result)
		}
	case pl.style == printStyle && pl.name != "" && len(v.values()) < 2:
		p.add(&column{name: pl.name, typing: pl.typeOf(v.typing)}, v.part(0), pl.name, false, false)
	case len(v.values()) > 0:
		for i := range v.values() {
			b.placeValue(p, v, i, pl)
		}
	default:
		name := b.resultName(v, pl)
		p.add(&column{name: name, typing: pl.typeOf(v.typing)}, v.expr, "", pl.style.replaces(), false)
	}
}

// retype is the column with the type that the operator gives it.
func (pl placing) retype(c *column) *column {
	if pl.typing == nil || equal(*pl.typing, c.typing) {
		return c
	}
	return &column{name: c.name, typing: *pl.typing}
}

func (b *binder) placePlain(p *projection, v *bound, pl placing) {
	switch {
	case v.result != nil:
		b.declare(p, pl.retype(v.result), v.expr, v.span(), pl.style == replaceStyle)
		if pl.once {
			p.once(v.result)
		}
	case pl.style == printStyle && pl.name != "":
		p.add(&column{name: pl.name, typing: pl.typeOf(v.typing)}, v.expr, pl.name, false, false)
	default:
		name := b.resultName(v, pl)
		p.add(&column{name: name, typing: pl.typeOf(v.typing)}, v.expr, "", pl.style.replaces(), false)
	}
}

// resultName is the name of a column that the query does not name.
func (b *binder) resultName(v *bound, pl placing) string {
	switch {
	case v.hasName:
		return v.name
	case pl.name != "":
		return pl.name
	default:
		return b.defaultName(pl.style == extendStyle)
	}
}

// defaultName is Column1, Column2 ..., whichever is not the name of something.
func (b *binder) defaultName(withRow bool) string {
	for {
		name := "Column" + strconv.Itoa(b.nextColumn)
		b.nextColumn++
		_, c := b.row.find(name)
		if (c == nil || !withRow) && b.scope.find(name) == nil {
			return name
		}
	}
}
