package function

import (
	"github.com/seed-67b27da2/geiger/detection/kql/geo"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// pointArgs reads longitude and latitude; false if they are no point on the Earth.
func pointArgs(args []value.Value, i int) (geo.Point, bool) {
	longitude, latitude := value.Convert(args[i], value.Real), value.Convert(args[i+1], value.Real)
	if longitude.IsNull() || latitude.IsNull() {
		return geo.Point{}, false
	}
	p := geo.Point{Longitude: longitude.Real(), Latitude: latitude.Real()}
	return p, p.Valid()
}

// shapeOf takes a GeoJSON object apart.
func shapeOf(v value.Value) (kind string, coordinates []any) {
	bag, ok := v.Dynamic().(*value.Bag)
	if !ok {
		return "", nil
	}
	kindOf, _ := bag.Get("type")
	list, _ := bag.Get("coordinates")
	kind, _ = kindOf.(string)
	coordinates, _ = list.([]any)
	return kind, coordinates
}

// positions reads a list of positions.
func positions(x any) ([]geo.Point, bool) {
	list, ok := x.([]any)
	if !ok {
		return nil, false
	}
	out := make([]geo.Point, len(list))
	for i, element := range list {
		pair, ok := element.([]any)
		if !ok || len(pair) < 2 {
			return nil, false
		}
		longitude, latitude := numberOf(pair[0]), numberOf(pair[1])
		if !longitude.valid || !latitude.valid {
			return nil, false
		}
		out[i] = geo.Point{Longitude: longitude.real, Latitude: latitude.real}
	}
	return out, true
}

// manyPositions reads a list of lists of positions.
func manyPositions(x any) ([][]geo.Point, bool) {
	list, ok := x.([]any)
	if !ok {
		return nil, false
	}
	out := make([][]geo.Point, len(list))
	for i, element := range list {
		if out[i], ok = positions(element); !ok {
			return nil, false
		}
	}
	return out, true
}

// linesOf reads a LineString or MultiLineString.
func linesOf(v value.Value) (geo.Lines, bool) {
	kind, coordinates := shapeOf(v)
	switch kind {
	case "LineString":
		line, ok := positions(coordinates)
		if !ok {
			return nil, false
		}
		return geo.NewLines([][]geo.Point{line})
	case "MultiLineString":
		lines, ok := manyPositions(coordinates)
		if !ok {
			return nil, false
		}
		return geo.NewLines(lines)
	default:
		return nil, false
	}
}

// lastShape is the polygons that a call has read last. Most calls ask about many points and the same polygons, and
// those are costly to make.
type lastShape struct {
	of       *value.Bag
	polygons geo.Polygons
	ok       bool
}

// polygons reads a Polygon or MultiPolygon, or remembers it.
func (c *Invocation) polygons(v value.Value) (geo.Polygons, bool) {
	bag, ok := v.Dynamic().(*value.Bag)
	if !ok {
		return nil, false
	}
	if c.shape.of != bag {
		polygons, ok := polygonsOf(v)
		c.shape = lastShape{of: bag, polygons: polygons, ok: ok}
	}
	return c.shape.polygons, c.shape.ok
}

// polygonsOf reads a Polygon or MultiPolygon.
func polygonsOf(v value.Value) (geo.Polygons, bool) {
	kind, coordinates := shapeOf(v)
	switch kind {
	case "Polygon":
		rings, ok := manyPositions(coordinates)
		if !ok {
			return nil, false
		}
		return geo.NewPolygons([][][]geo.Point{rings})
	case "MultiPolygon":
		all := make([][][]geo.Point, len(coordinates))
		for i, element := range coordinates {
			rings, ok := manyPositions(element)
			if !ok {
				return nil, false
			}
			all[i] = rings
		}
		return geo.NewPolygons(all)
	default:
		return nil, false
	}
}

func shapeBag(kind string, coordinates any) value.Value {
	bag := value.NewBag()
	bag.Set("type", kind)
	bag.Set("coordinates", coordinates)
	return value.NewDynamic(bag)
}

func position(p geo.Point) []any { return []any{p.Longitude, p.Latitude} }

func pointBag(p geo.Point) value.Value { return shapeBag("Point", position(p)) }

// ringBag is a polygon of one ring.
func ringBag(ring []geo.Point) value.Value {
	list := make([]any, len(ring))
	for i, p := range ring {
		list[i] = position(p)
	}
	return shapeBag("Polygon", []any{list})
}

// geometryBag is any shape.
func geometryBag(g geo.Geometry) *value.Bag {
	bag := value.NewBag()
	bag.Set("type", g.Type)
	if g.Type != "GeometryCollection" {
		bag.Set("coordinates", g.Coordinates)
		return bag
	}
	members := make([]any, len(g.Geometries))
	for i, member := range g.Geometries {
		members[i] = geometryBag(member)
	}
	bag.Set("geometries", members)
	return bag
}
