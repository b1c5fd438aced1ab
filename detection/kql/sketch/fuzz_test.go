package sketch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/sketch"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// FuzzParse gives the parsers any dynamic value: what they take can be used, and written again.
func FuzzParse(f *testing.F) {
	f.Add(`[[1024,14],["-1","7"],[]]`)
	f.Add(`[[1024,12],[],["<<"]]`)
	f.Add(`[[7],[1,2.5],[3,1]]`)
	f.Add(`[[7],[1],[-1]]`)
	f.Fuzz(func(t *testing.T, text string) {
		x, err := value.ParseJSON(text)
		if err != nil {
			return
		}
		if h, ok := sketch.ParseHLL(x); ok {
			back, fine := sketch.ParseHLL(h.Dynamic())
			require.True(t, fine)
			require.Equal(t, h.Count(), back.Count())
		}
		if d, ok := sketch.ParseTDigest(x); ok {
			d.Percentile(50)
			_, fine := sketch.ParseTDigest(d.Dynamic())
			require.True(t, fine)
		}
	})
}
