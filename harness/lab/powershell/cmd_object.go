package powershell

import (
	"slices"
	"strings"
)

func objectCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "ForEach-Object", params: "Process:k*@0+ MemberName:s InputObject:o^ Begin:k End:k RemainingScripts:k ArgumentList:o*", begin: forEachBegin, process: forEachProcess, end: forEachEnd},
		{name: "Where-Object", params: "FilterScript|Property:o@0 Operator:s Value:o@1 InputObject:o^ EQ|IEQ:b NE:b GT:b GE:b LT:b LE:b Like:b NotLike:b Match:b NotMatch:b Contains:b NotContains:b In:b NotIn:b Is:b CEQ:b CMatch:b CLike:b", process: whereProcess},
		{name: "Select-Object", params: "Property:o*@0 InputObject:o^ ExcludeProperty:s* ExpandProperty:s First:i Last:i Skip:i SkipLast:i Unique:b Index:o* Wait:b", begin: selectBegin, process: selectProcess, end: selectEnd},
		{name: "Sort-Object", params: "Property:o*@0 InputObject:o^ Descending:b Unique:b CaseSensitive:b Culture:s", begin: gather, process: gatherInput, end: sortEnd},
		{name: "Measure-Object", params: "Property:s*@0 InputObject:o^ Sum:b Average:b Maximum:b Minimum:b Line:b Word:b Character:b IgnoreWhiteSpace:b", begin: gather, process: gatherInput, end: measureEnd},
		{name: "Group-Object", params: "Property:o*@0 InputObject:o^ NoElement:b AsHashTable:b AsString:b CaseSensitive:b", begin: gather, process: gatherInput, end: groupEnd},
		{name: "Compare-Object", params: "ReferenceObject:o*@0! DifferenceObject:o*@1! Property:s* IncludeEqual:b ExcludeDifferent:b PassThru:b SyncWindow:i", process: compareProcess},
		{name: "Get-Unique", params: "InputObject:o^ AsString:b OnType:b", begin: gather, process: gatherInput, end: uniqueEnd},
		{name: "Tee-Object", params: "FilePath:s@0 InputObject:o^ Variable:s Append:b", begin: gather, process: teeProcess, end: teeEnd},
		{name: "New-Object", params: "TypeName:s@0 ArgumentList|Args:o*@1 Property:h ComObject:s Strict:b", process: newObjectProcess},
		{name: "Get-Member", params: "Name:s*@0 InputObject:o^ MemberType|Type:s* Static:b Force:b View:s", begin: gather, process: gatherInput, end: memberEnd},
		{name: "Add-Member", params: "NotePropertyName:s@0 NotePropertyValue:o@1 InputObject:o^! MemberType|Type:s Name:s Value:o SecondValue:o Force:b PassThru:b NotePropertyMembers:h TypeName:s", process: addMember},
	}
}

func gather(c *call) error {
	c.state = &[]any{}
	return nil
}

// gatherInput keeps the pipeline objects, or the elements of -InputObject.
func gatherInput(c *call) error {
	items, _ := c.state.(*[]any)
	switch {
	case c.piped:
		*items = append(*items, c.input)
	case c.has("InputObject"):
		*items = append(*items, asList(c.value("InputObject"))...)
	}
	return nil
}

func (c *call) gathered() []any {
	items, _ := c.state.(*[]any)
	return *items
}

func (c *call) runBlock(sb *ScriptBlock, item any) error {
	if sb == nil {
		return nil
	}
	return c.callBlock(sb, false, item, true, nil, c.out)
}

// forEachBlocks gives the begin, process and end blocks: positional ones beyond the first shift their meaning.
func forEachBlocks(c *call) (begin *ScriptBlock, process []*ScriptBlock, end *ScriptBlock) {
	for _, v := range asList(c.value("Process")) {
		if sb, ok := v.(*ScriptBlock); ok {
			process = append(process, sb)
		}
	}
	begin, end = c.block("Begin"), c.block("End")
	if begin == nil && len(process) > 1 {
		begin, process = process[0], process[1:]
	}
	if end == nil && len(process) > 1 {
		end, process = process[len(process)-1], process[:len(process)-1]
	}
	return begin, process, end
}

