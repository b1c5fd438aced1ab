// Package kql compiles and runs the Kusto Query Language offline.
//
// [Compile] turns text and a [Schema] into a [Query]; [Query.Run] evaluates it over a
// [Database] at a given instant and gives a [Table], whose rows know the source rows
// they come from ([Table.Sources]). Every error is a *syntax.Error with positions in
// one of four classes: text that is not KQL, a name or type that does not bind in this
// schema, valid KQL that this engine lacks, and a failure while running.
//
// [Query.Explain] runs a query and tells how many rows each operator took and gave, why a
// source row is not behind any row of the result, and what came nearest when there is none.
//
// Some functions ask a service for what no recording holds. Tables of the [Database] stand in for
// it, under these names; columns are found by name, and [Query.Fixtures] lists what a query needs:
//
//   - externaldata("ADDRESS"): what `externaldata` reads from an address ([ExternalFixture]);
//   - _GetWatchlist("ALIAS"), _GetWatchlistAlias: the rows of a watchlist ([WatchlistFixture]), and the aliases;
//   - FileProfile: profiles, found by SHA1, SHA256 or MD5;
//   - SeenBy: found by DeviceId; DeviceFromIP: by IP; AssignedIPAddresses: by DeviceId;
//   - geo_info_from_ip_address: a column network (an address or a CIDR range); the rest are the properties.
//
// Rows of a fixture are no events: they have no sources.
//
// Execution is columnar. A string column is a vector of codes into a dictionary of its
// distinct values; predicates and functions are evaluated once per distinct value and
// shared by all rows that hold it. Filters narrow a bitmap of rows, or a selection of row
// numbers once few are left, and move no data. A run is bounded by [Limits].
package kql
