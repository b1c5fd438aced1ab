package kql_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
)

// iisComponents has the shape of the bundled rule for IIS components: three tables, each
// narrowed by time, terms with and without delimiters, a list, and a suffix.
const iisComponents = `
let Registered = DeviceRegistryEvents
| where Timestamp > ago(24h)
| where RegistryKey has_any ("W3SVC", "ISAPI Filter", "ISAPI Extension", "GlobalModules", "IIS\\FastCGI", "system32\\inetsrv")
| where RegistryValueName has_any ("FilterDLLs", "Path", "ImagePath", "DLL", "Filename")
| where RegistryValueData has ".dll"
| extend DetectionType = "registered"
| project Timestamp, DeviceName, Subject = RegistryKey, DetectionType;
let Written = DeviceFileEvents
| where Timestamp > ago(24h)
| where ActionType in ("FileCreated", "FileModified")
| where FolderPath has_any ("\\system32\\inetsrv\\", "\\iis\\", "\\inetsrv\\", "\\inetpub\\")
| where FileName endswith ".dll"
| where InitiatingProcessFileName !in~ ("msiexec.exe", "setup.exe", "TiWorker.exe", "TrustedInstaller.exe", "wusa.exe", "dism.exe")
| extend DetectionType = "written"
| project Timestamp, DeviceName, Subject = FolderPath, DetectionType;
let Loaded = DeviceImageLoadEvents
| where Timestamp > ago(24h)
| where InitiatingProcessFileName =~ "w3wp.exe"
| where FolderPath has_any ("\\Users\\", "\\Temp\\", "\\ProgramData\\", "\\AppData\\", "\\Windows\\Temp\\")
| where FileName endswith ".dll"
| extend DetectionType = "loaded"
| project Timestamp, DeviceName, Subject = FolderPath, DetectionType;
union Registered, Written, Loaded
| sort by Timestamp desc`

func benchSchema() *kql.Schema {
	text := func(names ...string) []value.Column {
		columns := []value.Column{{Name: "Timestamp", Type: value.DateTime}}
		for _, n := range names {
			columns = append(columns, value.Column{Name: n, Type: value.String})
		}
		return columns
	}
	return bind.NewSchema("bench", []bind.Table{
		{Name: "DeviceRegistryEvents", Columns: text("DeviceName", "RegistryKey", "RegistryValueName", "RegistryValueData")},
		{Name: "DeviceFileEvents", Columns: text("DeviceName", "ActionType", "FileName", "FolderPath", "InitiatingProcessFileName")},
		{Name: "DeviceImageLoadEvents", Columns: text("DeviceName", "FileName", "FolderPath", "InitiatingProcessFileName")},
	})
}

var benchNow = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)

// benchTables makes n rows: 35 % file, 25 % registry and the rest image load events. Two
// in three file paths occur once, which is the worst case for a dictionary.
func benchTables(n int) kql.Tables {
	r := rand.New(rand.NewPCG(1, 2))
	schema := benchSchema()
	builders := map[string]*kql.Builder{}
	for _, name := range schema.TableNames() {
		t, _ := schema.Table(name)
		builders[name] = kql.NewBuilder(t.Columns)
	}
	pick := func(list ...string) value.Value { return value.NewString(list[r.IntN(len(list))]) }
	images := []string{"svchost.exe", "TiWorker.exe", "msiexec.exe", "w3wp.exe", "explorer.exe", "chrome.exe", "powershell.exe", "code.exe"}
	for i := range n {
		at := value.NewDateTime(value.FromTime(benchNow.Add(-time.Duration(r.IntN(96000)) * time.Second)))
		device := value.NewString(fmt.Sprintf("host-%03d", r.IntN(300)))
		id := kql.Source(i)
		switch k := r.IntN(100); {
		case k < 35:
			file := value.NewString(fmt.Sprintf("f%x.%s", r.IntN(n), []string{"tmp", "log", "dll", "dat"}[r.IntN(4)]))
			path := fmt.Sprintf(`C:\Users\user%d\AppData\Local\Vendor\{%08x-%04x}\cache\%s`, r.IntN(400), r.Uint32(), r.IntN(65536), file.Str())
			if r.IntN(3) == 0 {
				path = fmt.Sprintf(`C:\Windows\System32\%s\%s`, []string{"drivers", "wbem", "inetsrv", "config"}[r.IntN(4)], images[r.IntN(8)])
			}
			builders["DeviceFileEvents"].Append(id, at, device, pick("FileCreated", "FileModified", "FileDeleted"), file, value.NewString(path), pick(images...))
		case k < 60:
			key := fmt.Sprintf(`HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\svc%d\Parameters\%x`, r.IntN(500), r.IntN(40000))
			builders["DeviceRegistryEvents"].Append(id, at, device, value.NewString(key), pick("Start", "ImagePath", "Type", "Path", "Image Path"), value.NewString(fmt.Sprintf(`C:\p\%d.dll`, r.IntN(n/4))))
		default:
			path := fmt.Sprintf(`C:\Windows\System32\lib%d.dll`, r.IntN(20000))
			builders["DeviceImageLoadEvents"].Append(id, at, device, value.NewString(path[20:]), value.NewString(path), pick(images...))
		}
	}
	out := kql.Tables{}
	for name, b := range builders {
		out[name] = b.Table()
	}
	return out
}

// BenchmarkRule runs a detection over a million rows whose dictionaries have answered
// the same questions before.
func BenchmarkRule(b *testing.B) {
	const rows = 1_000_000
	q, err := kql.Compile(&syntax.Source{Text: iisComponents}, benchSchema())
	require.NoError(b, err)
	tables := benchTables(rows)
	hits := 0
	b.ResetTimer()
	for b.Loop() {
		t, err := q.Run(context.Background(), tables, benchNow)
		require.NoError(b, err)
		hits = t.Len()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	b.ReportMetric(float64(hits), "hits")
}

// BenchmarkRuleCold asks every question for the first time.
func BenchmarkRuleCold(b *testing.B) {
	const rows = 1_000_000
	q, err := kql.Compile(&syntax.Source{Text: iisComponents}, benchSchema())
	require.NoError(b, err)
	tables := benchTables(rows)
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		for name, t := range tables {
			tables[name] = t.Forgetful()
		}
		b.StartTimer()
		_, err := q.Run(context.Background(), tables, benchNow)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}

// BenchmarkCompile parses, binds and prepares the bundled rule for T1505.004 against the tables of Defender XDR.
func BenchmarkCompile(b *testing.B) {
	bundled, err := detection.Bundled()
	require.NoError(b, err)
	at := slices.IndexFunc(bundled, func(r *detection.Rule) bool { return r.ID == "7f0c4f52-5d0c-4f0e-9d5a-6f3b8f1c2a02" })
	require.GreaterOrEqual(b, at, 0)
	defender := schema.DefenderXDR()
	b.ReportAllocs()
	for b.Loop() {
		_, err := kql.Compile(&syntax.Source{Text: bundled[at].Query}, defender)
		require.NoError(b, err)
	}
}
