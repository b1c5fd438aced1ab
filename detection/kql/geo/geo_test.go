package geo_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/geo"
)

func at(longitude, latitude float64) geo.Point {
	return geo.Point{Longitude: longitude, Latitude: latitude}
}

// degree is the length of a degree of a great circle, in metres.
const degree = 6371010 * math.Pi / 180

func TestDistance(t *testing.T) {
	require.InDelta(t, degree, geo.Distance(at(0, 0), at(1, 0)), 1e-6)
	require.InDelta(t, degree, geo.Distance(at(179.5, 0), at(-179.5, 0)), 1e-6)
	require.InDelta(t, 90*degree, geo.Distance(at(12, 0), at(0, 90)), 1e-6)
	require.Zero(t, geo.Distance(at(5, 5), at(5, 5)))

	// A degree along the equator, a quarter of a meridian, and points that the formula cannot connect.
	require.InDelta(t, 6378137*math.Pi/180, geo.SpheroidDistance(at(0, 0), at(1, 0)), 1e-6)
	require.InDelta(t, 10001965.7293, geo.SpheroidDistance(at(0, 0), at(0, 90)), 1e-4)
	require.Zero(t, geo.SpheroidDistance(at(5, 5), at(5, 5)))
	require.InDelta(t, 180*degree, geo.SpheroidDistance(at(0, 0), at(180, 0)), 1e-6)
}

func TestAzimuth(t *testing.T) {
	for want, to := range map[float64]geo.Point{0: at(0, 1), math.Pi / 2: at(1, 0), math.Pi: at(0, -1), 3 * math.Pi / 2: at(-1, 0)} {
		got, ok := geo.Azimuth(at(0, 0), to)
		require.True(t, ok)
		require.InDelta(t, want, got, 1e-12)
	}
	_, ok := geo.Azimuth(at(3, 4), at(3, 4))
	require.False(t, ok)
	_, ok = geo.Azimuth(at(0, 0), at(180, 0))
	require.False(t, ok)
}

func TestAngle(t *testing.T) {
	for want, after := range map[float64]geo.Point{math.Pi / 2: at(1, 0), 3 * math.Pi / 2: at(-1, 0), math.Pi: at(0, -1)} {
		got, ok := geo.Angle(at(0, 1), at(0, 0), after)
		require.True(t, ok)
		require.InDelta(t, want, got, 1e-12)
	}
	_, ok := geo.Angle(at(0, 1), at(0, 1), at(1, 0))
	require.False(t, ok)
}

func TestGeohash(t *testing.T) {
	for length := 1; length <= 18; length++ {
		p := at(13.4049, 52.5201)
		hash, ok := geo.Geohash(p, length)
		require.True(t, ok)
		area, ok := geo.GeohashArea(hash)
		require.True(t, ok)
		require.True(t, area.SouthWest.Longitude <= p.Longitude && p.Longitude <= area.NorthEast.Longitude)
		require.True(t, area.SouthWest.Latitude <= p.Latitude && p.Latitude <= area.NorthEast.Latitude)
		again, _ := geo.Geohash(area.Center(), length)
		require.Equal(t, hash, again)
	}
	for _, bad := range []string{"", "a", "u3i", "U33", "0123456789012345678"} {
		_, ok := geo.GeohashArea(bad)
		require.False(t, ok, bad)
		_, ok = geo.GeohashNeighbors(bad)
		require.False(t, ok, bad)
	}
	_, ok := geo.Geohash(at(181, 0), 5)
	require.False(t, ok)
	_, ok = geo.Geohash(at(0, 0), 19)
	require.False(t, ok)
}

func TestGeohashNeighborsMeetAcrossTheDateLine(t *testing.T) {
	hash, _ := geo.Geohash(at(179.99, 0.01), 3)
	around, ok := geo.GeohashNeighbors(hash)
	require.True(t, ok)
	require.Len(t, around, 8)
	beyond, _ := geo.Geohash(at(-179.99, 0.01), 3)
	require.Contains(t, around, beyond)
	pole, _ := geo.Geohash(at(10, 90), 3)
	around, _ = geo.GeohashNeighbors(pole)
	require.Len(t, around, 5)
}