func forEachBegin(c *call) error {
	begin, _, _ := forEachBlocks(c)
	return c.runBlock(begin, nil)
}

func forEachEnd(c *call) error {
	_, _, end := forEachBlocks(c)
	return c.runBlock(end, nil)
}

func forEachProcess(c *call) error {
	if !c.piped && !c.has("InputObject") {
		return nil
	}
	item := c.input
	if !c.piped {
		item = c.value("InputObject")
	}
	_, process, _ := forEachBlocks(c)
	for _, sb := range process {
		if err := c.runBlock(sb, item); err != nil {
			return err
		}
	}
	if process != nil {
		return nil
	}
	return forEachMember(c, item)
}

// forEachMember is `| % Name`: the property of that name, or the method.
func forEachMember(c *call, item any) error {
	list := asList(c.value("Process"))
	name := c.text("MemberName")
	if name == "" && len(list) > 0 {
		name = c.str(list[0])
		list = list[1:]
	}
	if v, ok := c.ownProperty(item, name); ok {
		return c.emit(v, c.out)
	}
	v, err := c.call(item, name, list)
	if err != nil {
		return err
	}
	return c.emit(v, c.out)
}

func whereProcess(c *call) error {
	if !c.piped {
		return nil
	}
	ok, err := whereMatches(c)
	if err != nil || !ok {
		return err
	}
	return c.out(c.input)
}

func whereMatches(c *call) (bool, error) {
	filter := c.value("FilterScript")
	if sb, ok := filter.(*ScriptBlock); ok {
		v, err := c.blockValue(sb, c.input)
		return truth(v), err
	}
	left, err := c.property(c.input, c.str(filter))
	if err != nil {
		return false, err
	}
	for _, op := range []string{"eq", "ne", "gt", "ge", "lt", "le", "like", "notlike", "match", "notmatch", "contains", "notcontains", "in", "notin", "ceq", "cmatch", "clike"} {
		if c.flag(op) {
			v, err := c.binaryOp(op, left, c.value("Value"))
			return truth(v), err
		}
	}
	return truth(left), nil
}

// selection is the state of Select-Object.
type selection struct {
	seen, passed int
	buffer       []any
	unique       []any
}

func selectBegin(c *call) error {
	c.state = &selection{}
	return nil
}

func selectProcess(c *call) error {
	s, _ := c.state.(*selection)
	items := []any{c.input}
	if !c.piped {
		if !c.has("InputObject") {
			return nil
		}
		items = []any{c.value("InputObject")}
	}
	for _, item := range items {
		s.seen++
		if s.seen <= c.count("Skip", 0) && !c.has("Last") {
			continue
		}
		if c.has("Index") && !c.contains(c.value("Index"), int32(s.seen-1), true) { //nolint:gosec // bounded
			continue
		}
		if c.has("Last") || c.has("SkipLast") {
			s.buffer = append(s.buffer, item)
			continue
		}
		if err := selectOne(c, s, item); err != nil {
			return err
		}
		if c.has("First") && s.passed >= c.count("First", 0) {
			return &stopped{by: c.stage}
		}
	}
	return nil
}

func selectEnd(c *call) error {
	s, _ := c.state.(*selection)
	from, to := 0, len(s.buffer)
	if c.has("Last") {
		to -= min(to, c.count("Skip", 0))
		from = max(0, to-c.count("Last", 0))
	}
	if c.has("SkipLast") {
		to = max(from, to-c.count("SkipLast", 0))
	}
	for _, item := range s.buffer[from:to] {
		if err := selectOne(c, s, item); err != nil {
			return err
		}
	}
	return nil
}

