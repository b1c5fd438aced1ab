package function

import "strings"

// Describe writes an overload as people read it: strlen(string:string|dynamic) : long. Brackets stand around an argument
// that may be left out, dots behind one that may be repeated.
func Describe(name, signature string) string {
	fields := strings.Fields(signature)
	if len(fields) < 2 {
		return name + "()"
	}
	var parameters, names []string
	for _, field := range fields[2:] {
		if strings.HasPrefix(field, "&") {
			continue
		}
		parameter, text := describeParameter(field)
		names = append(names, parameter)
		parameters = append(parameters, text)
	}
	return name + "(" + strings.Join(parameters, ", ") + ") : " + describeResult(fields[1], names)
}

// describeParameter takes name:kind[/restriction][~][?+*{min,max}] apart.
func describeParameter(field string) (name, text string) {
	name, kind, _ := strings.Cut(field, ":")
	optional, repeated := false, false
	switch {
	case strings.HasSuffix(kind, "?"):
		optional = true
	case strings.HasSuffix(kind, "*"):
		optional, repeated = true, true
	case strings.HasSuffix(kind, "+"):
		repeated = true
	case strings.HasSuffix(kind, "}"):
		kind, repeated = kind[:strings.LastIndexByte(kind, '{')], true
	}
	kind = strings.TrimRight(kind, "?*+~")
	kind, form, _ := strings.Cut(kind, "/")
	text = name + ":" + describeKind(kind)
	switch {
	case strings.HasPrefix(form, "Column"):
		text = name + ":column"
	case form == "StarOnly":
		text = "*"
	}
	if repeated {
		text += "..."
	}
	if optional {
		text = "[" + text + "]"
	}
	return name, text
}

// describeKind is a class of types in the words of the language.
func describeKind(kind string) string {
	switch kind {
	case "Number":
		return "number"
	case "Integer":
		return "long"
	case "Summable":
		return "number|datetime|timespan"
	case "StringOrDynamic":
		return "string|dynamic"
	case "StringOrArray":
		return "string|array"
	case "IntegerOrArray":
		return "long|array"
	case "NumberOrBool":
		return "number|bool"
	case "DynamicArray":
		return "array"
	case "DynamicBag":
		return "bag"
	case "Tabular":
		return "table"
	case "type":
		return "typeof"
	}
	if kind != "" && kind[0] >= 'A' && kind[0] <= 'Z' {
		return "scalar"
	}
	return kind
}

// describeResult is the type of the result, or where it comes from.
func describeResult(returns string, names []string) string {
	of := func(i int) string {
		if i < len(names) {
			return "type of " + names[i]
		}
		return "scalar"
	}
	switch returns {
	case "param0", "promoted0":
		return of(0)
	case "param1":
		return of(1)
	case "array0":
		return "array"
	case "widest":
		return "widest type"
	case "common", "commonscalar":
		return "common type"
	case "literal0", "literal1", "literaln":
		return "the type given"
	case "custom":
		return "depends on the arguments"
	case "table", "externaltable", "materializedview", "storedqueryresult":
		return "table"
	}
	kind, _, _ := strings.Cut(returns, "{")
	return kind
}
