package wsman_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman"
)

func TestFaults(t *testing.T) {
	l := newLab(t, func(o *wsman.Options) { o.Quotas.MaxProcessesPerShell = 2 })
	s := open(t, l.admin(t))
	running := s.start(t, "cat")
	const nowhere = "00000000-0000-0000-0000-000000000000"
	long := strings.Repeat("x", 8200)
	run := func(line string) string {
		return "<sh:CommandLine><sh:Command>" + line + "</sh:Command></sh:CommandLine>"
	}
	for name, test := range map[string]struct {
		envelope
		code, subcode string
	}{
		"unknown shell":      {envelope{Action: wsShell + "/Command", Shell: nowhere, Body: run("echo")}, "2150858843", "w:InvalidSelectors"},
		"no selector":        {envelope{Action: wsShell + "/Command", Body: run("echo")}, "2150858843", "w:InvalidSelectors"},
		"unknown resource":   {envelope{Action: wsTransfer + "/Create", Resource: "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"}, "2150858752", "a:DestinationUnreachable"},
		"unknown action":     {envelope{Action: wsShell + "/Disconnect", Shell: s.id}, "2150858753", "a:ActionNotSupported"},
		"no such program":    {envelope{Action: wsShell + "/Command", Shell: s.id, Body: run("nosuch.exe")}, "2147942402", "w:InternalError"},
		"no such folder":     {envelope{Action: wsTransfer + "/Create", Body: `<sh:Shell><sh:WorkingDirectory>C:\missing</sh:WorkingDirectory></sh:Shell>`}, "2147942667", "w:InternalError"},
		"long command line":  {envelope{Action: wsShell + "/Command", Shell: s.id, Body: run("echo " + long)}, "2147942606", "w:InternalError"},
		"no command":         {envelope{Action: wsShell + "/Command", Shell: s.id, Body: "<sh:CommandLine/>"}, "2150858817", "w:SchemaValidationError"},
		"empty create":       {envelope{Action: wsTransfer + "/Create"}, "2150858817", "w:SchemaValidationError"},
		"idle time-out":      {envelope{Action: wsTransfer + "/Create", Body: "<sh:Shell><sh:IdleTimeOut>soon</sh:IdleTimeOut></sh:Shell>"}, "2150858817", "w:SchemaValidationError"},
		"code page":          {envelope{Action: wsTransfer + "/Create", Body: shellBody, Options: map[string]string{"WINRS_CODEPAGE": "utf8"}}, "87", "w:InvalidParameter"},
		"time-out":           {envelope{Action: wsTransfer + "/Create", Body: shellBody, Timeout: "20s"}, "2150858817", "w:SchemaValidationError"},
		"unknown command":    {envelope{Action: wsShell + "/Receive", Shell: s.id, Body: receive(nowhere).Body}, "87", "w:InvalidParameter"},
		"unknown signal":     {envelope{Action: wsShell + "/Signal", Shell: s.id, Body: signal(running, "hangup").Body}, "87", "w:InvalidParameter"},
		"base64":             {envelope{Action: wsShell + "/Send", Shell: s.id, Body: strings.Replace(stdin(running, "", nil).Body, "></sh:Stream>", ">ab*c</sh:Stream>", 1)}, "2150858817", "w:SchemaValidationError"},
		"send to stdout":     {envelope{Action: wsShell + "/Send", Shell: s.id, Body: strings.ReplaceAll(stdin(running, "", nil).Body, "stdin", "stdout")}, "87", "w:InvalidParameter"},
		"header not known":   {envelope{Action: wsTransfer + "/Create", Body: shellBody, Extra: `<q:New xmlns:q="urn:new" env:mustUnderstand="1"/>`}, "2150858768", ""},
		"empty envelope":     {envelope{}, "2150858753", "a:ActionNotSupported"},
		"body of other kind": {envelope{Action: wsShell + "/Receive", Shell: s.id, Body: run("echo")}, "2150858817", "w:SchemaValidationError"},
	} {
		t.Run(name, func(t *testing.T) {
			requireFault(t, s.call(t, test.String()), test.code, test.subcode)
		})
	}
	s.start(t, "echo second")
	requireFault(t, s.do(t, envelope{Action: wsShell + "/Command", Body: run("echo third")}), "2150859241", "w:InternalError")
}

