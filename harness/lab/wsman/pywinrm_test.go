package wsman_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec" //nolint:depguard // the test runs a WinRM client of another language; the lab itself runs nothing
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// systemPython is Debian's interpreter, which has the python3-winrm package.
const systemPython = "/usr/bin/python3"

// legacyProvider makes OpenSSL 3 offer MD4, without which Python cannot do NTLM.
const legacyProvider = `openssl_conf = conf
[conf]
providers = providers
[providers]
default = active
legacy = active
[active]
activate = 1
`

// pythonClient is a conversation with the server in the words of pywinrm. It prints its findings as JSON.
const pythonClient = `
import json, sys, warnings
warnings.filterwarnings("ignore")
from winrm import Session
from winrm.protocol import Protocol

arguments = json.load(sys.stdin)
options = dict(transport=arguments["transport"], server_cert_validation="ignore")
if arguments["transport"] == "ntlm":
    options["message_encryption"] = "always" if arguments["target"].startswith("http:") else "auto"
found = {}

session = Session(arguments["target"], auth=(arguments["user"], arguments["password"]), **options)
result = session.run_cmd("mixed", ["7"])
found["mixed"] = [result.std_out.decode(), result.std_err.decode(), result.status_code]
result = session.run_cmd("big", ["400000"])
found["big"] = [result.std_out.decode(), result.status_code]
result = session.run_ps("Write-Output 'hé'")
found["ps"] = [result.std_out.decode(), result.status_code]

protocol = Protocol(endpoint=arguments["target"], username=arguments["user"], password=arguments["password"],
                    operation_timeout_sec=1, read_timeout_sec=5, **options)
shell = protocol.open_shell(working_directory="C:\\Temp", env_vars={"NAME": "value"}, idle_timeout="PT300S", codepage=65001)
command = protocol.run_command(shell, "echo", ["two", "words"])
out, err, code = protocol.get_command_output(shell, command)
found["protocol"] = [out.decode(), err.decode(), code]
protocol.cleanup_command(shell, command)
protocol.close_shell(shell)

try:
    Session(arguments["target"], auth=(arguments["user"], "wrong"), **options).run_cmd("echo")
    found["refused"] = "not at all"
except Exception as e:
    found["refused"] = type(e).__name__
json.dump(found, sys.stdout)
`

// pythonEnvironment is the environment of the test without what makes pywinrm fail: other certificate bundles, and an
// OpenSSL without MD4.
func pythonEnvironment(t *testing.T) []string {
	t.Helper()
	configuration := filepath.Join(t.TempDir(), "openssl.cnf")
	require.NoError(t, os.WriteFile(configuration, []byte(legacyProvider), 0o600))
	environment := []string{"OPENSSL_CONF=" + configuration, "PYTHONIOENCODING=utf-8", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1"}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch strings.ToUpper(name) {
		case "OPENSSL_CONF", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "PYTHONPATH", "PYTHONHOME",
			"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY":
		default:
			environment = append(environment, variable)
		}
	}
	return environment
}

func TestPywinrm(t *testing.T) {
	environment := pythonEnvironment(t)
	probe := exec.CommandContext(t.Context(), systemPython, "-c", "import winrm, hashlib; hashlib.new('md4')")
	probe.Env = environment
	if output, err := probe.CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED against pywinrm: %s cannot import winrm (Debian package python3-winrm) or has no MD4: %v\n%s", systemPython, err, output)
	}
	for name, scheme := range map[string]string{
		"Basic over HTTPS": "basic https", "NTLM sealed over HTTP": "ntlm http", "NTLM over HTTPS": "ntlm https",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			found := runPython(t, l, environment, scheme)
			require.Equal(t, []any{"out\r\n", "err\r\n", 7.0}, found["mixed"])
			require.Equal(t, []any{pattern(400000), 0.0}, found["big"])
			require.Equal(t, []any{"script: Write-Output 'hé'\r\n", 0.0}, found["ps"])
			require.Equal(t, []any{"two words\r\n", "", 0.0}, found["protocol"])
			require.Equal(t, "InvalidCredentialsError", found["refused"])
			require.Equal(t, `C:\Temp`, l.host.lastShell().Dir)
			require.Equal(t, 4, l.host.closedShells())
		})
	}
}

// runPython runs the client and returns what it found. The password travels on stdin.
func runPython(t *testing.T, l *lab, environment []string, scheme string) map[string]any {
	t.Helper()
	transport, protocol, _ := strings.Cut(scheme, " ")
	target := map[string]string{"http": "http://" + l.http + "/wsman", "https": "https://" + l.https + "/wsman"}[protocol]
	// A password in ASCII, because requests sends those of Basic in Latin-1.
	arguments, err := json.Marshal(map[string]string{"transport": transport, "target": target, "user": plainUser, "password": "other"})
	require.NoError(t, err)
	client := exec.CommandContext(t.Context(), systemPython, "-c", pythonClient)
	client.Env = environment
	client.Stdin = bytes.NewReader(arguments)
	var stderr bytes.Buffer
	client.Stderr = &stderr
	output, err := client.Output()
	require.NoError(t, err, stderr.String())
	found := make(map[string]any)
	require.NoError(t, json.Unmarshal(output, &found), string(output))
	return found
}
