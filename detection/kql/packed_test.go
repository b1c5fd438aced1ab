package kql

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func TestPackedIntegersAreWhatTheyWere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, next := range map[string]func(i int) int64{
		"bytes":    func(int) int64 { return r.Int64N(200) - 100 },
		"halves":   func(i int) int64 { return int64(i) + 1<<50 },
		"words":    func(i int) int64 { return int64(i)*1e5 + r.Int64N(1000) },
		"wide":     func(int) int64 { return r.Int64() - r.Int64() },
		"extremes": func(i int) int64 { return []int64{math.MinInt64, math.MaxInt64, 0}[i%3] },
		"equal":    func(int) int64 { return -7 },
	} {
		v := &vector{typ: value.Long, rows: 2*blockRows + 77}
		for i := range v.rows {
			v.ints = append(v.ints, next(i))
		}
		p := v.pack()
		require.Nil(t, p.ints, name)
		require.Equal(t, v.ints, p.unpack().ints, name)
		rows := []uint32{0, 5, blockRows - 1, blockRows, blockRows + 1, 2*blockRows + 76, 5}
		require.Equal(t, v.gather(rows).ints, (&selection{rows: rows}).gather(p).ints, name)
		for _, row := range rows {
			require.Equal(t, v.value(int(row)), p.value(int(row)), name)
		}
	}
}

func TestPackedCodesAreWhatTheyWere(t *testing.T) {
	for _, distinct := range []int{1, 200, 300, 70_000} {
		b := columnBuilder{typ: value.String}
		for i := range max(packedFrom, distinct) + 13 {
			b.append(value.NewString(fmt.Sprint(i % distinct)))
		}
		p := b.vector()
		require.Nil(t, p.codes)
		plain := p.unpack()
		for row := range p.rows {
			require.Equal(t, fmt.Sprint(row%distinct), p.value(row).Str())
			require.Equal(t, p.entry(row), int(plain.codes[row]))
		}
	}
}

// A condition on the whole table must leave the rows that it leaves when they are looked at one by one.
func TestNarrowingIsFiltering(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, distinct := range []int{3, 900, 70_000} {
		text, number := columnBuilder{typ: value.String}, columnBuilder{typ: value.Long}
		for i := range 80_000 {
			text.append(value.NewString(fmt.Sprintf("name%d.%s", r.IntN(distinct), []string{"dll", "EXE", "\u212a"}[r.IntN(3)])))
			number.append(value.NewLong(int64(i) + r.Int64N(9000)))
		}
		in := newRelation(nil, []*vector{text.vector(), number.vector()}, noLineage(80_000))
		for sign, needles := range map[string][]string{"has_any": {"dll", "name1"}, "!has": {"exe"}, "endswith": {"k"}, "in~": {"NAME1.dll"}, "contains_cs": {"EXE"}} {
			op, _ := parseStringOperator(sign)
			requireNarrow(t, in, &stringMatch{operator: op, text: &columnRef{0}, matcher: newMatcher(op, needles)})
		}
		for _, sign := range []string{"<", "<=", "==", "!=", ">=", ">"} {
			for _, bound := range []int64{-1, 0, 4095, 40_000, 88_999, 100_000} {
				requireNarrow(t, in, &comparison{sign: parseSign(sign), args: []expr{&columnRef{1}, &literal{value.NewLong(bound)}}})
			}
		}
	}
}

func requireNarrow(t *testing.T, in *relation, p interface {
	filterer
	narrower
},
) {
	t.Helper()
	x := &execution{ctx: t.Context()}
	half := allRowsOf(in.rows)
	for i := range half.words {
		half.words[i] &= 0x0f0f_0001_ffff_0000 >> (i % 3)
	}
	rows := half.list()
	for _, live := range []*rowset{allRowsOf(in.rows), half} {
		before := live.list()
		keep, err := p.filter(x, in.filter(before))
		require.NoError(t, err)
		done, err := p.narrow(x, in, live)
		require.NoError(t, err)
		require.True(t, done)
		require.Equal(t, pick(before, keep), live.list())
	}
	require.NotEmpty(t, rows)
}

// The scan over an arena must find what looking at one value after the other finds.
func TestScanIsSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	const alphabet = `aAbB\.-1 _` + "\u212a\u017f"
	word := func(n int) string {
		letters := []rune(alphabet)
		out := make([]rune, r.IntN(n))
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return string(out)
	}
	for range 300 {
		var values []string
		for range 50 {
			values = append(values, word(12))
		}
		d := newDictionary(values)
		for _, sign := range []string{"contains", "has_any", "has_all", "hasprefix", "hassuffix_cs", "contains_cs"} {
			op, _ := parseStringOperator(sign)
			texts := []string{word(5)}
			if op.kind == matchAnyTerm || op.kind == matchAllTerms {
				texts = append(texts, word(4), word(7))
			}
			found := newMatcher(op, texts).over(d)
			needles := op.needles(texts)
			for i, v := range values {
				hits := 0
				for k := range needles {
					if needles[k].in(v) {
						hits++
					}
				}
				want := hits > 0
				if op.kind == matchAllTerms {
					want = hits == len(needles)
				}
				require.Equal(t, want, found.has(uint32(i)), "%q %s %q", v, sign, texts)
			}
		}
	}
}
