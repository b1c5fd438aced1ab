package bind

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// setting is what an operator takes for one of its name=value settings.
type setting struct {
	// kind is "column", "integer", "bool", "number" (or one of words), "words" or "any".
	kind  string
	words []string
}

func oneWordOf(words ...string) setting { return setting{kind: "words", words: words} }

// settingOf is what an operator takes for a setting; false if it knows none of the name.
// Source: the pages of the operators, https://learn.microsoft.com/kusto/query/join-operator and so on; the words are those that
// Microsoft's language service takes.
func settingOf(operator, name string) (setting, bool) {
	strategies := oneWordOf("auto", "broadcast", "centralized", "shuffle")
	switch operator + " " + name {
	case "join hint.strategy", "distinct hint.strategy":
		return strategies, true
	case "join hint.remote":
		return oneWordOf("auto", "left", "local", "right", "unresolved"), true
	case "join kind":
		return oneWordOf(joinKinds()...), true
	case "lookup kind":
		return oneWordOf("inner", "leftouter"), true
	case "union kind":
		return oneWordOf("inner", "outer"), true
	case "union isfuzzy", "union __isFuzzy", "union best_effort", "consume decodeblocks":
		return setting{kind: "bool"}, true
	case "union hint.concurrency":
		return setting{kind: "number", words: []string{"auto", "left", "local", "right", "unresolved"}}, true
	case "union hint.spread":
		return setting{kind: "number", words: []string{"auto", "local"}}, true
	case "summarize hint.strategy":
		return oneWordOf("shuffle"), true
	case "summarize hint.num_partitions", "join hint.num_partitions", "distinct hint.num_partitions":
		return setting{kind: "integer"}, true
	case "summarize hint.shufflekey", "join hint.shufflekey", "distinct hint.shufflekey", "make-series hint.shufflekey":
		return setting{kind: "column"}, true
	}
	return rareSettingOf(operator, name)
}

func rareSettingOf(operator, name string) (setting, bool) {
	switch operator + " " + name {
	case "sort hint.strategy":
		return oneWordOf("splitBlock", "multipleBlocks"), true
	case "make-series kind":
		return oneWordOf("nonempty"), true
	case "mv-expand kind", "mv-expand bagexpansion":
		return oneWordOf("bag", "array"), true
	case "parse kind", "parse-where kind":
		return oneWordOf("simple", "regex", "relaxed"), true
	case "search kind":
		return oneWordOf("default", "case_insensitive", "case_sensitive"), true
	case "evaluate hint.distribution":
		return oneWordOf("single", "per_node", "per_shard", "default"), true
	case "evaluate hint.remote":
		return oneWordOf("auto", "local"), true
	case "reduce kind":
		return oneWordOf("source"), true
	case "scan kind":
		return oneWordOf("partial", "full"), true
	default:
		return setting{}, false
	}
}

// checkSettings reports the settings of an operator that it does not take.
func (b *binder) checkSettings(operator string, list []*syntax.Property) {
	for _, p := range list {
		if p.Name == nil || p.Value == nil {
			continue
		}
		s, known := settingOf(operator, p.Name.Text)
		if !known {
			if namesColumn(p.Name.Text) && operator != "mv-apply" && operator != "partition" && operator != "evaluate" {
				b.bindExpr(p.Value)
			}
			continue
		}
		b.checkSetting(s, p)
	}
}

// namesColumn reports whether the value of a setting is bound as a name even where the operator does not know the setting.
func namesColumn(name string) bool {
	switch name {
	case "hint.shufflekey", "hint.pass_filters_column", "__packedColumn":
		return true
	default:
		return false
	}
}

func (b *binder) checkSetting(s setting, p *syntax.Property) {
	at := p.Value.Span()
	t := value.Unknown
	if l, ok := p.Value.(*syntax.Literal); ok {
		t = literalValue(l).Type()
	}
	switch s.kind {
	case "column":
		b.requireColumn(b.bindExpr(p.Value))
	case "integer":
		if t != value.Long && t != value.Int {
			b.report("KS221", at, "integer literal expected")
		}
	case "bool":
		if t != value.Bool {
			b.report("KS223", at, "boolean literal expected")
		}
	case "number":
		if !t.Numeric() {
			b.oneOf(word(p), at, s.words)
		}
	case "words":
		w := word(p)
		if _, ok := p.Value.(*syntax.Literal); ok {
			w = "" // these words are not written as texts
		}
		b.oneOf(w, at, s.words)
	}
}

// oneOf reports a word that is not of a closed list.
func (b *binder) oneOf(word string, at syntax.Span, list []string) {
	if !slices.Contains(list, word) {
		d := b.report("KS005", at, "expected one of: %s", strings.Join(list, ", "))
		d.Hint = hint(word, list)
	}
}
