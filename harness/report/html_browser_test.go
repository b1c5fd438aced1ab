package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// browser finds a Chromium. Without one the page is not looked at, and the test says so.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("NOT TESTED: no chromium, chromium-browser or google-chrome in PATH, so no browser has looked at the HTML report")
	return ""
}

// looked is what testdata/probe.html finds.
type looked struct {
	At320   room     `json:"at 320"`
	At390   room     `json:"at 390"`
	At768   room     `json:"at 768"`
	At1280  room     `json:"at 1280"`
	Faint   []string `json:"faint"`
	Scripts int      `json:"scripts"`
	Pwned   bool     `json:"pwned"`
	Loaded  []string `json:"loaded"`
	Styled  bool     `json:"styled"`
	Page    string   `json:"page"` // colour
}

// room is what the page takes of a width, in pixels, and what of it lies outside.
type room struct {
	Folded, Unfolded int
	Outside          []string
}

// look opens a report in a browser without a network.
func look(t *testing.T, chromium string, report []byte, flags ...string) looked {
	t.Helper()
	dir := t.TempDir()
	probe, err := os.ReadFile(filepath.Join("testdata", "probe.html"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "probe.html"), probe, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "report.html"), report, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := append([]string{
		"--headless", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--allow-file-access-from-files", "--virtual-time-budget=10000", "--dump-dom",
	}, flags...)
	var out, errs bytes.Buffer
	c := exec.CommandContext(ctx, chromium, append(args, "file://"+filepath.ToSlash(filepath.Join(dir, "probe.html")))...)
	c.Stdout, c.Stderr = &out, &errs
	require.NoError(t, c.Run(), errs.String())
	root, err := html.Parse(&out)
	require.NoError(t, err)
	pre := find(root, "pre", "")
	require.Len(t, pre, 1)
	var l looked
	require.NoError(t, json.Unmarshal([]byte(textOf(pre[0])), &l), "the browser said: %s", errs.String())
	return l
}

// TestHTMLInABrowser: a report full of hostile text runs and loads nothing, fits a phone and a desk, folded and unfolded,
// and can be read in light and dark.
func TestHTMLInABrowser(t *testing.T) {
	chromium := browser(t)
	page, _ := pageOf(t, spoilt(payloads["markup"]+payloads["end"]+payloads["style"]+payloads["attribute"]))
	pages := map[string]bool{}
	for _, scheme := range []int{0, 1} { // Blink's PreferredColorScheme: dark, light
		l := look(t, chromium, page, fmt.Sprintf("--blink-settings=preferredColorScheme=%d", scheme))
		require.True(t, l.Styled, "the policy lets its own style sheet through")
		require.Zero(t, l.Scripts)
		require.False(t, l.Pwned)
		require.Empty(t, l.Loaded)
		require.Empty(t, l.Faint, "contrast below 4.5")
		for width, r := range map[int]room{320: l.At320, 390: l.At390, 768: l.At768, 1280: l.At1280} {
			require.Equal(t, room{width, width, []string{}}, r, "at %d", width)
		}
		pages[l.Page] = true
	}
	require.Len(t, pages, 2, "light and dark differ")
}
