// Package embedded starts the simulated lab host in this process and reaches it as any other: it is the default target
// of the command line and of test suites. Everything between the two ends is real: TLS, WinRM, the scripts.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/lab"
	"github.com/seed-67b27da2/geiger/harness/winrm"
)

// Lab is a running lab host and the target that reaches it.
type Lab struct {
	Target harness.Target
	Clock  harness.Clock // the host's; waiting on it costs no time

	lab *lab.Lab
}

// Start starts a lab. Equal seeds give equal hosts and equal noise; random is for the password of this run and the
// keys of the connection.
func Start(ctx context.Context, seed uint64, random io.Reader) (*Lab, error) {
	l, err := lab.Start(ctx, lab.Options{Seed: seed, Random: random})
	if err != nil {
		return nil, fmt.Errorf("embedded lab: %w", err)
	}
	t, err := winrm.New(winrm.Config{
		Name: l.Name(), Host: l.Host(), Port: l.TLSPort(), HTTPS: true, User: l.User(), Password: winrm.Secret(l.Password()),
		Fingerprint: l.Fingerprint(), Now: l.Clock().Now,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded lab: %w", err), l.Close())
	}
	return &Lab{Target: t, Clock: l.Clock(), lab: l}, nil
}

// closeBudget is given to the host to take back its shells.
const closeBudget = 5 * time.Second

// Close ends the sessions and the lab. It leaves nothing running.
func (l *Lab) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeBudget)
	defer cancel()
	return errors.Join(l.Target.Close(ctx), l.lab.Close())
}
