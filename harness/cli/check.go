package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness"
)

func newCheck(env *Environment) *cobra.Command {
	var format string
	var only []string
	k := &checker{}
	c := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Bind rules to the schemas of Defender XDR and Log Analytics",
		Long: `Bind rules to the schemas of Defender XDR and Log Analytics.

A PATH is an analytics-rule YAML file, a bare .kql file, or a folder of them; without any, the built-in rules are
checked. Lines and columns are those of the file. A rule is in order if it binds in one of the schemas.

--format json prints one object a line for each file and schema: file, schema, parses, binds, columns (name, type),
diagnostics (code, severity, message, hint, line, col), unsupported (what geiger cannot run) and unfilled (columns that
no source of geiger fills). With --run, each query that binds is run on empty tables too, those in place of a service
included, and "runs" and "error" are added. Exit status 1 if a rule binds nowhere, 2 if geiger cannot run one.`,
		Example: "  geiger check\n  geiger check --schema defender_xdr detection/rules\n  geiger check --format json --run rules/",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format, "text", "json", "github"); err != nil {
				return err
			}
			schemas, err := chosenSchemas(only)
			if err != nil {
				return err
			}
			k.schemas, k.out, k.format = schemas, env.Stdout, format
			return k.check(cmd.Context(), args)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "output: text, json (one line per file and schema), or github (annotations of a workflow)")
	c.Flags().StringSliceVar(&only, "schema", nil, "`schema` to bind to: defender_xdr, log_analytics; given again, both (default both)")
	c.Flags().BoolVar(&k.run, "run", false, "also run each query that binds on empty tables")
	return c
}

// checkedSchema is a schema under the name that programs know it by.
type checkedSchema struct {
	id     string
	schema *kql.Schema
}

func chosenSchemas(only []string) ([]checkedSchema, error) {
	all := []checkedSchema{{"defender_xdr", schema.DefenderXDR()}, {"log_analytics", schema.LogAnalytics()}}
	if len(only) == 0 {
		return all, nil
	}
	var out []checkedSchema
	for _, id := range only {
		i := slices.IndexFunc(all, func(s checkedSchema) bool { return s.id == id })
		if i < 0 {
			return nil, fmt.Errorf("--schema %s: no such schema; give defender_xdr or log_analytics", id)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// checker checks rules and prints what it found.
type checker struct {
	schemas []checkedSchema
	out     io.Writer
	format  string // text, json or github
	run     bool

	files, binding, unbound, beyond int
}

func (k *checker) check(ctx context.Context, paths []string) error {
	files, err := ruleFiles(paths)
	if err != nil {
		return err
	}
	for found := range k.all(ctx, files) {
		k.count(found)
		if err := k.print(found); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if k.format == "text" && k.files > 1 {
		fmt.Fprintf(k.out, "%d files: %d bind, %d do not bind, %d bind but geiger cannot run them\n", k.files, k.binding, k.unbound, k.beyond)
	}
	switch {
	case k.unbound > 0:
		return exitError(harness.ExitFail)
	case k.beyond > 0:
		return exitError(harness.ExitInconclusive)
	}
	return nil
}

// all checks the files on all processors and gives what was found in their order.
func (k *checker) all(ctx context.Context, files []ruleFile) func(yield func([]checked) bool) {
	return func(yield func([]checked) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		results := make([]chan []checked, len(files))
		for i := range results {
			results[i] = make(chan []checked, 1)
		}
		next := make(chan int)
		var workers sync.WaitGroup
		defer workers.Wait()
		for range runtime.GOMAXPROCS(0) {
			workers.Go(func() {
				for i := range next {
					results[i] <- k.file(ctx, files[i])
				}
			})
		}
		workers.Go(func() {
			defer close(next)
			for i := range files {
				select {
				case next <- i:
				case <-ctx.Done():
					return
				}
			}
		})
		for _, r := range results {
			select {
			case found := <-r:
				if !yield(found) {
					stop()
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// ruleFile is a file to check, and where it is.
type ruleFile struct {
	name  string
	files fs.FS
}

// ruleFiles lists the rule files at and below the paths, in order; those that come with geiger if no path is given.
func ruleFiles(paths []string) ([]ruleFile, error) {
	if len(paths) == 0 {
		var out []ruleFile
		rules, err := detection.Bundled()
		for _, r := range rules {
			out = append(out, ruleFile{r.File, detection.BundledFiles()})
		}
		return out, err
	}
	var out []ruleFile
	for _, path := range paths {
		before := len(out)
		err := fs.WalkDir(hostFiles{}, filepath.ToSlash(path), func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && detection.IsRuleFile(name) {
				out = append(out, ruleFile{name, hostFiles{}})
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(out) == before {
			return nil, fmt.Errorf("%s: no rules here; a rule is a .yaml, .yml or .kql file", path)
		}
	}
	return out, nil
}

// count adds a file to the summary.
func (k *checker) count(found []checked) {
	binds := slices.ContainsFunc(found, func(c checked) bool { return c.Binds })
	runs := slices.ContainsFunc(found, func(c checked) bool { return c.Binds && len(c.Unsupported) == 0 && c.Error == "" })
	k.files++
	switch {
	case !binds:
		k.unbound++
	case !runs:
		k.beyond++
	default:
		k.binding++
	}
}

func (k *checker) print(found []checked) error {
	if k.format == "github" {
		return k.annotate(found)
	}
	if k.format == "json" {
		lines := json.NewEncoder(k.out)
		lines.SetEscapeHTML(false)
		for _, c := range found {
			if err := lines.Encode(c); err != nil {
				return err
			}
		}
		return nil
	}
	if len(found) == 0 {
		return nil
	}
	if _, err := fmt.Fprintf(k.out, "%s (%s)\n", found[0].File, found[0].rule); err != nil {
		return err
	}
	for i, c := range found {
		same := i > 0 && c.text != "" && c.text == found[i-1].text
		fmt.Fprintf(k.out, "  %s: %s", c.schemaName, c.state())
		if same {
			fmt.Fprint(k.out, ", for the same reasons")
		}
		fmt.Fprintln(k.out)
		if c.text != "" && !same {
			fmt.Fprintf(k.out, "    %s\n", strings.ReplaceAll(c.text, "\n", "\n    "))
		}
		for _, u := range c.Unfilled {
			fmt.Fprintf(k.out, "    warning: reads %s, which no source of geiger fills\n", u)
		}
	}
	return nil
}

// annotate prints what is wrong with a rule for a workflow of GitHub: errors of one that binds nowhere, by the first
// schema; warnings of one that geiger cannot run.
func (k *checker) annotate(found []checked) error {
	if len(found) == 0 {
		return nil
	}
	binds := slices.IndexFunc(found, func(c checked) bool { return c.Binds })
	if binds < 0 {
		for _, d := range found[0].Diagnostics {
			if err := annotation(k.out, d.Severity, found[0].File, d.Line, d.Col, d.Message+". "+d.Hint); err != nil {
				return err
			}
		}
		return nil
	}
	c := found[binds]
	if c.Error != "" {
		return annotation(k.out, "warning", c.File, 1, 1, "geiger cannot run it: "+c.Error)
	}
	return nil
}
