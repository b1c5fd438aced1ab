package kql_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// TestLimits passes every limit in every way that is known to.
func TestLimits(t *testing.T) {
	limits := kql.Limits{Rows: 1000, Bytes: 1 << 20, ValueBytes: 1 << 14, ResultRows: 500}
	doublings := func(first, next string) string {
		return "print s = " + first + strings.Repeat(" | extend s = "+next, 40)
	}
	for _, c := range []struct{ name, query, message string }{
		{"range", "range x from 1 to 1000000000000 step 1", "range makes more than 1000 rows"},
		{"range of reals", "range x from 1.0 to 1e12 step 0.5", "range makes more than 1000 rows"},
		{"cross join", "range x from 1 to 900 step 1 | extend k = 1 | join kind=inner (range y from 1 to 900 step 1 | extend k = 1) on k", "join makes more than 1000 rows"},
		{"cross join of the first row", "print k = 1 | join kind=leftouter (range y from 1 to 900 step 1 | extend k = 1) on k | join (range z from 1 to 9 step 1 | extend k = 1) on k | summarize count() by z", ""},
		{"lists of lists", "print a = range(1, 900) | mv-expand a | extend b = range(1, 900) | mv-expand b | count", "mv-expand makes more than 1000 rows"},
		{"lists and a subquery", "print a = range(1, 900) | mv-expand a | extend b = range(1, 900) | mv-apply b on (count)", "mv-expand makes more than 1000 rows"},
		{"tiny steps", "range x from 1 to 500 step 1 | make-series count() on x step 1 by y = x * 2", "make-series makes more than 1000 rows"},
		{"tinier steps", "range x from 1 to 500 step 1 | extend t = datetime(2020-01-01) + x * 1d | make-series count() on t step 1tick", "make-series makes more than"},
		{"pivot", "range x from 1 to 100 step 1 | extend y = x | evaluate pivot(x)", "pivot makes more than 1000 rows"},
		{"rows of the result", "range x from 1 to 501 step 1", "the limit of a result"},
		{"text doubled", doublings("'x'", "strcat(s, s)"), "strcat makes a value of more than 16384 bytes"},
		{"list doubled", doublings("dynamic([1])", "array_concat(s, s)"), "array_concat makes a value of more than 16384 bytes"},
		{"list of itself twice", doublings("dynamic([1])", "pack_array(s, s)"), "pack_array makes a value of more than 16384 bytes"},
		{"bag of itself twice", doublings("dynamic({})", "bag_pack('a', s, 'b', s)"), "bag_pack makes a value of more than 16384 bytes"},
		{"text doubled as JSON", doublings("'\"'", "tostring(pack_array(s))"), "makes a value of more than 16384 bytes"},
		{"list of everything", "range x from 1 to 500 step 1 | extend s = strrep('x', 100) | summarize make_list(s)", "make_list makes a value of more than 16384 bytes"},
		{"set of everything", "range x from 1 to 500 step 1 | extend s = strcat(strrep('x', 100), x) | summarize make_set(s)", "make_set makes a value of more than 16384 bytes"},
		{"bag of everything", "range x from 1 to 500 step 1 | summarize make_bag(bag_pack(strcat(strrep('x', 100), x), x))", "make_bag makes a value of more than 16384 bytes"},
		{"lists joined", "range x from 1 to 500 step 1 | summarize l = make_list(x) by bin(x, 10) | summarize m = make_list(l), n = make_list(l), o = make_list(l) | project p = pack_array(m, n, o, m, n, o, m, n, o)", "pack_array makes a value of more than 16384 bytes"},
		{"repeated text", "print strrep('0123456789', 1024, ',') | extend s = strcat(print_0, print_0)", "strcat makes a value of more than 16384 bytes"},
		{"repeated list", "print repeat('0123456789', 5000)", "repeat makes a value of more than 16384 bytes"},
		{"numbers in a list", "print range(1, 100000)", "range makes a value of more than 16384 bytes"},
		{"split", "print s = split(strrep('a,', 1024, 'a,a,a,a,'), ',')", "split makes a value of more than 16384 bytes"},
		{"replaced", "print s = strrep('a', 1000) | extend s = replace_string(s, 'a', '0123456789abcdef0123456789')", "replace_string makes a value of more than 16384 bytes"},
		{"many texts", "range x from 1 to 500 step 1 | extend s = strcat(x, strrep('x', 1000)) | extend t = strcat(s, s), u = strcat(s, s), v = strcat(s, s) | count", "the limit of a run"},
		{"many columns", "range x from 1 to 500 step 1" + strings.Repeat(" | extend y = x + 1", 500) + " | count", "extend needs too much memory"},
	} {
		out, err := compile(t, c.query).RunWithin(t.Context(), without(nil), benchNow, limits)
		if c.message == "" {
			require.NoError(t, err, c.name)
			require.Positive(t, out.Len())
			continue
		}
		var fault *syntax.Error
		require.ErrorAs(t, err, &fault, c.name)
		require.Equal(t, syntax.ClassRuntime, fault.Diagnostics[0].Class, c.name)
		require.Contains(t, fault.Diagnostics[0].Message, c.message, c.name)
		require.NotZero(t, fault.Diagnostics[0].Span.End, "%s: the error has a place", c.name)
	}
}

// TestDefaultLimits holds for what no limit was given for.
func TestDefaultLimits(t *testing.T) {
	_, err := compile(t, "range x from 1 to 600 step 1").RunWithin(t.Context(), nil, benchNow, kql.Limits{ValueBytes: 10})
	require.NoError(t, err)
	_, err = compile(t, "print s = 'x'"+strings.Repeat(" | extend s = strcat(s, s)", 40)).Run(t.Context(), nil, benchNow)
	require.ErrorContains(t, err, "strcat makes a value of more than 16777216 bytes")
}

