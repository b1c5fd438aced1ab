package winrm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDoneWithoutExitCode(t *testing.T) {
	host := newFakeHost(t, false, echo)
	host.noCode = true
	_, _, _, err := runText(t.Context(), host.target(), "x", "")
	require.ErrorContains(t, err, "without an exit status")
}

func TestOperationTimeout(t *testing.T) {
	host := newFakeHost(t, false, echo)
	host.react = func(operation string, n int) *reaction {
		if operation == "Receive" && n < 50 {
			return &reaction{fault: faultTimeout, subcode: "TimedOut"}
		}
		return nil
	}
	_, _, exit, err := runText(t.Context(), host.target(), "x", "")
	require.NoError(t, err)
	require.Equal(t, 7, exit)
}

func TestFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		operation string
		code      uint32
		subcode   string
		want      any
	}{
		"access denied":         {"Create", 5, "AccessDenied", new(*AuthenticationError)},
		"shell gone":            {"Receive", faultShellNotFound, "InvalidSelectors", new(*ShellGoneError)},
		"aborted":               {"Receive", 995, "InternalError", new(*ShellGoneError)},
		"create timed out":      {"Create", faultTimeout, "TimedOut", new(*TimeoutError)},
		"too long":              {"Command", 2147942606, "InternalError", new(*ProtocolError)},
		"unknown resource":      {"Create", 2150858752, "DestinationUnreachable", new(*ProtocolError)},
		"shell gone for good":   {"Command", faultShellNotFound, "InvalidSelectors", new(*ShellGoneError)},
		"quota without a code":  {"Create", 0, "QuotaLimit", new(*QuotaError)},
		"input refused":         {"Send", 87, "InvalidParameter", new(*ProtocolError)},
		"fault without a code":  {"Create", 0, "ActionNotSupported", new(*ProtocolError)},
		"envelope is too large": {"Send", 2150858790, "EncodingLimit", new(*ProtocolError)},
	} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			r := reaction{fault: tc.code, subcode: tc.subcode}
			if tc.code == 0 {
				r = reaction{status: 500, body: faultBody(0, tc.subcode)}
			}
			host.react = always(tc.operation, r)
			if tc.operation == "Send" { // and the command does not end either
				host.react = func(o string, n int) *reaction {
					if o == "Receive" {
						return &reaction{fault: faultTimeout, subcode: "TimedOut"}
					}
					return always("Send", r)(o, n)
				}
			}
			_, _, _, err := runText(t.Context(), host.target(), "x", "")
			require.ErrorAs(t, err, tc.want)
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			require.Equal(t, tc.code, fault.Code)
			require.Equal(t, tc.subcode, fault.Subcode)
			require.Equal(t, "Receiver", fault.Role)
			if tc.code != faultTimeout {
				require.Contains(t, err.Error(), "fault number")
			}
			require.LessOrEqual(t, host.count("Command"), 1)
		})
	}
}

func TestCommandEndsWithoutReadingItsInput(t *testing.T) {
	host := newFakeHost(t, false, echo)
	host.react = func(operation string, _ int) *reaction {
		switch operation {
		case "Send":
			return &reaction{fault: 232, subcode: "InternalError"}
		case "Receive":
			return &reaction{status: 200, body: reply(shellURI+"/ReceiveResponse",
				`<rsp:ReceiveResponse><rsp:CommandState State="`+stateDone+`"><rsp:ExitCode>9009</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>`)}
		}
		return nil
	}
	_, _, exit, err := runText(t.Context(), host.target(), "no-such-program", "input")
	require.NoError(t, err)
	require.Equal(t, 9009, exit)
}

func TestShellGoneIsReplaced(t *testing.T) {
	host := newFakeHost(t, false, echo)
	target := host.target()
	for range 2 {
		_, _, _, err := runText(t.Context(), target, "x", "")
		require.NoError(t, err)
		host.mutex.Lock()
		clear(host.shells)
		host.mutex.Unlock()
	}
	require.Equal(t, 2, host.count("Create"))
	require.NoError(t, target.Close(t.Context()), "a shell that is gone needs no deleting")
}