func selectOne(c *call, s *selection, item any) error {
	s.passed++
	v := item
	if c.has("Property") || c.has("ExcludeProperty") {
		v = c.selectProperties(item)
	}
	if name := c.text("ExpandProperty"); name != "" {
		p, ok := c.ownProperty(item, name)
		if !ok {
			return c.fail(newError("System.Management.Automation.PSArgumentException", "ExpandPropertyNotFound", "InvalidArgument", `Property "%s" cannot be found.`, name).on(item))
		}
		for _, e := range asList(p) {
			if err := c.keepUnique(s, e); err != nil {
				return err
			}
		}
		return nil
	}
	return c.keepUnique(s, v)
}

func (c *call) keepUnique(s *selection, v any) error {
	if c.flag("Unique") {
		key := c.uniqueKey(v)
		if slices.Contains(s.unique, any(key)) {
			return nil
		}
		s.unique = append(s.unique, key)
	}
	return c.out(v)
}

func (c *call) uniqueKey(v any) string {
	var key strings.Builder
	key.WriteString(c.str(v))
	if o, ok := v.(*Object); ok && o.class == nil {
		for _, n := range c.propertyNames(o) {
			p, _ := c.objectProperty(o, n)
			key.WriteString("|" + c.str(p))
		}
	}
	return key.String()
}

func (c *call) selectProperties(item any) *Object {
	cols := c.columns(c.value("Property"), item)
	o := record("Selected." + typeName(item))
	for _, col := range cols {
		if slices.ContainsFunc(c.list("ExcludeProperty"), func(x string) bool { return wildcard(x, false).MatchString(col.name) }) {
			continue
		}
		v := c.cell(col, item)
		if col.value == nil {
			if _, ok := c.ownProperty(item, col.name); !ok {
				c.missingMember(item, col.name)
			}
		}
		o.note(col.name, v)
	}
	return o
}

// columns reads the -Property argument of the Select and Format cmdlets: names, wildcards, calculated properties.
func (c *call) columns(spec, sample any) []column {
	if spec == nil {
		return columnsNamed(c.propertyNames(sample))
	}
	var cols []column
	for _, p := range asList(spec) {
		switch x := p.(type) {
		case *Hash:
			cols = append(cols, c.calculated(x))
		case *ScriptBlock:
			cols = append(cols, column{name: x.ast.Text(), value: func(in *interp, v any) (any, error) { return in.blockValue(x, v) }})
		default:
			name := c.str(p)
			if !hasWildcard(name) {
				cols = append(cols, column{name: c.trueName(sample, name)})
				continue
			}
			for _, n := range c.propertyNames(sample) {
				if wildcard(name, false).MatchString(n) {
					cols = append(cols, column{name: n})
				}
			}
		}
	}
	return cols
}

// trueName gives a property's name in its own spelling.
func (c *call) trueName(v any, name string) string {
	for _, n := range c.propertyNames(v) {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return name
}

func (c *call) calculated(h *Hash) column {
	var col column
	for _, k := range h.keys {
		v := h.values[hashKey(k)]
		key := strings.ToLower(c.str(k))
		switch {
		case key != "" && (strings.HasPrefix("name", key) || strings.HasPrefix("label", key)):
			col.name = c.str(v)
		case key != "" && strings.HasPrefix("expression", key):
			if sb, ok := v.(*ScriptBlock); ok {
				col.value = func(in *interp, item any) (any, error) { return in.blockValue(sb, item) }
				if col.name == "" {
					col.name = sb.ast.Text()
				}
				continue
			}
			name := c.str(v)
			col.value = func(in *interp, item any) (any, error) {
				p, _ := in.ownProperty(item, name)
				return p, nil
			}
		case key != "" && strings.HasPrefix("width", key):
			col.width, _ = c.int(v)
		case strings.HasPrefix("alignment", key):
			col.right, col.left = strings.EqualFold(c.str(v), "right"), strings.EqualFold(c.str(v), "left")
		}
	}
	return col
}
