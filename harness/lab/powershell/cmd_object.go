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
	v, err := c.interp.call(item, name, list)
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
		o, err := c.selectProperties(item)
		if err != nil {
			return err
		}
		v = o
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
	key := c.str(v)
	if o, ok := v.(*Object); ok && o.class == nil {
		for _, n := range c.propertyNames(o) {
			p, _ := c.objectProperty(o, n)
			key += "|" + c.str(p)
		}
	}
	return key
}

func (c *call) selectProperties(item any) (*Object, error) {
	cols, err := c.columns(c.value("Property"), item)
	if err != nil {
		return nil, err
	}
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
	return o, nil
}

// columns reads the -Property argument of the Select and Format cmdlets: names, wildcards, calculated properties.
func (c *call) columns(spec any, sample any) ([]column, error) {
	if spec == nil {
		return columnsNamed(c.propertyNames(sample)), nil
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
	return cols, nil
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

func sortEnd(c *call) error {
	items := slices.Clone(c.gathered())
	keys := asList(c.value("Property"))
	if c.value("Property") == nil {
		keys = nil
	}
	var failed error
	slices.SortStableFunc(items, func(a, b any) int {
		n, err := c.order(keys, a, b)
		if err != nil {
			failed = err
		}
		return n
	})
	if failed != nil {
		return failed
	}
	for i, item := range items {
		if c.flag("Unique") && i > 0 {
			if n, _ := c.order(keys, items[i-1], item); n == 0 {
				continue
			}
		}
		if err := c.out(item); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) order(keys []any, a, b any) (int, error) {
	if keys == nil {
		return c.ordered(a, b, c.flag("Descending"))
	}
	for _, key := range keys {
		descending := c.flag("Descending")
		if h, ok := key.(*Hash); ok {
			for _, k := range h.keys {
				if strings.HasPrefix("descending", strings.ToLower(c.str(k))) {
					descending = truth(h.values[hashKey(k)])
				}
			}
		}
		cols, err := c.columns(newArray(key), a)
		if err != nil || len(cols) == 0 {
			return 0, err
		}
		if n, err := c.ordered(c.cell(cols[0], a), c.cell(cols[0], b), descending); n != 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

func (c *call) ordered(a, b any, descending bool) (int, error) {
	n, err := c.compare(a, b, c.flag("CaseSensitive"))
	if err != nil {
		n, err = compareText(c.str(a), c.str(b), false), nil
	}
	if descending {
		n = -n
	}
	return n, err
}

func measureEnd(c *call) error {
	names := c.list("Property")
	if names == nil {
		names = []string{""}
	}
	for _, name := range names {
		if err := c.measure(name); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) measure(name string) error {
	var sum, high, low float64
	count, lines, words, chars := 0, 0, 0, 0
	for _, item := range c.gathered() {
		v := item
		if name != "" {
			p, ok := c.ownProperty(item, name)
			if !ok {
				continue
			}
			v = p
		}
		text := c.str(v)
		lines += len(splitLines(text))
		words += len(strings.Fields(text))
		chars += len([]rune(text))
		n, _ := c.toNumber(v, "System.Double")
		f, _ := number(n)
		sum += f
		if count == 0 || f > high {
			high = f
		}
		if count == 0 || f < low {
			low = f
		}
		count++
	}
	if c.flag("Line") || c.flag("Word") || c.flag("Character") {
		return c.out(record("Microsoft.PowerShell.Commands.TextMeasureInfo", "Lines", int32(lines), "Words", int32(words), "Characters", int32(chars), "Property", nil)) //nolint:gosec // bounded
	}
	o := record("Microsoft.PowerShell.Commands.GenericMeasureInfo", "Count", int32(count)) //nolint:gosec // bounded
	for _, f := range []struct {
		name  string
		value float64
	}{{"Average", sum / max(1, float64(count))}, {"Sum", sum}, {"Maximum", high}, {"Minimum", low}} {
		o.note(f.name, nil)
		if c.flag(f.name) {
			o.note(f.name, f.value)
		}
	}
	var property any
	if name != "" {
		property = name
	}
	return c.out(o.note("Property", property))
}

func groupEnd(c *call) error {
	type bucket struct {
		key   any
		items *Array
	}
	var order []*bucket
	index := map[string]*bucket{}
	for _, item := range c.gathered() {
		key := item
		if c.has("Property") {
			cols, err := c.columns(c.value("Property"), item)
			if err != nil {
				return err
			}
			var parts []any
			for _, col := range cols {
				parts = append(parts, c.cell(col, item))
			}
			key = unvoid(collapse(parts))
		}
		name := c.join(key, ", ")
		b := index[strings.ToLower(name)]
		if b == nil {
			b = &bucket{key: key, items: newArray()}
			index[strings.ToLower(name)] = b
			order = append(order, b)
		}
		b.items.Items = append(b.items.Items, item)
	}
	if c.flag("AsHashTable") {
		h := newHash(hashtable)
		for _, b := range order {
			h.set(b.key, b.items)
		}
		return c.out(h)
	}
	for _, b := range order {
		o := record("Microsoft.PowerShell.Commands.GroupInfo", "Count", int32(len(b.items.Items)), "Name", c.join(b.key, ", ")) //nolint:gosec // bounded
		if !c.flag("NoElement") {
			o.note("Group", b.items)
		}
		if err := c.out(o); err != nil {
			return err
		}
	}
	return nil
}

func compareProcess(c *call) error {
	left, right := asList(c.value("ReferenceObject")), slices.Clone(asList(c.value("DifferenceObject")))
	emit := func(v any, side string) error {
		return c.out(record("", "InputObject", v, "SideIndicator", side))
	}
	var only []any
	for _, l := range left {
		i := slices.IndexFunc(right, func(r any) bool { return c.uniqueKey(l) == c.uniqueKey(r) })
		if i < 0 {
			only = append(only, l)
			continue
		}
		if c.flag("IncludeEqual") {
			if err := emit(l, "=="); err != nil {
				return err
			}
		}
		right = slices.Delete(right, i, i+1)
	}
	for _, r := range right {
		if err := emit(r, "=>"); err != nil {
			return err
		}
	}
	for _, l := range only {
		if err := emit(l, "<="); err != nil {
			return err
		}
	}
	return nil
}

func uniqueEnd(c *call) error {
	last, any := "", false
	for _, item := range c.gathered() {
		key := c.uniqueKey(item)
		if any && key == last {
			continue
		}
		last, any = key, true
		if err := c.out(item); err != nil {
			return err
		}
	}
	return nil
}

func teeProcess(c *call) error {
	if err := gatherInput(c); err != nil || !c.piped {
		return err
	}
	return c.out(c.input)
}

func teeEnd(c *call) error {
	items := c.gathered()
	if name := c.text("Variable"); name != "" {
		c.scope.set(name, unvoid(collapse(items)))
		return nil
	}
	f := c.newOutFile(c.text("FilePath"), "unicode", c.flag("Append"), c.span)
	for _, item := range items {
		if err := f.write(item); err != nil {
			return err
		}
	}
	return f.close()
}

func newObjectProcess(c *call) error {
	if com := c.text("ComObject"); com != "" {
		c.unsupported("com", com, "no COM objects in the simulation")
		return newError("System.Runtime.InteropServices.COMException", "NoCOMClassIdentified", "ResourceUnavailable",
			"Retrieving the COM class factory for component with CLSID {00000000-0000-0000-0000-000000000000} failed due to the following error: "+
				"80040154 Class not registered (Exception from HRESULT: 0x80040154 (REGDB_E_CLASSNOTREG)).")
	}
	name := c.text("TypeName")
	t, err := c.namedType(name)
	if err != nil {
		return newError("System.Management.Automation.PSArgumentException", "TypeNotFound", "InvalidType",
			"Cannot find type [%s]: verify that the assembly containing this type is loaded.", name)
	}
	ref, _ := t.(*TypeRef)
	var args []any
	if c.has("ArgumentList") {
		args = asList(c.value("ArgumentList"))
	}
	v, err := c.construct(ref, args)
	if err != nil {
		if r, ok := asRecord(err); ok && r.Exception.Inner != nil {
			r.ID = "ConstructorInvokedThrowException"
		}
		return err
	}
	if h, ok := c.value("Property").(*Hash); ok {
		for _, k := range h.keys {
			if o, ok := v.(*Object); ok && o.class == nil {
				o.note(c.str(k), h.values[hashKey(k)])
				continue
			}
			if err := c.setProperty(v, c.str(k), h.values[hashKey(k)]); err != nil {
				return err
			}
		}
	}
	return c.out(v)
}

func memberEnd(c *call) error {
	seen := map[string]bool{}
	for _, item := range c.gathered() {
		t := typeName(item)
		if seen[t] {
			continue
		}
		seen[t] = true
		names := c.propertyNames(item)
		slices.Sort(names)
		for _, n := range names {
			v, _ := c.ownProperty(item, n)
			kind := "Property"
			if o, ok := item.(*Object); ok && o.class == nil {
				kind = "NoteProperty"
			}
			if err := c.out(record("Microsoft.PowerShell.Commands.MemberDefinition", "TypeName", t, "Name", n, "MemberType", kind, "Definition", shortName(typeName(v))+" "+n)); err != nil {
				return err
			}
		}
	}
	return nil
}

func addMember(c *call) error {
	o, ok := c.value("InputObject").(*Object)
	if !ok {
		c.unsupported("parameter", "Add-Member", "only objects can be extended")
		return nil
	}
	if h, ok := c.value("NotePropertyMembers").(*Hash); ok {
		for _, k := range h.keys {
			o.note(c.str(k), h.values[hashKey(k)])
		}
	}
	name, value := c.text("NotePropertyName"), c.value("NotePropertyValue")
	if c.has("Name") {
		name, value = c.text("Name"), c.value("Value")
		if !c.has("Value") {
			value = c.value("NotePropertyValue")
		}
	} else if strings.HasSuffix(strings.ToLower(name), "property") && c.has("MemberType") {
		name = c.text("NotePropertyName")
	}
	if name != "" {
		o.note(name, value)
	}
	if c.flag("PassThru") {
		return c.out(o)
	}
	return nil
}
