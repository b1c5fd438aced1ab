package sensor

import (
	"crypto/sha256"
	_ "embed" // the default configuration is a file of its own
	"fmt"
	"strings"
)

//go:embed data/sysmon.xml
var defaultConfig string

// DefaultConfig is the text of the configuration that the lab's Sysmon runs
// with unless another is given.
func DefaultConfig() string { return defaultConfig }

// Config is a Sysmon configuration. See the section "Configuration files" of the
// Sysmon page of Sysinternals for the language.
type Config struct {
	Name          string // of the file
	SchemaVersion string
	Hash          string   // SHA256 of the file, upper case
	Algorithms    []string // of Hashes, in the order of the field: SHA1, MD5, SHA256, IMPHASH
	rules         map[string]*filter
}

// filter is what a configuration says about one kind of event.
type filter struct {
	include, exclude []*ruleSet // nil when there is no such element
}

// ruleSet is one event element: conditions under a relation.
type ruleSet struct {
	name  string // of the RuleGroup
	all   bool   // groupRelation="and"
	items []matcher
}

// matcher is a condition or a Rule. It reports whether it holds, and the name to
// be logged.
type matcher interface {
	match(get func(field string) string) (name string, ok bool)
	key() string
}

// rule is a Rule element.
type rule struct {
	name  string
	all   bool
	items []matcher
}

func (r *rule) key() string { return "" }

func (r *rule) match(get func(string) string) (string, bool) {
	name, matched := "", false
	for _, item := range r.items {
		n, ok := item.match(get)
		switch {
		case ok:
			matched = true
			if name == "" {
				name = n
			}
			if !r.all {
				return first(r.name, name), true
			}
		case r.all:
			return "", false
		}
	}
	return first(r.name, name), matched
}

// match evaluates an event element. Under "or" any item is enough. Under "and"
// the conditions on the same field are alternatives, and every field and every
// Rule must hold.
func (s *ruleSet) match(get func(string) string) (string, bool) {
	if !s.all {
		for _, item := range s.items {
			if name, ok := item.match(get); ok {
				return first(name, s.name), true
			}
		}
		return "", false
	}
	return s.matchAll(get)
}

func (s *ruleSet) matchAll(get func(string) string) (string, bool) {
	held := map[string]bool{}
	var found string
	for i, item := range s.items {
		key := item.key()
		if key == "" {
			key = fmt.Sprintf("rule %d", i)
		}
		name, ok := item.match(get)
		held[key] = held[key] || ok
		if ok {
			found = first(found, name)
		}
	}
	for _, ok := range held {
		if !ok {
			return "", false
		}
	}
	return first(found, s.name), len(held) > 0
}

func first(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

// loggedByDefault are the events that Sysmon logs when the configuration does
// not mention them.
func loggedByDefault(tag string) bool {
	switch tag {
	case "ProcessCreate", "ProcessTerminate", "DriverLoad", "FileCreateTime":
		return true
	}
	return false
}

// Decide reports whether an event of the given configuration element is logged,
// and under which RuleName ("-" for none). get returns a field of the event.
// Exclusion beats inclusion.
func (c *Config) Decide(tag string, get func(field string) string) (ruleName string, logged bool) {
	f, ok := c.rules[tag]
	if !ok {
		return "-", loggedByDefault(tag)
	}
	if f.exclude != nil {
		if _, excluded := anyMatch(f.exclude, get); excluded {
			return "", false
		}
	}
	if f.include == nil {
		return "-", true
	}
	name, included := anyMatch(f.include, get)
	return first(name, "-"), included
}

func anyMatch(sets []*ruleSet, get func(string) string) (string, bool) {
	for _, s := range sets {
		if name, ok := s.match(get); ok {
			return name, true
		}
	}
	return "", false
}

func hashOf(text string) string { return fmt.Sprintf("%X", sha256.Sum256([]byte(text))) }

// condition is one field filter.
type condition struct {
	field, name, operator string
	values                []string // folded
}

func (c *condition) key() string { return c.field }

func (c *condition) match(get func(string) string) (string, bool) {
	return c.name, c.holds(strings.ToLower(get(c.field)))
}

// conditions are the operators of schema 4.90.
func conditions() []string {
	return []string{
		"is", "is not", "is any", "contains", "contains any", "contains all", "excludes", "excludes any", "excludes all",
		"begin with", "not begin with", "end with", "not end with", "less than", "more than", "image",
	}
}

// listed reports whether the operator takes values separated by semicolons.
func listed(operator string) bool {
	return strings.HasSuffix(operator, " any") || strings.HasSuffix(operator, " all")
}

func (c *condition) holds(have string) bool {
	want := c.values[0]
	switch c.operator {
	case "is not":
		return have != want
	case "is any":
		return c.count(have, func(h, w string) bool { return h == w }) > 0
	case "contains":
		return strings.Contains(have, want)
	case "contains any":
		return c.count(have, strings.Contains) > 0
	case "contains all":
		return c.count(have, strings.Contains) == len(c.values)
	case "excludes":
		return !strings.Contains(have, want)
	case "excludes any":
		return c.count(have, strings.Contains) < len(c.values)
	case "excludes all":
		return c.count(have, strings.Contains) == 0
	case "begin with":
		return strings.HasPrefix(have, want)
	case "not begin with":
		return !strings.HasPrefix(have, want)
	case "end with":
		return strings.HasSuffix(have, want)
	case "not end with":
		return !strings.HasSuffix(have, want)
	case "less than":
		return have < want
	case "more than":
		return have > want
	case "image":
		return have == want || have[strings.LastIndexByte(have, '\\')+1:] == want
	default:
		return have == want
	}
}

func (c *condition) count(have string, holds func(have, want string) bool) int {
	n := 0
	for _, want := range c.values {
		if holds(have, want) {
			n++
		}
	}
	return n
}
