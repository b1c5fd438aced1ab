package geo

import "strings"

// Bounds of the length of a geohash, in characters.
const (
	minGeohash = 1
	maxGeohash = 18
)

const geohashAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

// Rectangle is an area between two meridians and two parallels.
type Rectangle struct{ SouthWest, NorthEast Point }

// Center is the middle of the rectangle.
func (r Rectangle) Center() Point {
	return Point{
		Longitude: (r.SouthWest.Longitude + r.NorthEast.Longitude) / 2,
		Latitude:  (r.SouthWest.Latitude + r.NorthEast.Latitude) / 2,
	}
}

// Ring is the boundary, counterclockwise from the south-west, closed.
func (r Rectangle) Ring() []Point {
	a, b := r.SouthWest, r.NorthEast
	return []Point{a, {b.Longitude, a.Latitude}, b, {a.Longitude, b.Latitude}, a}
}

// Geohash is the geohash of a point. It is false for a point or a length that is not valid.
// Source: https://learn.microsoft.com/kusto/query/geo-point-to-geohash-function
func Geohash(p Point, length int) (string, bool) {
	if !p.Valid() || length < minGeohash || length > maxGeohash {
		return "", false
	}
	var out strings.Builder
	r, digit := world(), 0
	for bit := range 5 * length {
		digit <<= 1
		if r.halve(bit, p) {
			digit |= 1
		}
		if bit%5 == 4 {
			out.WriteByte(geohashAlphabet[digit])
			digit = 0
		}
	}
	return out.String(), true
}

func world() Rectangle { return Rectangle{Point{-180, -90}, Point{180, 90}} }

// halve keeps the half of the rectangle in which p lies; even bits halve the longitude. It is true for the upper half.
func (r *Rectangle) halve(bit int, p Point) bool {
	middle := r.Center()
	if bit%2 == 0 {
		if p.Longitude >= middle.Longitude {
			r.SouthWest.Longitude = middle.Longitude
			return true
		}
		r.NorthEast.Longitude = middle.Longitude
		return false
	}
	if p.Latitude >= middle.Latitude {
		r.SouthWest.Latitude = middle.Latitude
		return true
	}
	r.NorthEast.Latitude = middle.Latitude
	return false
}

// GeohashArea is the area of a geohash. It is false if that is none.
func GeohashArea(geohash string) (Rectangle, bool) {
	if len(geohash) < minGeohash || len(geohash) > maxGeohash {
		return Rectangle{}, false
	}
	r := world()
	for i := range len(geohash) {
		digit := strings.IndexByte(geohashAlphabet, geohash[i])
		if digit < 0 {
			return Rectangle{}, false
		}
		for k := range 5 {
			corner := Point{-180, -90}
			if digit>>(4-k)&1 == 1 {
				corner = Point{180, 90}
			}
			r.halve(5*i+k, corner)
		}
	}
	return r, true
}

// GeohashNeighbors are the geohashes around one, in the order of the service: west, south-west, south, south-east,
// north-east, east, north, north-west. At a pole there are fewer.
// Source: https://learn.microsoft.com/kusto/query/geo-geohash-neighbors-function
func GeohashNeighbors(geohash string) ([]string, bool) {
	r, ok := GeohashArea(geohash)
	if !ok {
		return nil, false
	}
	width, height := r.NorthEast.Longitude-r.SouthWest.Longitude, r.NorthEast.Latitude-r.SouthWest.Latitude
	middle := r.Center()
	var out []string
	for _, step := range [][2]float64{{-1, 0}, {-1, -1}, {0, -1}, {1, -1}, {1, 1}, {1, 0}, {0, 1}, {-1, 1}} {
		p := Point{middle.Longitude + step[0]*width, middle.Latitude + step[1]*height}
		switch {
		case p.Longitude < -180:
			p.Longitude += 360
		case p.Longitude > 180:
			p.Longitude -= 360
		}
		if hash, ok := Geohash(p, len(geohash)); ok {
			out = append(out, hash)
		}
	}
	return out, true
}
