package geo

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// Lines are one or several lines of two points at least, whose edges are geodesics.
type Lines []s2.Polyline

// NewLines makes lines. It is false if one has less than two points, a point that is not valid, or an edge between
// points that are equal or antipodal.
func NewLines(points [][]Point) (Lines, bool) {
	var out Lines
	for _, list := range points {
		line, ok := chain(list)
		if !ok || len(line) < 2 {
			return nil, false
		}
		out = append(out, line)
	}
	return out, len(out) > 0
}

// chain makes an unbroken line.
func chain(points []Point) (s2.Polyline, bool) {
	out := make(s2.Polyline, len(points))
	for i, p := range points {
		if !p.Valid() {
			return nil, false
		}
		out[i] = p.onSphere()
		if i > 0 && (out[i] == out[i-1] || opposite(out[i], out[i-1])) {
			return nil, false
		}
	}
	return out, true
}

// Length of all lines.
// Source: https://learn.microsoft.com/kusto/query/geo-line-length-function
func (l Lines) Length() float64 {
	var sum s1.Angle
	for i := range l {
		sum += l[i].Length()
	}
	return metres(sum)
}

// Closest is the point of the lines that is closest to one.
// Source: https://learn.microsoft.com/kusto/query/geo-closest-point-on-line-function
func (l Lines) Closest(p Point) Point { return pointOf(l.closest(p.onSphere())) }

func (l Lines) closest(p s2.Point) s2.Point {
	var best s2.Point
	least := s1.InfAngle()
	for i := range l {
		if near, _ := l[i].Project(p); near.Distance(p) < least {
			best, least = near, near.Distance(p)
		}
	}
	return best
}

// Distance of a point from the lines.
// Source: https://learn.microsoft.com/kusto/query/geo-distance-point-to-line-function
func (l Lines) Distance(p Point) float64 {
	at := p.onSphere()
	return metres(l.closest(at).Distance(at))
}

// Centroid is the middle of the lines, by length. It is false if they have none.
// Source: https://learn.microsoft.com/kusto/query/geo-line-centroid-function
func (l Lines) Centroid() (Point, bool) {
	var sum s2.Point
	for i := range l {
		sum = s2.Point{Vector: sum.Add(l[i].Centroid().Vector)}
	}
	return normal(sum)
}

func normal(p s2.Point) (Point, bool) {
	if n := p.Norm(); n == 0 || math.IsNaN(n) {
		return Point{}, false
	}
	return pointOf(s2.Point{Vector: p.Normalize()}), true
}

// Locate is the share of a single line, 0 to 1, that lies before the point of it that is closest to one. It is false for several lines.
// Source: https://learn.microsoft.com/kusto/query/geo-line-locate-point-function
func (l Lines) Locate(p Point) (float64, bool) {
	if len(l) != 1 {
		return 0, false
	}
	near, next := l[0].Project(p.onSphere())
	return l[0].Uninterpolate(near, next), true
}

// Interpolate is the point at a share of a single line, 0 to 1.
// Source: https://learn.microsoft.com/kusto/query/geo-line-interpolate-point-function
func (l Lines) Interpolate(share float64) (Point, bool) {
	if len(l) != 1 || !(share >= 0 && share <= 1) {
		return Point{}, false
	}
	p, _ := l[0].Interpolate(share)
	return pointOf(p), true
}

// Intersects reports whether lines meet.
// Source: https://learn.microsoft.com/kusto/query/geo-intersects-2lines-function
func (l Lines) Intersects(other Lines) bool {
	for i := range l {
		for k := range other {
			if l[i].Intersects(&other[k]) {
				return true
			}
		}
	}
	return false
}
