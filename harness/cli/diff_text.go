package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
)

// text shows changes as a diff does: + gained, - lost, ~ changed.
func (d *ruleDiff) text(to io.Writer) error {
	var b strings.Builder
	heading := ""
	for i := range d.Changes {
		c := &d.Changes[i]
		if next := c.Rule + " on " + c.Recording; next != heading {
			heading = next
			fmt.Fprintf(&b, "%s\n", report.OneLine(heading))
		}
		fmt.Fprintf(&b, "  %s %-12s %s%s\n", c.sign(), c.Phase, report.OneLine(c.row()), report.OneLine(c.behind()))
	}
	for _, f := range d.Faults {
		fmt.Fprintf(&b, "the %s version of %s does not run on %s:\n%s\n", f.Version, report.OneLine(f.Rule), report.OneLine(f.Recording), report.Visible(f.Error))
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintln(&b, d.summary())
	_, err := io.WriteString(to, b.String())
	return err
}

func (d *ruleDiff) summary() string {
	s := d.Summary
	return fmt.Sprintf("%s gained, %d lost, %d changed; %s, %s", count(s.Gained, "row"), s.Lost, s.Changed, count(s.Rules, "rule"), count(s.Recordings, "recording"))
}

func (c *rowChange) sign() string {
	switch c.Kind {
	case "gained":
		return "+"
	case "lost":
		return "-"
	}
	return "~"
}

// shownCells is how many cells of a row a line has.
const shownCells = 5

// row shows a row, or the cells that differ.
func (c *rowChange) row() string {
	var parts []string
	switch c.Kind {
	case "gained":
		parts = cellTexts(c.New)
	case "lost":
		parts = cellTexts(c.Old)
	default:
		parts = differences(c.Old, c.New)
	}
	if len(parts) > shownCells {
		parts = append(parts[:shownCells], "...")
	}
	return strings.Join(parts, ", ")
}

func cellTexts(row []harness.RowCell) []string {
	var parts []string
	for _, cell := range row {
		if cell.Value != "" {
			parts = append(parts, cell.Column+"="+cell.Value)
		}
	}
	return parts
}

// differences lists the cells that differ, and the columns that only one side has.
func differences(before, after []harness.RowCell) []string {
	had := map[string]string{}
	for _, c := range before {
		had[c.Column] = c.Value
	}
	var parts []string
	for _, c := range after {
		value, ok := had[c.Column]
		delete(had, c.Column)
		switch {
		case !ok:
			parts = append(parts, "+"+c.Column+"="+c.Value)
		case value != c.Value:
			parts = append(parts, c.Column+": "+value+" -> "+c.Value)
		}
	}
	for _, c := range before {
		if value, ok := had[c.Column]; ok {
			parts = append(parts, "-"+c.Column+"="+value)
		}
	}
	return parts
}

// behind names the events of a row.
func (c *rowChange) behind() string {
	if len(c.Events) == 0 {
		return ""
	}
	e := c.Events[0]
	text := fmt.Sprintf("  (%s/%d", e.Channel, e.RecordID)
	if more := len(c.Events) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + ")"
}

// markdown shows changes as a table for a pull request.
func (d *ruleDiff) markdown(to io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### geiger diff: %s\n", d.summary())
	if len(d.Changes) > 0 {
		b.WriteString("\n| | Rule | Recording | Phase | Row |\n|---|---|---|---|---|\n")
	}
	for i := range d.Changes {
		c := &d.Changes[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Kind, report.EscapeMarkdown(c.Rule), report.EscapeMarkdown(c.Recording), c.Phase, report.EscapeMarkdown(c.row()))
	}
	for _, f := range d.Faults {
		fmt.Fprintf(&b, "\nThe %s version of %s does not run on %s:\n\n%s\n", f.Version, report.EscapeMarkdown(f.Rule), report.EscapeMarkdown(f.Recording), report.CodeBlock(f.Error))
	}
	_, err := io.WriteString(to, b.String())
	return err
}
