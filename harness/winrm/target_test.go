package winrm

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness"
)

// scripted is a program that plays the bootstrap: it checks what came on standard
// input and answers for the script of that name.
func scripted(t testing.TB, answers map[string]func(argument map[string]any) (stdout, stderr string, exit int)) program {
	names := map[string]string{}
	for _, name := range []string{"launch", "inspect", "collect", "bookmark", "survey", "sweep"} {
		text, err := readScript(name)
		require.NoError(t, err)
		names[text] = name
	}
	return func(_ context.Context, line string, stdin []byte) (string, string, int) {
		lines := strings.Split(string(stdin), "\n")
		if !strings.HasPrefix(line, powershell) || len(lines) != 4 || lines[3] != "" {
			return "", "not the bootstrap: " + line, 1
		}
		script, argument := unpackLine(lines[1]), unpackLine(lines[2])
		sum := sha256.Sum256([]byte(script + argument))
		if lines[0] != strings.ToUpper(hex.EncodeToString(sum[:])) {
			return "", "damaged", 1
		}
		var values map[string]any
		if err := json.Unmarshal([]byte(argument), &values); err != nil {
			return "", err.Error(), 1
		}
		answer, ok := answers[names[script]]
		if !ok {
			return "", "no answer for " + names[script], 1
		}
		return answer(values)
	}
}

