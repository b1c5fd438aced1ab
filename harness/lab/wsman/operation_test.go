package wsman_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman"
)

// callers are the ways of reaching the server that carry every operation.
func callers(t *testing.T, run func(t *testing.T, l *lab, c caller)) {
	t.Helper()
	for name, connect := range map[string]func(testing.TB, *lab) caller{
		"Basic over HTTPS": func(t testing.TB, l *lab) caller { return l.admin(t) },
		"sealed over HTTP": func(t testing.TB, l *lab) caller { return l.sealed(t) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, nil)
			run(t, l, connect(t, l))
		})
	}
}

func TestCommandLifeCycle(t *testing.T) {
	callers(t, func(t *testing.T, l *lab, c caller) {
		s := open(t, c)
		command := s.start(t, "mixed 7")
		stdout, stderr, exit := s.finish(t, command)
		require.Equal(t, "out\r\n", stdout)
		require.Equal(t, "err\r\n", stderr)
		require.Equal(t, "7", exit)

		answer := s.do(t, signal(command, "terminate"))
		require.Equal(t, http.StatusOK, answer.Status)
		require.Equal(t, testMessageID, answer.SOAP.Header.RelatesTo)
		requireFault(t, s.do(t, receive(command)), "87", "w:InvalidParameter")

		answer = s.do(t, envelope{Action: wsTransfer + "/Delete"})
		require.Equal(t, http.StatusOK, answer.Status)
		require.Equal(t, testMessageID, answer.SOAP.Header.RelatesTo)
		require.Equal(t, 1, l.host.closedShells())
		requireFault(t, s.do(t, receive(command)), "2150858843", "w:InvalidSelectors")
	})
}

func requireFault(t testing.TB, answer *reply, code, subcode string) {
	t.Helper()
	require.Equal(t, http.StatusInternalServerError, answer.Status, answer.Body)
	require.Equal(t, "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", answer.SOAP.Header.Action)
	require.Equal(t, code, answer.SOAP.Body.Fault.Detail.Code, answer.Body)
	require.Equal(t, subcode, answer.SOAP.Body.Fault.Subcode)
	require.Equal(t, "LAB-IIS01", answer.SOAP.Body.Fault.Detail.Machine)
	require.Equal(t, answer.SOAP.Body.Fault.Reason, answer.SOAP.Body.Fault.Detail.Message)
}

func TestLastReceiveMarksTheEnd(t *testing.T) {
	l := newLab(t, nil)
	s := open(t, l.admin(t))
	command := s.start(t, "echo x")
	answer := s.do(t, receive(command))
	for answer.SOAP.Body.State.ExitCode == "" {
		answer = s.do(t, receive(command))
	}
	var ends []string
	for _, stream := range answer.SOAP.Body.Streams {
		if stream.End == "true" {
			ends = append(ends, stream.Name)
		}
	}
	require.Equal(t, []string{"stdout", "stderr"}, ends)
	require.Contains(t, answer.Body, `<rsp:Stream Name="stdout"`, "clients exist that read the prefix")
}

func TestLongOutputComesWhole(t *testing.T) {
	callers(t, func(t *testing.T, _ *lab, c caller) {
		s := open(t, c)
		const size = 5 << 20 // more than the server buffers
		stdout, _, exit := s.finish(t, s.start(t, fmt.Sprint("big ", size)))
		require.Equal(t, "0", exit)
		require.Equal(t, pattern(size), stdout)
	})
}

func TestResponsesKeepToTheEnvelopeSize(t *testing.T) {
	l := newLab(t, nil)
	for _, line := range []string{"big 100000", "alternate 4000"} {
		s := open(t, l.admin(t))
		command := s.start(t, line)
		request := receive(command)
		request.Size = 16384
		responses, received := 0, 0
		for {
			answer := s.do(t, request)
			require.LessOrEqual(t, len(answer.Body), 16384)
			responses++
			received += len(answer.stream(t, "stdout"))
			if answer.SOAP.Body.State.ExitCode != "" {
				break
			}
		}
		require.Greater(t, responses, 3, line)
		require.Contains(t, []int{100000, 4000}, received)
	}
}

func TestStdinUntilItsEnd(t *testing.T) {
	callers(t, func(t *testing.T, _ *lab, c caller) {
		s := open(t, c)
		command := s.start(t, "cat")
		require.Equal(t, http.StatusOK, s.do(t, stdin(command, "", []byte("one "))).Status)
		large := bytes.Repeat([]byte("0123456789"), 20000)
		require.Equal(t, http.StatusOK, s.do(t, stdin(command, "", large)).Status)
		require.Equal(t, http.StatusOK, s.do(t, stdin(command, ` End="True"`, []byte(" two"))).Status)
		stdout, _, exit := s.finish(t, command)
		require.Equal(t, "one "+string(large)+" two", stdout)
		require.Equal(t, "0", exit)
	})
}

