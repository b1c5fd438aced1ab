package geo

import (
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// Polygons are one or several areas.
type Polygons []polygon

// polygon is the area within its shell and outside of its holes. A ring encloses the smaller of the two parts that it
// divides the Earth into.
type polygon struct {
	shell *s2.Loop
	holes []*s2.Loop
}

// NewPolygons makes polygons, each of rings: the shell and then its holes. It is false if a ring is not closed, has less than
// three different points, or has one that is not valid or there twice. Rings that cross themselves or
// each other are not found; the service refuses them.
func NewPolygons(rings [][][]Point) (Polygons, bool) {
	var out Polygons
	for _, list := range rings {
		var p polygon
		for i, ring := range list {
			loop, ok := newLoop(ring)
			switch {
			case !ok:
				return nil, false
			case i == 0:
				p.shell = loop
			default:
				p.holes = append(p.holes, loop)
			}
		}
		if p.shell == nil {
			return nil, false
		}
		out = append(out, p)
	}
	return out, len(out) > 0
}

func newLoop(ring []Point) (*s2.Loop, bool) {
	if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
		return nil, false
	}
	line, ok := chain(ring)
	if !ok {
		return nil, false
	}
	corners := line[:len(line)-1]
	seen := make(map[s2.Point]bool, len(corners))
	for _, p := range corners {
		if seen[p] {
			return nil, false
		}
		seen[p] = true
	}
	loop := s2.LoopFromPoints(corners)
	if loop.Validate() != nil {
		return nil, false
	}
	loop.Normalize()
	return loop, true
}

func (p *polygon) contains(at s2.Point) bool {
	if !p.shell.ContainsPoint(at) {
		return false
	}
	for _, hole := range p.holes {
		if hole.ContainsPoint(at) {
			return false
		}
	}
	return true
}

func (p *polygon) rings() []*s2.Loop { return append([]*s2.Loop{p.shell}, p.holes...) }

// Contain reports whether a point is in one of the polygons.
// Source: https://learn.microsoft.com/kusto/query/geo-point-in-polygon-function
func (p Polygons) Contain(at Point) bool { return p.contain(at.onSphere()) }

func (p Polygons) contain(at s2.Point) bool {
	for i := range p {
		if p[i].contains(at) {
			return true
		}
	}
	return false
}

// Overlap reports whether two of the polygons have a point in common, as far as their shells show.
func (p Polygons) Overlap() bool {
	for i := range p {
		for k := range i {
			if p[i].shell.Intersects(p[k].shell) {
				return true
			}
		}
	}
	return false
}

// Area of the polygons, each for itself.
// Source: https://learn.microsoft.com/kusto/query/geo-polygon-area-function
func (p Polygons) Area() float64 {
	sum := 0.0
	for i := range p {
		sum += p[i].shell.Area()
		for _, hole := range p[i].holes {
			sum -= hole.Area()
		}
	}
	return sum * radius * radius
}

// Perimeter is the length of all rings.
// Source: https://learn.microsoft.com/kusto/query/geo-polygon-perimeter-function
func (p Polygons) Perimeter() float64 {
	var sum s1.Angle
	for _, line := range p.boundary() {
		sum += line.Length()
	}
	return metres(sum)
}

// boundary is all rings as closed lines.
func (p Polygons) boundary() Lines {
	var out Lines
	for i := range p {
		for _, ring := range p[i].rings() {
			out = append(out, append(append(s2.Polyline{}, ring.Vertices()...), ring.Vertex(0)))
		}
	}
	return out
}

// Closest is the point of the polygons that is closest to one: itself if it is within.
// Source: https://learn.microsoft.com/kusto/query/geo-closest-point-on-polygon-function
func (p Polygons) Closest(at Point) Point {
	if p.Contain(at) {
		return at
	}
	return p.boundary().Closest(at)
}

// Distance of a point from the polygons, 0 within.
// Source: https://learn.microsoft.com/kusto/query/geo-distance-point-to-polygon-function
func (p Polygons) Distance(at Point) float64 {
	if p.Contain(at) {
		return 0
	}
	return p.boundary().Distance(at)
}

// Centroid is the middle of the polygons, by area.
// Source: https://learn.microsoft.com/kusto/query/geo-polygon-centroid-function
func (p Polygons) Centroid() (Point, bool) {
	var sum s2.Point
	for i := range p {
		sum = s2.Point{Vector: sum.Add(p[i].shell.Centroid().Vector)}
		for _, hole := range p[i].holes {
			sum = s2.Point{Vector: sum.Sub(hole.Centroid().Vector)}
		}
	}
	return normal(sum)
}

// MeetLines reports whether lines touch or lie in the polygons.
// Source: https://learn.microsoft.com/kusto/query/geo-intersects-line-with-polygon-function
func (p Polygons) MeetLines(l Lines) bool {
	for i := range l {
		// A line that does not cross the boundary is within or without as a whole.
		if p.contain(l[i][0]) {
			return true
		}
	}
	return p.boundary().Intersects(l)
}

// Meet reports whether polygons have a point in common.
// Source: https://learn.microsoft.com/kusto/query/geo-intersects-2polygons-function
func (p Polygons) Meet(other Polygons) bool {
	return p.MeetLines(other.boundary()) || other.MeetLines(p.boundary())
}