func unpackLine(line string) string {
	packed, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return err.Error()
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err.Error()
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

type answers = map[string]func(map[string]any) (string, string, int)

func TestInspect(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	host := newFakeHost(t, false, scripted(t, answers{"inspect": func(map[string]any) (string, string, int) {
		return "\uFEFF" + `{"pid":4711,"utc":"2026-01-02T03:05:05.1234567Z","name":"LAB-IIS01","os":"Windows Server","build":"10.0.20348",` +
			`"temp":"C:\\Temp","user":"LAB\\ann","elevated":true,"powershell":"5.1.20348.2849","bits":64,"languageMode":"FullLanguage",` +
			`"sysmon":"Running","sysmonVersion":"15.15","sysmonConfigHash":"SHA256=00","iis":"10.0","w3svc":"Running",` +
			`"webAdministration":true,"scriptBlockLogging":true}` + "\r\n", "", 0
	}}))
	target := host.target(func(c *Config) {
		c.Now = func() time.Time { now = now.Add(time.Second); return now }
	})
	facts, err := target.Inspect(t.Context())
	require.NoError(t, err)
	require.Equal(t, harness.HostFacts{
		Name: "LAB-IIS01", Product: "Microsoft Corporation OS: 10.0.20348 SP: 0.0 Stack: 3.0", OS: "Windows Server", Build: "10.0.20348",
		User: `LAB\ann`, Elevated: true, PowerShell: "5.1.20348.2849", Bits: 64, LanguageMode: "FullLanguage", Temp: `C:\Temp`,
		IIS: "10.0", W3SVC: "Running", WebAdministration: true, Sysmon: "Running", SysmonVersion: "15.15", SysmonConfigHash: "SHA256=00",
		ScriptBlockLogging: true, ProcessID: 4711,
		ClockSkew: 59*time.Second + 123456700*time.Nanosecond, // the host says 03:05:05.12 and we read that at 03:04:06
	}, facts)
}

func TestSimulatedHostSaysSo(t *testing.T) {
	host := newFakeHost(t, false, scripted(t, answers{"inspect": func(map[string]any) (string, string, int) {
		return `{"utc":"2026-01-02T03:05:05Z"}`, "", 0
	}}))
	host.react = always("Identify", reaction{status: 200, body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>` +
		`<IdentifyResponse xmlns="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><ProductVendor>geiger lab</ProductVendor></IdentifyResponse></s:Body></s:Envelope>`})
	facts, err := host.target().Inspect(t.Context())
	require.NoError(t, err)
	require.True(t, facts.Simulated)
}

func TestExecute(t *testing.T) {
	var got map[string]any
	host := newFakeHost(t, false, scripted(t, answers{"launch": func(a map[string]any) (string, string, int) {
		got = a
		encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
		return `{"pid":12,"launcher":34,"dir":"C:\\Temp\\geiger\\r1\\attack","started":"2026-01-02T03:04:05.0000001Z","ended":"2026-01-02T03:04:06Z",` +
			`"exit":-1073741510,"timedOut":true,"stdout":"` + encode("grün\r\n") + `","stderr":"` +
			encode("#< CLIXML\r\n<Objs Version=\"1.1.0.1\"><S S=\"Error\">no_x000D__x000A_</S></Objs>") + `"}`, "", 0
	}}))
	command := harness.Command{
		Phase: harness.Attack, File: "powershell.exe", Arguments: "& {\"a\" <b>\n}", Dir: `geiger\r1\attack`, Timeout: 90 * time.Second,
	}
	execution, err := host.target().Execute(t.Context(), command)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"dir": `geiger\r1\attack`, "file": "powershell.exe", "arguments": "& {\"a\" <b>\n}", "milliseconds": 90000.0}, got)
	require.Equal(t, harness.Execution{
		Phase: harness.Attack, File: command.File, Arguments: command.Arguments, Dir: `C:\Temp\geiger\r1\attack`,
		ProcessID: 12, LauncherID: 34, ExitCode: -1073741510, TimedOut: true, Stdout: "grün\r\n", Stderr: "no\r\n",
		Started: time.Date(2026, 1, 2, 3, 4, 5, 100, time.UTC), Ended: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	}, execution)
}

func TestScriptFailures(t *testing.T) {
	for want, answer := range map[string]func(map[string]any) (string, string, int){
		"exit status 1: access is denied": func(map[string]any) (string, string, int) {
			return "", "#< CLIXML\r\n<Objs><S S=\"Error\">access is_x000D__x000A_denied</S><S S=\"progress\">x</S></Objs>", 1
		},
		"wrote something other than its result": func(map[string]any) (string, string, int) { return "WARNING: profile", "", 0 },
		"time that cannot be read":              func(map[string]any) (string, string, int) { return `{"started":"yesterday"}`, "", 0 },
	} {
		t.Run(want, func(t *testing.T) {
			host := newFakeHost(t, false, scripted(t, answers{"launch": answer}))
			_, err := host.target().Execute(t.Context(), harness.Command{File: "cmd.exe", Dir: "geiger"})
			require.ErrorContains(t, err, want)
		})
	}
}

func TestScriptThatDoesNotEnd(t *testing.T) {
	host := newFakeHost(t, false, func(ctx context.Context, _ string, _ []byte) (string, string, int) {
		<-ctx.Done()
		return "", "", 1
	})
	target := host.target()
	err := target.script(t.Context(), 100*time.Millisecond, "inspect", struct{}{}, io.Discard)
	var timeout *TimeoutError
	require.ErrorAs(t, err, &timeout)
	require.ErrorContains(t, err, "script inspect")
	require.NoError(t, target.Close(t.Context()))
	require.Equal(t, 1, host.count("Signal"), "what runs there is ended")
}

func TestWorkingDirectoryStaysBelowTemp(t *testing.T) {
	host := newFakeHost(t, false, echo)
	target := host.target()
	for _, dir := range []string{"", `..\x`, `geiger\..\..`, `C:\Windows`, `\\host\share`, `geiger\\x`, `geiger\. `, `a*`, `geiger\`} {
		require.ErrorContains(t, target.Sweep(t.Context(), dir), "not a plain path", dir)
		_, err := target.Execute(t.Context(), harness.Command{File: "x", Dir: dir})
		require.ErrorContains(t, err, "not a plain path", dir)
	}
	_, err := target.Execute(t.Context(), harness.Command{Dir: "geiger"})
	require.ErrorContains(t, err, "no program")
	require.Empty(t, host.operations())
}

func TestSweep(t *testing.T) {
	var got map[string]any
	host := newFakeHost(t, false, scripted(t, answers{"sweep": func(a map[string]any) (string, string, int) {
		got = a
		return `{"swept":"x"}`, "", 0
	}}))
	require.NoError(t, host.target().Sweep(t.Context(), "geiger/r1"))
	require.Equal(t, map[string]any{"dir": `geiger\r1`}, got)
}

func TestBookmark(t *testing.T) {
	host := newFakeHost(t, false, scripted(t, answers{"bookmark": func(map[string]any) (string, string, int) {
		return `{"pid":1,"channels":[{"channel":"A","state":"enabled","after":18446744073709551615,"mode":"Circular","maximumBytes":67108864},{"channel":"B","state":"missing"}]}`, "", 0
	}}))
	target := host.target()
	marks, err := target.Bookmark(t.Context(), []string{"A", "B"})
	require.NoError(t, err)
	require.Equal(t, []harness.Bookmark{
		{Channel: "A", State: harness.ChannelEnabled, After: 1<<64 - 1, Mode: "Circular", MaximumBytes: 67108864},
		{Channel: "B", State: harness.ChannelMissing},
	}, marks)
	_, err = target.Bookmark(t.Context(), []string{"A"})
	require.ErrorContains(t, err, "bookmarked 2 of 1")
	_, err = target.Bookmark(t.Context(), []string{"B", "A"})
	require.ErrorContains(t, err, "in place of")
	marks, err = target.Bookmark(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, marks)
}

// fakeLog is a channel with records 1..n, of which those below oldest are gone.
type fakeLog struct {
	n, oldest uint64
	state     harness.ChannelState
}

func eventXML(id uint64) string {
	return fmt.Sprintf("<Event><System><EventRecordID>%d</EventRecordID></System><EventData><Data>é #%d</Data></EventData></Event>", id, id)
}

// collector plays collect.ps1 over logs, at most page events at a time.
func collector(t testing.TB, logs map[string]*fakeLog, page int, pages *int) func(map[string]any) (string, string, int) {
	return func(a map[string]any) (string, string, int) {
		*pages++
		var b strings.Builder
		left, more := page, false
		for _, mark := range a["bookmarks"].([]any) {
			m := mark.(map[string]any)
			log := logs[m["channel"].(string)]
			fmt.Fprintf(&b, `{"channel":%q,"state":%q,"oldest":%d,"last":%d}`+recordEnd, m["channel"], log.state, log.oldest, log.n)
			for id := max(uint64(m["after"].(float64))+1, log.oldest); id <= log.n; id++ {
				if left == 0 {
					more = true
					break
				}
				b.WriteString(eventXML(id) + recordEnd)
				left--
			}
		}
		return encodePage(t, b.String(), more), "", 0
	}
}

func encodePage(t testing.TB, text string, more bool) string {
	packed, err := base64.StdEncoding.DecodeString(pack([]byte(text)))
	require.NoError(t, err)
	sum := sha256.Sum256(packed)
	encoded := base64.StdEncoding.EncodeToString(packed)
	var b strings.Builder
	for len(encoded) > 100 {
		b.WriteString(encoded[:100] + "\r\n")
		encoded = encoded[100:]
	}
	fmt.Fprintf(&b, "%s\r\n#{\"bytes\":%d,\"sha256\":\"%X\",\"more\":%t,\"pid\":77}\r\n", encoded, len(packed), sum, more)
	return b.String()
}

func TestCollect(t *testing.T) {
	logs := map[string]*fakeLog{
		"Sysmon": {n: 25, oldest: 1, state: harness.ChannelEnabled}, "Quiet": {n: 9, oldest: 1, state: harness.ChannelDisabled},
		"Wrapped": {n: 40, oldest: 31, state: harness.ChannelEnabled}, "None": {state: harness.ChannelMissing},
	}
	pages := 0
	host := newFakeHost(t, false, scripted(t, answers{"collect": collector(t, logs, 8, &pages)}))
	target := host.target()
	batches, err := target.Collect(t.Context(), []harness.Bookmark{{Channel: "Sysmon", After: 5}, {Channel: "Quiet", After: 9}, {Channel: "Wrapped", After: 10}, {Channel: "None"}})
	require.NoError(t, err)
	require.Equal(t, 4, pages)
	require.Len(t, batches, 4)
	require.Equal(t, []int{20, 0, 10, 0}, []int{len(batches[0].Events), len(batches[1].Events), len(batches[2].Events), len(batches[3].Events)})
	require.Equal(t, eventXML(6), batches[0].Events[0])
	require.Equal(t, eventXML(25), batches[0].Events[19])
	require.Equal(t, harness.Batch{Channel: "Quiet", State: harness.ChannelDisabled, Oldest: 1, Last: 9, Process: 77}, batches[1])
	require.Equal(t, uint64(31), batches[2].Oldest, "events 11 to 30 were lost")
	require.Equal(t, harness.ChannelMissing, batches[3].State)

	batches, err = target.Collect(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, batches)
}

// Between two pages the log wraps: the gap must show in Oldest.
func TestCollectNoticesALogThatWrapsMeanwhile(t *testing.T) {
	log := &fakeLog{n: 20, oldest: 1, state: harness.ChannelEnabled}
	pages := 0
	answer := collector(t, map[string]*fakeLog{"A": log}, 8, &pages)
	host := newFakeHost(t, false, scripted(t, answers{"collect": func(a map[string]any) (string, string, int) {
		if pages == 1 {
			log.n, log.oldest = 40, 30
		}
		return answer(a)
	}}))
	batches, err := host.target().Collect(t.Context(), []harness.Bookmark{{Channel: "A", After: 3}})
	require.NoError(t, err)
	require.Equal(t, uint64(30), batches[0].Oldest)
	require.Equal(t, uint64(40), batches[0].Last)
	require.Len(t, batches[0].Events, 8+11)
}

func TestCollectErrors(t *testing.T) {
	header := `{"channel":"A","state":"enabled","oldest":1,"last":9}` + recordEnd
	good := encodePage(t, header+eventXML(6)+recordEnd, false)
	for want, output := range map[string]string{
		"last line is missing":      good[:strings.Index(good, "#")],
		"reading the last line":     "#{",
		"do not have the hash":      strings.Replace(good, `"bytes":`, `"bytes":1`, 1),
		"illegal base64":            "%" + good,
		"gzip":                      "\r\n#" + `{"bytes":0,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}`,
		"cut short":                 encodePage(t, header+eventXML(6), false),
		"before any channel":        encodePage(t, eventXML(6)+recordEnd, false),
		"record of a channel":       encodePage(t, "{nonsense"+recordEnd, false),
		"0 of 1 channels":           encodePage(t, "", false),
		"in place of":               encodePage(t, strings.Replace(header, `"A"`, `"B"`, 1), false),
		"without a record id":       encodePage(t, header+"<Event/>"+recordEnd, false),
		"came after event 6":        encodePage(t, header+eventXML(6)+recordEnd+eventXML(6)+recordEnd, false),
		"more events, and returns":  encodePage(t, header, true),
		"event 3 of A came after 5": encodePage(t, header+eventXML(3)+recordEnd, false),
	} {
		t.Run(want, func(t *testing.T) {
			host := newFakeHost(t, false, scripted(t, answers{"collect": func(map[string]any) (string, string, int) { return output, "", 0 }}))
			_, err := host.target().Collect(t.Context(), []harness.Bookmark{{Channel: "A", After: 5}})
			require.ErrorContains(t, err, strings.Replace(want, "came after 5", "came after event 5", 1))
		})
	}
}

func TestBootstrapLineFitsCmd(t *testing.T) {
	line, err := bootstrapLine()
	require.NoError(t, err)
	require.Less(t, len(line), maxCommandLine)
}

func TestDecodeStderr(t *testing.T) {
	objs := func(s string) string {
		return `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">` + s + `</Objs>`
	}
	for name, tc := range map[string]struct{ in, want string }{
		"plain":            {"error: no\r\n", "error: no\r\n"},
		"empty":            {"", ""},
		"one":              {"#< CLIXML\r\n" + objs(`<S S="Error">a &lt; b_x000D__x000A_</S><S S="Error">c</S>`), "a < b\r\nc"},
		"progress":         {"#< CLIXML\r\n" + objs(`<Obj S="progress" RefId="0"><TN RefId="0"><T>x</T></TN></Obj>`), ""},
		"twice":            {"#< CLIXML\r\n" + objs(`<S S="Error">a</S>`) + "#< CLIXML\r\n" + objs(`<S S="Warning">b</S>`), "ab"},
		"elements in line": {"#< CLIXML\r\n" + objs(`<S S="Error">a</S>`) + objs(`<S S="Error">b</S>`), "ab"},
		"text around":      {"before\r\n#< CLIXML\r\n" + objs(`<S S="Error">a</S>`) + "after", "before\r\naafter"},
		"cut short":        {"#< CLIXML\r\n<Objs><S S=\"Error\">a</S>", `<Objs><S S="Error">a</S>`},
		"not XML":          {"#< CLIXML\r\n<Objs & ></Objs>", "<Objs & ></Objs>"},
		"only the mark":    {"#< CLIXML", ""},
		"surrogates":       {"#< CLIXML\r\n" + objs(`<S S="Error">_xD83E__xDD80_ _x005F_x000D_</S>`), "🦀 _x000D_"},
		"no escape":        {"#< CLIXML\r\n" + objs(`<S S="Error">_xyz_ _x12 _x00zz_</S>`), "_xyz_ _x12 _x00zz_"},
	} {
		require.Equal(t, tc.want, decodeStderr(tc.in), name)
	}
}

func TestDecodeText(t *testing.T) {
	require.Equal(t, "ü", decodeText([]byte("\uFEFFü")))
	require.Equal(t, "a\uFFFDb", decodeText([]byte("a\xffb")))
}

func FuzzDecodeStderr(f *testing.F) {
	f.Add("#< CLIXML\r\n<Objs><S S=\"Error\">a_x000A_</S></Objs>")
	f.Add("text #< CLIXML <Objs></Objs><Objs>")
	f.Fuzz(func(t *testing.T, text string) {
		got := decodeStderr(text)
		if !strings.Contains(text, clixmlMark) {
			require.Equal(t, text, got)
		}
	})
}

func FuzzParseEnvelope(f *testing.F) {
	f.Add(reply(shellURI+"/ReceiveResponse", `<rsp:ReceiveResponse><rsp:Stream Name="stdout">YQ==</rsp:Stream><rsp:CommandState State="`+stateDone+`"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>`))
	f.Add(faultBody(5, "AccessDenied"))
	f.Add("<!DOCTYPE x [<!ENTITY a 'b'>]>" + reply("x", ""))
	f.Add("")
	f.Fuzz(func(t *testing.T, body string) {
		e, err := parseEnvelope([]byte(body))
		if err == nil {
			require.NotNil(t, e.Body)
			return
		}
		var fault *Fault
		var protocol *ProtocolError
		require.True(t, errors.As(err, &fault) || errors.As(err, &protocol), "%v", err)
	})
}

func FuzzSplitSealed(f *testing.F) {
	s := newHostSession(make([]byte, 16))
	f.Add(sealedType, s.sealBody([]byte("<x/>")))
	f.Add(`multipart/encrypted;boundary=""`, []byte("--\r\n--\r\n"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		signature, sealed, err := splitSealed(contentType, body)
		if err != nil {
			return
		}
		require.Len(t, signature, 16)
		require.Contains(t, string(body), string(sealed))
	})
}

func FuzzDecodePage(f *testing.F) {
	f.Add([]byte(encodePage(f, `{"channel":"A"}`+recordEnd+eventXML(1)+recordEnd, true)))
	f.Add([]byte("#{}"))
	f.Fuzz(func(t *testing.T, output []byte) {
		p, err := decodePage(output)
		if err != nil {
			require.Empty(t, p.channels)
		}
	})
}

// BenchmarkExecute reports how many requests a warm Execute costs.
func BenchmarkExecute(b *testing.B) {
	host := newFakeHost(b, false, scripted(b, answers{"launch": func(map[string]any) (string, string, int) {
		return `{"started":"2026-01-02T03:04:05Z","ended":"2026-01-02T03:04:06Z"}`, "", 0
	}}))
	target := host.target()
	command := harness.Command{File: "cmd.exe", Arguments: "/c whoami", Dir: "geiger"}
	_, err := target.Execute(b.Context(), command)
	require.NoError(b, err)
	before := len(host.operations())
	for b.Loop() {
		_, err := target.Execute(b.Context(), command)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(len(host.operations())-before)/float64(b.N), "requests/op")
}
