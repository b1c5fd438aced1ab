package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

type importOptions struct {
	to      string
	skipBad bool
	secrets bool // keep them
}

func newImport(env *Environment) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import [TABLE=]FILE... --to DIR",
		Short: "Make a recording from telemetry that came from elsewhere",
		Long: `Make a recording from telemetry that came from elsewhere, which 'geiger query', 'geiger explain' and 'geiger diff' read.

A FILE is an event log (.evtx), or holds events as XML (as Event Viewer and wevtutil export them, UTF-8 or UTF-16) or as JSON, one a line or an array: as
winlogbeat, nxlog and Splunk ship them, as the OTRF Security Datasets keep them, or as geiger reads them elsewhere. Or it holds
rows of tables, as advanced hunting and Log Analytics export them (CSV or JSON). They stay rows of the table that they, the
name of the file (DeviceFileEvents.csv) or TABLE=FILE say. A file may be packed (gzip, zstandard, zip), or be a recording
itself. What it is follows from its content.

The manifest of the recording says which files it comes from, with their SHA-256. Its clock is the newest event.
Credentials in command lines, scripts and rows are replaced by markers such as REDACTED_PASSWORD, and counted in the
manifest; --keep-secrets leaves them. What is encoded is not looked into.
Records that cannot be read are named, and fail the import; --skip-bad leaves them out and counts them in the manifest.`,
		Example: "  geiger import Sysmon.evtx Security.evtx --to host1\n  geiger import host1.xml winlogbeat.ndjson.gz --to host1\n  geiger import DeviceProcessEvents=hunt.csv --to hunt\n  geiger import dataset.zip --to dataset --skip-bad",
		Args:    atLeastOne("no file; give one that holds events"),
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), env, args) },
	}
	c.Flags().StringVar(&o.to, "to", "", "`folder` for the recording; a new or an empty one")
	c.Flags().BoolVar(&o.skipBad, "skip-bad", false, "leave out records that cannot be read")
	c.Flags().BoolVar(&o.secrets, "keep-secrets", false, "do not replace credentials")
	return c
}

func (o *importOptions) run(ctx context.Context, env *Environment, args []string) error {
	if o.to == "" {
		return errors.New("give the folder for the recording: --to DIR")
	}
	if found, err := os.ReadDir(o.to); err == nil && len(found) > 0 {
		return fmt.Errorf("%s: the folder is not empty; give --to another", o.to)
	}
	i := &telemetry.Importer{Geiger: env.Version, KeepSecrets: o.secrets, Tables: slices.Concat(schema.DefenderXDR().TableNames(), schema.LogAnalytics().TableNames())}
	for _, arg := range args {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := importFile(i, arg); err != nil {
			return err
		}
	}
	if err := o.faults(env, i); err != nil {
		return err
	}
	r, err := i.Recording()
	if err != nil {
		return err
	}
	if err := writeRecording(o.to, r); err != nil {
		return err
	}
	if err := otherColumns(env, r); err != nil {
		return err
	}
	return o.report(env, r)
}

