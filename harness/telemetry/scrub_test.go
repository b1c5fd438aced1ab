package telemetry_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/telemetry"
	"github.com/seed-67b27da2/geiger/testdata"
)

// scrubbed imports one event with this command line, and returns what became of it and the number of secrets.
func scrubbed(t *testing.T, line string) (string, map[string]int) {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"channel": "Security", "eid": 4688, "computer": "H", "time": "2026-01-02T03:04:05Z", "data": map[string]string{"CommandLine": line},
	})
	require.NoError(t, err)
	r := imported(t, "in", text)
	return r.Events[0].Get("CommandLine"), r.Manifest.Imported.Secrets
}

func TestSecretsAreReplaced(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
	for line, want := range map[string]string{
		`wmic /node:srv /user:bob /password:s3cret process list`:    `wmic /node:srv /user:bob /password:REDACTED_PASSWORD process list`,
		`cmdkey /add:srv /user:bob /pass:"a b"`:                     `cmdkey /add:srv /user:bob /pass:"REDACTED_PASSWORD"`,
		`tool.exe --password=s3cret --verbose`:                      `tool.exe --password=REDACTED_PASSWORD --verbose`,
		`New-Thing -AdminPassword 's3 cret'`:                        `New-Thing -AdminPassword 'REDACTED_PASSWORD'`,
		`az login --client-secret s3cret`:                           `az login --client-secret REDACTED_SECRET`,
		`PsExec.exe \\srv -u corp\bob -p s3cret cmd`:                `PsExec.exe \\srv -u corp\bob -p REDACTED_PASSWORD cmd`,
		`plink.exe srv -P 80 -pw s3cret`:                            `plink.exe srv -P 80 -pw REDACTED_PASSWORD`,
		`sqlcmd -S db -U sa -P s3cret`:                              `sqlcmd -S db -U sa -P REDACTED_PASSWORD`,
		`winrs -r:srv -u:bob -p:s3cret ipconfig`:                    `winrs -r:srv -u:bob -p:REDACTED_PASSWORD ipconfig`,
		`schtasks /create /tn x /ru bob /rp s3cret`:                 `schtasks /create /tn x /ru bob /rp REDACTED_PASSWORD`,
		`"C:\Program Files\7-Zip\7z.exe" a out.7z -ps3cret C:\data`: `"C:\Program Files\7-Zip\7z.exe" a out.7z -pREDACTED_PASSWORD C:\data`,
		`ConvertTo-SecureString "s3cret" -AsPlainText -Force`:       `ConvertTo-SecureString "REDACTED_PASSWORD" -AsPlainText -Force`,
		`ConvertTo-SecureString -AsPlainText 's3cret' -Force`:       `ConvertTo-SecureString -AsPlainText 'REDACTED_PASSWORD' -Force`,
		`ConvertTo-SecureString -AsPlainText -Force -String s3cret`: `ConvertTo-SecureString -AsPlainText -Force -String REDACTED_PASSWORD`,
		`net user bob s3cret /add`:                                  `net user bob REDACTED_PASSWORD /add`,
		`C:\Windows\system32\net1.exe  user "a b" s3cret`:           `C:\Windows\system32\net1.exe  user "a b" REDACTED_PASSWORD`,
		`net use Z: \\srv\share s3cret /user:bob`:                   `net use Z: \\srv\share REDACTED_PASSWORD /user:bob`,
		`net use \\srv\share /user:corp\bob s3cret`:                 `net use \\srv\share /user:corp\bob REDACTED_PASSWORD`,
		`git clone https://bob:s3cret@git.example.test/x`:           `git clone https://bob:REDACTED_PASSWORD@git.example.test/x`,
		`curl -s -u bob:s3cret https://example.test`:                `curl -s -u bob:REDACTED_PASSWORD https://example.test`,
		`curl -H "Authorization: Bearer abcdefgh12345678"`:          `curl -H "Authorization: Bearer REDACTED_TOKEN"`,
		`$h = @{Authorization = 'Basic Ym9iOnMzY3JldA=='}`:          `$h = @{Authorization = 'Basic REDACTED_TOKEN'}`,
		`x ` + jwt:                   `x REDACTED_TOKEN`,
		`set K=AKIAIOSFODNN7EXAMPLE`: `set K=REDACTED_KEY`,
		`aws_secret_access_key = ` + strings.Repeat("aB3/", 10):             `aws_secret_access_key = REDACTED_KEY`,
		`sqlcmd "Server=db;User Id=sa;Password=s3cret;Encrypt=yes"`:         `sqlcmd "Server=db;User Id=sa;Password=REDACTED_PASSWORD;Encrypt=yes"`,
		`AccountName=x;AccountKey=` + strings.Repeat("aB3+", 8) + `==;`:     `AccountName=x;AccountKey=REDACTED_KEY;`,
		`https://x.example.test/c?sv=1&sig=abcdefghij0123456789%3D`:         `https://x.example.test/c?sv=1&sig=REDACTED_KEY`,
		`$adminPassword = "s3cret"; echo <a> & b`:                           `$adminPassword = "REDACTED_PASSWORD"; echo <a> & b`,
		"-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY---": `-----BEGIN RSA PRIVATE KEY-----REDACTED_KEY-----END RSA PRIVATE KEY---`,
	} {
		got, replaced := scrubbed(t, line)
		require.Equal(t, want, got)
		require.Len(t, replaced, 1, line)
		again, replaced := scrubbed(t, got)
		require.Equal(t, want, again)
		require.Empty(t, replaced, "a marker is no secret: %s", line)
	}
}

