package schema

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// columns reads the columns of a function, each as in the text of the tables.
func columns(list ...string) []value.Column {
	out := make([]value.Column, len(list))
	for i, text := range list {
		c, err := parseColumn(text)
		if err != nil {
			panic(err) // the lists are below
		}
		out[i] = c
	}
	return out
}

// Functions are the tabular functions of all services, for a schema of other tables.
func Functions() []bind.ServiceFunction {
	return append(defenderFunctions(), sentinelFunctions()...)
}

func defenderFunctions() []bind.ServiceFunction {
	return []bind.ServiceFunction{fileProfile(), seenBy(), deviceFromIP(), assignedIPAddresses()}
}

func sentinelFunctions() []bind.ServiceFunction {
	return []bind.ServiceFunction{watchlist(), watchlistAliases()}
}

// fileProfile is `T | invoke FileProfile(SHA1, 1000)`, which adds what Microsoft knows of a file.
// Source: https://learn.microsoft.com/defender-xdr/advanced-hunting-fileprofile-function
func fileProfile() bind.ServiceFunction {
	return bind.ServiceFunction{
		Name: "FileProfile",
		Parameters: []bind.ServiceParameter{
			{Name: "x", Type: value.String, Optional: true, Column: true},
			{Name: "y", Type: value.Long, Optional: true},
		},
		Invoked: true,
		Columns: columns("SHA1", "SHA256", "MD5", "FileSize:long", "GlobalPrevalence:long", "GlobalFirstSeen:datetime",
			"GlobalLastSeen:datetime", "Signer", "Issuer", "SignerHash", "IsCertificateValid:bool",
			"IsRootSignerMicrosoft:bool", "SignatureState", "IsExecutable:bool", "ThreatName", "Publisher", "SoftwareName",
			"ProfileAvailability"),
	}
}

// seenBy is `T | invoke SeenBy(DeviceId)`, which adds the onboarded devices that saw a device.
// Source: https://learn.microsoft.com/defender-xdr/advanced-hunting-seenby-function
func seenBy() bind.ServiceFunction {
	return bind.ServiceFunction{
		Name:       "SeenBy",
		Parameters: []bind.ServiceParameter{{Name: "x", Type: value.String, Optional: true, Column: true}},
		Invoked:    true,
		Columns:    columns("SeenBy:dynamic"),
	}
}

// deviceFromIP is `T | invoke DeviceFromIP(IP, Timestamp)`, which adds the devices that had an address.
// Source: https://learn.microsoft.com/defender-xdr/advanced-hunting-devicefromip-function
func deviceFromIP() bind.ServiceFunction {
	return bind.ServiceFunction{
		Name: "DeviceFromIP",
		Parameters: []bind.ServiceParameter{
			{Name: "x", Type: value.String, Optional: true, Column: true},
			{Name: "y", Type: value.DateTime, Optional: true},
		},
		Invoked: true,
		Columns: columns("IP", "DeviceId"),
	}
}

// assignedIPAddresses is `AssignedIPAddresses(DeviceId, Timestamp)`, the addresses a device had.
// Source: https://learn.microsoft.com/defender-xdr/advanced-hunting-assignedipaddresses-function
func assignedIPAddresses() bind.ServiceFunction {
	return bind.ServiceFunction{
		Name: "AssignedIPAddresses",
		Parameters: []bind.ServiceParameter{
			{Name: "x", Type: value.String},
			{Name: "y", Type: value.DateTime, Optional: true},
		},
		Columns: columns("Timestamp:datetime", "IPAddress", "IPType", "NetworkAdapterType", "ConnectedNetworks:dynamic"),
		Open:    true,
	}
}

// watchlist is `_GetWatchlist("alias")`, the rows of a Sentinel watchlist. Which columns it has
// depends on the list.
// Source: https://learn.microsoft.com/azure/sentinel/watchlists-queries
func watchlist() bind.ServiceFunction {
	return bind.ServiceFunction{
		Name:       "_GetWatchlist",
		Parameters: []bind.ServiceParameter{{Name: "watchlistAlias", Type: value.String}},
		Columns:    columns("_DTItemId", "LastUpdatedTimeUTC:datetime", "SearchKey", "WatchlistItem:dynamic"),
		Open:       true,
	}
}

// watchlistAliases is `_GetWatchlistAlias`, the aliases of the watchlists there are.
// Source: https://learn.microsoft.com/azure/sentinel/watchlists-queries
func watchlistAliases() bind.ServiceFunction {
	return bind.ServiceFunction{Name: "_GetWatchlistAlias", Columns: columns("WatchlistAlias")}
}
