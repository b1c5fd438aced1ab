package bind

import (
	_ "embed"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	functions "github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// builtinsText lists the signatures of aggregates, plugins and operators, one to a line:
//
//	section name[=canonical] naming returns [&layout] parameter...
//
// Those of scalar functions are in package function, in the same notation from naming on.
//
// section is a (aggregate), p (plugin) or o (operator). naming is how the
// result column is called: first (as the first argument), name_first (name_argument), prefix_first=p
// (p_argument), prefix=p (p), only, value, or -. returns is a type or a rule (param0, widest, common, custom ...). A parameter is
// name:kind[/restriction][~][?+*{min,max}] where kind is a type, several types a|b, or a class of types;
// ~ marks a parameter for which the text "~" means its default.
//
//go:embed builtins.txt
var builtinsText string

const unbounded = math.MaxInt32

// parameter is a parameter of a builtin or user-defined function.
type parameter struct {
	name     string
	kind     string   // a class such as "Number", or "" if types says it all
	types    []typing // the declared types
	restrict string   // "Column", "Constant", "Literal", "StarOnly" ...
	tilde    bool
	min, max int
}

// signature is one overload.
type signature struct {
	params   []parameter
	returns  string   // the rule, or "" if declared says it
	declared typing   // the type returned
	columns  []column // of a declared table
	layout   string   // "block", "custom" or ""
	user     bool     // of a function that the query declares: arguments are coerced, and may be named
}

// function is a function or operator with its overloads.
type function struct {
	name       string
	canonical  string
	naming     string
	prefix     string
	hasPrefix  bool
	signatures []signature
	results    string // of a scalar function that gives several values: name:type,name:type...
}

// catalog holds the builtins by name.
type catalog struct {
	scalars, aggregates, plugins, operators map[string]*function
}

// builtins parses the table of builtins once.
var builtins = sync.OnceValue(func() *catalog { return parseCatalog(builtinsText) })

func parseCatalog(text string) *catalog {
	c := &catalog{
		scalars: map[string]*function{}, aggregates: map[string]*function{},
		plugins: map[string]*function{}, operators: map[string]*function{},
	}
	sections := map[string]map[string]*function{"a": c.aggregates, "p": c.plugins, "o": c.operators}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || strings.HasPrefix(line, "#") {
			continue
		}
		name, canonical, _ := cutAlias(fields[0], fields[1])
		declare(sections[fields[0]], name, canonical, fields[2:])
	}
	for _, family := range functions.Families() {
		for _, f := range family.Functions {
			for _, name := range append([]string{f.Name}, f.Aliases...) {
				for _, signature := range f.Signatures {
					declare(c.scalars, name, f.Name, strings.Fields(signature))
				}
				c.scalars[name].results = f.Results
			}
		}
	}
	return c
}

// declare adds an overload: naming returns [&layout] parameter...
func declare(section map[string]*function, name, canonical string, fields []string) {
	f := section[name]
	if f == nil {
		f = &function{name: name, canonical: canonical}
		f.naming, f.prefix, f.hasPrefix = strings.Cut(fields[0], "=")
		section[name] = f
	}
	f.signatures = append(f.signatures, parseSignature(fields[1:]))
}

func cutAlias(section, field string) (name, canonical string, aliased bool) {
	if section == "o" {
		name = strings.ReplaceAll(field, "matches_regex", "matches regex")
		return name, name, false
	}
	name, canonical, aliased = strings.Cut(field, "=")
	if !aliased {
		canonical = name
	}
	return name, canonical, aliased
}

func parseSignature(fields []string) signature {
	var s signature
	returns := fields[0]
	if t, cols, ok := parseTyping(returns); ok {
		s.declared, s.columns = t, cols
	} else {
		s.returns = returns
	}
	for _, field := range fields[1:] {
		if layout, ok := strings.CutPrefix(field, "&"); ok {
			s.layout = layout
			continue
		}
		s.params = append(s.params, parseParameter(field))
	}
	return s
}

