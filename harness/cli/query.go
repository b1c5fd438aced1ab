package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness/ingest"
)

type queryOptions struct {
	file   string
	format string
	now    string
	help   bool
}

func newQuery(env *Environment) *cobra.Command {
	var o queryOptions
	c := &cobra.Command{
		Use:   "query KQL [RECORDING|EVENTS|TABLE=FILE]...",
		Short: "Ask telemetry in KQL",
		Long: `Ask telemetry in KQL.

The query is the first argument, a file (-f), or standard input (-). What follows is asked: recordings, files of events
(.ndjson, .jsonl, also .gz and .zst), or single tables as TABLE=FILE (.csv, .ndjson). Events are turned into the tables
of Defender XDR. What only a service knows comes from a table as well, such as '_GetWatchlist("Assets")=assets.csv',
FileProfile=profiles.ndjson or 'externaldata("https://...")=list.csv'. ago() and now() count from the end of the recording, else from the newest event, else from now; --now
overrides that. A failing query ends with exit status 3.`,
		Example: `  geiger query 'DeviceFileEvents | summarize count() by ActionType' run1
  geiger query -f hunt.kql events.jsonl.gz
  geiger query --format json 'Hosts | where Name startswith "iis"' Hosts=hosts.csv`,
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), env, args) },
	}
	c.Flags().StringVarP(&o.file, "file", "f", "", "read the query from this `file`")
	c.Flags().StringVar(&o.format, "format", "table", "output: table, csv or json")
	c.Flags().BoolVar(&o.help, "help-functions", false, "list the functions, aggregates and plugins that queries can use")
	c.Flags().StringVar(&o.now, "now", "", "the current `time` of the query, such as 2026-01-02T03:04:05Z")
	return c
}

func (o *queryOptions) run(ctx context.Context, env *Environment, args []string) error {
	if err := checkFormat(o.format, "table", "csv", "json"); err != nil {
		return err
	}
	if o.help {
		if err := checkFormat(o.format, "table", "json"); err != nil {
			return err
		}
		return writeBuiltins(env.Stdout, o.format)
	}
	err := o.ask(ctx, env, args)
	if err != nil && o.format == "json" && ctx.Err() == nil {
		if err := writeFault(env.Stdout, err); err != nil {
			return err
		}
		return exitError(3)
	}
	return err
}

func (o *queryOptions) ask(ctx context.Context, env *Environment, args []string) error {
	source, inputs, err := o.source(env, args)
	if err != nil {
		return err
	}
	if strings.TrimSpace(source.Text) == "" {
		return errors.New("the query is empty")
	}
	d, err := readInputs(inputs)
	if err != nil {
		return err
	}
	now, err := o.clock(env, d)
	if err != nil {
		return err
	}
	q, tables, err := compile(source, d)
	if err != nil {
		return err
	}
	t, err := q.Run(ctx, tables, now)
	if err != nil {
		return err
	}
	return writeTable(env.Stdout, t, o.format)
}

func (o *queryOptions) source(env *Environment, args []string) (*syntax.Source, []string, error) {
	if o.file != "" {
		text, err := os.ReadFile(o.file)
		return &syntax.Source{Name: o.file, Text: string(text)}, args, err
	}
	if len(args) == 0 {
		return nil, nil, errors.New("no query; give it as the first argument, with -f FILE, or as - on standard input")
	}
	if args[0] != "-" {
		return &syntax.Source{Text: args[0]}, args[1:], nil
	}
	text, err := io.ReadAll(env.Stdin)
	return &syntax.Source{Name: "stdin", Text: string(text)}, args[1:], err
}

func (o *queryOptions) clock(env *Environment, d *data) (time.Time, error) {
	if o.now != "" {
		t, ok := value.ParseDateTime(o.now)
		if !ok {
			return time.Time{}, fmt.Errorf("--now %q: write it like 2026-01-02T03:04:05Z", o.now)
		}
		return t.Time(), nil
	}
	if !d.newest.IsZero() {
		return d.newest, nil
	}
	return env.Clock.Now().UTC(), nil
}

// compile binds the query to Defender XDR, or else to Log Analytics, in both cases with the tables that the user
// brought. The error is that of the first.
func compile(source *syntax.Source, d *data) (*kql.Query, kql.Tables, error) {
	var first error
	for _, service := range []*kql.Schema{schema.DefenderXDR(), schema.LogAnalytics()} {
		s, own, err := d.extend(service)
		if err != nil {
			return nil, nil, err
		}
		q, err := kql.Compile(source, s)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		tables := ingest.Tables(d.events, s)
		if err := ingest.Merge(tables, d.rows, s); err != nil {
			return nil, nil, err
		}
		maps.Copy(tables, own)
		return q, tables, nil
	}
	return nil, nil, first
}

// extend adds the user's tables to a schema, and reads their files under the types that it gives them.
func (d *data) extend(service *kql.Schema) (*kql.Schema, kql.Tables, error) {
	if len(d.files) == 0 {
		return service, nil, nil
	}
	var tables []bind.Table
	for _, name := range service.TableNames() {
		if t, ok := service.Table(name); ok {
			tables = append(tables, *t)
		}
	}
	own := kql.Tables{}
	for _, f := range d.files {
		var known []value.Column
		if t, ok := service.Table(f.table); ok {
			known = t.Columns
		}
		t, err := f.read(known)
		if err != nil {
			return nil, nil, err
		}
		own[f.table] = t
		if kql.IsFixture(f.table) {
			continue
		}
		tables = append(tables, bind.Table{Name: f.table, Columns: t.Columns()})
	}
	var functions []bind.ServiceFunction
	for _, name := range service.FunctionNames() {
		if f, ok := service.Function(name); ok {
			functions = append(functions, f)
		}
	}
	return bind.NewSchema(service.Name(), tables, functions...), own, nil
}

// fault is a failed query for programs.
type fault struct {
	Class   string `json:"class"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
}

func writeFault(w io.Writer, err error) error {
	f := fault{Class: "input", Message: err.Error()}
	var e *syntax.Error
	if errors.As(err, &e) && len(e.Diagnostics) > 0 {
		d := e.Diagnostics[0]
		at := e.Source.Position(d.Span.Start)
		f = fault{d.Class.String(), d.Code, d.Message, at.Line, at.Column}
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(map[string]fault{"error": f})
}

// writeBuiltins lists the functions of the language by family, one overload a line, and what the engine lacks last; as
// JSON all in one array.
func writeBuiltins(w io.Writer, format string) error {
	list := kql.Builtins()
	if format == "json" {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		return out.Encode(list)
	}
	var text strings.Builder
	family := ""
	var lacking []string
	for _, b := range list {
		if !b.Supported {
			lacking = append(lacking, b.Name)
			continue
		}
		if b.Family != family {
			family = b.Family
			fmt.Fprintf(&text, "%s:\n", family)
		}
		for _, signature := range b.Signatures {
			fmt.Fprintf(&text, "  %s\n", signature)
		}
		if len(b.Aliases) > 0 {
			fmt.Fprintf(&text, "    also %s\n", strings.Join(b.Aliases, ", "))
		}
	}
	fmt.Fprintf(&text, "not supported:\n")
	for _, name := range lacking {
		fmt.Fprintf(&text, "  %s\n", name)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
