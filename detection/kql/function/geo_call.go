package function

import (
	"github.com/seed-67b27da2/geiger/detection/kql/geo"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// onPoints is a function of points, whose coordinates are the first arguments; null if one is not on the Earth.
func onPoints(n int, f func(c *Invocation, points []geo.Point, rest []value.Value) value.Value) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		points := make([]geo.Point, n)
		for i := range points {
			p, ok := pointArgs(args, 2*i)
			if !ok {
				return c.Null()
			}
			points[i] = p
		}
		return f(c, points, args[2*n:])
	}
}

func pointsDistance(_ *Invocation, points []geo.Point, rest []value.Value) value.Value {
	if given(rest, 0) && value.Convert(rest[0], value.Bool).Bool() {
		return value.NewReal(geo.SpheroidDistance(points[0], points[1]))
	}
	return value.NewReal(geo.Distance(points[0], points[1]))
}

func pointsAzimuth(c *Invocation, points []geo.Point, _ []value.Value) value.Value {
	return angleOrNull(c)(geo.Azimuth(points[0], points[1]))
}

func pointsAngle(c *Invocation, points []geo.Point, _ []value.Value) value.Value {
	return angleOrNull(c)(geo.Angle(points[0], points[1], points[2]))
}

func angleOrNull(c *Invocation) func(angle float64, ok bool) value.Value {
	return func(angle float64, ok bool) value.Value {
		if !ok {
			return c.Null()
		}
		return value.NewReal(angle)
	}
}

// pointInCircle is null for a radius that is none.
func pointInCircle(c *Invocation, points []geo.Point, rest []value.Value) value.Value {
	radius := realArg(rest, 0, -1)
	if !(radius >= 0) {
		return c.Null()
	}
	return value.NewBool(geo.Distance(points[0], points[1]) <= radius)
}

// pointCode gives a point the name of its cell in a grid, as fine as the next argument says; "" if there is no such cell.
func pointCode(fineness int64, code func(p geo.Point, fineness int) (string, bool)) Call {
	return func(_ *Invocation, args []value.Value) value.Value {
		level := fineness
		if len(args) > 2 {
			level = long(args, 2, -1)
		}
		p, ok := pointArgs(args, 0)
		if !ok || level < 0 || level > 100 {
			return value.NewString("")
		}
		name, _ := code(p, int(level))
		return value.NewString(name)
	}
}

func geohashCenter(geohash string) (geo.Point, bool) {
	r, ok := geo.GeohashArea(geohash)
	return r.Center(), ok
}

func geohashRing(geohash string) ([]geo.Point, bool) {
	r, ok := geo.GeohashArea(geohash)
	return r.Ring(), ok
}

func cellPoint(center func(cell string) (geo.Point, bool)) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		p, ok := center(text(args[0]))
		if !ok {
			return c.Null()
		}
		return pointBag(p)
	}
}

func cellPolygon(ring func(cell string) ([]geo.Point, bool)) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		points, ok := ring(text(args[0]))
		if !ok {
			return c.Null()
		}
		return ringBag(points)
	}
}

func cellNeighbors(neighbors func(cell string) ([]string, bool)) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		names, ok := neighbors(text(args[0]))
		if !ok {
			return c.Null()
		}
		list := make([]any, len(names))
		for i, name := range names {
			list[i] = name
		}
		return value.NewDynamic(list)
	}
}

// onLines is a function of lines, which are the first argument; null for what are none.
func onLines(f func(c *Invocation, lines geo.Lines, args []value.Value) value.Value) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		lines, ok := linesOf(args[0])
		if !ok {
			return c.Null()
		}
		return f(c, lines, args)
	}
}

// measured is a number or a point of polygons. The service unites polygons that overlap; this engine cannot, and
// says so rather than count an area twice.
func measured(f func(geo.Polygons) value.Value) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		polygons, ok := c.polygons(args[0])
		switch {
		case !ok:
			return c.Null()
		case polygons.Overlap():
			return c.Fail("polygons that overlap cannot be measured as one")
		default:
			return f(polygons)
		}
	}
}

func polygonsCentroid(c *Invocation, args []value.Value) value.Value {
	return measured(func(a geo.Polygons) value.Value { return pointOrNull(c)(a.Centroid()) })(c, args)
}

func pointOrNull(c *Invocation) func(p geo.Point, ok bool) value.Value {
	return func(p geo.Point, ok bool) value.Value {
		if !ok {
			return c.Null()
		}
		return pointBag(p)
	}
}

func linesLength(_ *Invocation, lines geo.Lines, _ []value.Value) value.Value {
	return value.NewReal(lines.Length())
}

func linesCentroid(c *Invocation, lines geo.Lines, _ []value.Value) value.Value {
	return pointOrNull(c)(lines.Centroid())
}

func lineLocate(c *Invocation, lines geo.Lines, args []value.Value) value.Value {
	p, ok := pointArgs(args, 1)
	if !ok {
		return c.Null()
	}
	share, ok := lines.Locate(p)
	if !ok {
		return c.Null()
	}
	return value.NewReal(share)
}

func lineInterpolate(c *Invocation, lines geo.Lines, args []value.Value) value.Value {
	return pointOrNull(c)(lines.Interpolate(realArg(args, 1, -1)))
}

// pointToLines is a function of a point and lines.
func pointToLines(f func(p geo.Point, lines geo.Lines) value.Value) Call {
	return onPoints(1, func(c *Invocation, points []geo.Point, rest []value.Value) value.Value {
		lines, ok := linesOf(rest[0])
		if !ok {
			return c.Null()
		}
		return f(points[0], lines)
	})
}

// pointToPolygons is a function of a point and polygons.
func pointToPolygons(f func(p geo.Point, polygons geo.Polygons) value.Value) Call {
	return onPoints(1, func(c *Invocation, points []geo.Point, rest []value.Value) value.Value {
		polygons, ok := c.polygons(rest[0])
		if !ok {
			return c.Null()
		}
		return f(points[0], polygons)
	})
}

func linesMeetLines(c *Invocation, lines geo.Lines, args []value.Value) value.Value {
	other, ok := linesOf(args[1])
	if !ok {
		return c.Null()
	}
	return value.NewBool(lines.Intersects(other))
}

func linesMeetPolygons(c *Invocation, lines geo.Lines, args []value.Value) value.Value {
	polygons, ok := c.polygons(args[1])
	if !ok {
		return c.Null()
	}
	return value.NewBool(polygons.MeetLines(lines))
}

func polygonsMeet(c *Invocation, args []value.Value) value.Value {
	a, aOK := polygonsOf(args[0])
	b, bOK := polygonsOf(args[1])
	if !aOK || !bOK {
		return c.Null()
	}
	return value.NewBool(a.Meet(b))
}

func fromWKT(c *Invocation, args []value.Value) value.Value {
	g, ok := geo.ParseWKT(text(args[0]))
	if !ok {
		return c.Null()
	}
	return value.NewDynamic(geometryBag(g))
}
