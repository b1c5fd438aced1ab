package scenario

import (
	"bytes"
	"io/fs"
	"path"

	"go.yaml.in/yaml/v3"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/tablefile"
	"github.com/seed-67b27da2/geiger/harness"
)

// fixtures reads the tables that stand beside the scenario.
func (b *builder) fixtures(n *yaml.Node) {
	if n.Kind != 0 && n.Kind != yaml.MappingNode {
		b.fault(n, "expected a mapping of fixtures to files")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		b.fixture(n.Content[i], n.Content[i+1])
	}
}

func (b *builder) fixture(name, file *yaml.Node) {
	if !kql.IsFixture(name.Value) {
		b.fault(name, `no fixture %q; there are _GetWatchlist("ALIAS"), externaldata("ADDRESS"), FileProfile, SeenBy, DeviceFromIP, AssignedIPAddresses, _GetWatchlistAlias and geo_info_from_ip_address`, name.Value)
		return
	}
	if !fs.ValidPath(file.Value) || file.Value == "." {
		b.fault(file, "%q: a fixture lies in the folder of its scenario or below; write its path with slashes", file.Value)
		return
	}
	if b.library.Files == nil {
		b.fault(file, "%s: there is no folder to read it from", file.Value)
		return
	}
	text, err := fs.ReadFile(b.library.Files, path.Join(path.Dir(b.file), file.Value))
	if err != nil {
		b.fault(file, "%v", err)
		return
	}
	table, err := tablefile.Read(file.Value, bytes.NewReader(text), nil)
	if err != nil {
		b.fault(file, "%v", err)
		return
	}
	b.scenario.Fixtures = append(b.scenario.Fixtures, harness.Fixture{Name: name.Value, File: file.Value, Text: text, Table: table})
}
