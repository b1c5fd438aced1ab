package geo

import (
	"strconv"
	"strings"
)

// Geometry is a shape as GeoJSON has it.
type Geometry struct {
	// Type is the GeoJSON name: Point, LineString, Polygon, MultiPoint, MultiLineString, MultiPolygon, GeometryCollection.
	Type string
	// Coordinates are positions (a []any of float64) in as many lists as the type needs; nil for a collection.
	Coordinates []any
	// Geometries are the members of a collection.
	Geometries []Geometry
}

// shapes are the words of well-known text, with the GeoJSON name and the depth of the lists around a position.
func shapes(word string) (name string, depth int, ok bool) {
	switch strings.ToUpper(word) {
	case "POINT":
		return "Point", 0, true
	case "MULTIPOINT":
		return "MultiPoint", 1, true
	case "LINESTRING":
		return "LineString", 1, true
	case "MULTILINESTRING":
		return "MultiLineString", 2, true
	case "POLYGON":
		return "Polygon", 2, true
	case "MULTIPOLYGON":
		return "MultiPolygon", 3, true
	default:
		return "", 0, false
	}
}

// ParseWKT reads well-known text in two dimensions. It is false for anything else.
// Source: https://learn.microsoft.com/kusto/query/geo-from-wkt-function
func ParseWKT(text string) (Geometry, bool) {
	r := wktReader{rest: text}
	g, ok := r.geometry()
	r.space()
	return g, ok && r.rest == ""
}

// wktReader takes well-known text from the left.
type wktReader struct{ rest string }

func (r *wktReader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

func (r *wktReader) take(sign string) bool {
	r.space()
	rest, ok := strings.CutPrefix(r.rest, sign)
	r.rest = rest
	return ok
}

// word takes what stands before a space or a sign.
func (r *wktReader) word() string {
	r.space()
	end := strings.IndexAny(r.rest, " \t\r\n(),")
	if end < 0 {
		end = len(r.rest)
	}
	word := r.rest[:end]
	r.rest = r.rest[end:]
	return word
}

func (r *wktReader) geometry() (Geometry, bool) {
	word := r.word()
	if strings.EqualFold(word, "GEOMETRYCOLLECTION") {
		return r.collection()
	}
	name, depth, ok := shapes(word)
	if !ok || !r.take("(") {
		return Geometry{}, false
	}
	var list []any
	if depth == 0 {
		list, ok = r.position()
	} else {
		list, ok = r.list(depth, name == "MultiPoint")
	}
	return Geometry{Type: name, Coordinates: list}, ok && r.take(")")
}

// collection holds shapes, not collections: so text cannot nest without end.
func (r *wktReader) collection() (Geometry, bool) {
	g := Geometry{Type: "GeometryCollection"}
	if !r.take("(") {
		return g, false
	}
	for {
		if word := strings.TrimSpace(r.rest); len(word) >= 18 && strings.EqualFold(word[:18], "GEOMETRYCOLLECTION") {
			return g, false
		}
		member, ok := r.geometry()
		if !ok {
			return g, false
		}
		g.Geometries = append(g.Geometries, member)
		if !r.take(",") {
			return g, r.take(")")
		}
	}
}

// list takes elements up to a closing sign, which stays. A point of a multipoint may stand in parentheses of its own.
func (r *wktReader) list(depth int, loose bool) ([]any, bool) {
	var out []any
	for {
		element, ok := r.element(depth, loose)
		if !ok {
			return nil, false
		}
		out = append(out, element)
		if !r.take(",") {
			return out, true
		}
	}
}

func (r *wktReader) element(depth int, loose bool) ([]any, bool) {
	if depth == 1 && !loose {
		return r.position()
	}
	if !r.take("(") {
		if depth == 1 {
			return r.position()
		}
		return nil, false
	}
	var list []any
	var ok bool
	if depth == 1 {
		list, ok = r.position()
	} else {
		list, ok = r.list(depth-1, false)
	}
	return list, ok && r.take(")")
}

func (r *wktReader) position() ([]any, bool) {
	x, xErr := strconv.ParseFloat(r.word(), 64)
	y, yErr := strconv.ParseFloat(r.word(), 64)
	if xErr != nil || yErr != nil {
		return nil, false
	}
	return []any{x, y}, true
}
