package powershell_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
)

// harnessScript runs one of the harness's scripts as the harness does: the bootstrap on the command line, the script
// and its argument on standard input.
func (m *machine) harnessScript(t *testing.T, name string, argument map[string]any) result {
	t.Helper()
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("..", "..", "winrm", "scripts", name+".ps1"))
		require.NoError(t, err)
		return string(data)
	}
	script := read(name)
	arg, err := json.Marshal(argument)
	require.NoError(t, err)
	digest := sha256.Sum256([]byte(script + string(arg)))
	stdin := strings.ToUpper(hex.EncodeToString(digest[:])) + "\n" + packed(t, script) + "\n" + packed(t, string(arg)) + "\n"
	line := "powershell.exe -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand " + encoded(read("bootstrap"))
	return m.start(t, line, stdin)
}

func encoded(script string) string {
	var b []byte
	for _, r := range script {
		b = append(b, byte(r), byte(r>>8))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func packed(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(s))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func decoded(t *testing.T, r result) map[string]any {
	t.Helper()
	require.Empty(t, r.stderr)
	require.Zero(t, r.code)
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &v), r.stdout)
	return v
}

func TestHarnessInspect(t *testing.T) {
	v := decoded(t, newMachine(t).harnessScript(t, "inspect", map[string]any{}))
	require.Equal(t, "LAB-IIS01", v["name"])
	require.Equal(t, "Microsoft Windows Server 2022 Standard", v["os"])
	require.Equal(t, true, v["elevated"])
	require.InDelta(t, 64, v["bits"], 0)
	require.Equal(t, "FullLanguage", v["languageMode"])
	require.Equal(t, "Running", v["w3svc"])
	require.Equal(t, true, v["webAdministration"])
	require.Equal(t, "10.0", v["iis"])
	require.True(t, strings.HasSuffix(v["utc"].(string), "Z"))
}

func TestHarnessLaunch(t *testing.T) {
	m := newMachine(t)
	v := decoded(t, m.harnessScript(t, "launch", map[string]any{
		"dir": `geiger\run1\attack`, "file": "powershell.exe", "milliseconds": 60000,
		"arguments": `& {Set-Content C:\inetpub\wwwroot\a.txt \"x y\"; Write-Output 'hello'; Write-Error oops; exit 7}`,
	}))
	require.InDelta(t, 7, v["exit"], 0)
	require.Equal(t, false, v["timedOut"])
	out, err := base64.StdEncoding.DecodeString(v["stdout"].(string))
	require.NoError(t, err)
	require.Equal(t, "hello\r\n", string(out))
	errs, err := base64.StdEncoding.DecodeString(v["stderr"].(string))
	require.NoError(t, err)
	require.Contains(t, string(errs), "oops")
	f, err := m.k.Stat(m.shell, `C:\inetpub\wwwroot\a.txt`)
	require.NoError(t, err)
	require.Equal(t, "x y\r\n", string(f.Content))
	require.True(t, strings.HasSuffix(v["dir"].(string), `\geiger\run1\attack`))
	swept := decoded(t, m.harnessScript(t, "sweep", map[string]any{"dir": `geiger\run1`}))
	require.NotEmpty(t, swept["swept"])
	_, err = m.k.Stat(m.shell, v["dir"].(string))
	require.Error(t, err)
}

func TestHarnessLaunchRunsCmd(t *testing.T) {
	v := decoded(t, newMachine(t).harnessScript(t, "launch", map[string]any{"dir": `geiger\r`, "file": "cmd.exe", "milliseconds": 60000, "arguments": `/c echo one & exit 3`}))
	require.InDelta(t, 3, v["exit"], 0)
	out, err := base64.StdEncoding.DecodeString(v["stdout"].(string))
	require.NoError(t, err)
	require.Equal(t, "one \r\n", string(out))
}

func TestHarnessBookmarkAndCollect(t *testing.T) {
	m := newMachine(t)
	v := decoded(t, m.harnessScript(t, "bookmark", map[string]any{"channels": []string{eventlog.Application, eventlog.IISConfiguration, "Nope/Operational"}}))
	channels, ok := v["channels"].([]any)
	require.True(t, ok)
	require.Len(t, channels, 3)
	first := channels[0].(map[string]any)
	require.Equal(t, "enabled", first["state"])
	require.Equal(t, "disabled", channels[1].(map[string]any)["state"])
	require.Equal(t, "missing", channels[2].(map[string]any)["state"])
	after := first["after"].(float64)
	r := m.harnessScript(t, "collect", map[string]any{"max": 100, "bookmarks": []map[string]any{{"channel": eventlog.Application, "after": after - 2}, {"channel": "Nope", "after": 0}}})
	require.Empty(t, r.stderr)
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(r.stdout, "\r", "")), "\n")
	trailer := lines[len(lines)-1]
	require.True(t, strings.HasPrefix(trailer, "#{"), trailer)
	data, err := base64.StdEncoding.DecodeString(strings.Join(lines[:len(lines)-1], ""))
	require.NoError(t, err)
	digest := sha256.Sum256(data)
	require.Contains(t, trailer, strings.ToUpper(hex.EncodeToString(digest[:])))
	z, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	records := strings.Split(strings.TrimSuffix(string(text), "\x1e"), "\x1e")
	require.Len(t, records, 4, "a header, two events, the header of the missing channel")
	require.Contains(t, records[1], "<EventID>1001</EventID>")
	require.Contains(t, records[3], `"state":"missing"`)
}

func TestHarnessScriptRefusesDamagedInput(t *testing.T) {
	m := newMachine(t)
	data, err := os.ReadFile(filepath.Join("..", "..", "winrm", "scripts", "bootstrap.ps1"))
	require.NoError(t, err)
	r := m.start(t, "powershell.exe -NoProfile -OutputFormat Text -EncodedCommand "+encoded(string(data)), "00\n"+packed(t, "1")+"\n"+packed(t, "{}")+"\n")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "the script was damaged on its way to this host")
}
