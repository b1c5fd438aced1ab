package geo

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// radius of the sphere that the service measures on, in metres.
const radius = 6371010.0

// Point is a place on the Earth, in degrees.
type Point struct{ Longitude, Latitude float64 }

// Valid reports whether the point is on the Earth: longitude -180 to 180, latitude -90 to 90.
func (p Point) Valid() bool { return math.Abs(p.Longitude) <= 180 && math.Abs(p.Latitude) <= 90 }

func (p Point) latLng() s2.LatLng { return s2.LatLngFromDegrees(p.Latitude, p.Longitude) }

func (p Point) onSphere() s2.Point { return s2.PointFromLatLng(p.latLng()) }

func pointOf(p s2.Point) Point {
	l := s2.LatLngFromPoint(p)
	return Point{Longitude: l.Lng.Degrees(), Latitude: l.Lat.Degrees()}
}

func metres(a s1.Angle) float64 { return a.Radians() * radius }

// Distance between two points on the sphere.
// Source: https://learn.microsoft.com/kusto/query/geo-distance-2points-function
func Distance(a, b Point) float64 { return metres(a.latLng().Distance(b.latLng())) }

// Azimuth is the direction from one point to another, clockwise from north, from 0 to 2π. It is false for points
// that are equal or antipodal.
// Source: https://learn.microsoft.com/kusto/query/geo-azimuth-function
func Azimuth(from, to Point) (float64, bool) {
	a, b := from.onSphere(), to.onSphere()
	if a == b || opposite(a, b) {
		return 0, false
	}
	latA, latB := radians(from.Latitude), radians(to.Latitude)
	sin, cos := math.Sincos(radians(to.Longitude - from.Longitude))
	angle := math.Atan2(sin*math.Cos(latB), math.Cos(latA)*math.Sin(latB)-math.Sin(latA)*math.Cos(latB)*cos)
	return turn(angle), true
}

// opposite reports whether points are antipodal, but for rounding.
func opposite(a, b s2.Point) bool { return a.Add(b.Vector).Norm() < 1e-15 }

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// turn brings an angle into the range from 0 to 2π.
func turn(angle float64) float64 {
	if angle < 0 {
		angle += 2 * math.Pi
	}
	return angle
}

// Angle at a corner: clockwise from the line to the point before it to the line to the point after it. It is false if a line has no
// direction.
// Source: https://learn.microsoft.com/kusto/query/geo-angle-function
func Angle(before, corner, after Point) (float64, bool) {
	back, ok := Azimuth(corner, before)
	ahead, fine := Azimuth(corner, after)
	return turn(ahead - back), ok && fine
}

// The ellipsoid of WGS 84: its larger half-axis in metres, and its flattening.
const (
	equatorRadius = 6378137.0
	flattening    = 1 / 298.257223563
)

// SpheroidDistance is the distance on the ellipsoid of WGS 84, by Vincenty's inverse formula. For almost antipodal points, where
// that does not converge, it is the distance on the sphere.
func SpheroidDistance(a, b Point) float64 {
	poleRadius := (1 - flattening) * equatorRadius
	g := geodesic{east: radians(b.Longitude - a.Longitude)}
	g.sinA, g.cosA = math.Sincos(math.Atan((1 - flattening) * math.Tan(radians(a.Latitude))))
	g.sinB, g.cosB = math.Sincos(math.Atan((1 - flattening) * math.Tan(radians(b.Latitude))))
	if !g.solve() {
		return Distance(a, b)
	}
	if g.sinSigma == 0 {
		return 0
	}
	u := g.cosAlpha2 * (equatorRadius*equatorRadius - poleRadius*poleRadius) / (poleRadius * poleRadius)
	stretch := 1 + u/16384*(4096+u*(-768+u*(320-175*u)))
	k := u / 1024 * (256 + u*(-128+u*(74-47*u)))
	c := g.cos2Mid
	delta := k * g.sinSigma * (c + k/4*(g.cosSigma*(-1+2*c*c)-k/6*c*(-3+4*g.sinSigma*g.sinSigma)*(-3+4*c*c)))
	return poleRadius * stretch * (g.sigma - delta)
}

// geodesic is the shortest line between two points of reduced latitudes A and B, as Vincenty names its parts.
type geodesic struct {
	east                       float64 // difference of longitude
	sinA, cosA, sinB, cosB     float64
	sigma, sinSigma, cosSigma  float64 // length as an angle
	cosAlpha2, cos2Mid, lambda float64
}

// solve iterates until the longitude on the auxiliary sphere rests.
func (g *geodesic) solve() bool {
	g.lambda = g.east
	for range 200 {
		before := g.lambda
		g.step()
		if g.sinSigma == 0 || math.Abs(g.lambda-before) < 1e-12 {
			return true
		}
	}
	return false
}

func (g *geodesic) step() {
	sin, cos := math.Sincos(g.lambda)
	x, y := g.cosB*sin, g.cosA*g.sinB-g.sinA*g.cosB*cos
	g.sinSigma = math.Hypot(x, y)
	g.cosSigma = g.sinA*g.sinB + g.cosA*g.cosB*cos
	g.sigma = math.Atan2(g.sinSigma, g.cosSigma)
	if g.sinSigma == 0 {
		return
	}
	sinAlpha := g.cosA * g.cosB * sin / g.sinSigma
	g.cosAlpha2 = 1 - sinAlpha*sinAlpha
	g.cos2Mid = 0
	if g.cosAlpha2 > 0 { // 0 along the equator
		g.cos2Mid = g.cosSigma - 2*g.sinA*g.sinB/g.cosAlpha2
	}
	c := flattening / 16 * g.cosAlpha2 * (4 + flattening*(4-3*g.cosAlpha2))
	g.lambda = g.east + (1-c)*flattening*sinAlpha*
		(g.sigma+c*g.sinSigma*(g.cos2Mid+c*g.cosSigma*(-1+2*g.cos2Mid*g.cos2Mid)))
}
