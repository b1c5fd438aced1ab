package bind

import (
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// result is the type that a chosen overload gives.
func (b *binder) result(f *function, c *call) typing {
	s := c.signature
	argument := func(i int) typing {
		for j, p := range c.params {
			if i < len(s.params) && p == &s.params[i] {
				return c.types[j]
			}
		}
		return typing{shape: unknown}
	}
	switch s.returns {
	case "":
		return s.declared
	case "param0":
		return argument(0)
	case "param1":
		return argument(1)
	case "array0":
		return arrayOf(argument(0))
	case "promoted0":
		return promoteToLong(argument(0))
	case "common", "commonscalar":
		t, ok := c.commonType(s.returns == "commonscalar")
		if !ok {
			return typing{shape: unknown}
		}
		return t
	case "widest":
		if t := widest(c.types); t.shape != invalid {
			return promoteToLong(t)
		}
		return c.firstScalar()
	case "literal0", "literal1", "literaln":
		return c.literalType(s.returns)
	case "custom":
		return b.customResult(f, c)
	default:
		return typing{shape: unknown}
	}
}

// firstScalar is the type of the first argument: bin() of a datetime is a datetime.
func (c *call) firstScalar() typing {
	if len(c.types) == 0 || !c.types[0].isScalar() {
		return typing{shape: unknown}
	}
	return c.types[0]
}

// literalType is the type named by a typeof() argument.
func (c *call) literalType(rule string) typing {
	i := len(c.args) - 1
	switch rule {
	case "literal0":
		i = 0
	case "literal1":
		i = 1
	}
	if i < 0 || i >= len(c.args) {
		return typing{shape: unknown}
	}
	named := c.args[i].schema.all()
	if len(named) != 1 {
		return typing{shape: unknown}
	}
	return named[0].typing
}

// customResult is the type of the functions that have a rule of their own.
func (b *binder) customResult(f *function, c *call) typing {
	name := ""
	if f != nil {
		name = f.name
	}
	switch name {
	case "unary-", "unary+":
		if len(c.types) == 1 && c.types[0].is(value.Int) && !c.args[0].constant {
			return scalar(value.Long)
		}
		return c.firstOr(unknown)
	case "ceiling":
		// Of a constant, even a whole one, the engine makes a real.
		if len(c.args) == 1 && c.args[0].constant {
			return scalar(value.Real)
		}
		return c.firstOr(unknown)
	case "datetime_part", "datepart":
		return datetimePart(c)
	case "bin_auto":
		return promoteToLong(c.firstOr(unknown))
	case "array_concat":
		return commonOr(c.types, exact, typing{shape: array})
	case "array_iff", "array_iif":
		if len(c.types) > 1 && c.types[1].isDynamic() {
			return c.types[1]
		}
		return arrayOf(c.firstOf(1))
	case "pack_array":
		if t, ok := commonOf(c.types, promoted); ok && !anyStar(c.args) {
			return arrayOf(t)
		}
		return typing{shape: array}
	case "set_union", "set_intersect", "set_difference":
		if t, ok := commonOf(c.types, promoted); ok && t.shape == array {
			return t
		}
		return typing{shape: array}
	case "map":
		return arrayOf(c.firstOf(1))
	}
	return b.bagResult(name, c)
}

// datetimePart is the type of datetime_part(): the engine gives the week of an instant that is written out, and of no
// other, as an int.
func datetimePart(c *call) typing {
	if len(c.args) == 2 && c.args[1].literal {
		if part, _ := c.args[0].text(); strings.EqualFold(part, "week_of_year") || strings.EqualFold(part, "weekofyear") {
			return scalar(value.Int)
		}
	}
	return scalar(value.Long)
}

func anyStar(args []*bound) bool {
	for _, a := range args {
		if a.star {
			return true
		}
	}
	return false
}

func (c *call) firstOf(i int) typing {
	if i < len(c.types) {
		return c.types[i]
	}
	return typing{shape: anything}
}

// firstOr is the type of the first argument; a call that was reported may have none.
func (c *call) firstOr(absent shape) typing {
	if len(c.types) == 0 {
		return typing{shape: absent}
	}
	return c.types[0]
}

func commonOr(types []typing, allowed conversion, otherwise typing) typing {
	if t, ok := commonOf(types, allowed); ok && t.shape != invalid {
		return t
	}
	return otherwise
}

// bagResult is the type of the functions that build an object.
func (b *binder) bagResult(name string, c *call) typing {
	var props []*column
	switch name {
	case "pack", "pack_dictionary", "bag_pack":
		for i := 0; i+1 < len(c.args); i += 2 {
			if key, ok := c.args[i].text(); ok {
				props = append(props, &column{name: key, typing: c.types[i+1]})
			}
		}
	case "bag_pack_columns":
		for _, a := range c.args {
			if a.column != nil {
				props = append(props, a.column)
			}
		}
	case "pack_all":
		props = b.row.all()
	case "bag_merge":
		for _, t := range c.types {
			if t.shape != bag {
				return typing{shape: bag}
			}
			props = mergeProperties(props, t.props())
		}
	case "bag_set_key", "bag_remove_keys":
		if len(c.types) == 3 && c.types[0].shape == bag {
			if key, ok := c.args[1].text(); ok && !strings.HasPrefix(key, "$") {
				props = mergeProperties([]*column{{name: key, typing: c.types[2]}}, c.types[0].props())
			}
		}
	case "series_stats_dynamic", "series_fit_line_dynamic", "series_fit_2lines_dynamic":
	default:
		return typing{shape: anything}
	}
	return bagOf(props)
}

func mergeProperties(a, b []*column) []*column {
	out := append([]*column(nil), a...)
	for _, p := range b {
		known := false
		for _, q := range a {
			known = known || q.name == p.name
		}
		if !known {
			out = append(out, p)
		}
	}
	return out
}

// severalValues are the columns of a scalar function that gives several values; nil for all others.
func (b *binder) severalValues(f *function, c *call) []*column {
	if f.name == "array_sort_asc" || f.name == "array_sort_desc" {
		return sortedArrays(c)
	}
	if f.results == "" {
		return nil
	}
	prefix := f.name
	if len(c.args) > 0 && c.args[0].hasName && c.args[0].name != "" {
		prefix += "_" + c.args[0].name
	} else if len(c.args) > 0 {
		prefix += "_"
	}
	var out []*column
	for _, col := range parseColumns(f.results) {
		out = append(out, &column{name: prefix + "_" + col.name, typing: col.typing})
	}
	return out
}

func sortedArrays(c *call) []*column {
	var out []*column
	for i, a := range c.args {
		if !a.typing.isArray() {
			break
		}
		name := a.name
		if !a.hasName || name == "" {
			name = "array" + strconv.Itoa(i)
		}
		out = append(out, &column{name: name + "_sorted", typing: a.typing})
	}
	return out
}
