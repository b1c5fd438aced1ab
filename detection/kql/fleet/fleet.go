// Package fleet makes up the endpoint telemetry of a fleet of Windows devices, for benchmarks: the same rows for
// the same [Config], in any number, with the proportions and cardinalities that decide how fast a query is.
//
// Of the rows 35 % are DeviceFileEvents, 25 % DeviceRegistryEvents, 30 % DeviceImageLoadEvents and 10 %
// DeviceProcessEvents. A few devices make most of them (Zipf). Two of three file paths occur once, which is the worst
// case for a dictionary; images and registry keys repeat. Events belong to processes that a process event started
// before, so that joins by device and process id find something. The events of an attack on IIS (T1505.004) are few,
// and what looks like them (servicing, logs of IIS, its worker process loading its own modules) is frequent.
//
// [Config.Each] gives the rows in the order of their arrival, which is that of their times but for some seconds.
package fleet

import (
	"math/rand/v2"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Now is the instant for which the telemetry is made: it covers the 26 hours and 40 minutes before it, so that
// ago(24h) keeps nine of ten rows.
var Now = time.Date(2026, time.January, 15, 0, 0, 0, 0, time.UTC)

const span = 26*time.Hour + 40*time.Minute

// Names of the tables.
const (
	FileEvents      = "DeviceFileEvents"
	RegistryEvents  = "DeviceRegistryEvents"
	ImageLoadEvents = "DeviceImageLoadEvents"
	ProcessEvents   = "DeviceProcessEvents"
)

// TableNames lists the tables.
func TableNames() []string {
	return []string{FileEvents, RegistryEvents, ImageLoadEvents, ProcessEvents}
}

// Config says what to make. The same values give the same rows.
type Config struct {
	Rows    int // of all tables together
	Seed    uint64
	Devices int // 0 means 300
}

// Event is a row of a table. Cells are in the order of [Columns]; the slice is reused.
type Event struct {
	Table string
	Cells []value.Value
}

// Columns describes a table: those columns of Defender XDR that sensors fill in most.
func Columns(table string) []value.Column {
	columns := []value.Column{{Name: "Timestamp", Type: value.DateTime}}
	columns = append(columns, named(value.String, "DeviceId", "DeviceName", "ActionType")...)
	switch table {
	case RegistryEvents:
		columns = append(columns, named(value.String, "RegistryKey", "RegistryValueName", "RegistryValueData", "RegistryValueType")...)
	case ProcessEvents:
		columns = append(columns, named(value.String, "FileName", "FolderPath", "SHA1", "ProcessCommandLine")...)
		columns = append(columns, named(value.Long, "ProcessId")...)
		columns = append(columns, named(value.String, "AccountName", "ProcessIntegrityLevel")...)
	default:
		columns = append(columns, named(value.String, "FileName", "FolderPath", "SHA1")...)
		columns = append(columns, named(value.Long, "FileSize")...)
	}
	columns = append(columns, named(value.String,
		"InitiatingProcessAccountDomain", "InitiatingProcessAccountName", "InitiatingProcessAccountSid", "InitiatingProcessFileName",
		"InitiatingProcessFolderPath", "InitiatingProcessCommandLine", "InitiatingProcessSHA1", "InitiatingProcessParentFileName",
	)...)
	return append(columns, named(value.Long, "InitiatingProcessId", "InitiatingProcessParentId", "ReportId")...)
}

func named(t value.Type, names ...string) []value.Column {
	out := make([]value.Column, len(names))
	for i, n := range names {
		out[i] = value.Column{Name: n, Type: t}
	}
	return out
}

// Each makes the rows one after the other. The event is valid during the call; an error ends the generation.
func (c Config) Each(visit func(*Event) error) error {
	g := newGenerator(c)
	for i := range c.Rows {
		if err := visit(g.next(i)); err != nil {
			return err
		}
	}
	return nil
}

// generator is the state of the fleet while its telemetry is made.
type generator struct {
	config  Config
	random  *rand.Rand
	zipf    *rand.Zipf
	images  *population
	devices []device
	event   Event
	text    []byte
}

// device is a computer with the processes that run on it.
type device struct {
	id, name string
	user     int
	running  []process
}

// process is what later events say of the process that caused them.
type process struct {
	image, parent image
	command       string
	account       account
	pid, ppid     int64
}

// running is how many processes of a device are known at a time.
const running = 24

func newGenerator(c Config) *generator {
	if c.Devices == 0 {
		c.Devices = 300
	}
	source := rand.NewPCG(c.Seed, 0x6765696765722121)
	g := &generator{config: c, random: rand.New(source), images: windowsImages()}
	g.zipf = rand.NewZipf(g.random, 1.1, 8, uint64(c.Devices-1))
	for i := range c.Devices {
		d := device{id: g.hex(40), name: g.sprint("ws-", decimal(i), ".corp.example.net"), user: g.random.IntN(users)}
		if i%5 == 0 {
			d.name = g.sprint("srv-", decimal(i), ".corp.example.net")
		}
		g.devices = append(g.devices, d)
		for range running {
			d := &g.devices[i]
			d.running = append(d.running, g.start(d))
		}
	}
	return g
}

// next makes the event with a number.
func (g *generator) next(i int) *Event {
	d := &g.devices[g.zipf.Uint64()]
	at := Now.Add(-span + time.Duration(float64(span)*float64(i)/float64(g.config.Rows)))
	at = at.Add(time.Duration(g.random.Int64N(int64(4*time.Second))) - 4*time.Second)
	g.event.Cells = append(g.event.Cells[:0], value.NewDateTime(value.FromTime(at.Truncate(time.Microsecond))), text(d.id), text(d.name))
	by := d.running[g.random.IntN(running)]
	switch k := g.random.IntN(100); {
	case k < 35:
		g.event.Table, by = FileEvents, g.fileEvent(d, by)
	case k < 60:
		g.event.Table, by = RegistryEvents, g.registryEvent(d, by)
	case k < 90:
		g.event.Table, by = ImageLoadEvents, g.imageLoadEvent(d, by)
	default:
		g.event.Table = ProcessEvents
		g.processEvent(d, by)
	}
	g.initiatedBy(by)
	g.add(value.NewLong(int64(i)))
	return &g.event
}

func (g *generator) add(cells ...value.Value) { g.event.Cells = append(g.event.Cells, cells...) }

func text(s string) value.Value { return value.NewString(s) }

// initiatedBy adds the columns of the process that caused the event.
func (g *generator) initiatedBy(p process) {
	g.add(text(p.account.domain), text(p.account.name), text(p.account.sid), text(p.image.name), text(p.image.path), text(p.command),
		text(p.image.sha1), text(p.parent.name), value.NewLong(p.pid), value.NewLong(p.ppid))
}

// start runs a new process on a device, as a child of one that runs there.
func (g *generator) start(d *device) process {
	p := process{image: g.images.pick(g.random), parent: g.images.pick(g.random), account: g.account(d), ppid: 4 * g.random.Int64N(5000)}
	if len(d.running) > 0 {
		parent := d.running[g.random.IntN(len(d.running))]
		p.parent, p.ppid = parent.image, parent.pid
	}
	p.pid = 4 * (1 + g.random.Int64N(16000))
	p.command = g.command(p.image)
	return p
}
