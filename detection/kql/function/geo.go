package function

import (
	"github.com/seed-67b27da2/geiger/detection/kql/geo"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func geoFunctions() []Function {
	return []Function{
		{Name: "geo_angle", Signatures: []string{"- real p1_longitude:Number p1_latitude:Number p2_longitude:Number p2_latitude:Number p3_longitude:Number p3_latitude:Number"}, Doc: "geo-angle-function", Call: onPoints(3, pointsAngle)},
		{Name: "geo_azimuth", Signatures: []string{"- real p1_longitude:Number p1_latitude:Number p2_longitude:Number p2_latitude:Number"}, Doc: "geo-azimuth-function", Call: onPoints(2, pointsAzimuth)},
		{Name: "geo_distance_2points", Signatures: []string{"- real p1_longitude:Number p1_latitude:Number p2_longitude:Number p2_latitude:Number use_spheroid:NumberOrBool?"}, Doc: "geo-distance-2points-function", Call: onPoints(2, pointsDistance)},
		{Name: "geo_point_in_circle", Signatures: []string{"- bool p_longitude:Number p_latitude:Number pc_longitude:Number pc_latitude:Number c_radius:Number"}, Doc: "geo-point-in-circle-function", Call: onPoints(2, pointInCircle)},
		{Name: "geo_point_buffer", Signatures: []string{"- bag{type:string,coordinates:array} longitude:Number latitude:Number radius:Number tolerance:Number?"}, Doc: "geo-point-buffer-function"},
	}
}

func geoShapeFunctions() []Function {
	return []Function{
		{Name: "geo_from_wkt", Signatures: []string{"- bag{type:string,coordinates:array} wkt:StringOrArray"}, Doc: "geo-from-wkt-function", Call: fromWKT},
		{Name: "geo_closest_point_on_line", Signatures: []string{"- bag{type:string,coordinates:array} longitude:Number latitude:Number lineString:DynamicBag"}, Doc: "geo-closest-point-on-line-function", Call: pointToLines(func(p geo.Point, l geo.Lines) value.Value { return pointBag(l.Closest(p)) })},
		{Name: "geo_closest_point_on_polygon", Signatures: []string{"- bag{type:string,coordinates:array} longitude:Number latitude:Number polygon:DynamicBag"}, Doc: "geo-closest-point-on-polygon-function", Call: pointToPolygons(func(p geo.Point, a geo.Polygons) value.Value { return pointBag(a.Closest(p)) })},
		{Name: "geo_distance_point_to_line", Signatures: []string{"- real longitude:Number latitude:Number lineString:DynamicBag"}, Doc: "geo-distance-point-to-line-function", Call: pointToLines(func(p geo.Point, l geo.Lines) value.Value { return value.NewReal(l.Distance(p)) })},
		{Name: "geo_distance_point_to_polygon", Signatures: []string{"- real longitude:Number latitude:Number polygon:DynamicBag"}, Doc: "geo-distance-point-to-polygon-function", Call: pointToPolygons(func(p geo.Point, a geo.Polygons) value.Value { return value.NewReal(a.Distance(p)) })},
		{Name: "geo_point_in_polygon", Signatures: []string{"- bool longitude:Number latitude:Number polygon:DynamicBag"}, Doc: "geo-point-in-polygon-function", Call: pointToPolygons(func(p geo.Point, a geo.Polygons) value.Value { return value.NewBool(a.Contain(p)) })},
		{Name: "geo_intersects_2lines", Signatures: []string{"- bool lineString1:DynamicBag lineString2:DynamicBag"}, Doc: "geo-intersects-2lines-function", Call: onLines(linesMeetLines)},
		{Name: "geo_intersects_line_with_polygon", Signatures: []string{"- bool lineString:DynamicBag polygon:DynamicBag"}, Doc: "geo-intersects-line-with-polygon-function", Call: onLines(linesMeetPolygons)},
		{Name: "geo_intersects_2polygons", Signatures: []string{"- bool polygon1:DynamicBag polygon2:DynamicBag"}, Doc: "geo-intersects-2polygons-function", Call: polygonsMeet},
		{Name: "geo_intersection_2lines", Signatures: []string{"- bag{type:string,coordinates:array} lineString1:DynamicBag lineString2:DynamicBag"}, Doc: "geo-intersection-2lines-function"},
		{Name: "geo_intersection_line_with_polygon", Signatures: []string{"- bag{type:string,coordinates:array} lineString:DynamicBag polygon:DynamicBag"}, Doc: "geo-intersection-line-with-polygon-function"},
		{Name: "geo_intersection_2polygons", Signatures: []string{"- bag{type:string,coordinates:array} polygon1:DynamicBag polygon2:DynamicBag"}, Doc: "geo-intersection-2polygons-function"},
		{Name: "geo_union_polygons_array", Signatures: []string{"- bag{type:string,coordinates:array} polygons:DynamicArray"}, Doc: "geo-union-polygons-array-function"},
		{Name: "geo_simplify_polygons_array", Signatures: []string{"- bag{type:string,coordinates:array} polygons:DynamicArray tolerance:Number?"}, Doc: "geo-simplify-polygons-array-function"},
		{Name: "geo_union_lines_array", Signatures: []string{"- bag{type:string,coordinates:array} lineStrings:DynamicArray"}, Doc: "geo-union-lines-array-function"},
		{Name: "geo_polygon_densify", Signatures: []string{"- bag{type:string,coordinates:array} polygon:DynamicBag tolerance:Number? preserve_crossing:NumberOrBool?"}, Doc: "geo-polygon-densify-function"},
		{Name: "geo_polygon_area", Signatures: []string{"- real polygon:DynamicBag"}, Doc: "geo-polygon-area-function", Call: measured(func(a geo.Polygons) value.Value { return value.NewReal(a.Area()) })},
		{Name: "geo_polygon_buffer", Signatures: []string{"- bag{type:string,coordinates:array} polygon:DynamicBag radius:Number tolerance:Number?"}, Doc: "geo-polygon-buffer-function"},
		{Name: "geo_polygon_centroid", Signatures: []string{"- bag{type:string,coordinates:array} polygon:DynamicBag"}, Doc: "geo-polygon-centroid-function", Call: polygonsCentroid},
		{Name: "__geo_polygon_validate", Signatures: []string{"- string polygon:DynamicBag"}},
		{Name: "geo_polygon_perimeter", Signatures: []string{"- real polygon:DynamicBag"}, Doc: "geo-polygon-perimeter-function", Call: measured(func(a geo.Polygons) value.Value { return value.NewReal(a.Perimeter()) })},
		{Name: "geo_polygon_simplify", Signatures: []string{"- bag{type:string,coordinates:array} polygon:DynamicBag tolerance:Number?"}, Doc: "geo-polygon-simplify-function"},
		{Name: "geo_line_length", Signatures: []string{"- real lineString:DynamicBag"}, Doc: "geo-line-length-function", Call: onLines(linesLength)},
		{Name: "geo_line_buffer", Signatures: []string{"- bag{type:string,coordinates:array} lineString:DynamicBag radius:Number tolerance:Number?"}, Doc: "geo-line-buffer-function"},
		{Name: "geo_line_centroid", Signatures: []string{"- bag{type:string,coordinates:array} lineString:DynamicBag"}, Doc: "geo-line-centroid-function", Call: onLines(linesCentroid)},
		{Name: "geo_line_densify", Signatures: []string{"- bag{type:string,coordinates:array} lineString:DynamicBag tolerance:Number? preserve_crossing:NumberOrBool?"}, Doc: "geo-line-densify-function"},
		{Name: "geo_line_simplify", Signatures: []string{"- bag{type:string,coordinates:array} lineString:DynamicBag tolerance:Number?"}, Doc: "geo-line-simplify-function"},
		{Name: "geo_line_locate_point", Signatures: []string{"- real lineString:DynamicBag longitude:Number latitude:Number use_spheroid:NumberOrBool?"}, Doc: "geo-line-locate-point-function", Call: onLines(lineLocate)},
		{Name: "geo_line_interpolate_point", Signatures: []string{"- bag{type:string,coordinates:array} lineString:DynamicBag fraction:Number"}, Doc: "geo-line-interpolate-point-function", Call: onLines(lineInterpolate)},
		{Name: "__geo_line_validate", Signatures: []string{"- string lineString:DynamicBag"}},
	}
}

func geoCellFunctions() []Function {
	return []Function{
		{Name: "geo_polygon_to_h3cells", Signatures: []string{"- array<string> polygon:DynamicBag resolution:Number? radius:Number?"}, Doc: "geo-polygon-to-h3cells-function"},
		{Name: "geo_polygon_to_s2cells", Signatures: []string{"- array<string> polygon:DynamicBag level:Number? radius:Number?"}, Doc: "geo-polygon-to-s2cells-function"},
		{Name: "__geo_polygon_s2cell_covering_level", Signatures: []string{"- int polygon:DynamicBag"}},
		{Name: "__geo_line_s2cell_covering_level", Signatures: []string{"- int lineString:DynamicBag"}},
		{Name: "geo_line_to_s2cells", Signatures: []string{"- array<string> lineString:DynamicBag level:Number? radius:Number?"}, Doc: "geo-line-to-s2cells-function"},
		{Name: "__geo_length_to_s2cell_level", Signatures: []string{"- int length:Number"}},
		{Name: "geo_point_to_geohash", Signatures: []string{"- string longitude:Number latitude:Number accuracy:Number?"}, Doc: "geo-point-to-geohash-function", Call: pointCode(5, geo.Geohash)},
		{Name: "geo_geohash_to_central_point", Signatures: []string{"- bag{type:string,coordinates:array} geohash:string"}, Doc: "geo-geohash-to-central-point-function", Call: cellPoint(geohashCenter)},
		{Name: "geo_geohash_to_polygon", Signatures: []string{"- bag{type:string,coordinates:array} geohash:string"}, Doc: "geo-geohash-to-polygon-function", Call: cellPolygon(geohashRing)},
		{Name: "geo_geohash_neighbors", Signatures: []string{"- array<string> geohash:string"}, Doc: "geo-geohash-neighbors-function", Call: cellNeighbors(geo.GeohashNeighbors)},
		{Name: "geo_point_to_s2cell", Signatures: []string{"- string longitude:Number latitude:Number level:Number?"}, Doc: "geo-point-to-s2cell-function", Call: pointCode(11, geo.Cell)},
		{Name: "geo_s2cell_to_central_point", Signatures: []string{"- bag{type:string,coordinates:array} s2cell:string"}, Doc: "geo-s2cell-to-central-point-function", Call: cellPoint(geo.CellCenter)},
		{Name: "geo_s2cell_to_polygon", Signatures: []string{"- bag{type:string,coordinates:array} s2cell:string"}, Doc: "geo-s2cell-to-polygon-function", Call: cellPolygon(geo.CellRing)},
		{Name: "geo_s2cell_neighbors", Signatures: []string{"- array<string> s2cell:string"}, Doc: "geo-s2cell-neighbors-function", Call: cellNeighbors(geo.CellNeighbors)},
		{Name: "geo_point_to_h3cell", Signatures: []string{"- string longitude:Number latitude:Number resolution:Number?"}, Doc: "geo-point-to-h3cell-function"},
		{Name: "geo_h3cell_to_central_point", Signatures: []string{"- bag{type:string,coordinates:array} h3cell:string"}, Doc: "geo-h3cell-to-central-point-function"},
		{Name: "geo_h3cell_to_polygon", Signatures: []string{"- bag{type:string,coordinates:array} h3cell:string"}, Doc: "geo-h3cell-to-polygon-function"},
		{Name: "geo_h3cell_neighbors", Signatures: []string{"- array<string> h3cell:string"}, Doc: "geo-h3cell-neighbors-function"},
		{Name: "geo_h3cell_children", Signatures: []string{"- array<string> h3cell:string resolution:Number?"}, Doc: "geo-h3cell-children-function"},
		{Name: "geo_h3cell_parent", Signatures: []string{"- string h3cell:string resolution:Number?"}, Doc: "geo-h3cell-parent-function"},
		{Name: "geo_h3cell_rings", Signatures: []string{"- array<array<string>> h3cell:string distance:Number"}, Doc: "geo-h3cell-rings-function"},
		{Name: "geo_h3cell_level", Signatures: []string{"- int h3cell:string"}, Doc: "geo-h3cell-level-function"},
	}
}