func TestConsoleStdinHasNoEnd(t *testing.T) {
	l := newLab(t, nil)
	s := open(t, l.admin(t))
	answer := s.do(t, envelope{
		Action: wsShell + "/Command", Options: map[string]string{"WINRS_CONSOLEMODE_STDIN": "TRUE"},
		Body: "<sh:CommandLine><sh:Command>cat</sh:Command></sh:CommandLine>",
	})
	require.True(t, l.host.lastCommand().ConsoleStdin)
	command := answer.SOAP.Body.CommandID
	require.Equal(t, http.StatusOK, s.do(t, stdin(command, ` End="true"`, []byte("x"))).Status)
	request := receive(command)
	require.Equal(t, "x", s.do(t, request).stream(t, "stdout"))
	request.Timeout = "PT0.02S"
	requireFault(t, s.do(t, request), "2150858793", "w:TimedOut")
}

func TestReceiveTimesOutAndGoesOn(t *testing.T) {
	l := newLab(t, nil)
	s := open(t, l.admin(t))
	command := s.start(t, "gate")
	request := receive(command)
	answer := s.do(t, request)
	require.Equal(t, "before\r\n", answer.stream(t, "stdout"))
	require.Equal(t, wsShell+"/CommandState/Running", answer.SOAP.Body.State.State)

	request.Timeout = "PT0.02S"
	answer = s.do(t, request)
	requireFault(t, answer, "2150858793", "w:TimedOut")
	require.Equal(t, "s:Receiver", answer.SOAP.Body.Fault.Role)
	require.Contains(t, answer.SOAP.Body.Fault.Reason, "OperationTimeout")

	close(l.host.gate)
	stdout, _, exit := s.finish(t, command)
	require.Equal(t, "after\r\n", stdout)
	require.Equal(t, "3", exit)
}

func TestOutputSurvivesAClientThatHangsUp(t *testing.T) {
	l := newLab(t, nil)
	s := open(t, l.admin(t))
	command := s.start(t, "gate")
	require.Equal(t, "before\r\n", s.do(t, receive(command)).stream(t, "stdout"))

	ctx, cancel := context.WithCancel(t.Context())
	impatient := l.admin(t)
	impatient.ctx = ctx
	gone := make(chan error, 1)
	request := receive(command)
	request.Shell = s.id
	go func() {
		_, err := impatient.try(request.String())
		gone <- err
	}()
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)
	close(l.host.gate)
	stdout, _, _ := s.finish(t, command)
	require.Equal(t, "after\r\n", stdout)
}

// waiting is a server whose timers never fire, with a client that waits for the output of a command.
func waiting(t *testing.T) (l *lab, s *session, command string, pending pendingReply) {
	t.Helper()
	timers := &manualTimers{}
	l = newLab(t, func(o *wsman.Options) { o.AfterFunc = timers.AfterFunc })
	s = open(t, l.admin(t))
	command = s.start(t, "hang")
	request := receive(command)
	request.Shell = s.id
	pending = l.admin(t).send(request.String())
	waitFor(t, func() bool { return timers.Pending(operationTimeout) == 1 })
	return l, s, command, pending
}

// TestNewerReceiveSupersedes uses timers that never fire, so that only the newer request can end the older.
func TestNewerReceiveSupersedes(t *testing.T) {
	l, s, command, older := waiting(t)
	request := receive(command)
	request.Shell = s.id
	newer := l.admin(t).send(request.String())
	requireFault(t, older.await(t), "995", "w:InternalError")
	require.Equal(t, http.StatusOK, s.do(t, signal(command, "ctrl_c")).Status)
	answer := newer.await(t)
	require.Equal(t, "-1073741510", answer.SOAP.Body.State.ExitCode)
}

// operationTimeout is what the messages of the tests ask for.
const operationTimeout = 30 * time.Second

func waitFor(t testing.TB, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 5*time.Second, time.Millisecond)
}

func TestControlCLeavesOutputAndStatus(t *testing.T) {
	callers(t, func(t *testing.T, _ *lab, c caller) {
		s := open(t, c)
		command := s.start(t, "gate")
		require.Equal(t, http.StatusOK, s.do(t, signal(command, "ctrl_c")).Status)
		stdout, _, exit := s.finish(t, command)
		require.Equal(t, "before\r\nafter\r\n", stdout)
		require.Equal(t, "-1073741510", exit)
	})
}