func TestCell(t *testing.T) {
	token, ok := geo.Cell(at(13.4049, 52.5201), 12)
	require.True(t, ok)
	center, ok := geo.CellCenter(token)
	require.True(t, ok)
	require.Less(t, geo.Distance(center, at(13.4049, 52.5201)), 2000.0)
	ring, ok := geo.CellRing(token)
	require.True(t, ok)
	require.Len(t, ring, 5)
	require.Equal(t, ring[0], ring[4])
	around, ok := geo.CellNeighbors(token)
	require.True(t, ok)
	require.Len(t, around, 8)
	require.NotContains(t, around, token)
	for _, bad := range []string{"", "a", "xyz", "89c25900000000000000"} {
		_, ok := geo.CellCenter(bad)
		require.False(t, ok, bad)
		_, ok = geo.CellRing(bad)
		require.False(t, ok, bad)
		_, ok = geo.CellNeighbors(bad)
		require.False(t, ok, bad)
	}
	_, ok = geo.Cell(at(0, 0), 31)
	require.False(t, ok)
}

func lines(t *testing.T, points ...[]geo.Point) geo.Lines {
	t.Helper()
	l, ok := geo.NewLines(points)
	require.True(t, ok)
	return l
}

func TestLines(t *testing.T) {
	equator := lines(t, []geo.Point{at(0, 0), at(1, 0), at(3, 0)})
	require.InDelta(t, 3*degree, equator.Length(), 1e-6)
	require.InDelta(t, degree, equator.Distance(at(2, 1)), 1e-6)
	require.InDelta(t, 2, equator.Closest(at(2, 1)).Longitude, 1e-9)
	share, ok := equator.Locate(at(2, 1))
	require.True(t, ok)
	require.InDelta(t, 2.0/3, share, 1e-12)
	half, ok := equator.Interpolate(0.5)
	require.True(t, ok)
	require.InDelta(t, 1.5, half.Longitude, 1e-12)
	center, ok := equator.Centroid()
	require.True(t, ok)
	require.InDelta(t, 1.5, center.Longitude, 1e-3)
	_, ok = equator.Interpolate(1.5)
	require.False(t, ok)

	require.True(t, equator.Intersects(lines(t, []geo.Point{at(2, -1), at(2, 1)})))
	require.False(t, equator.Intersects(lines(t, []geo.Point{at(4, -1), at(4, 1)})))
	_, ok = append(equator, equator...).Locate(at(1, 1))
	require.False(t, ok)
	for _, bad := range [][]geo.Point{{at(0, 0)}, {at(0, 0), at(0, 0)}, {at(0, 0), at(200, 0)}, {at(0, 0), at(180, 0)}, {at(math.NaN(), 0), at(1, 1)}} {
		_, ok := geo.NewLines([][]geo.Point{bad})
		require.False(t, ok, "%v", bad)
	}
	_, ok = geo.NewLines(nil)
	require.False(t, ok)
}

func square(west, south, side float64) []geo.Point {
	return []geo.Point{at(west, south), at(west+side, south), at(west+side, south+side), at(west, south+side), at(west, south)}
}

func polygons(t *testing.T, rings ...[][]geo.Point) geo.Polygons {
	t.Helper()
	p, ok := geo.NewPolygons(rings)
	require.True(t, ok)
	return p
}

func TestPolygons(t *testing.T) {
	frame := polygons(t, [][]geo.Point{square(0, 0, 3), square(1, 1, 1)})
	require.True(t, frame.Contain(at(0.5, 0.5)))
	require.False(t, frame.Contain(at(1.5, 1.5)), "a hole is outside")
	require.False(t, frame.Contain(at(3.5, 1)))
	require.InEpsilon(t, 8*degree*degree, frame.Area(), 0.002)
	require.InEpsilon(t, 16*degree, frame.Perimeter(), 0.002)
	require.Zero(t, frame.Distance(at(0.5, 0.5)))
	require.InEpsilon(t, 0.5*degree, frame.Distance(at(1.5, 1.5)), 0.002)
	require.Equal(t, at(0.5, 0.5), frame.Closest(at(0.5, 0.5)))
	require.InDelta(t, 3, frame.Closest(at(5, 1)).Longitude, 1e-9)
	center, ok := frame.Centroid()
	require.True(t, ok)
	require.InDelta(t, 1.5, center.Longitude, 1e-3)
	require.InDelta(t, 1.5, center.Latitude, 1e-3)
}