func parseParameter(field string) parameter {
	name, kind, _ := strings.Cut(field, ":")
	p := parameter{name: name, min: 1, max: 1}
	switch {
	case strings.HasSuffix(kind, "?"):
		p.min, kind = 0, kind[:len(kind)-1]
	case strings.HasSuffix(kind, "+"):
		p.max, kind = unbounded, kind[:len(kind)-1]
	case strings.HasSuffix(kind, "*"):
		p.min, p.max, kind = 0, unbounded, kind[:len(kind)-1]
	case strings.HasSuffix(kind, "}"):
		open := strings.LastIndexByte(kind, '{')
		low, high, _ := strings.Cut(kind[open+1:len(kind)-1], ",")
		p.min, p.max, kind = number(low), number(high), kind[:open]
	}
	kind, p.tilde = strings.CutSuffix(kind, "~")
	kind, p.restrict, _ = strings.Cut(kind, "/")
	for name := range strings.SplitSeq(kind, "|") {
		t, _, ok := parseTyping(name)
		if !ok {
			p.kind, p.types = kind, nil
			return p
		}
		p.types = append(p.types, t)
	}
	return p
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return unbounded
	}
	return n
}

// parseTyping reads the notation of a type: string, dynamic, array<real>, bag{a:string}, table{a:long}.
func parseTyping(s string) (typing, []column, bool) {
	if t, ok := value.ParseType(s); ok {
		return scalar(t), nil, true
	}
	switch {
	case s == "type":
		return typing{shape: typeName}, nil, true
	case s == "array":
		return typing{shape: array}, nil, true
	case s == "bag":
		return typing{shape: bag}, nil, true
	case strings.HasPrefix(s, "dynamic<"):
		t, _, ok := parseTyping(s[len("dynamic<") : len(s)-1])
		return dynamicOf(t), nil, ok
	case strings.HasPrefix(s, "array<"):
		t, _, ok := parseTyping(s[len("array<") : len(s)-1])
		return arrayOf(t), nil, ok
	case strings.HasPrefix(s, "bag{"):
		columns := parseColumns(s[len("bag{") : len(s)-1])
		props := make([]*column, len(columns))
		for i := range columns {
			props[i] = &columns[i]
		}
		return bagOf(props), nil, true
	case strings.HasPrefix(s, "table{"):
		return typing{shape: tabular}, parseColumns(s[len("table{") : len(s)-1]), true
	default:
		return typing{}, nil, false
	}
}

// parseColumns reads name:type pairs; %20 in a name stands for a space.
func parseColumns(s string) []column {
	var out []column
	for len(s) > 0 {
		end, depth := len(s), 0
		for i, r := range s {
			switch {
			case r == '{' || r == '<':
				depth++
			case r == '}' || r == '>':
				depth--
			case r == ',' && depth == 0 && end == len(s):
				end = i
			}
		}
		name, kind, _ := strings.Cut(s[:end], ":")
		t, _, _ := parseTyping(kind)
		out = append(out, column{name: strings.ReplaceAll(name, "%20", " "), typing: t})
		s = strings.TrimPrefix(s[end:], ",")
	}
	return out
}

// minimum and maximum bound the number of arguments.
func (s *signature) minimum() int {
	n := 0
	for i := range s.params {
		p := &s.params[i]
		n += p.min
	}
	return n
}

func (s *signature) maximum() int {
	n := 0
	for i := range s.params {
		p := &s.params[i]
		if p.max == unbounded {
			return unbounded
		}
		n += p.max
	}
	return n
}

func (s *signature) repeats() bool {
	for i := range s.params {
		p := &s.params[i]
		if p.max > 1 {
			return true
		}
	}
	return false
}

// Builtins lists the names of the language's own functions, aliases included, each list in
// alphabetical order.
func Builtins() (functions, aggregates, plugins []string) {
	c := builtins()
	return keys(c.scalars), keys(c.aggregates), keys(c.plugins)
}

// Declaration is an aggregate or a plugin with its overloads: naming returns [&layout] parameter...
type Declaration struct {
	Name       string // the canonical one, by which a plan calls it
	Aliases    []string
	Signatures []string
}

// Declarations lists the aggregates and the plugins of the language in alphabetical order. Those of scalar functions
// are in package function.
func Declarations() (aggregates, plugins []Declaration) {
	return declarationsOf("a"), declarationsOf("p")
}

func declarationsOf(section string) []Declaration {
	found := map[string]*Declaration{}
	for line := range strings.Lines(builtinsText) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] != section {
			continue
		}
		name, canonical, aliased := cutAlias(section, fields[1])
		d := found[canonical]
		if d == nil {
			d = &Declaration{Name: canonical}
			found[canonical] = d
		}
		switch {
		case !aliased:
			d.Signatures = append(d.Signatures, strings.Join(fields[2:], " "))
		case !slices.Contains(d.Aliases, name):
			d.Aliases = append(d.Aliases, name)
		}
	}
	var out []Declaration
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, *found[name])
	}
	return out
}