func TestOtherTextIsKept(t *testing.T) {
	for _, line := range []string{
		`C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule`,
		`ssh -p 2222 bob@srv`, `plink.exe srv -P 80 -C`, `sqlcmd -p 1 -Q "select 1"`,
		`mkdir -p a/b`,
		`net user`, `net user bob /add`, `net user bob *`, `net user /domain`, `net use \\srv\share /persistent:no`, `net use * /delete`,
		`Get-ChildItem -Recurse | Copy-Item -PassThru`,
		`New-Thing -Password $password -Other x`, `tool --password %PW%`, `tool --password --verbose`,
		`New-Thing -Password (Read-Host -AsSecureString)`,
		`ConvertTo-SecureString $plain -AsPlainText -Force`,
		`https://example.test:8443/a@b`, `https://bob@example.test/`,
		`7z.exe x archive.7z -oC:\out`,
		`reg query HKLM\SOFTWARE /v Password`,
		`The bearer of this letter`,
		`rundll32.exe keymgr.dll,KRShowKeyMgr`,
	} {
		got, replaced := scrubbed(t, line)
		require.Equal(t, line, got)
		require.Empty(t, replaced, line)
	}
}

func TestSecretsOfRows(t *testing.T) {
	i := &telemetry.Importer{Tables: known}
	require.NoError(t, i.Add("DeviceEvents", "in", []byte(`{"Timestamp":"2026-01-02","A":{"b":["net user bob s3cret"]}}`)))
	r, err := i.Recording()
	require.NoError(t, err)
	tables, err := r.Tables()
	require.NoError(t, err)
	require.Contains(t, string(tables[0].Rows), "net user bob REDACTED_PASSWORD")
	require.Equal(t, map[string]int{"password": 1}, r.Manifest.Imported.Secrets)
}

// TestScrubbingSparesSamples: recorded events come through as they are, but for ten credentials: those of net use and
// net user, of schtasks, of plink, of a zip folder and of a tool's password=, each looked at when this number was written down.
func TestScrubbingSparesSamples(t *testing.T) {
	content, err := os.ReadFile(testdata.Shared(t, "telemetry/real_sysmon_sample.jsonl.gz"))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"password": 10}, imported(t, "sample", content).Manifest.Imported.Secrets)
}
