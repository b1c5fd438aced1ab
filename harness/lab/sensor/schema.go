package sensor

import (
	_ "embed" // the schema is data
	"slices"
	"strconv"
	"strings"
)

//go:embed data/events.txt
var eventsData string

// schemaVersion is the newest configuration schema that is understood.
const schemaVersion = "4.90"

// eventSchema is one event of Sysmon's manifest.
type eventSchema struct {
	id      int
	tag     string // element in a configuration, "" when it cannot be filtered
	version int
	fields  []fieldSchema
}

type fieldSchema struct {
	name string
	guid bool
}

// readSchema parses the event table.
func readSchema(text string) map[int]eventSchema {
	out := map[int]eventSchema{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] == "#" {
			continue
		}
		e := eventSchema{tag: strings.TrimPrefix(words[1], "-")}
		e.id, _ = strconv.Atoi(words[0])
		e.version, _ = strconv.Atoi(words[2])
		for _, w := range words[3:] {
			name, kind, _ := strings.Cut(w, ":")
			e.fields = append(e.fields, fieldSchema{name, kind == "guid"})
		}
		out[e.id] = e
	}
	return out
}

// tagFields lists, for each configuration element, the fields it may filter on.
func tagFields(schema map[int]eventSchema) map[string][]string {
	out := map[string][]string{}
	for _, e := range schema {
		if e.tag == "" {
			continue
		}
		for _, f := range e.fields {
			if f.name != "RuleName" && !slices.Contains(out[e.tag], f.name) {
				out[e.tag] = append(out[e.tag], f.name)
			}
		}
	}
	return out
}
