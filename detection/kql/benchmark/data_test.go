package benchmark_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/fleet"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// rowsVariable names the environment variable that says how many rows the large data set has.
const rowsVariable = "GEIGER_BENCHMARK_ROWS"

const (
	defaultRows   = 300_000
	recordingRows = 10_000
	seed          = 1
)

// dataset is the same telemetry in both engines.
type dataset struct {
	rows   int
	tables kql.Tables
	duck   *sql.DB
	// Resident bytes of the tables.
	ours, theirs uint64
}

// large is the data set of most benchmarks, made once.
var large = sync.OnceValues(func() (*dataset, error) {
	rows := defaultRows
	if text := os.Getenv(rowsVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rowsVariable, err)
		}
		rows = n
	}
	return load(rows)
})

// recording is one scenario's worth of telemetry.
var recording = sync.OnceValues(func() (*dataset, error) { return load(recordingRows) })

// get makes the data and leaves one processor to each engine.
func get(t testing.TB, make func() (*dataset, error)) *dataset {
	t.Helper()
	d, err := make()
	require.NoError(t, err)
	runtime.GOMAXPROCS(1)
	return d
}

// load makes the data set in both engines from the same events.
func load(rows int) (*dataset, error) {
	d := &dataset{rows: rows}
	before := heap()
	config := fleet.Config{Rows: rows, Seed: seed}
	d.tables = kqlTables(config)
	d.ours = heap() - before
	var err error
	if d.duck, err = duckTables(config); err != nil {
		return nil, err
	}
	row := d.duck.QueryRow("SELECT sum(memory_usage_bytes)::UBIGINT FROM duckdb_memory()")
	return d, row.Scan(&d.theirs)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func kqlTables(config fleet.Config) kql.Tables {
	builders := map[string]*kql.Builder{}
	for _, name := range fleet.TableNames() {
		builders[name] = kql.NewBuilder(fleet.Columns(name))
	}
	n := kql.Source(0)
	err := config.Each(func(e *fleet.Event) error {
		builders[e.Table].Append(n, e.Cells...)
		n++
		return nil
	})
	if err != nil {
		panic(err) // nothing in the callback fails
	}
	tables := kql.Tables{}
	for name, b := range builders {
		tables[name] = b.Table()
		delete(builders, name)
	}
	return tables
}

// duckTables makes an in-memory database on one thread.
func duckTables(config fleet.Config) (*sql.DB, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("SET threads = 1"); err != nil {
		return nil, err
	}
	for _, name := range fleet.TableNames() {
		if _, err := db.Exec(createTable(name)); err != nil {
			return nil, err
		}
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	return db, errors.Join(appendEvents(conn, config), conn.Close())
}

func createTable(name string) string {
	types := map[value.Type]string{value.String: "VARCHAR", value.Long: "BIGINT", value.DateTime: "TIMESTAMP"}
	var columns []string
	for _, c := range fleet.Columns(name) {
		columns = append(columns, c.Name+" "+types[c.Type])
	}
	return "CREATE TABLE " + name + " (" + strings.Join(columns, ", ") + ")"
}

func appendEvents(conn driver.Conn, config fleet.Config) error {
	appenders := map[string]*duckdb.Appender{}
	for _, name := range fleet.TableNames() {
		a, err := duckdb.NewAppenderFromConn(conn, "", name)
		if err != nil {
			return err
		}
		appenders[name] = a
	}
	var row []driver.Value
	err := config.Each(func(e *fleet.Event) error {
		row = row[:0]
		for _, c := range e.Cells {
			switch c.Type() {
			case value.String:
				row = append(row, c.Str())
			case value.DateTime:
				row = append(row, c.DateTime().Time())
			default:
				row = append(row, c.Int())
			}
		}
		return appenders[e.Table].AppendRow(row...)
	})
	for _, a := range appenders {
		err = errors.Join(err, a.Close())
	}
	return err
}
