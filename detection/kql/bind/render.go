package bind

import (
	"maps"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// charts are the words that render takes for the kind of chart.
// Source: https://learn.microsoft.com/kusto/query/render-operator
func charts() []string {
	return []string{
		"table", "list", "barchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart",
		"areachart", "stackedareachart", "scatterchart", "timepivot", "columnchart", "timeline", "3Dchart", "card",
		"treemap", "plotly", "graph", "sankey",
	}
}

// bindRender binds render, which changes no row; its settings are checked all the same.
func (b *binder) bindRender(op *syntax.Render, in *relation) *relation {
	if op.Chart.Present() {
		b.oneOf(op.Chart.Text, op.Chart.Span, charts())
	}
	for _, p := range slices.Concat(op.Bare, op.With) {
		b.checkRenderProperty(p)
	}
	settings := words(op.Bare)
	maps.Copy(settings, words(op.With))
	return same(in, &Render{Output: b.output(in, op), Input: in.op, Chart: op.Chart.Text, Properties: settings})
}

func (b *binder) checkRenderProperty(p *syntax.Property) {
	if p.Name == nil || p.Value == nil {
		return
	}
	switch p.Name.Text {
	case "title", "xtitle", "ytitle":
		if v := b.bindExpr(p.Value); !v.typing.isStringOrDynamic() && !v.typing.unresolved() {
			b.report("KS141", p.Value.Span(), "the expression must have one of the types: string or dynamic")
		}
	case "xcolumn", "ycolumns", "anomalycolumns", "series", "by":
		b.checkRenderColumns(p.Value)
	case "kind":
		b.oneOf(word(p), p.Value.Span(), []string{"default", "unstacked", "stacked", "stacked100", "map"})
	case "legend":
		b.oneOf(word(p), p.Value.Span(), []string{"visible", "hidden"})
	case "xaxis", "yaxis":
		b.oneOf(word(p), p.Value.Span(), []string{"linear", "log"})
	case "ysplit":
		b.oneOf(word(p), p.Value.Span(), []string{"none", "axes", "panels"})
	case "accumulate":
		if l, ok := p.Value.(*syntax.Literal); !ok || l.Kind != syntax.BoolLiteral {
			b.report("KS223", p.Value.Span(), "boolean literal expected")
		}
	case "ymin", "ymax", "xmin", "xmax":
		if l, ok := p.Value.(*syntax.Literal); !ok || !scalar(literalValue(l).Type()).isSummable() {
			b.report("KS224", p.Value.Span(), "summable literal expected")
		}
	case "with":
		if l, ok := p.Value.(*syntax.Literal); !ok || literalValue(l).Type() != value.String {
			b.report("KS222", p.Value.Span(), "string literal expected")
		}
	}
}

// checkRenderColumns reports names that are no columns.
func (b *binder) checkRenderColumns(e syntax.Expr) {
	list, ok := e.(*syntax.NameList)
	if !ok {
		b.requireColumn(b.bindExpr(e))
		return
	}
	for _, n := range list.Names {
		b.requireColumn(b.bindExpr(n))
	}
}
