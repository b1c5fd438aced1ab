// Package sketch is the two summaries that Kusto keeps in place of the values themselves: [HLL] for how many
// distinct ones there are, [TDigest] for how they are distributed. Both merge, and both travel through a query as
// dynamic values: [HLL.Dynamic] and [ParseHLL], [TDigest.Dynamic] and [ParseTDigest].
//
// The shape of the dynamic values is the one the documentation shows; the service promises none of it to last.
// Both answer exactly as long as there are few values, and always alike for the same ones.
//
// Source: https://learn.microsoft.com/kusto/query/using-hll-tdigest
package sketch