func TestTheDirectionOfARingDoesNotCount(t *testing.T) {
	ring := square(0, 0, 1)
	other := []geo.Point{ring[0], ring[3], ring[2], ring[1], ring[0]}
	require.InDelta(t, polygons(t, [][]geo.Point{ring}).Area(), polygons(t, [][]geo.Point{other}).Area(), 1)
}

func TestPolygonsMeet(t *testing.T) {
	a, b, far := polygons(t, [][]geo.Point{square(0, 0, 2)}), polygons(t, [][]geo.Point{square(1, 1, 2)}), polygons(t, [][]geo.Point{square(9, 9, 1)})
	inside := polygons(t, [][]geo.Point{square(0.5, 0.5, 0.1)})
	require.True(t, a.Meet(b))
	require.True(t, a.Meet(inside))
	require.True(t, inside.Meet(a))
	require.False(t, a.Meet(far))
	require.True(t, append(a, b...).Overlap())
	require.False(t, append(a, far...).Overlap())
	require.True(t, a.MeetLines(lines(t, []geo.Point{at(-1, 1), at(5, 1)})))
	require.True(t, a.MeetLines(lines(t, []geo.Point{at(0.5, 1), at(0.6, 1)})))
	require.False(t, a.MeetLines(lines(t, []geo.Point{at(5, 1), at(6, 1)})))
}

func TestBadRings(t *testing.T) {
	for _, ring := range [][]geo.Point{
		{},
		{at(0, 0), at(1, 0), at(0, 0)},
		{at(0, 0), at(1, 0), at(1, 1), at(0, 1)}, // not closed
		{at(0, 0), at(1, 1), at(1, 1), at(0, 0)},
		{at(0, 0), at(1, 0), at(2, 2), at(1, 0), at(0, 0)},
		{at(0, 0), at(1, 0), at(1, 91), at(0, 0)},
	} {
		_, ok := geo.NewPolygons([][][]geo.Point{{ring}})
		require.False(t, ok, "%v", ring)
	}
	_, ok := geo.NewPolygons([][][]geo.Point{{}})
	require.False(t, ok)
	_, ok = geo.NewPolygons(nil)
	require.False(t, ok)
}

func TestParseWKT(t *testing.T) {
	g, ok := geo.ParseWKT("multipoint((1 2), 3 4)")
	require.True(t, ok)
	require.Equal(t, geo.Geometry{Type: "MultiPoint", Coordinates: []any{[]any{1.0, 2.0}, []any{3.0, 4.0}}}, g)
	g, ok = geo.ParseWKT(" GEOMETRYCOLLECTION (POINT (1 -1.5e1), LINESTRING(2 2, 3 3)) ")
	require.True(t, ok)
	require.Equal(t, []geo.Geometry{
		{Type: "Point", Coordinates: []any{1.0, -15.0}},
		{Type: "LineString", Coordinates: []any{[]any{2.0, 2.0}, []any{3.0, 3.0}}},
	}, g.Geometries)
	for _, bad := range []string{
		"", "POINT", "POINT (1)", "POINT (1 2", "POINT (1 2) x", "CIRCLE (1 2)", "POLYGON (1 2, 3 4)", "LINESTRING ((1 2))",
		"GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POINT (1 2)))", "GEOMETRYCOLLECTION ()", "POINT (one two)",
	} {
		_, ok := geo.ParseWKT(bad)
		require.False(t, ok, bad)
	}
}

// FuzzParseWKT checks that no text makes the reader panic or hang, and that what it reads has a type.
func FuzzParseWKT(f *testing.F) {
	for _, seed := range []string{
		"POINT (1 2)", "LINESTRING (1 2, 3 4)", "POLYGON ((0 0, 2 0, 2 2, 0 0))", "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 0)))",
		"GEOMETRYCOLLECTION (POINT (1 1), GEOMETRYCOLLECTION (", "MULTIPOINT ((1 1), 2 2)", "((((((((",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if g, ok := geo.ParseWKT(text); ok {
			require.NotEmpty(t, g.Type)
		}
	})
}
