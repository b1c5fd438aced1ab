package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
)

// Builtin is one of the language's own functions.
type Builtin struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	// Family groups functions of one kind: "text", "arrays" ... for scalar functions, "aggregates", "plugins".
	Family string `json:"family"`
	// Signatures are the overloads as people read them: strlen(string:string|dynamic) : long.
	Signatures []string `json:"signatures"`
	// Doc is the address of the documentation, if there is any.
	Doc       string `json:"doc,omitempty"`
	Supported bool   `json:"supported"`
}

// Builtins lists all functions of the language, those that the engine lacks too: scalar functions family by family, then
// aggregates and plugins.
func Builtins() []Builtin {
	var out []Builtin
	for _, family := range function.Families() {
		for i := range family.Functions {
			f := &family.Functions[i]
			out = append(out, Builtin{
				Name: f.Name, Aliases: f.Aliases, Family: family.Name, Signatures: described(f.Name, f.Signatures),
				Doc: f.Page(), Supported: f.Supported(),
			})
		}
	}
	aggregates, plugins := bind.Declarations()
	for _, d := range aggregates {
		_, ok := aggregateOf(d.Name)
		out = append(out, Builtin{
			Name: d.Name, Aliases: d.Aliases, Family: "aggregates", Signatures: described(d.Name, d.Signatures), Supported: ok,
		})
	}
	for _, d := range plugins {
		_, ok := pluginOf(d.Name)
		out = append(out, Builtin{
			Name: d.Name, Aliases: d.Aliases, Family: "plugins", Signatures: described(d.Name, d.Signatures), Supported: ok,
		})
	}
	return out
}

func described(name string, signatures []string) []string {
	out := make([]string, len(signatures))
	for i, s := range signatures {
		out[i] = function.Describe(name, s)
	}
	return out
}
