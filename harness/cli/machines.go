package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/seed-67b27da2/geiger/harness/embedded"
	"github.com/seed-67b27da2/geiger/harness/winrm"
)

// closeBudget is given to a host to take back its shells.
const closeBudget = 10 * time.Second

// machines opens the targets of a run: those named in the inventory, or else the embedded lab.
func (o *runOptions) machines(ctx context.Context, env *Environment) (machines, error) {
	if o.inventory == "" {
		if len(o.targets) > 0 {
			return nil, errTargetWithoutInventory
		}
		m, err := embeddedLab(ctx, env, o.seed)
		if err != nil {
			return nil, err
		}
		return machines{m}, nil
	}
	declared, err := readInventory(o.inventory, o.targets)
	if err != nil {
		return nil, err
	}
	var all machines
	for i := range declared {
		m, err := declared[i].open(env, filepath.Dir(o.inventory))
		if err != nil {
			all.close()
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func embeddedLab(ctx context.Context, env *Environment, seed uint64) (*machine, error) {
	l, err := embedded.Start(ctx, seed, env.Random)
	if err != nil {
		return nil, err
	}
	return &machine{target: l.Target, clock: l.Clock, simulated: true, stop: l.Close}, nil
}

// inventory is the file that declares lab machines.
type inventory struct {
	Targets []declaredTarget `yaml:"targets"`
}

// declaredTarget is one machine of the inventory.
type declaredTarget struct {
	Name             string `yaml:"name"`
	Lab              bool   `yaml:"lab"` // must be true: this machine may be attacked
	Address          string `yaml:"address"`
	Port             int    `yaml:"port"`
	HTTPS            bool   `yaml:"https"`
	Authentication   string `yaml:"authentication"` // ntlm (the default) or basic
	User             string `yaml:"user"`
	PasswordEnv      string `yaml:"password_env"`  // name of an environment variable
	PasswordFile     string `yaml:"password_file"` // relative to the inventory
	AllowUnencrypted bool   `yaml:"allow_unencrypted"`
	TLS              struct {
		CA          string `yaml:"ca"` // PEM file, relative to the inventory
		Fingerprint string `yaml:"fingerprint"`
		ServerName  string `yaml:"server_name"`
		Insecure    bool   `yaml:"insecure"`
	} `yaml:"tls"`
}

// readInventory returns the named targets, or all. A machine that is not declared to be a lab is refused.
func readInventory(file string, names []string) ([]declaredTarget, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	var inv inventory
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	if err := decoder.Decode(&inv); err != nil {
		return nil, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	chosen := inv.Targets
	if len(names) > 0 {
		chosen = nil
		for _, name := range names {
			i := slices.IndexFunc(inv.Targets, func(t declaredTarget) bool { return t.Name == name })
			if i < 0 {
				return nil, fmt.Errorf("%s: no target %q", file, name)
			}
			chosen = append(chosen, inv.Targets[i])
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%s: no targets", file)
	}
	for _, t := range chosen {
		if !t.Lab {
			return nil, fmt.Errorf("%s: target %q is not declared a lab machine; if it may be attacked, write \"lab: true\" into its entry", file, t.Name)
		}
	}
	return chosen, nil
}

// open makes the target of a declaration. The network is not touched yet.
func (d *declaredTarget) open(env *Environment, dir string) (*machine, error) {
	password, err := d.password(env, dir)
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", d.Name, err)
	}
	config := winrm.Config{
		Name: d.Name, Host: d.Address, Port: d.Port, HTTPS: d.HTTPS, User: d.User, Password: password,
		Authentication: winrm.Authentication(d.Authentication), AllowUnencrypted: d.AllowUnencrypted,
		Fingerprint: d.TLS.Fingerprint, ServerName: d.TLS.ServerName, Insecure: d.TLS.Insecure,
		Now: env.Clock.Now, Random: env.Random,
	}
	if d.TLS.CA != "" {
		if config.CACertificates, err = os.ReadFile(filepath.Join(dir, d.TLS.CA)); err != nil {
			return nil, fmt.Errorf("target %q: %w", d.Name, err)
		}
	}
	t, err := winrm.New(config)
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", d.Name, err)
	}
	stop := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeBudget)
		defer cancel()
		return t.Close(ctx)
	}
	return &machine{target: t, clock: env.Clock, stop: stop}, nil
}

func (d *declaredTarget) password(env *Environment, dir string) (winrm.Secret, error) {
	switch {
	case d.PasswordEnv != "":
		text := env.Getenv(d.PasswordEnv)
		if text == "" {
			return "", fmt.Errorf("the environment variable %s is not set; put the password of %s into it", d.PasswordEnv, d.User)
		}
		return winrm.Secret(text), nil
	case d.PasswordFile != "":
		text, err := os.ReadFile(filepath.Join(dir, d.PasswordFile))
		return winrm.Secret(strings.TrimRight(string(text), "\r\n")), err
	}
	return "", fmt.Errorf(`no password; name an environment variable ("password_env") or a file ("password_file")`)
}

// wallClock is time as it passes.
type wallClock struct{}

// Now implements harness.Clock.
func (wallClock) Now() time.Time {
	return time.Now() //nolint:forbidigo // the one place where the real clock enters
}

// Sleep implements harness.Clock.
func (wallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
