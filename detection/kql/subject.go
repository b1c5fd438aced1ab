package kql

import "maps"

// subject is the rows that an enclosing operator feeds to its subquery, part by part.
type subject struct{ id int }

func (o *subject) run(x *execution) (*relation, error) {
	x.subjects.read[o.id] = true
	return x.subjects.rows[o.id], nil
}

// subjects is the rows that subqueries look at now. What is computed once a run (a table under a name, toscalar(), the
// list of `in (T)`) is computed again for another part if it depends on the part.
type subjects struct {
	rows map[int]*relation
	part map[int]int  // how many parts each subquery has seen
	read map[int]bool // the subqueries whose rows were looked at by what is being computed
	of   map[any][]dependency
}

// dependency is the part of a subquery that something was computed from.
type dependency struct{ id, part int }

func newSubjects() subjects {
	return subjects{rows: map[int]*relation{}, part: map[int]int{}, read: map[int]bool{}, of: map[any][]dependency{}}
}

// feed runs a subquery over a part.
func (x *execution) feed(id int, part *relation, subquery operator) (*relation, error) {
	s := &x.subjects
	s.rows[id] = part
	s.part[id]++
	r, err := subquery.run(x)
	delete(s.read, id)
	return r, err
}

// current reports whether something that was computed before still holds.
func (s *subjects) current(key any) bool {
	for _, d := range s.of[key] {
		if s.part[d.id] != d.part {
			return false
		}
	}
	for _, d := range s.of[key] {
		s.read[d.id] = true
	}
	return true
}

// depend runs a computation and notes the parts that it depends on.
func (s *subjects) depend(key any, compute func() error) error {
	outer := s.read
	s.read = map[int]bool{}
	err := compute()
	delete(s.of, key)
	for id := range s.read {
		s.of[key] = append(s.of[key], dependency{id, s.part[id]})
	}
	maps.Copy(outer, s.read)
	s.read = outer
	return err
}