// importFile adds a file, or every recording of a folder or .zip that holds some.
func importFile(i *telemetry.Importer, arg string) error {
	table, name := "", arg
	if m := tableArgument.FindStringSubmatch(arg); m != nil {
		table, name = m[1], m[2]
		if !slices.Contains(i.Tables, table) {
			return noSuchTable(table, i.Tables)
		}
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() || filepath.Ext(name) == ".zip" {
		root, err := recordingRoot(name)
		if err != nil {
			return err
		}
		found, err := manifestsIn(root, name)
		if err != nil {
			return err
		}
		if len(found) > 0 || info.IsDir() {
			return importRecordings(i, name, found)
		}
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return i.Add(table, name, content)
}

func noSuchTable(name string, known []string) error {
	if near, ok := syntax.Suggest(name, known); ok {
		return fmt.Errorf("no table %q; did you mean %q?", name, near)
	}
	return fmt.Errorf("no table %q in Defender XDR or Log Analytics", name)
}

func importRecordings(i *telemetry.Importer, name string, found []recordingFiles) error {
	if len(found) == 0 {
		return fmt.Errorf("%s: a folder without a recording; name the files in it", name)
	}
	for _, rec := range found {
		r, err := telemetry.Read(rec.files)
		if err != nil {
			return fmt.Errorf("%s: %w", rec.name, err)
		}
		if err := i.AddRecording(rec.name, r); err != nil {
			return fmt.Errorf("%s: %w", rec.name, err)
		}
	}
	return nil
}

// faultsShown is how many bad records of a file are named on the terminal.
const faultsShown = 5

// faults names the records that could not be read, which is an error unless they are to be skipped.
func (o *importOptions) faults(env *Environment, i *telemetry.Importer) error {
	total := 0
	for _, s := range i.Bad() {
		total += s.Skipped
		name := filepath.Join(s.File, filepath.FromSlash(s.Member))
		for n, b := range s.Bad {
			if n == faultsShown {
				fmt.Fprintf(env.Stderr, "%s: and %d more\n", name, s.Skipped-n)
				break
			}
			fmt.Fprintf(env.Stderr, "%s: %v\n", name, &b)
		}
	}
	if total == 0 || o.skipBad {
		return nil
	}
	return fmt.Errorf("%s could not be read; --skip-bad imports the others", count(total, "record"))
}

// otherColumns names the columns of rows that no query can read, because their table does not have them: the recording keeps
// them nevertheless.
func otherColumns(env *Environment, r *telemetry.Recording) error {
	tables, err := r.Tables()
	if err != nil {
		return err
	}
	for _, t := range tables {
		known := map[string]bool{"$table": true}
		for _, service := range []*kql.Schema{schema.DefenderXDR(), schema.LogAnalytics()} {
			if declared, ok := service.Table(t.Name); ok {
				for _, c := range declared.Columns {
					known[c.Name] = true
				}
			}
		}
		others := map[string]bool{}
		for line := range bytes.Lines(t.Rows) {
			var row map[string]json.RawMessage
			if err := json.Unmarshal(line, &row); err != nil {
				return err
			}
			for name := range row {
				if !known[name] {
					others[name] = true
				}
			}
		}
		if len(others) > 0 {
			fmt.Fprintf(env.Stderr, "%s has no column %s; queries cannot read it\n", t.Name, strings.Join(slices.Sorted(maps.Keys(others)), ", "))
		}
	}
	return nil
}

func writeRecording(dir string, r *telemetry.Recording) error {
	return r.Write(func(name string, content []byte) error {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), fs.FileMode(0o755)); err != nil { //nolint:gosec // recordings are for sharing
			return err
		}
		return os.WriteFile(file, content, 0o644) //nolint:gosec // as above
	})
}

// report says what came of the import.
func (o *importOptions) report(env *Environment, r *telemetry.Recording) error {
	m := r.Manifest.Imported
	skipped := 0
	for _, s := range m.Sources {
		skipped += s.Skipped
	}
	var what []string
	events, rows := m.Records()
	if events > 0 {
		what = append(what, count(events, "event"))
	}
	if rows > 0 {
		what = append(what, count(rows, "row"))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s from %s, %s to %s", o.to, strings.Join(what, " and "), count(len(m.Computers), "computer"),
		m.First.Format("2006-01-02 15:04:05"), m.Last.Format("2006-01-02 15:04:05"))
	if skipped > 0 {
		fmt.Fprintf(&text, "; %s skipped", count(skipped, "record"))
	}
	replaced := 0
	for _, n := range m.Secrets {
		replaced += n
	}
	if replaced > 0 {
		fmt.Fprintf(&text, "; %s replaced", count(replaced, "credential"))
	}
	text.WriteByte('\n')
	_, err := env.Stdout.Write([]byte(text.String()))
	return err
}
