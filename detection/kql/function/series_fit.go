package function

import (
	"github.com/seed-67b27da2/geiger/detection/kql/series"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// fitParts gives the results of a fit of two points at least.
func fitParts(fit func(y []float64) []value.Value) func(*Invocation, []value.Value) []value.Value {
	return func(_ *Invocation, args []value.Value) []value.Value {
		y, ok := completeSeries(args[0])
		if !ok || len(y) < 2 {
			return nil
		}
		return fit(y)
	}
}

// fitBag gives the results of a fit by name.
func fitBag(fit func(y []float64) *value.Bag) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		y, ok := completeSeries(args[0])
		if !ok || len(y) < 2 {
			return c.Null()
		}
		return value.NewDynamic(fit(y))
	}
}

func lineParts(y []float64) []value.Value {
	l := series.FitLine(y)
	return []value.Value{
		value.NewReal(l.RSquare), value.NewReal(l.Slope), value.NewReal(l.Variance), value.NewReal(l.RVariance),
		value.NewReal(l.Interception), realArray(l.Fitted),
	}
}

// lineBag has the keys in the order in which the service gives them.
func lineBag(y []float64) *value.Bag {
	l := series.FitLine(y)
	bag := value.NewBag()
	bag.Set("slope", l.Slope)
	bag.Set("interception", l.Interception)
	bag.Set("rsquare", l.RSquare)
	bag.Set("variance", l.Variance)
	bag.Set("rvariance", l.RVariance)
	bag.Set("line_fit", realArray(l.Fitted).Dynamic())
	return bag
}

func twoLinesParts(y []float64) []value.Value {
	fit := series.FitTwoLines(y)
	out := []value.Value{
		value.NewReal(fit.RSquare), value.NewLong(int64(fit.Split)), value.NewReal(fit.Variance), value.NewReal(fit.RVariance),
		realArray(fit.Fitted),
	}
	for _, l := range []series.Line{fit.Right, fit.Left} {
		out = append(out, value.NewReal(l.RSquare), value.NewReal(l.Slope), value.NewReal(l.Interception),
			value.NewReal(l.Variance), value.NewReal(l.RVariance))
	}
	return out
}

// twoLinesBag has a bag for each of the lines.
func twoLinesBag(y []float64) *value.Bag {
	fit := series.FitTwoLines(y)
	bag := value.NewBag()
	bag.Set("rsquare", fit.RSquare)
	bag.Set("split_idx", int64(fit.Split))
	bag.Set("variance", fit.Variance)
	bag.Set("rvariance", fit.RVariance)
	bag.Set("line_fit", realArray(fit.Fitted).Dynamic())
	bag.Set("right", sideBag(fit.Right))
	bag.Set("left", sideBag(fit.Left))
	return bag
}

func sideBag(l series.Line) *value.Bag {
	bag := value.NewBag()
	bag.Set("rsquare", l.RSquare)
	bag.Set("slope", l.Slope)
	bag.Set("interception", l.Interception)
	bag.Set("variance", l.Variance)
	bag.Set("rvariance", l.RVariance)
	return bag
}

// polynomialParts is series_fit_poly(y, x, degree); without x the points are counted from 1.
func polynomialParts(_ *Invocation, args []value.Value) []value.Value {
	y, ok := completeSeries(args[0])
	if !ok {
		return nil
	}
	x := make([]float64, len(y))
	for i := range x {
		x[i] = float64(i + 1)
	}
	if given(args, 1) {
		if x, ok = completeSeries(args[1]); !ok || len(x) != len(y) {
			return nil
		}
	}
	p, ok := series.FitPolynomial(y, x, intArg(args, 2, 1))
	if !ok {
		return nil
	}
	return []value.Value{
		value.NewReal(p.RSquare), realArray(p.Coefficients), value.NewReal(p.Variance), value.NewReal(p.RVariance),
		realArray(p.Fitted),
	}
}
