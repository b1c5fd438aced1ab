package kql

// Forget gives a table whose dictionaries have been asked nothing yet.
func Forget(t *Table) *Table {
	out := *t
	out.vectors = nil
	for _, v := range t.vectors {
		fresh := *v
		if d := v.dict; d != nil {
			fresh.dict = &dictionary{values: d.values, arena: d.arena, starts: d.starts, foreign: d.foreign}
		}
		out.vectors = append(out.vectors, &fresh)
	}
	return &out
}
