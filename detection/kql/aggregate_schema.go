package kql

import (
	"math"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// indexerName stands for the elements of an array in a schema.
const indexerName = "`indexer`"

// shape is the minimal schema of some dynamic values: the scalar types among them, and a container with the
// properties of all bags and the elements of all arrays. Alternatives stand in the order in which they came up.
type shape struct {
	scalars   []string
	container *value.Bag // of *shape, nil for none
	place     int        // how many scalars came before the container
}

// buildSchema is buildschema(). Nulls say nothing about a schema; that of nothing at all is null.
// Source: https://learn.microsoft.com/kusto/query/buildschema-aggregation-function
func buildSchema(a *aggregation) ([]*vector, error) {
	shapes := make([]shape, a.groups)
	v := a.args[0]
	err := a.eachDistinct(v, math.MaxInt, func(e int, g uint32) { shapes[g].add(v.at(e).ToDynamic()) })
	boxes := make([]any, a.groups)
	for g := range shapes {
		if s := &shapes[g]; s.container != nil || len(s.scalars) > 0 {
			boxes[g] = s.dynamic()
		}
	}
	return []*vector{dynamics(boxes)}, err
}

func (s *shape) add(x any) {
	switch x := x.(type) {
	case nil:
	case *value.Bag:
		s.contain()
		for _, name := range x.Keys() {
			member, _ := x.Get(name)
			s.member(name).add(member)
		}
	case []any:
		s.contain()
		elements := s.member(indexerName)
		for _, e := range x {
			elements.add(e)
		}
	default:
		if name := schemaType(x); !slices.Contains(s.scalars, name) {
			s.scalars = append(s.scalars, name)
		}
	}
}

// contain notes that there is a container.
func (s *shape) contain() {
	if s.container == nil {
		s.container, s.place = value.NewBag(), len(s.scalars)
	}
}

// member is the shape of a property.
func (s *shape) member(name string) *shape {
	if known, ok := s.container.Get(name); ok {
		return known.(*shape)
	}
	added := &shape{}
	s.container.Set(name, added)
	return added
}

// schemaType is the name that a schema has for the type of a scalar.
func schemaType(x any) string {
	if t := value.FromDynamic(x).Type(); t != value.Real {
		return t.String()
	}
	return "double"
}

// dynamic is a type alone, or an array of the alternatives.
func (s *shape) dynamic() any {
	alternatives := make([]any, 0, len(s.scalars)+1)
	for _, name := range s.scalars {
		alternatives = append(alternatives, name)
	}
	if s.container != nil {
		bag := value.NewBag()
		for _, name := range s.container.Keys() {
			bag.Set(name, s.member(name).dynamic())
		}
		alternatives = slices.Insert(alternatives, s.place, any(bag))
	}
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return alternatives
}
