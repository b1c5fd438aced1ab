package geo

import "github.com/golang/geo/s2"

// maxLevel is the level of the smallest S2 cells.
const maxLevel = 30

// Cell is the token of the S2 cell of a level, 0 to 30, in which a point lies. It is false for a point or a level that is not valid.
// Source: https://learn.microsoft.com/kusto/query/geo-point-to-s2cell-function
func Cell(p Point, level int) (string, bool) {
	if !p.Valid() || level < 0 || level > maxLevel {
		return "", false
	}
	return s2.CellIDFromLatLng(p.latLng()).Parent(level).ToToken(), true
}

func cellOf(token string) (s2.CellID, bool) {
	id := s2.CellIDFromToken(token)
	return id, id.IsValid()
}

// CellCenter is the middle of a cell. It is false if the token is of none.
func CellCenter(token string) (Point, bool) {
	id, ok := cellOf(token)
	if !ok {
		return Point{}, false
	}
	l := id.LatLng()
	return Point{Longitude: l.Lng.Degrees(), Latitude: l.Lat.Degrees()}, true
}

// CellRing is the boundary of a cell, counterclockwise, closed.
func CellRing(token string) ([]Point, bool) {
	id, ok := cellOf(token)
	if !ok {
		return nil, false
	}
	cell := s2.CellFromCellID(id)
	ring := make([]Point, 0, 5)
	for i := range 5 {
		ring = append(ring, pointOf(cell.Vertex(i%4)))
	}
	return ring, true
}

// CellNeighbors are the tokens of the cells of the same level around one: first the four that share an edge. (The service
// gives them in no order that has a meaning.)
// Source: https://learn.microsoft.com/kusto/query/geo-s2cell-neighbors-function
func CellNeighbors(token string) ([]string, bool) {
	id, ok := cellOf(token)
	if !ok {
		return nil, false
	}
	var out []string
	seen := map[s2.CellID]bool{id: true}
	edges := id.EdgeNeighbors()
	for _, n := range append(edges[:], id.AllNeighbors(id.Level())...) {
		if !seen[n] {
			seen[n] = true
			out = append(out, n.ToToken())
		}
	}
	return out, true
}
