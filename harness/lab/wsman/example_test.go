package wsman_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/masterzen/winrm"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman/ntlm"
)

// parrot is a host whose only command repeats its command line.
type parrot struct{}

func (parrot) OpenShell(context.Context, wsman.ShellSpec) (wsman.Shell, error) { return parrot{}, nil }
func (parrot) Close() error                                                    { return nil }
func (parrot) Wait() int                                                       { return 0 }
func (parrot) Terminate()                                                      {}

func (parrot) Start(_ context.Context, spec wsman.CommandSpec, _ io.Reader, stdout, _ io.Writer) (wsman.Process, error) {
	_, err := fmt.Fprintln(stdout, "you said:", spec.Line())
	return parrot{}, err
}

// A server of one's own host, and a WinRM client that knows nothing of it.
func Example() {
	server, err := wsman.NewServer(wsman.Options{
		Host:             parrot{},
		Users:            []wsman.User{{Name: "Administrator", Password: "correct horse"}},
		Computer:         ntlm.Target{NetBIOSComputer: "PARROT", NetBIOSDomain: "PARROT"},
		AllowUnencrypted: true,
		Now:              time.Now,
	})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()

	port := listener.Addr().(*net.TCPAddr).Port
	client, err := winrm.NewClient(winrm.NewEndpoint("127.0.0.1", port, false, false, nil, nil, nil, 0), "Administrator", "correct horse")
	if err != nil {
		panic(err)
	}
	stdout, _, exit, err := client.RunCmdWithContext(context.Background(), "whoami /all")
	fmt.Printf("%sexit %d, error %v\n", stdout, exit, err)
	fmt.Println(errors.Join(server.Close(), <-served))
	// Output:
	// you said: whoami /all
	// exit 0, error <nil>
	// <nil>
}
