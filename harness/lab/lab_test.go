package lab_test

import (
	"bytes"
	"crypto/rand"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/masterzen/winrm"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab"
)

func start(t *testing.T, seed uint64) *lab.Lab {
	t.Helper()
	l, err := lab.Start(t.Context(), lab.Options{Seed: seed, Random: rand.Reader})
	require.NoError(t, err)
	return l
}

// run runs a command line by a WinRM client that geiger has no part in.
func run(t *testing.T, l *lab.Lab, line string) (stdout string, exit int) {
	t.Helper()
	endpoint := winrm.NewEndpoint(l.Host(), l.TLSPort(), true, true, nil, nil, nil, 0)
	client, err := winrm.NewClient(endpoint, l.User(), l.Password())
	require.NoError(t, err)
	var out, errs bytes.Buffer
	exit, err = client.RunWithContext(t.Context(), line, &out, &errs)
	require.NoError(t, err, line)
	require.Empty(t, errs.String(), line)
	return out.String(), exit
}

// goroutines counts those that run code of the lab.
func goroutines() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	count := 0
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "geiger/harness/lab.") || strings.Contains(stack, "geiger/harness/lab/") {
			if !strings.Contains(stack, "lab_test.") {
				count++
			}
		}
	}
	return count
}

func TestCloseLeavesNothing(t *testing.T) {
	l := start(t, 1)
	_, exit := run(t, l, "echo hello")
	require.Zero(t, exit)
	require.Positive(t, goroutines(), "the count sees a running lab")
	addresses := []string{address(l.Host(), l.Port()), address(l.Host(), l.TLSPort())}
	require.NoError(t, l.Close())
	require.Eventually(t, func() bool { return goroutines() == 0 }, 5*time.Second, time.Millisecond)
	for _, a := range addresses {
		requireRefused(t, a)
	}
}

// TestCloseEndsCommands closes a lab in which a command still waits.
func TestCloseEndsCommands(t *testing.T) {
	l := start(t, 1)
	endpoint := winrm.NewEndpoint(l.Host(), l.TLSPort(), true, true, nil, nil, nil, 0)
	client, err := winrm.NewClient(endpoint, l.User(), l.Password())
	require.NoError(t, err)
	shell, err := client.CreateShell()
	require.NoError(t, err)
	_, err = shell.ExecuteWithContext(t.Context(), "findstr waits-for-input")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Eventually(t, func() bool { return goroutines() == 0 }, 5*time.Second, time.Millisecond)
}

func address(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

func requireRefused(t *testing.T, a string) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", a)
	if err == nil {
		_ = c.Close()
	}
	require.Error(t, err, "%s answers", a)
}

func TestOnlyThisComputerReachesIt(t *testing.T) {
	l := start(t, 1)
	defer func() { require.NoError(t, l.Close()) }()
	require.Equal(t, "127.0.0.1", l.Host())
	others := []string{"127.0.0.2", "::1"}
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && !network.IP.IsLoopback() && !network.IP.IsLinkLocalUnicast() {
			others = append(others, network.IP.String())
		}
	}
	for _, other := range others {
		requireRefused(t, address(other, l.Port()))
		requireRefused(t, address(other, l.TLSPort()))
	}
}

// TestPasswordStaysSecret reads every channel after some work: no event may carry the password.
func TestPasswordStaysSecret(t *testing.T) {
	l := start(t, 1)
	defer func() { require.NoError(t, l.Close()) }()
	other := start(t, 1)
	defer func() { require.NoError(t, other.Close()) }()
	require.NotEqual(t, l.Password(), other.Password(), "equal seeds must not give equal passwords")
	require.GreaterOrEqual(t, len(l.Password()), 24)

	_, exit := run(t, l, "powershell -Command whoami; Get-Date")
	require.Zero(t, exit)
	environment, exit := run(t, l, "set")
	require.Zero(t, exit)
	require.NotContains(t, environment, l.Password())
	require.NoError(t, l.Clock().Sleep(t.Context(), time.Minute))
	for _, channel := range []string{
		"Security", "Application", "System", "Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-WinRM/Operational",
		"Microsoft-Windows-PowerShell/Operational", "Windows PowerShell", "Geiger-Lab/Operational",
	} {
		events, exit := run(t, l, `wevtutil qe "`+channel+`" /f:xml`)
		require.Zero(t, exit)
		require.NotContains(t, events, l.Password(), channel)
		if channel == "Security" || strings.Contains(channel, "Sysmon") {
			require.Contains(t, events, "LAB-IIS01")
		}
	}
}

// TestParallelLabsAreApart writes in two labs at the same time, each the other's file name, and looks for them.
func TestParallelLabsAreApart(t *testing.T) {
	labs := []*lab.Lab{start(t, 1), start(t, 2)}
	var work sync.WaitGroup
	for i, l := range labs {
		work.Go(func() {
			for n := range 3 {
				run(t, l, "echo x>C:\\Users\\Public\\lab"+strconv.Itoa(i)+"-"+strconv.Itoa(n)+".txt")
			}
		})
	}
	work.Wait()
	for i, l := range labs {
		files, _ := run(t, l, `dir /b C:\Users\Public\*.txt`)
		want := ""
		for n := range 3 {
			want += "lab" + strconv.Itoa(i) + "-" + strconv.Itoa(n) + ".txt\r\n"
		}
		require.Equal(t, want, files)
		require.NoError(t, l.Close())
	}
}