func TestDeleteEndsPendingReceive(t *testing.T) {
	_, s, _, pending := waiting(t)
	require.Equal(t, http.StatusOK, s.do(t, envelope{Action: wsTransfer + "/Delete"}).Status)
	requireFault(t, pending.await(t), "995", "w:InternalError")
}

func TestIdleShellExpires(t *testing.T) {
	timers := &manualTimers{}
	l := newLab(t, func(o *wsman.Options) { o.AfterFunc = timers.AfterFunc })
	body := strings.Replace(shellBody, "<sh:InputStreams>", "<sh:IdleTimeOut>PT1M30S</sh:IdleTimeOut><sh:InputStreams>", 1)
	c := l.admin(t)
	answer := c.call(t, envelope{Action: wsTransfer + "/Create", Body: body}.String())
	require.Contains(t, answer.Body, "<rsp:IdleTimeOut>PT90.000S</rsp:IdleTimeOut>")
	s := &session{c, answer.SOAP.Body.ShellID}
	timers.Advance(60 * time.Second)
	command := s.start(t, "hang")
	timers.Advance(60 * time.Second)
	requireFault(t, s.do(t, receive("unknown")), "87", "w:InvalidParameter") // still there
	timers.Advance(90 * time.Second)
	requireFault(t, s.do(t, receive(command)), "2150858843", "w:InvalidSelectors")
	require.Equal(t, 1, l.host.closedShells())
}

func TestCreatePassesEverythingOn(t *testing.T) {
	l := newLab(t, nil)
	body := `<sh:Shell><sh:WorkingDirectory>C:\Temp &amp; more</sh:WorkingDirectory>
	 <sh:Environment><sh:Variable Name="B">2</sh:Variable><sh:Variable Name="A">one &lt;1&gt;</sh:Variable></sh:Environment>
	 <sh:IdleTimeOut>P0DT0H20M0.5S</sh:IdleTimeOut><sh:InputStreams>stdin</sh:InputStreams><sh:OutputStreams>stderr stdout</sh:OutputStreams></sh:Shell>`
	answer := l.admin(t).call(t, envelope{
		Action: wsTransfer + "/Create", Body: body,
		Options: map[string]string{"WINRS_NOPROFILE": "True", "WINRS_CODEPAGE": "65001"},
	}.String())
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	require.Equal(t, wsTransfer+"/CreateResponse", answer.SOAP.Header.Action)
	require.Contains(t, answer.Body, `<rsp:Owner>LAB\Administrator</rsp:Owner>`)
	require.Equal(t, wsman.ShellSpec{
		ID: answer.SOAP.Body.ShellID, User: testUser, ClientAddress: "127.0.0.1", Dir: `C:\Temp & more`,
		Env: []wsman.Variable{{Name: "B", Value: "2"}, {Name: "A", Value: "one <1>"}}, Codepage: 65001, NoProfile: true,
		IdleTimeout: 20*time.Minute + 500*time.Millisecond,
	}, l.host.lastShell())
}

func TestCommandPassesEverythingOn(t *testing.T) {
	l := newLab(t, nil)
	s := open(t, l.admin(t))
	run := envelope{
		Action: wsShell + "/Command", Options: map[string]string{"WINRS_SKIP_CMD_SHELL": "TRUE"},
		Body: `<sh:CommandLine CommandId="AAAAAAAA-0000-0000-0000-00000000000a"><sh:Command>echo</sh:Command>
		 <sh:Arguments>a&amp;b</sh:Arguments><sh:Arguments> "c d" </sh:Arguments></sh:CommandLine>`,
	}
	answer := s.do(t, run)
	require.Equal(t, "AAAAAAAA-0000-0000-0000-00000000000a", answer.SOAP.Body.CommandID)
	require.Equal(t, wsman.CommandSpec{
		ID: "AAAAAAAA-0000-0000-0000-00000000000a", Command: "echo", Arguments: []string{"a&b", ` "c d" `}, SkipCmdShell: true,
	}, l.host.lastCommand())
	requireFault(t, s.do(t, run), "2147942583", "w:AlreadyExists")
	stdout, _, _ := s.finish(t, "aaaaaaaa-0000-0000-0000-00000000000A") // ids have no case
	require.Equal(t, "a&b  \"c d\" \r\n", stdout)
}

