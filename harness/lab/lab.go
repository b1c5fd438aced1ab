// Package lab is a simulated Windows Server with IIS behind a real WinRM server on 127.0.0.1.
//
// It is not canned. The shells interpret what they are sent against a model of files, registry, processes, services,
// accounts and IIS configuration; package kernel alone changes that model and publishes what happened; sensors turn
// that into events, under a real Sysmon configuration; clients read the events back over WinRM like anyone. No code
// here names a technique, a test or a rule, and a test of the import rules keeps it so.
//
//	wsman              the WinRM server
//	cmd powershell     the shells          native iis    the other programs
//	kernel             the only mutators   host          the state
//	sensor             activities to events              eventlog   where they are read
//	noise              what happens anyway
//
// What the lab cannot do it says, twice: to the client in Windows' own words, and in the channel Geiger-Lab/Operational,
// which no real host has. It calls itself simulated in WS-Management Identify.
package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/cmd"
	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/native"
	"github.com/seed-67b27da2/geiger/harness/lab/noise"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell"
	"github.com/seed-67b27da2/geiger/harness/lab/sensor"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman/ntlm"
)

// Options describe the lab to start. Random is required.
type Options struct {
	// Seed makes the host and its noise: equal seeds and equal work give equal events.
	Seed uint64
	// Random is the source of the password, the key and the protocol's challenges; usually crypto/rand.
	Random io.Reader
	// Now, if set, makes the host's clock follow a real one. Otherwise the host has a clock of its own, on which
	// waiting takes no time.
	Now func() time.Time
	// SysmonConfig is a Sysmon configuration (XML); the lab's own if empty.
	SysmonConfig string
	// Quiet leaves out the background noise.
	Quiet bool
}

// Lab is a running lab. It listens on 127.0.0.1 only.
type Lab struct {
	kernel      *kernel.Kernel
	web         *iis.Server
	noise       *noise.Noise
	server      *wsman.Server
	plain, tls  net.Listener
	password    string
	fingerprint string
	served      chan error
}

// address is the only interface that a lab listens on.
const address = "127.0.0.1"

// sysmonFile is where the file lies that Sysmon was configured from, as its registry parameters and event 16 say.
const sysmonFile = `C:\ProgramData\Sysmon\sysmon.xml`

// user is the account that clients log on with: the built-in Administrator, whose token is not filtered.
const user = "Administrator"

// Start builds the host, boots it, and begins to listen on ports that the system chooses.
func Start(ctx context.Context, o Options) (*Lab, error) {
	l := &Lab{served: make(chan error, 2)}
	if err := l.build(o); err != nil {
		return nil, err
	}
	certificate, err := wsman.SelfSigned(o.Random, host.InstallTime(), 100*365*24*time.Hour, l.Name(), address, "localhost")
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	sum := sha256.Sum256(certificate.Certificate[0])
	l.fingerprint = hex.EncodeToString(sum[:])
	if err := l.listen(ctx); err != nil {
		return nil, errors.Join(err, l.server.Close())
	}
	go func() { l.served <- l.server.Serve(l.plain) }()
	go func() { l.served <- l.server.ServeTLS(l.tls, certificate) }()
	return l, nil
}

// build assembles the host from the inside out.
func (l *Lab) build(o Options) error {
	text := o.SysmonConfig
	if text == "" {
		text = sensor.DefaultConfig()
	}
	config, err := sensor.ParseConfig("sysmon.xml", text)
	if err != nil {
		return err
	}
	config.Name = sysmonFile
	hostOptions := host.Options{Seed: o.Seed}
	if o.Now != nil {
		hostOptions.Start, hostOptions.Clock = o.Now().UTC(), host.NewWallClock(o.Now)
	}
	h := host.New(hostOptions)
	installed := host.InstallTime()
	h.FS.Put(host.File{
		Path: sysmonFile, Content: []byte(text), Created: installed, Modified: installed, Accessed: installed,
		Attributes: host.Archive, Owner: host.Administrators,
	})
	l.kernel = kernel.New(h)
	log := eventlog.New(h.Clock, h.Name)
	l.web = iis.New(l.kernel)
	sensor.Install(l.kernel, log, config)
	l.install(log, l.web)
	l.noise = noise.Start(l.kernel, noiseOptions(o.Quiet, l.web))
	password := make([]byte, 18)
	if _, err := io.ReadFull(o.Random, password); err != nil {
		return fmt.Errorf("password: %w", err)
	}
	l.password = hex.EncodeToString(password)
	l.server, err = wsman.NewServer(wsman.Options{
		Host:          &shells{kernel: l.kernel},
		Users:         []wsman.User{{Name: user, Password: l.password}},
		Computer:      ntlm.Target{NetBIOSDomain: h.Name, NetBIOSComputer: h.Name, DNSDomain: h.Name, DNSComputer: h.Name},
		ProductVendor: "geiger lab (simulated host)", ProductVersion: "OS: 10.0.20348 SP: 0.0 Stack: 3.0",
		Now: h.Clock.Now, Rand: o.Random, Audit: l.audit,
	})
	return err
}