func TestQuota(t *testing.T) {
	for name, tc := range map[string]struct {
		code    uint32
		times   int
		succeed bool
	}{
		"passes": {faultQuotaShells, 2, true}, "commands": {faultQuotaCommands, 1, true}, "operations": {2150859174, 1, true}, "stays": {faultQuotaUsers, 99, false},
		"busy passes": {faultBusy, 3, true}, "busy stays": {faultBusy, 99, false},
	} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			host.react = func(operation string, n int) *reaction {
				if operation == "Create" && n <= tc.times {
					return &reaction{fault: tc.code, subcode: "InternalError"}
				}
				return nil
			}
			var waited time.Duration
			target := host.target(func(c *Config) {
				c.Sleep = func(_ context.Context, d time.Duration) error { waited += d; return nil }
			})
			_, _, _, err := runText(t.Context(), target, "x", "")
			require.GreaterOrEqual(t, waited, time.Second)
			if tc.succeed {
				require.NoError(t, err)
				return
			}
			require.True(t, isFault(err, tc.code), "%v", err)
			require.Equal(t, 4, host.count("Create"))
		})
	}
}

func TestCancel(t *testing.T) {
	for _, operation := range []string{"negotiate", "Create", "Command", "Send", "Receive"} {
		t.Run(operation, func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			reached := make(chan struct{})
			var once sync.Once
			host.react = func(o string, n int) *reaction {
				if o != operation || n > 1 {
					return nil
				}
				return &reaction{stall: true, tellDone: func() { once.Do(func() { close(reached) }) }}
			}
			target := host.target()
			ctx, cancel := context.WithCancelCause(t.Context())
			why := errors.New("the user pressed ctrl-c")
			ended := make(chan error, 1)
			go func() {
				_, _, _, err := runText(ctx, target, "x", "in")
				ended <- err
			}()
			<-reached
			cancel(why)
			select {
			case err := <-ended:
				require.ErrorIs(t, err, why)
			case <-time.After(time.Second):
				t.Fatal("cancellation took more than a second")
			}
			require.NoError(t, target.Close(t.Context()))
			if operation == "Receive" {
				require.Equal(t, 1, host.count("Signal"))
				require.Equal(t, 1, host.count("Delete"))
			}
			host.mutex.Lock()
			defer host.mutex.Unlock()
			require.Empty(t, host.shells, "no shell is left")
		})
	}
}

func TestManyCommandsAtOnce(t *testing.T) {
	host := newFakeHost(t, false, echo)
	host.react = func(operation string, n int) *reaction {
		if operation == "Receive" && n%7 == 0 {
			return &reaction{hangUp: true}
		}
		return nil
	}
	target := host.target()
	var group sync.WaitGroup
	problems := make(chan error, 40)
	for i := range 40 {
		group.Go(func() {
			text := fmt.Sprint("command ", i)
			stdout, _, _, err := runText(t.Context(), target, "x", text)
			if err != nil || stdout != text {
				problems <- fmt.Errorf("%q: %w", stdout, err)
			}
		})
	}
	group.Wait()
	close(problems)
	for problem := range problems {
		require.NoError(t, problem)
	}
	require.LessOrEqual(t, host.count("Create"), 4+host.count("Delete"), "no more shells than sessions")
}

func TestUseAfterClose(t *testing.T) {
	host := newFakeHost(t, false, echo)
	target := host.target()
	require.NoError(t, target.Close(t.Context()))
	_, _, _, err := runText(t.Context(), target, "x", "")
	require.ErrorContains(t, err, "closed")
}

// A host that answers at once with nothing must not be polled without a pause.
func TestEmptyAnswersAreNotPolledWithoutPause(t *testing.T) {
	host := newFakeHost(t, false, echo)
	host.react = func(operation string, n int) *reaction {
		if operation == "Receive" && n <= 10 {
			return &reaction{status: 200, body: reply(shellURI+"/ReceiveResponse", `<rsp:ReceiveResponse><rsp:CommandState State="running"/></rsp:ReceiveResponse>`)}
		}
		return nil
	}
	pauses := 0
	target := host.target(func(c *Config) {
		c.Sleep = func(context.Context, time.Duration) error { pauses++; return nil }
	})
	_, _, _, err := runText(t.Context(), target, "x", "")
	require.NoError(t, err)
	require.Equal(t, 8, pauses)
}