func TestLongCommandLineWithoutCmd(t *testing.T) {
	l := newLab(t, nil)
	s := open(t, l.admin(t))
	line := "echo " + strings.Repeat("x", 20000)
	answer := s.do(t, envelope{
		Action: wsShell + "/Command", Options: map[string]string{"WINRS_SKIP_CMD_SHELL": "TRUE"},
		Body: "<sh:CommandLine><sh:Command>" + line + "</sh:Command></sh:CommandLine>",
	})
	require.Equal(t, http.StatusOK, answer.Status)
}

func TestAccessIsDenied(t *testing.T) {
	l := newLab(t, nil)
	guest := l.basic(t, deniedUser, "guest")
	requireFault(t, guest.call(t, envelope{Action: wsTransfer + "/Create", Body: shellBody}.String()), "5", "w:AccessDenied")

	mine := open(t, l.admin(t))
	other := &session{l.basic(t, plainUser, "other"), mine.id}
	requireFault(t, other.do(t, envelope{Action: wsTransfer + "/Delete"}), "5", "w:AccessDenied")
}

func TestQuotas(t *testing.T) {
	l := newLab(t, func(o *wsman.Options) { o.Quotas.MaxShellsPerUser, o.Quotas.MaxConcurrentUsers = 2, 1 })
	c := l.admin(t)
	create := envelope{Action: wsTransfer + "/Create", Body: shellBody}.String()
	first := open(t, c)
	open(t, c)
	requireFault(t, c.call(t, create), "2150859173", "w:QuotaLimit")
	requireFault(t, l.basic(t, plainUser, "other").call(t, create), "2150859179", "w:QuotaLimit")
	require.Equal(t, http.StatusOK, first.do(t, envelope{Action: wsTransfer + "/Delete"}).Status)
	open(t, c)
}

func TestOperationsPerUser(t *testing.T) {
	timers := &manualTimers{}
	l := newLab(t, func(o *wsman.Options) {
		o.Quotas.MaxOperationsPerUser = 1
		o.AfterFunc = timers.AfterFunc
	})
	s := open(t, l.admin(t))
	request := receive(s.start(t, "wait"))
	request.Shell = s.id
	pending := l.admin(t).send(request.String())
	waitFor(t, func() bool { return timers.Pending(operationTimeout) == 1 })
	requireFault(t, s.do(t, receive("x")), "2150859174", "w:QuotaLimit")
	close(l.host.gate)
	require.Equal(t, "3", pending.await(t).SOAP.Body.State.ExitCode)
}

func TestIdentify(t *testing.T) {
	l := newLab(t, nil)
	message := `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">` +
		`<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>`
	want := &identifyReply{"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd", "geiger (simulated)", "OS: 10.0.20348 SP: 0.0 Stack: 3.0"}
	require.Equal(t, want, l.admin(t).call(t, message).SOAP.Body.Identify)
	require.Equal(t, want, l.sealed(t).call(t, message).SOAP.Body.Identify)

	ask := func(header string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.http+"/wsman-anon/identify", strings.NewReader(message))
		require.NoError(t, err)
		request.Header.Set("WSMANIDENTIFY", header)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		return response
	}
	require.Equal(t, want, readReply(t, ask("unauthenticated"), nil).SOAP.Body.Identify)
	require.Equal(t, http.StatusUnauthorized, readReply(t, ask(""), nil).Status)
}

func TestRequiredOptions(t *testing.T) {
	for i, options := range []wsman.Options{{}, {Host: &fakeHost{}}, {Host: &fakeHost{}, Users: []wsman.User{{Name: "a"}, {Name: "A"}}}} {
		_, err := wsman.NewServer(options)
		require.Error(t, err, i)
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	options := wsman.Options{Users: []wsman.User{{Name: testUser, Password: testPassword}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(verb, options.Users), testPassword)
	}
}
