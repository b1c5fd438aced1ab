package powershell

import (
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// parameter is one declared parameter of a cmdlet or function.
type parameter struct {
	name      string
	aliases   []string
	kind      string // see parseParameters; "type" uses typ
	typ       *TypeRef
	position  int // -1 for named only
	mandatory bool
	byValue   bool // takes pipeline objects
	byName    bool // takes the property of pipeline objects that has its name
	rest      bool // ValueFromRemainingArguments
	fallback  syntax.Expr
	validSet  []string
}

// parseParameters reads a compact declaration: parameters separated by blanks, each `Name|Alias:kind@position flags`.
// Kinds: s string, i integer, b switch, o any value, k script block, h hashtable; a star makes a list of it. Flags:
// ! mandatory, ^ from the pipeline by value, ~ by property name, + takes the remaining arguments.
func parseParameters(spec string) []*parameter {
	var all []*parameter
	for field := range strings.FieldsSeq(spec) {
		names, rest, _ := strings.Cut(field, ":")
		p := &parameter{position: -1}
		list := strings.Split(names, "|")
		p.name, p.aliases = list[0], list[1:]
		for flag, target := range map[string]*bool{"!": &p.mandatory, "^": &p.byValue, "~": &p.byName, "+": &p.rest} {
			if strings.Contains(rest, flag) {
				*target = true
				rest = strings.ReplaceAll(rest, flag, "")
			}
		}
		kind, at, ok := strings.Cut(rest, "@")
		p.kind = kind
		if n, err := strconv.Atoi(at); ok && err == nil {
			p.position = n
		}
		all = append(all, p)
	}
	return all
}

// commonParameters are accepted by every cmdlet and advanced function.
const commonParameters = "ErrorAction|ea:o ErrorVariable|ev:s WarningAction|wa:o WarningVariable|wv:s InformationAction|infa:o InformationVariable|iv:s " +
	"Verbose|vb:b Debug|db:b OutVariable|ov:s OutBuffer|ob:i PipelineVariable|pv:s"

const shouldProcess = " WhatIf|wi:b Confirm|cf:b"

// argument is one evaluated element of a command line.
type argument struct {
	name     string // of a parameter, without dash
	isName   bool
	colon    bool
	value    any
	hasValue bool
	literal  syntax.Expr // as written
	bareText bool        // a word without quotes
}

// binding is the outcome of matching arguments to parameters.
type binding struct {
	command  string
	params   []*parameter
	values   map[string]any
	explicit map[string]bool // given on the command line
	rest     []any           // positional arguments that no parameter takes
	advanced bool
	in       *interp
}

func bindingError(id, format string, args ...any) *ErrorRecord {
	return newError("System.Management.Automation.ParameterBindingException", id, "InvalidArgument", format, args...)
}

// bind matches arguments to parameters: named ones first, then by position.
func (in *interp) bind(command string, params []*parameter, args []argument, advanced bool) (*binding, error) {
	b := &binding{command: command, params: params, values: map[string]any{}, explicit: map[string]bool{}, advanced: advanced, in: in}
	var positional []argument
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !a.isName {
			positional = append(positional, a)
			continue
		}
		p, err := b.lookup(a.name)
		if err != nil {
			return nil, err
		}
		if p == nil {
			if advanced {
				in.unsupported("parameter", command+" -"+a.name, "not a parameter that the simulation knows")
				return nil, bindingError("NamedParameterNotFound", "A parameter cannot be found that matches parameter name '%s'.", a.name)
			}
			positional = append(positional, argument{value: "-" + a.name, hasValue: true})
			continue
		}
		if !a.hasValue && p.kind != "b" {
			if i+1 >= len(args) || args[i+1].isName {
				return nil, bindingError("MissingArgument", "Missing an argument for parameter '%s'. Specify a parameter of type '%s' and try again.", p.name, p.typeText())
			}
			i++
			a.value, a.hasValue = args[i].value, true
		}
		if !a.hasValue {
			a.value = true
		}
		if err := b.give(p, a.value); err != nil {
			return nil, err
		}
	}
	return b, b.bindPositional(positional)
}

// lookup finds a parameter by name, alias or unambiguous prefix.
func (b *binding) lookup(name string) (*parameter, error) {
	var found []*parameter
	for _, p := range b.params {
		for _, n := range append([]string{p.name}, p.aliases...) {
			if strings.EqualFold(n, name) {
				return p, nil
			}
		}
		if len(name) > 0 && len(name) <= len(p.name) && strings.EqualFold(p.name[:len(name)], name) {
			found = append(found, p)
		}
	}
	if len(found) <= 1 {
		if len(found) == 1 {
			return found[0], nil
		}
		return nil, nil
	}
	var names strings.Builder
	for _, p := range found {
		names.WriteString(" -" + p.name)
	}
	return nil, bindingError("AmbiguousParameter", "Parameter cannot be processed because the parameter name '%s' is ambiguous. Possible matches include:%s.", name, names.String())
}