func TestEnumerateAndGetShells(t *testing.T) {
	l := newLab(t, nil)
	c := l.admin(t)
	first, second := open(t, c), open(t, c)
	other := open(t, l.basic(t, plainUser, "other"))
	const enumeration = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
	list := func(action, body string) string {
		answer := c.call(t, envelope{Action: enumeration + action, Resource: wsShell, Body: body}.String())
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
		require.NotContains(t, answer.Body, other.id)
		return answer.Body
	}
	optimised := list("/Enumerate", `<n:Enumerate xmlns:n="`+enumeration+`"><man:OptimizeEnumeration/></n:Enumerate>`)
	require.Contains(t, optimised, first.id)
	require.Contains(t, optimised, second.id)
	require.NotContains(t, list("/Enumerate", `<n:Enumerate xmlns:n="`+enumeration+`"/>`), first.id)
	require.Contains(t, list("/Pull", `<n:Pull xmlns:n="`+enumeration+`"/>`), second.id)

	answer := second.do(t, envelope{Action: wsTransfer + "/Get"})
	require.Equal(t, second.id, answer.SOAP.Body.ShellID)
}

// TestClientsAtTheSameTime has its clients share the server, each with a session and a shell of its own.
func TestClientsAtTheSameTime(t *testing.T) {
	l := newLab(t, nil)
	t.Run("clients", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				s := open(t, l.sealed(t))
				for j := range 4 {
					word := fmt.Sprintf("client %d command %d", i, j)
					command := s.start(t, "echo "+word)
					stdout, _, exit := s.finish(t, command)
					require.Equal(t, word+"\r\n", stdout)
					require.Equal(t, "0", exit)
					require.Equal(t, http.StatusOK, s.do(t, signal(command, "terminate")).Status)
				}
				require.Equal(t, http.StatusOK, s.do(t, envelope{Action: wsTransfer + "/Delete"}).Status)
			})
		}
	})
	require.Equal(t, 8, l.host.closedShells())
}

// TestDialects are forms that other clients write: base64 in lines, ShellID, a quoted command, a second spelling of terminate.
func TestDialects(t *testing.T) {
	l := newLab(t, nil)
	s := open(t, l.admin(t))
	command := s.start(t, `"cat"`)
	answer := s.call(t, strings.Replace(envelope{
		Action: wsShell + "/Send", Shell: strings.ToLower(s.id),
		Body: `<sh:Send><sh:Stream End="1" Name="stdin" CommandId="` + command + "\">aGVs\nbG8=\n</sh:Stream></sh:Send>",
	}.String(), `Name="ShellId"`, `Name="ShellID"`, 1))
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	stdout, _, _ := s.finish(t, command)
	require.Equal(t, "hello", stdout)
	require.Equal(t, http.StatusOK, s.do(t, signal(command, "Terminate")).Status)
}

// TestCloseWaitsForConnections holds that the log of logons is complete when Close returns.
func TestCloseWaitsForConnections(t *testing.T) {
	var open atomic.Int64
	l := newLab(t, func(o *wsman.Options) {
		o.Audit = func(logon wsman.Logon) {
			switch logon.Kind {
			case wsman.LogonSucceeded:
				open.Add(1)
			case wsman.LogonEnded:
				open.Add(-1)
			case wsman.LogonFailed:
			}
		}
	})
	for range 20 {
		require.Equal(t, http.StatusOK, dial(t, l.http).logon(t, testUser, testPassword).Status)
	}
	require.EqualValues(t, 20, open.Load())
	require.NoError(t, l.server.Close())
	require.Zero(t, open.Load())
}

// TestCloseEndsEverything leaves clients waiting, commands running and connections open.
func TestCloseEndsEverything(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		l := newLab(t, nil)
		s := open(t, l.admin(t))
		pending := make(chan error, 4)
		for _, line := range []string{"hang", "cat", "gate", "big 9000000"} {
			request := receive(s.start(t, line))
			request.Shell = s.id
			client := l.admin(t)
			go func() {
				for {
					response, err := client.try(request.String())
					if err != nil {
						pending <- err
						return
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			}()
		}
		waitFor(t, func() bool { return l.host.lastCommand().Command == "big 9000000" })
		require.NoError(t, l.server.Close())
		require.Equal(t, 1, l.host.closedShells())
		for range 4 {
			require.Error(t, <-pending)
		}
		require.NoError(t, l.server.Close(), "again")
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, l.server.Serve(listener))
		_, err = listener.Accept()
		require.ErrorIs(t, err, net.ErrClosed)
	})
	waitFor(t, func() bool {
		stacks := make([]byte, 1<<20)
		return !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("lab/wsman.(*"))
	})
}
