// Package geo holds the geometry of the geo_*() functions of the Kusto Query Language: distances and directions on
// the Earth, lines and polygons whose edges are geodesics, geohashes, and the cells of S2.
//
// The service measures on a sphere with the library S2, and so does this package (github.com/golang/geo); its answers
// agree with the measured ones to nine digits. A [Point] is in degrees, distances are in metres, areas in square
// metres, angles in radians.
// Source: https://learn.microsoft.com/kusto/query/geospatial-grid-systems
package geo
