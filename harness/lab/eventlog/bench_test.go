package eventlog_test

import "testing"

func BenchmarkQueryByRecordID(b *testing.B) {
	_, clock, c := newLog()
	c.Configure(1<<30, "Circular")
	for range 50000 {
		c.Append(event(11), clock.Now())
	}
	c.Info()
	b.ReportAllocs()
	for b.Loop() {
		records, err := c.Query("*[System[(EventRecordID>50000)]]")
		if err != nil || len(records) == 0 {
			b.Fatal(err)
		}
	}
}