func TestHostileIdentifiersAreRefused(t *testing.T) {
	host := newFakeHost(t, false, echo)
	host.react = always("Create", reaction{status: 200, body: reply("http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse",
		`<rsp:Shell><rsp:ShellId>&lt;/w:Selector&gt;&lt;evil/&gt;</rsp:ShellId></rsp:Shell>`)})
	_, _, _, err := runText(t.Context(), host.target(), "x", "")
	require.ErrorContains(t, err, "did not name the shell")
}

func TestRequestsOfOneRun(t *testing.T) {
	host := newFakeHost(t, false, echo)
	target := host.target()
	for range 2 {
		_, _, _, err := runText(t.Context(), target, "x", strings.Repeat("x", sendChunk+1))
		require.NoError(t, err)
	}
	want := []string{"negotiate", "authenticate", "Create", "Command", "Send", "Send", "Receive", "Signal", "Command", "Send", "Send", "Receive", "Signal"}
	require.Equal(t, want, host.operations())
	for _, size := range host.sizes {
		require.Less(t, size, 500<<10, "a host refuses envelopes above 500 KB")
	}
	create := host.bodies[2]
	for _, part := range []string{"PT900.000S</rsp:IdleTimeOut>", `"WINRS_CODEPAGE">65001<`, `"WINRS_NOPROFILE">FALSE<`, "PT20.000S</w:OperationTimeout>"} {
		require.Contains(t, create, part)
	}
	require.Contains(t, host.bodies[3], `"WINRS_CONSOLEMODE_STDIN">FALSE<`)
}

// The answer to Command is lost. The command is not sent again: if the host knows
// the id, it runs and is followed; otherwise what happened is not known.
func TestCommandAnswerLost(t *testing.T) {
	for _, started := range []bool{true, false} {
		t.Run(fmt.Sprint("started=", started), func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			host.react = onNth("Command", 1, reaction{hangUp: true, after: started})
			stdout, _, _, err := runText(t.Context(), host.target(), "x", "in")
			require.Equal(t, 1, host.count("Command"))
			if started {
				require.NoError(t, err)
				require.Equal(t, "in", stdout)
				return
			}
			var interrupted *InterruptedError
			require.ErrorAs(t, err, &interrupted)
			require.ErrorContains(t, err, "not known")
		})
	}
}

// BenchmarkRun reports how many requests a warm command costs.
func BenchmarkRun(b *testing.B) {
	host := newFakeHost(b, false, echo)
	target := host.target()
	_, _, _, err := runText(b.Context(), target, "x", "")
	require.NoError(b, err)
	before := len(host.operations())
	for b.Loop() {
		_, _, _, err := runText(b.Context(), target, "x", "in")
		require.NoError(b, err)
	}
	b.ReportMetric(float64(len(host.operations())-before)/float64(b.N), "requests/op")
}

// The host drops the connection at every place in turn, before or after it has acted.
// A command then ends well or with an error that says what is known; it never runs twice,
// and its output is never another one's.
func TestConnectionClosedAnywhere(t *testing.T) {
	for _, after := range []bool{false, true} {
		for nth := 2; nth <= 9; nth++ {
			t.Run(fmt.Sprint(nth, " after=", after), func(t *testing.T) {
				var mutex sync.Mutex
				ran := map[string]int{}
				host := newFakeHost(t, false, func(_ context.Context, line string, stdin []byte) (string, string, int) {
					mutex.Lock()
					defer mutex.Unlock()
					ran[line]++
					return string(stdin), "", 0
				})
				total := 0
				host.react = func(string, int) *reaction {
					if total++; total%nth == 0 {
						return &reaction{hangUp: true, after: after}
					}
					return nil
				}
				target := host.target()
				for i := range 6 {
					line := fmt.Sprint("command ", i)
					stdout, _, _, err := runText(t.Context(), target, line, line)
					if err == nil {
						require.Equal(t, line, stdout)
						continue
					}
					_, interrupted := errors.AsType[*InterruptedError](err)
					_, unreachable := errors.AsType[*UnreachableError](err)
					require.True(t, interrupted || unreachable, "%v", err)
				}
				mutex.Lock()
				defer mutex.Unlock()
				for line, times := range ran {
					require.Equal(t, 1, times, line)
				}
			})
		}
	}
}