// audit tells the host of refused logons. Those that succeed are part of opening a shell.
func (l *Lab) audit(logon wsman.Logon) {
	service, ok := l.kernel.ServiceProcess("WinRM")
	if logon.Kind != wsman.LogonFailed || !ok {
		return
	}
	a := kernel.Attempt{
		User: logon.User, Domain: logon.Domain, Workstation: logon.Workstation, Source: logon.ClientAddress, Port: logon.ClientPort,
		Package: logon.Package, Type: kernel.LogonNetwork,
	}
	if logon.Package == "Basic" {
		// The service logs the user on itself, with the password that it was given.
		a.Package, a.Type = "Negotiate", kernel.LogonCleartext
	}
	l.kernel.RefuseLogon(service, a)
}

// install puts the programs where Windows has them.
func (l *Lab) install(log *eventlog.Log, web *iis.Server) {
	const system, wow = `C:\Windows\System32\`, `C:\Windows\SysWOW64\`
	shell, script := cmd.Program(l.kernel), powershell.Program(l.kernel, log, web)
	for _, folder := range [...]string{system, wow} {
		l.kernel.Install(folder+"cmd.exe", shell)
		l.kernel.Install(folder+`WindowsPowerShell\v1.0\powershell.exe`, script)
	}
	l.kernel.Install(system+"winrshost.exe", waitForEnd)
	for image, program := range native.Programs(l.kernel, log, web) {
		l.kernel.Install(image, program)
	}
}

func noiseOptions(quiet bool, web *iis.Server) noise.Options {
	if quiet {
		return noise.Options{Amount: noise.Off}
	}
	return noise.Options{
		Amount: noise.Normal,
		Visit: func() {
			// A visitor who finds the site down goes away.
			_, _ = web.Request(context.Background(), "http://localhost/")
		},
		AddModule: func(p *kernel.Process, name, image string) error {
			return web.AddGlobalModule(p, iis.Module{Name: name, Image: image})
		},
	}
}

func (l *Lab) listen(ctx context.Context) error {
	var config net.ListenConfig
	var err error
	if l.plain, err = config.Listen(ctx, "tcp", address+":0"); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if l.tls, err = config.Listen(ctx, "tcp", address+":0"); err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), l.plain.Close())
	}
	return nil
}

// Close ends the noise, the server with every shell, and the web server. Nothing runs any more when it returns.
func (l *Lab) Close() error {
	l.noise.Stop()
	err := l.server.Close()
	l.web.Close()
	l.kernel.Settle()
	return errors.Join(err, <-l.served, <-l.served)
}

// Name is the computer name of the host.
func (l *Lab) Name() string { return l.kernel.Host().Name }

// Host is the address that the lab listens on.
func (l *Lab) Host() string { return address }

// Port is that of the HTTP listener.
func (l *Lab) Port() int { return portOf(l.plain) }

// TLSPort is that of the HTTPS listener.
func (l *Lab) TLSPort() int { return portOf(l.tls) }

func portOf(l net.Listener) int {
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return a.Port
}

// User is the account to log on with.
func (l *Lab) User() string { return user }

// Password is that of this run.
func (l *Lab) Password() string { return l.password }

// Fingerprint is the SHA-256 of the HTTPS certificate, in hexadecimal.
func (l *Lab) Fingerprint() string { return l.fingerprint }

// Clock is the host's clock.
func (l *Lab) Clock() host.Clock { return l.kernel.Host().Clock }
