package function_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/testdata"
)

// reference is a function as Microsoft's language service declares it.
type reference struct {
	Name       string `json:"name"`
	NameKind   string `json:"result_name_kind"`
	NamePrefix string `json:"result_name_prefix"`
	Signatures []struct {
		Returns    string `json:"returns"`
		ReturnType string `json:"return_type"`
		Parameters []struct {
			Name  string   `json:"name"`
			Kind  string   `json:"type_kind"`
			Types []string `json:"types"`
			Form  string   `json:"arg_kind"`
			Min   int      `json:"min"`
			Max   int      `json:"max"`
		} `json:"params"`
	} `json:"signatures"`
}

// departures are the facts in which a declaration follows the engine where it was measured to do otherwise.
var departures = map[string]string{
	"pow first real base:Number exponent:Number":                                             "pow - real base:Number exponent:Number",
	"getyear - int date:datetime":                                                            "getyear - long date:datetime",
	"monthofyear - int date:datetime":                                                        "monthofyear - long date:datetime",
	"hourofday - int date:datetime":                                                          "hourofday - long date:datetime",
	"getmonth - int date:datetime":                                                           "getmonth - long date:datetime",
	"datetime_part - int part:string/Literal date:datetime":                                  "datetime_part - custom part:string/Literal date:datetime",
	"datepart - int part:string/Literal date:datetime":                                       "datepart - custom part:string/Literal date:datetime",
	"jaccard_index - dynamic set:DynamicArray{2,2}":                                          "jaccard_index - real set:DynamicArray{2,2}",
	"ceiling first param0 number:Number":                                                     "ceiling first custom number:Number",
	"not - bool expression:bool":                                                             "not - bool expression:bool|int|long|real|decimal",
	"make_timespan only timespan days:Integer hours:Integer minutes:Integer seconds:Integer": "make_timespan only timespan days:Integer hours:Integer minutes:Integer seconds:Number",
	"make_timespan only timespan hours:Integer minutes:Integer seconds:Integer?":             "make_timespan only timespan hours:Integer minutes:Integer seconds:Number?",
}

// TestSignatures compares every overload with the one of Microsoft's language service.
func TestSignatures(t *testing.T) {
	var builtins struct {
		Functions []reference `json:"scalar_functions"`
	}
	require.NoError(t, json.NewDecoder(testdata.OpenShared(t, "kql/builtins.json")).Decode(&builtins))
	known := map[string]bool{}
	for _, r := range builtins.Functions {
		known[r.Name] = true
		f, ok := function.Find(r.Name)
		if !ok {
			t.Errorf("%s is not declared", r.Name)
			continue
		}
		var want, got []string
		for _, s := range r.overloads() {
			if departure, ok := departures[s]; ok {
				s = departure
			}
			want = append(want, s)
		}
		for _, s := range f.Signatures {
			got = append(got, r.Name+" "+coarse(s))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -reference +declared\n%s", r.Name, diff)
		}
	}
	for _, family := range function.Families() {
		for _, f := range family.Functions {
			require.True(t, known[f.Name], "%s does not exist in Kusto", f.Name)
		}
	}
}

// overloads writes the reference in the notation of declarations.
func (r *reference) overloads() []string {
	naming := map[string]string{
		"None": "-", "NameAndFirstArgument": "name_first", "FirstArgument": "first", "OnlyArgument": "only",
		"PrefixAndFirstArgument": "prefix_first=" + r.NamePrefix, "PrefixOnly": "prefix=" + r.NamePrefix,
		"FirstArgumentValueIfColumn": "value",
	}
	returns := map[string]string{
		"ParameterNLiteral": "literaln", "Parameter0Literal": "literal0", "Parameter1Literal": "literal1",
		"CommonNonDynamic": "commonscalar", "Parameter0Array": "array0", "Parameter0": "param0", "Parameter1": "param1",
	}
	var out []string
	for _, s := range r.Signatures {
		words := []string{r.Name, naming[r.NameKind]}
		rule, mapped := returns[s.Returns]
		switch {
		case mapped:
		case s.Returns == "Declared":
			rule = s.ReturnType
		default:
			rule = strings.ToLower(strings.TrimPrefix(s.Returns, "Parameter0"))
		}
		words = append(words, rule)
		for _, p := range s.Parameters {
			kind := p.Kind
			if kind == "Declared" {
				kind = strings.Join(p.Types, "|")
			}
			if p.Form != "Expression" {
				kind += "/" + p.Form
			}
			words = append(words, p.Name+":"+kind+times(p.Min, p.Max))
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

// times is how often a parameter may be given.
func times(least, most int) string {
	const unbounded = 32767
	switch {
	case least == 1 && most == 1:
		return ""
	case least == 0 && most == 1:
		return "?"
	case least == 0 && most == unbounded:
		return "*"
	case least == 1 && most == unbounded:
		return "+"
	case most == unbounded:
		return fmt.Sprintf("{%d,}", least)
	default:
		return fmt.Sprintf("{%d,%d}", least, most)
	}
}

// coarse leaves out of a signature what the reference does not tell: the form of dynamic values, the layout of arguments.
func coarse(signature string) string {
	var out []string
	for i, word := range strings.Fields(signature) {
		if i == 1 && strings.ContainsAny(word, "<{") || i == 1 && (word == "array" || word == "bag") {
			word = "dynamic"
		}
		if !strings.HasPrefix(word, "&") {
			out = append(out, word)
		}
	}
	return strings.Join(out, " ")
}

// TestDeclarations holds what every declaration must satisfy.
func TestDeclarations(t *testing.T) {
	seen := map[string]bool{}
	for _, family := range function.Families() {
		require.NotEmpty(t, family.Functions, family.Name)
		for _, f := range family.Functions {
			for _, name := range append([]string{f.Name}, f.Aliases...) {
				require.False(t, seen[name], "%s is declared twice", name)
				seen[name] = true
			}
			require.NotEmpty(t, f.Signatures, f.Name)
			implementations := 0
			for _, given := range []bool{f.Call != nil, f.Parts != nil, f.By != function.Nobody} {
				if given {
					implementations++
				}
			}
			require.LessOrEqual(t, implementations, 1, "%s is implemented twice", f.Name)
		}
	}
}
