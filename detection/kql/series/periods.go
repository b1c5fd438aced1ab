package series

import (
	"cmp"
	"math"
	"slices"
)

// Period is a length after which a series repeats, in points.
type Period struct {
	Length float64
	Score  float64 // 0 to 1
}

// shortestPeriod is the shortest period that is looked for, in points. The longest is half of the series.
const shortestPeriod = 4

// DetectPeriods finds the periods of a series between two lengths, best first.
//
// The lengths come from the frequencies that stand out of the spectrum, more than a standard deviation above the mean;
// each is moved to the peak of the autocorrelation between the neighbouring frequencies, if there is one. The
// score is the circular autocorrelation there, on a scale from its least value to 1. The score is the
// service's (it has the one measured score, to 14 digits); which frequencies the service takes as standing out is not
// known, and this rule gives all its documented periods.
// Source: https://learn.microsoft.com/kusto/query/series-periods-detect-function
func DetectPeriods(y []float64, shortest, longest float64) []Period {
	s := spectrumOf(y)
	found := map[int]bool{}
	var out []Period
	for frequency := 2; frequency < len(s.power); frequency++ {
		if s.power[frequency] <= s.threshold {
			continue
		}
		lag, ok := s.peak(frequency)
		if !ok || found[lag] || float64(lag) < shortest || float64(lag) > longest {
			continue
		}
		found[lag] = true
		out = append(out, Period{Length: float64(lag), Score: s.score[lag]})
	}
	slices.SortStableFunc(out, func(a, b Period) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

// ValidatePeriod scores a period of any length: by the autocorrelation at the nearest lag if one of the two nearest frequencies
// stands out of the spectrum, else 0. (For the service's own example that rule, a choice, gives what is documented.)
// Source: https://learn.microsoft.com/kusto/query/series-periods-validate-function
func ValidatePeriod(y []float64, length float64) float64 {
	if !(length >= shortestPeriod && length <= float64(len(y))/2) {
		return 0
	}
	s := spectrumOf(y)
	frequency := float64(len(y)) / length
	for _, k := range []int{int(math.Floor(frequency)), int(math.Ceil(frequency))} {
		if k < len(s.power) && s.power[k] > s.threshold {
			return s.score[int(math.Round(length))]
		}
	}
	return 0
}

// spectrum is what a series repeats.
type spectrum struct {
	points    int
	power     []float64 // by frequency: turns in the whole series
	threshold float64   // what a power must be above to stand out
	score     []float64 // by lag, up to half of the series: autocorrelation from its least value (0) to 1
}

func spectrumOf(y []float64) spectrum {
	n := len(y)
	s := spectrum{points: n}
	if n < 2*shortestPeriod {
		return s
	}
	x := transform(complexSeries(centred(y), nil))
	for i, v := range x {
		x[i] = complex(real(v)*real(v)+imag(v)*imag(v), 0)
	}
	for i := range n/2 + 1 {
		s.power = append(s.power, real(x[i]))
	}
	level := mean(s.power[1:])
	s.threshold = level + math.Sqrt(squares(s.power[1:], level)/float64(n/2))
	// The transform of the powers is the circular autocorrelation.
	s.score = scores(transform(x)[:n/2+1])
	return s
}

// centred is a series less its mean, points without a value at the mean, in units of its largest deviation, so that
// powers neither overflow nor vanish. A constant series is all zeros.
func centred(y []float64) []float64 {
	level, largest := mean(y), 0.0
	out := make([]float64, len(y))
	for i, v := range y {
		if finite(v) {
			out[i] = v - level
			largest = max(largest, math.Abs(out[i]))
		}
	}
	if largest == 0 || !finite(largest) || largest <= 1e-12*math.Abs(level) {
		return make([]float64, len(y))
	}
	for i := range out {
		out[i] /= largest
	}
	return out
}

func scores(correlation []complex128) []float64 {
	least := math.Inf(1)
	for _, v := range correlation {
		least = min(least, real(v))
	}
	out := make([]float64, len(correlation))
	for i, v := range correlation {
		if whole := real(correlation[0]) - least; whole > 0 {
			out[i] = (real(v) - least) / whole
		}
	}
	return out
}

// peak is the lag of the highest score between the periods of the neighbouring frequencies. It is false if that is no peak:
// a slope between them.
func (s *spectrum) peak(frequency int) (int, bool) {
	from := max(shortestPeriod, int(math.Ceil(float64(s.points)/float64(frequency+1))))
	to := min(s.points/2, s.points/(frequency-1))
	if from > to {
		return 0, false
	}
	best := from
	for lag := from; lag <= to; lag++ {
		if s.score[lag] > s.score[best] {
			best = lag
		}
	}
	return best, s.score[best] > 0 && s.score[best] >= s.score[best-1] && s.score[best] >= s.at(best+1)
}

// at gives the score at any lag; a circular autocorrelation is symmetric.
func (s *spectrum) at(lag int) float64 { return s.score[min(lag, s.points-lag)] }
