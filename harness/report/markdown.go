package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/harness"
)

// Markdown writes a summary for a pull request or a job's page: the table of verdicts, then what does not pass, folded.
func Markdown(w io.Writer, r *Run) error {
	out := &errWriter{w: w}
	s := r.summary()
	fmt.Fprintf(out, "### geiger: %d pass, %d fail, %d inconclusive\n\n", s.Pass, s.Fail, s.Inconclusive)
	if r.simulated() {
		fmt.Fprint(out, "> From a simulated host: a rule that works here still has to be seen working on a VM.\n\n")
	}
	fmt.Fprint(out, "| | Scenario | Target | Alerts | Why |\n|---|---|---|---|---|\n")
	for i := range r.Results {
		v := &r.Results[i].Verdict
		fmt.Fprintf(out, "| %s | %s | %s | %d | %s |\n", badge(v.Outcome), EscapeMarkdown(v.Scenario), EscapeMarkdown(v.Target), len(v.Alerts), EscapeMarkdown(short(headline(v))))
	}
	for i := range r.Results {
		if v := &r.Results[i].Verdict; v.Outcome != harness.Pass {
			markdownChain(out, v)
		}
	}
	return out.err
}

func markdownChain(w *errWriter, v *harness.Verdict) {
	var chain strings.Builder
	w.keep(Chain(&chain, v, Palette{}))
	fmt.Fprintf(w, "\n<details><summary>%s on %s: %s</summary>\n\n%s\n\n</details>\n",
		EscapeMarkdown(v.Scenario), EscapeMarkdown(v.Target), v.Outcome, CodeBlock(strings.TrimSpace(chain.String())))
}

func badge(o harness.Outcome) string {
	switch o {
	case harness.Pass:
		return "✅ pass"
	case harness.Fail:
		return "❌ fail"
	case harness.Inconclusive:
		return "❔ inconclusive"
	default:
		return string(o)
	}
}

// EscapeMarkdown escapes text from a host: nothing in it is markup, a link or a mention any more.
func EscapeMarkdown(text string) string {
	var b strings.Builder
	for _, r := range OneLine(text) {
		switch {
		case r == '&' || r == '<' || r == '>' || r == '@' || r == '|' || r == ':':
			fmt.Fprintf(&b, "&#%d;", r) // a backslash does not keep GitHub from linking names and addresses
		case strings.ContainsRune("\\`*_{}[]()#+-.!~", r):
			b.WriteRune('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// CodeBlock fences text with more backticks than it holds.
func CodeBlock(text string) string {
	text = Visible(text)
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + text + "\n" + fence
}
