package kql

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkKeepCodes turns away the rows of a million whose code has not the answer.
func BenchmarkKeepCodes(b *testing.B) {
	const rows = 1 << 20
	r := rand.New(rand.NewPCG(1, 1))
	many, rarely := make([]uint32, rows), newAnswer(rows/2)
	few, once := make([]uint16, rows), newAnswer(350)
	for i := range rows {
		many[i], few[i] = uint32(i/2), uint16(r.IntN(350))
		if r.IntN(100) == 0 {
			rarely.set(i / 2)
		}
	}
	rarely.complete()
	once.set(5)
	once.complete()
	all, live := allRowsOf(rows), allRowsOf(rows)
	for name, keep := range map[string]func(){
		"many values": func() { live.keepCodes(&narrow{words: many}, rarely, false) },
		"few values":  func() { live.keepCodes(&narrow{halves: few}, once, false) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				copy(live.words, all.words)
				keep()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
