package powershell

import (
	"slices"
	"strings"
)

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
		cols := c.columns(newArray(key), a)
		if len(cols) == 0 {
			return 0, nil
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
			cols := c.columns(c.value("Property"), item)
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