// watched is a context that notes the longest time between two looks at it.
type watched struct {
	context.Context
	mu      sync.Mutex
	last    time.Time
	longest time.Duration
}

func (w *watched) Err() error {
	w.look()
	return w.Context.Err()
}

func (w *watched) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.longest = max(w.longest, now.Sub(w.last))
	w.last = now
}

// Done counts as a look until it is over: who waits for it would see it.
func (w *watched) Done() <-chan struct{} {
	w.look()
	return w.Context.Done()
}

var watchedRows = flag.Int("watched-rows", 50000, "how many rows the queries have whose looks at the context are timed")

// TestContextIsHonoured times how long a run goes without a look at its context, whatever it is at.
func TestContextIsHonoured(t *testing.T) {
	const most = 2 * time.Second // on an idle machine it is below 100 ms; tests run beside others
	rows := fmt.Sprintf("range x from 1 to %d step 1 | extend y = x %% 1000, s = tostring(x)", *watchedRows)
	for _, query := range []string{
		rows + " | where s has '99' or s contains '123' | summarize dcount(s), make_set(s, 10) by y",
		rows + " | summarize make_list(s) by y | summarize count() by tostring(list_s)",
		rows + " | sort by s asc, y desc | summarize count()",
		rows + " | where s matches regex '(1|2)+.*(3|4)+5$' | count",
		rows + " | join kind=inner (" + rows + ") on s | count",
		rows + " | join kind=leftanti (" + rows + " | where x > 7) on s | count",
		rows + " | where y < 20 | extend a = range(1, y) | mv-expand a | count",
		rows + " | parse s with a:long '1' b '2' c | summarize count() by a, b, c",
		rows + " | extend h = hash_sha256(s), e = extract('([0-9]+)5', 1, s) | distinct h, e",
		rows + " | make-series count() on x step 300 by y",
		rows + " | union (" + rows + ") | summarize arg_max(x, *) by s | count",
		rows + " | extend d = bag_pack('a', x, 'b', s) | extend c = d.a | where s in (" + rows + " | project s) | summarize make_bag(d), stdev(x), percentile(x, 95)",
	} {
		q := compile(t, query)
		ctx := &watched{Context: t.Context(), last: time.Now()}
		_, err := q.Run(ctx, without(nil), benchNow)
		ctx.look()
		require.Less(t, ctx.longest, most, "%s: %v", query, err)
		t.Logf("%v: %.150s %v", ctx.longest, query, err)
	}
}

// TestLongCallsAreLeft cancels queries that are inside one call which cannot look at the context.
func TestLongCallsAreLeft(t *testing.T) {
	long := "print s = strrep('abcdefgh ', 1000)" + strings.Repeat(" | extend s = strcat(s, s)", 6)
	for _, query := range []string{
		long + " | where s matches regex '(a{0,20}b{0,20}c{0,20}){0,20}zz'",
		long + " | extend e = extract_all('((a|b|c|d|e){1,100}f)', s)",
		long + " | extend j = parse_json(strcat('[', replace_string(s, ' ', ' 1,'), '1]'))",
		long + " | parse kind=regex s with 'a(b|c)*d' e 'f' | project strlen(e)",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		started := time.Now()
		_, err := compile(t, query).Run(ctx, without(nil), benchNow)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded, query)
		}
		require.Less(t, time.Since(started), time.Second, query)
	}
}

// TestHostileValues ends, with a value or with an error that says what is wrong.
func TestHostileValues(t *testing.T) {
	deep := "print s = strrep('[', 1024) | extend s = strcat(s, s) | extend s = strcat(s, s), e = strrep(']', 1024) | extend e = strcat(e, e)"
	nested := "print d = dynamic([])" + strings.Repeat(" | extend d = pack_array(d)", 300)
	for _, c := range []struct{ query, message string }{
		{deep + " | extend j = parse_json(s), k = parse_json(strcat(s, e, e)), x = parse_xml(s) | extend t = tostring(j), u = k[0][0]", ""},
		{nested + " | extend t = tostring(d) | extend back = parse_json(t) | mv-expand d | project strlen(t), strlen(tostring(back))", ""},
		{"print s = 'aaaa' | where s matches regex 'a{100000}'", "invalid repeat count"},
		{"print s = 'aaaa' | where s matches regex '((a{500}){500}){500}'", "invalid repeat count"},
		{"print p = '(((a{1,900})*b{1,900})*c{1,900})*' | where 'abc' matches regex p", ""},
		{"print p = '((a{100}){100}){100}' | where 'a' matches regex p", "regular expression"},
		{"range x from 1 to 30 step 1 | serialize | scan declare (d:dynamic) with (step s: true => d = pack_array(s.d);)", ""},
		{"range x from 1 to 4000 step 1 | serialize | scan declare (d:dynamic) with (step s: true => d = pack_array(s.d);) | count", "is nested deeper than 2000 levels"},
		{"range x from long(-9223372036854775807) to 9223372036854775807 step 9223372036854775807", ""},
		{"print x = repeat(1, 1000000000), y = range(1, 1, 0), z = strrep('x', 1000000000), w = make_string(repeat(65, 100))", ""},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		q, err := kql.Compile(&syntax.Source{Text: c.query}, bind.NewSchema("test", events()))
		if err == nil {
			_, err = q.Run(ctx, without(nil), benchNow)
		}
		cancel()
		if c.message == "" {
			require.NoError(t, err, c.query)
			continue
		}
		require.ErrorContains(t, err, c.message, c.query)
	}
}