func (b *binding) give(p *parameter, v any) error {
	key := strings.ToLower(p.name)
	if b.explicit[key] {
		return bindingError("ParameterAlreadyBound", "Cannot bind parameter because parameter '%s' is specified more than once.", p.name)
	}
	v, err := b.convert(p, unvoid(v))
	if err != nil {
		return err
	}
	b.values[key], b.explicit[key] = v, true
	return nil
}

func (b *binding) bindPositional(args []argument) error {
	for len(args) > 0 {
		p := b.nextPositional()
		if p == nil {
			break
		}
		if p.rest {
			var all []any
			for _, a := range args {
				all = append(all, asList(a.value)...)
			}
			return b.give(p, newArray(all...))
		}
		if err := b.give(p, args[0].value); err != nil {
			return err
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return nil
	}
	if b.advanced {
		return bindingError("PositionalParameterNotFound", "A positional parameter cannot be found that accepts argument '%s'.", b.in.str(args[0].value))
	}
	for _, a := range args {
		b.rest = append(b.rest, unvoid(a.value))
	}
	return nil
}

func (b *binding) nextPositional() *parameter {
	var best *parameter
	for _, p := range b.params {
		if p.name == "Path" && b.explicit["literalpath"] {
			continue // of the other parameter set
		}
		if p.position >= 0 && !b.explicit[strings.ToLower(p.name)] && (best == nil || p.position < best.position) {
			best = p
		}
	}
	return best
}

func (p *parameter) typeText() string {
	switch p.kind {
	case "s":
		return "System.String"
	case "s*":
		return stringArray
	case "i":
		return "System.Int32"
	case "k":
		return "System.Management.Automation.ScriptBlock"
	case "type":
		if p.typ != nil {
			return p.typ.name
		}
	}
	return "System.Object"
}

// convert brings an argument to the type of its parameter.
func (b *binding) convert(p *parameter, v any) (any, error) {
	out, err := b.rawConvert(p, v)
	if err != nil {
		r := newError("System.Management.Automation.ParameterBindingException", "CannotConvertArgument", "InvalidArgument",
			"Cannot process argument transformation on parameter '%s'. %s", p.name, err.Error())
		if !strings.HasPrefix(err.Error(), "Cannot ") {
			r.Exception.Message = "Cannot bind parameter '" + p.name + "'. " + err.Error()
		}
		return nil, r
	}
	return out, p.validate(b.in, out)
}

func (p *parameter) validate(in *interp, v any) error {
	if p.validSet == nil {
		return nil
	}
	for _, item := range asList(v) {
		ok := false
		for _, valid := range p.validSet {
			ok = ok || strings.EqualFold(valid, in.str(item))
		}
		if !ok {
			return newError("System.Management.Automation.ParameterBindingValidationException", "ParameterArgumentValidationError", "InvalidData",
				`Cannot validate argument on parameter '%s'. The argument "%s" does not belong to the set "%s" specified by the ValidateSet attribute. `+
					"Supply an argument that is in the set and then try the command again.", p.name, in.str(item), strings.Join(p.validSet, ","))
		}
	}
	return nil
}

func (b *binding) rawConvert(p *parameter, v any) (any, error) {
	in := b.in
	switch p.kind {
	case "s":
		if a, ok := v.(*Array); ok {
			return nil, newError(runtimeException, "CannotConvertArgument", "InvalidArgument", "Cannot convert '%s' to the type 'System.String' required by parameter '%s'. Specified method is not supported.", a.Type, p.name)
		}
		return in.str(v), nil
	case "s*":
		out := &Array{Type: stringArray}
		for _, item := range asList(v) {
			out.Items = append(out.Items, in.str(item))
		}
		return out, nil
	case "i":
		return in.int(v)
	case "b":
		return truth(v), nil
	case "k":
		switch x := v.(type) {
		case *ScriptBlock, nil:
			return v, nil
		case string:
			return in.compile(x, "")
		}
		return nil, in.castError(v, "System.Management.Automation.ScriptBlock", "")
	case "o*":
		return newArray(asList(v)...), nil
	case "type":
		if p.typ != nil {
			return in.cast(v, p.typ)
		}
	}
	return v, nil
}

// bindInput binds a pipeline object to the parameters that take one and have no argument.
func (in *interp) bindInput(b *binding, v any) *ErrorRecord {
	took := in.bindLiteral(b, v)
	for _, p := range b.params {
		key := strings.ToLower(p.name)
		if !p.byValue || b.explicit[key] || took && key == "path" {
			continue
		}
		if p.byName && in.bindByName(b, p, v) {
			took = true
			continue
		}
		c, err := b.convert(p, v)
		if err != nil {
			continue
		}
		b.values[key] = c
		took = true
		break
	}
	for _, p := range b.params {
		if p.byName && !p.byValue && !b.explicit[strings.ToLower(p.name)] && in.bindByName(b, p, v) {
			took = true
		}
	}
	if took || !b.advanced {
		return nil
	}
	r := bindingError("InputObjectNotBound", "The input object cannot be bound to any parameters for the command either because the command does not take "+
		"pipeline input or the input and its properties do not match any of the parameters that take pipeline input.")
	return r.on(v)
}

// bindLiteral binds the provider path of an item to -LiteralPath, so that its name is not taken for a pattern.
func (in *interp) bindLiteral(b *binding, v any) bool {
	p, err := b.lookup("LiteralPath")
	if err != nil || p == nil || !p.byName || b.explicit["path"] || b.explicit["literalpath"] || !in.bindByName(b, p, v) {
		return false
	}
	delete(b.values, "path")
	return true
}

// bindByName binds a parameter to the property of v that has its name or one of its aliases.
func (in *interp) bindByName(b *binding, p *parameter, v any) bool {
	o, ok := v.(*Object)
	if !ok {
		return false
	}
	for _, name := range append([]string{p.name}, p.aliases...) {
		pv, has := in.objectProperty(o, name)
		if !has || pv == nil {
			continue
		}
		c, err := b.convert(p, pv)
		if err != nil {
			return false
		}
		b.values[strings.ToLower(p.name)] = c
		return true
	}
	return false
}

// missing returns the first mandatory parameter without a value.
func (b *binding) missing() *parameter {
	for _, p := range b.params {
		if _, ok := b.values[strings.ToLower(p.name)]; p.mandatory && !ok {
			return p
		}
	}
	return nil
}

// scriptParameters turns a param block into parameters.
func (in *interp) scriptParameters(s *syntax.Script) (params []*parameter, advanced bool, err error) {
	position := 0
	for _, a := range s.Attributes {
		advanced = advanced || strings.EqualFold(a.Name, "CmdletBinding")
	}
	for _, d := range s.Params {
		p := &parameter{name: d.Name, kind: "type", position: position, fallback: d.Default}
		if d.Type != nil {
			if p.typ, err = in.resolveType(d.Type); err != nil {
				return nil, false, err
			}
			if p.typ.name == "System.Management.Automation.SwitchParameter" {
				p.kind, p.position = "b", -1
			}
		}
		for _, a := range d.Attributes {
			advanced = in.parameterAttribute(p, a) || advanced
		}
		if p.position >= 0 {
			position++
		}
		params = append(params, p)
	}
	if advanced {
		params = append(params, parseParameters(commonParameters+shouldProcess)...)
	}
	return params, advanced, nil
}

// parameterAttribute applies one attribute of a declared parameter.
func (in *interp) parameterAttribute(p *parameter, a *syntax.Attribute) (advanced bool) {
	on := func(name string) bool {
		e, ok := a.Named[name]
		if !ok || e == nil {
			return ok
		}
		v, err := in.eval(e)
		return err == nil && truth(v)
	}
	switch strings.ToLower(a.Name) {
	case "parameter":
		p.mandatory, p.byValue, p.byName = on("mandatory"), on("valuefrompipeline"), on("valuefrompipelinebypropertyname")
		p.rest = on("valuefromremainingarguments")
		if e := a.Named["position"]; e != nil {
			if v, err := in.eval(e); err == nil {
				p.position, _ = in.int(v)
			}
		}
		return true
	case "alias", "validateset":
		for _, e := range a.Args {
			if v, err := in.eval(e); err == nil {
				if strings.EqualFold(a.Name, "alias") {
					p.aliases = append(p.aliases, in.str(v))
				} else {
					p.validSet = append(p.validSet, in.str(v))
				}
			}
		}
	}
	return false
}

// bindScript binds plain values by position to the param block of a script block.
func (in *interp) bindScript(s *syntax.Script, name string, values []any) (*binding, error) {
	args := make([]argument, len(values))
	for i, v := range values {
		args[i] = argument{value: v, hasValue: true}
	}
	return in.bindScriptArgs(s, name, args)
}

func (in *interp) bindScriptArgs(s *syntax.Script, name string, args []argument) (*binding, error) {
	params, advanced, err := in.scriptParameters(s)
	if err != nil {
		return nil, err
	}
	return in.bind(name, params, args, advanced)
}

// publishBound makes the bound values the variables of a scope; parameters without one get their default.
func (in *interp) publishBound(b *binding, sc *scope) {
	saved := in.scope
	in.scope = sc
	defer func() { in.scope = saved }()
	given := newHash(hashtable)
	for _, p := range b.params {
		v, ok := b.values[strings.ToLower(p.name)]
		switch {
		case ok:
			given.set(p.name, v)
		case p.fallback != nil:
			d, err := in.eval(p.fallback)
			if err == nil {
				v, _ = b.convert(p, unvoid(d))
			}
		case p.kind == "b":
			v = false
		case p.typ != nil && p.typ.elem == "":
			if c, err := in.cast(nil, p.typ); err == nil {
				v = c
			}
		}
		if p.kind != "type" && p.typ == nil && !ok {
			continue
		}
		sc.vars[strings.ToLower(p.name)] = &variable{name: p.name, value: v, typ: p.typ}
	}
	sc.set("PSBoundParameters", given)
	sc.set("args", newArray(b.rest...))
}
