package kql_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// generator makes random queries over two tables, and random rows for them. The values are few, so that keys meet, and
// awkward: nulls, empty texts, terms with delimiters at their edges, other cases, texts that are numbers.
type generator struct {
	*rand.Rand
	// shuffled is set once rows come in an order that nothing promises: no operator that follows may depend on it.
	shuffled bool
}

func newGenerator(seed uint64) *generator { return &generator{Rand: rand.New(rand.NewPCG(seed, 0))} }

// generatedColumns are those of both tables of a generated database.
func generatedColumns() []value.Column {
	return []value.Column{
		{Name: "S", Type: value.String},
		{Name: "P", Type: value.String},
		{Name: "N", Type: value.Long},
		{Name: "I", Type: value.Int},
		{Name: "R", Type: value.Real},
		{Name: "T", Type: value.DateTime},
		{Name: "D", Type: value.Timespan},
		{Name: "B", Type: value.Bool},
		{Name: "J", Type: value.Dynamic},
		{Name: "G", Type: value.GUID},
	}
}

func generatedSchema() *kql.Schema {
	return bind.NewSchema("generated", []bind.Table{{Name: "A", Columns: generatedColumns()}, {Name: "Z", Columns: generatedColumns()}})
}

func pickOf[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// tables makes the rows. A row's source is its number, those of the second table from 1000 on.
func (g *generator) tables() kql.Tables { return g.tablesOf(14) }

// tablesOf makes tables of fewer rows than a number, and not less than a twentieth of it.
func (g *generator) tablesOf(rows int) kql.Tables {
	out := kql.Tables{}
	for i, name := range []string{"A", "Z"} {
		b := kql.NewBuilder(generatedColumns())
		for row := range rows/20 + g.IntN(rows-rows/20) {
			b.Append(kql.Source(1000*i+row), g.row()...)
		}
		out[name] = b.Table()
	}
	return out
}

func (g *generator) row() []value.Value {
	var cells []value.Value
	for _, c := range generatedColumns() {
		if g.IntN(6) == 0 {
			cells = append(cells, value.Null(c.Type))
			continue
		}
		cells = append(cells, g.value(c.Type))
	}
	return cells
}

func (g *generator) value(t value.Type) value.Value {
	switch t {
	case value.String:
		return value.NewString(g.text())
	case value.Real:
		return value.NewReal(pickOf(g, 0, 1, -1, 1.5, 2.25, 100, -0.5))
	case value.Dynamic:
		return value.NewDynamic(g.dynamic(2))
	case value.GUID:
		return value.NewGUID(pickOf(g, "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"))
	case value.DateTime:
		return value.NewDateTime(value.FromTime(benchNow) - value.Instant(g.Int64N(5))*value.Instant(value.Hour))
	case value.Timespan:
		return value.NewTimespan(value.Duration(g.Int64N(7)-2) * value.Hour)
	case value.Bool:
		return value.NewBool(g.IntN(2) == 0)
	default:
		return value.Convert(value.NewLong(g.Int64N(7)-2), t)
	}
}

func (g *generator) text() string {
	return pickOf(g, "", "a", "A", "b", "ab", "a-b", "A-B c", "cmd.exe", "CMD.EXE", `C:\Windows\System32\cmd.exe`, `c:\windows\system32\inetsrv\w3wp.exe`,
		"powershell -enc QQ==", "x_a_y", "é a", "éa", "É", "1", "2", "-1", "true", "k=1;j=2", "name 7 end", "10.0.0.1", " a", `{"k":1}`, "K", "\u212a")
}

func (g *generator) dynamic(depth int) any {
	switch g.IntN(8) {
	case 0:
		return g.Int64N(3)
	case 1:
		return pickOf(g, 1.5, 2.0)
	case 2:
		return g.text()
	case 3, 4:
		list := []any{}
		for range g.IntN(4) {
			if depth > 0 {
				list = append(list, g.dynamic(depth-1))
			}
		}
		return list
	case 5, 6:
		bag := value.NewBag()
		for _, k := range []string{"k", "a", "b"} {
			if depth > 0 && g.IntN(2) == 0 {
				bag.Set(k, g.dynamic(depth-1))
			}
		}
		return bag
	default:
		return g.IntN(2) == 0
	}
}

// columnSet is what a generated pipeline can refer to: names by type.
type columnSet map[string]value.Type

func (g *generator) column(c columnSet, types ...value.Type) string {
	var names []string
	for _, wanted := range generatedColumns() {
		if c[wanted.Name] == wanted.Type && (len(types) == 0 || slices.Contains(types, wanted.Type)) {
			names = append(names, wanted.Name)
		}
	}
	for _, made := range []string{"X", "Y", "W", "V"} {
		if t, ok := c[made]; ok && (len(types) == 0 || slices.Contains(types, t)) {
			names = append(names, made)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return pickOf(g, names...)
}

func allColumns() columnSet {
	c := columnSet{}
	for _, column := range generatedColumns() {
		c[column.Name] = column.Type
	}
	return c
}

// query makes a query.
func (g *generator) query() string {
	text, _ := g.pipeline(1+g.IntN(4), 2)
	switch n := g.IntN(12); {
	case n == 0 && !g.shuffled:
		rest, _ := g.pipeline(1, 0)
		return "let M = materialize(" + text + "); union M, (M | take 2), (" + rest + ")"
	case n == 1:
		return text + " | count"
	default:
		return text
	}
}

// pipeline makes a table and some operators; depth bounds the tables inside.
func (g *generator) pipeline(operators, depth int) (string, columnSet) {
	text, columns := pickOf(g, "A", "A", "Z"), allColumns()
	for range operators {
		var next string
		next, columns = g.operator(columns, depth)
		if next != "" {
			text += " | " + next
		}
	}
	return text, columns
}

func (g *generator) operator(c columnSet, depth int) (string, columnSet) {
	switch n := g.IntN(26); {
	case n < 6:
		return "where " + g.predicate(c, 2), c
	case n < 9:
		return g.extend(c)
	case n == 9:
		return g.project(c)
	case n < 14:
		return g.summarize(c)
	case n < 17 && depth > 0:
		return g.join(c, depth)
	case n == 17 && depth > 0:
		right, _ := g.pipeline(g.IntN(2), depth-1)
		return "union " + pickOf(g, "", "kind=outer ", "withsource=V ") + "(" + right + ")", columnSet{}
	case n == 18 && !g.shuffled:
		return g.sorting(c)
	case n == 19:
		if name := g.column(c, value.String, value.Long, value.Real, value.DateTime); name != "" {
			return "distinct " + name, columnSet{name: c[name]}
		}
	case n < 22:
		return g.expand(c)
	case n == 22:
		return g.parse(c)
	case n == 23:
		return g.series(c)
	case n == 24:
		return g.partition(c)
	case n == 25 && !g.shuffled:
		return "serialize X = row_number()", c
	}
	return "", c
}

// with is the columns and another one.
func (c columnSet) with(name string, t value.Type) columnSet {
	out := columnSet{name: t}
	for k, v := range c {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func (g *generator) extend(c columnSet) (string, columnSet) {
	e, t := g.scalar(c)
	name := pickOf(g, "X", "Y", "W")
	return "extend " + name + " = " + e, c.with(name, t)
}

func (g *generator) project(c columnSet) (string, columnSet) {
	out, items := columnSet{}, []string{}
	for range 1 + g.IntN(4) {
		if name := g.column(c); name != "" && out[name] == value.Unknown {
			out[name] = c[name]
			items = append(items, name)
		}
	}
	e, t := g.scalar(c)
	if _, taken := out["Y"]; !taken {
		out["Y"] = t
		items = append(items, "Y = "+e)
	}
	return "project " + strings.Join(items, ", "), out
}

func (g *generator) summarize(c columnSet) (string, columnSet) {
	out := columnSet{}
	by := ""
	if name := g.column(c, value.String, value.Long, value.Bool, value.Real, value.GUID); name != "" && g.IntN(4) > 0 {
		out[name] = c[name]
		by = " by " + name
		if second := g.column(c, value.DateTime); second != "" && g.IntN(4) == 0 {
			by += ", " + second + " = bin(" + second + ", 2h)"
			out[second] = value.DateTime
		}
	}
	e, t := g.aggregate(c)
	out["X"] = t
	text := "X = " + e
	if g.IntN(2) == 0 {
		e, t := g.aggregate(c)
		out["W"] = t
		text += ", W = " + e
	}
	if name := g.column(c, value.Long, value.DateTime, value.Real); name != "" && g.IntN(5) == 0 && !g.shuffled {
		return "summarize arg_" + pickOf(g, "max", "min") + "(" + name + ", *)" + by, columnSet{}
	}
	return "summarize " + text + by, out
}

func (g *generator) aggregate(c columnSet) (string, value.Type) {
	text, number, any := orEmpty(g.column(c, value.String)), orZero(g.column(c, value.Long, value.Real, value.Int)), orEmpty(g.column(c))
	dynamic := g.column(c, value.Dynamic)
	n := g.IntN(13)
	if g.shuffled && n > 5 && n < 12 {
		n = 0 // what is listed first depends on the order
	}
	switch n {
	case 0:
		return "count()", value.Long
	case 1:
		return "countif(" + g.predicate(c, 1) + ")", value.Long
	case 2:
		return "tolong(sum(" + number + "))", value.Long
	case 3:
		return "round(avg(" + number + "), 2)", value.Real
	case 4:
		return "tostring(" + pickOf(g, "min(", "max(") + number + "))", value.String
	case 5:
		return "dcount(" + any + ")", value.Long
	case 6:
		return "make_list(" + any + ")", value.Dynamic
	case 7:
		return "make_set(" + text + pickOf(g, ")", ", 2)"), value.Dynamic
	case 8:
		return "make_set_if(" + text + ", " + g.predicate(c, 0) + ")", value.Dynamic
	case 9:
		return "take_any(" + text + ")", value.String
	case 10:
		return "round(stdev(" + number + "), 2)", value.Real
	case 11:
		if dynamic != "" {
			return pickOf(g, "make_bag(", "make_set(", "make_list(") + dynamic + ")", value.Dynamic
		}
	}
	return "tolong(percentile(" + number + ", " + pickOf(g, "0", "50", "90", "100") + "))", value.Long
}

func (g *generator) join(c columnSet, depth int) (string, columnSet) {
	right, columns := g.pipeline(g.IntN(3), depth-1)
	kind := pickOf(g, "", "kind=inner ", "kind=innerunique ", "kind=leftouter ", "kind=rightouter ", "kind=fullouter ", "kind=leftsemi ", "kind=leftanti ",
		"kind=rightsemi ", "kind=rightanti ", "lookup", "lookup inner")
	if g.shuffled && (kind == "" || kind == "kind=innerunique ") {
		kind = "kind=inner "
	}
	g.shuffled = g.shuffled || kind == "kind=rightouter " || kind == "kind=fullouter "
	key := g.column(c)
	on := key
	if other := g.column(columns, c[key]); columns[key] != c[key] && other != "" {
		on = "$left." + key + " == $right." + other
	}
	if key == "" || on == "" {
		return "", c
	}
	out := columnSet{}
	for name, t := range c {
		if !strings.HasPrefix(kind, "kind=right") {
			out[name] = t
		}
	}
	switch kind {
	case "lookup":
		return "lookup (" + right + ") on " + on, out
	case "lookup inner":
		return "lookup kind=inner (" + right + ") on " + on, out
	}
	return "join " + kind + "(" + right + ") on " + on, out
}

func (g *generator) sorting(c columnSet) (string, columnSet) {
	name := g.column(c, value.String, value.Long, value.Real, value.DateTime, value.Timespan, value.Int, value.Bool, value.GUID)
	if name == "" {
		return "", c
	}
	key := name + pickOf(g, "", " asc", " desc", " asc nulls last", " desc nulls first")
	if second := g.column(c, value.Long, value.String); second != "" && g.IntN(2) == 0 {
		key += ", " + second + pickOf(g, "", " asc")
	}
	return pickOf(g, "sort by "+key, fmt.Sprintf("top %d by %s", g.IntN(5), name), "sort by "+key+" | extend V = prev(N)", "take 3"), c
}

func (g *generator) expand(c columnSet) (string, columnSet) {
	name := g.column(c, value.Dynamic)
	if name == "" {
		return "", c
	}
	switch g.IntN(6) {
	case 0:
		return "mv-expand " + name + " to typeof(long)", c.with(name, value.Long)
	case 1:
		return "mv-expand " + name + " to typeof(string)", c.with(name, value.String)
	case 2:
		return "mv-expand with_itemindex=Y " + name + " limit 2", c.with("Y", value.Long)
	case 3:
		return "mv-expand bagexpansion=array W = " + name, c.with("W", value.Dynamic)
	case 4:
		return "mv-apply W = " + name + " to typeof(string) on (" + pickOf(g, "where W has 'a'", "summarize V = count()", "top 1 by W asc", "take 1") + ")", columnSet{}
	default:
		return "mv-expand " + name, c
	}
}

func (g *generator) parse(c columnSet) (string, columnSet) {
	name := g.column(c, value.String)
	if name == "" {
		return "", c
	}
	pattern := pickOf(g, "X:string ' ' *", "* '=' X:string ';' *", "X:string '.' Y:string", "* 'name ' Y:long ' ' X:string", "X:string '-' *", "'k=' Y:long ';' *")
	keyword := pickOf(g, "parse ", "parse-where ", "parse kind=relaxed ")
	c = c.with("X", value.String)
	if strings.Contains(pattern, "Y:long") {
		c = c.with("Y", value.Long)
	} else if strings.Contains(pattern, "Y:string") {
		c = c.with("Y", value.String)
	}
	return keyword + name + " with " + pattern, c
}

func (g *generator) series(c columnSet) (string, columnSet) {
	axis := g.column(c, value.DateTime)
	if axis == "" {
		return "", c
	}
	by := ""
	if name := g.column(c, value.String); name != "" && g.IntN(2) == 0 {
		by = " by " + name
	}
	e := pickOf(g, "count()", "sum("+orZero(g.column(c, value.Long))+")", "dcount("+orEmpty(g.column(c, value.String))+") default=-1")
	bounds := pickOf(g, "", "from ago(4h) to now() ", "from ago(3h) ", "to now() ")
	return "make-series W = " + e + " on " + axis + " " + bounds + "step " + pickOf(g, "1h", "90m", "2h") + by, columnSet{"W": value.Dynamic}
}

func (g *generator) partition(c columnSet) (string, columnSet) {
	name := g.column(c, value.String, value.Long)
	if name == "" {
		return "", c
	}
	return "partition by " + name + " (" + pickOf(g, "where "+g.predicate(c, 1), "summarize V = count() by "+name, "where isnotnull("+name+")") + ")", columnSet{name: c[name]}
}
