package cli_test

import (
	"archive/zip"
	"context"
	"crypto/rand"
	"flag"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/cli"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"geiger": func() { os.Exit(play(os.Args[1:])) },
	})
}

// play is cli.Main on a clock that waits for nothing: collecting from a real host takes a quarter of a minute, in which
// a test has nothing to learn.
func play(args []string) int {
	return cli.Run(context.Background(), args, cli.Environment{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Clock: newFastClock(), Random: rand.Reader, Version: "test", StateDir: os.Getenv("GEIGER_STATE"),
		Journal: dieAfter(os.Getenv("GEIGER_TEST_DIE_AFTER")),
	})
}

// fastClock is the real time plus all that was slept.
type fastClock struct{ slept atomic.Int64 }

func newFastClock() *fastClock { return &fastClock{} }

// Now implements harness.Clock.
func (c *fastClock) Now() time.Time { return time.Now().Add(time.Duration(c.slept.Load())) }

// Sleep implements harness.Clock.
func (c *fastClock) Sleep(ctx context.Context, d time.Duration) error {
	c.slept.Add(int64(d))
	return ctx.Err()
}

func TestScripts(t *testing.T) {
	recordings, err := filepath.Abs(filepath.Join("..", "..", "testdata", "recordings"))
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("RECORDINGS", recordings)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"zip": zipFolder},
	})
}

// zipFolder packs a folder: zip FILE FOLDER.
func zipFolder(ts *testscript.TestScript, _ bool, args []string) {
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	z := zip.NewWriter(file)
	ts.Check(z.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(z.Close())
	ts.Check(file.Close())
}
