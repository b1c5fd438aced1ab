package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
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
	Computer         string `yaml:"computer"` // what the machine calls itself; default: the first part of its address
	Port             int    `yaml:"port"`
	HTTPS            bool   `yaml:"https"`
	Proxy            string `yaml:"proxy"`          // host:port of an HTTP proxy; none is taken from the environment
	Authentication   string `yaml:"authentication"` // ntlm (the default), basic, kerberos or certificate
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
	Kerberos struct {
		Config           string `yaml:"config"` // a krb5.conf; default /etc/krb5.conf
		Realm            string `yaml:"realm"`  // default: that of user@REALM, or of the krb5.conf
		Cache            string `yaml:"ccache"` // a credential cache, in place of a password
		ServicePrincipal string `yaml:"service_principal"`
	} `yaml:"kerberos"`
	Certificate struct {
		Certificate string `yaml:"certificate"` // PEM files
		Key         string `yaml:"key"`
	} `yaml:"certificate"`
}

// readInventory returns the named targets, or all. A machine that is not declared to be a lab is refused.
func readInventory(file string, names []string) ([]declaredTarget, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var inv inventory
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&inv); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %s", file, yamlText(err))
	}
	if len(inv.Targets) == 0 {
		return nil, fmt.Errorf("%s: no machines; list them under \"targets:\", each with name, address, user and lab: true", file)
	}
	chosen, err := inv.choose(names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i := range chosen {
		if err := chosen[i].validate(); err != nil {
			return nil, fmt.Errorf("%s: target %q %w", file, chosen[i].Name, err)
		}
	}
	return chosen, nil
}

// yamlText is a message of the YAML library without the names of our own types.
func yamlText(err error) string {
	text := err.Error()
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		text = strings.Join(typed.Errors, "; ")
	}
	text = foreignField.ReplaceAllString(text, `no field "$1" here`)
	return strings.TrimPrefix(text, "yaml: ")
}

var foreignField = regexp.MustCompile(`field (\S+) not found in type \S+`)

// choose finds the targets of the given names; all of them when there are none.
func (inv *inventory) choose(names []string) ([]declaredTarget, error) {
	var known []string
	for _, t := range inv.Targets {
		if slices.Contains(known, t.Name) {
			return nil, fmt.Errorf("two targets are called %q", t.Name)
		}
		known = append(known, t.Name)
	}
	if len(names) == 0 {
		return inv.Targets, nil
	}
	var chosen []declaredTarget
	for i, name := range names {
		at := slices.Index(known, name)
		if at < 0 {
			return nil, fmt.Errorf("no target %q; there are %s", name, strings.Join(known, ", "))
		}
		if !slices.Contains(names[:i], name) {
			chosen = append(chosen, inv.Targets[at])
		}
	}
	return chosen, nil
}

// targetName is what can also be the name of a folder in a recording, on every system.
var targetName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (d *declaredTarget) validate() error {
	switch {
	case !targetName.MatchString(d.Name):
		return errors.New("has no usable name; use letters, digits, dots, hyphens and underscores")
	case !d.Lab:
		return errors.New(`is not declared a lab machine; if it may be attacked, write "lab: true" into its entry`)
	case d.Address == "":
		return errors.New(`has no "address"; write its host name or IP address`)
	case d.User == "" && d.needsPassword():
		return errors.New(`has no "user"; name an administrator of the machine`)
	case d.Computer == "" && d.byNumber():
		return errors.New(`has a number for an address and no "computer"; write what the machine calls itself, because numbers change hands`)
	case d.Port < 0 || d.Port > 65535:
		return fmt.Errorf("has port %d; leave it out for 5985, or 5986 with https: true", d.Port)
	}
	return nil
}

// byNumber reports whether the address is an IP address beyond this machine.
func (d *declaredTarget) byNumber() bool {
	ip := net.ParseIP(d.Address)
	return ip != nil && !ip.IsLoopback()
}

// computer is what the machine must call itself, "" if anything will do.
func (d *declaredTarget) computer() string {
	if d.Computer != "" || net.ParseIP(d.Address) != nil {
		return d.Computer
	}
	name, _, _ := strings.Cut(d.Address, ".")
	return name
}

// beside is a path of the inventory: relative ones start at the inventory's folder.
func beside(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// open makes the target of a declaration. The network is not touched yet.
func (d *declaredTarget) open(env *Environment, dir string) (*machine, error) {
	config := winrm.Config{
		Name: d.Name, Host: d.Address, Port: d.Port, HTTPS: d.HTTPS, User: d.User, Proxy: d.Proxy,
		Authentication: winrm.Authentication(d.Authentication), AllowUnencrypted: d.AllowUnencrypted,
		Fingerprint: d.TLS.Fingerprint, ServerName: d.TLS.ServerName, Insecure: d.TLS.Insecure,
		Now: env.Clock.Now, Random: env.Random,
	}
	if err := d.credentials(&config, env, dir); err != nil {
		return nil, fmt.Errorf("target %q: %w", d.Name, err)
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
	return &machine{target: t, clock: env.Clock, computer: d.computer(), stop: stop}, nil
}

// needsPassword reports whether the logon is by a name and a password.
func (d *declaredTarget) needsPassword() bool {
	return d.Authentication != string(winrm.Certificate) && d.Kerberos.Cache == ""
}

// credentials reads what the logon needs, each from where the inventory says.
func (d *declaredTarget) credentials(config *winrm.Config, env *Environment, dir string) error {
	var err error
	if d.needsPassword() {
		if config.Password, err = d.password(env, dir); err != nil {
			return err
		}
	}
	config.Tickets = winrm.Tickets{Realm: d.Kerberos.Realm, ServicePrincipal: d.Kerberos.ServicePrincipal}
	krb5 := d.Kerberos.Config
	if krb5 == "" && config.Authentication == winrm.Kerberos {
		krb5 = "/etc/krb5.conf"
	}
	var key []byte
	for _, f := range []struct {
		name string
		into *[]byte
	}{
		{d.TLS.CA, &config.CACertificates},
		{krb5, &config.Tickets.Configuration},
		{d.Kerberos.Cache, &config.Tickets.Cache},
		{d.Certificate.Certificate, &config.ClientCertificate},
		{d.Certificate.Key, &key},
	} {
		if f.name == "" {
			continue
		}
		if *f.into, err = os.ReadFile(beside(dir, f.name)); err != nil {
			return err
		}
	}
	config.ClientKey = winrm.Secret(key)
	return nil
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
		text, err := os.ReadFile(beside(dir, d.PasswordFile))
		password := strings.TrimRight(string(text), "\r\n")
		if err == nil && password == "" {
			err = fmt.Errorf("%s is empty; put the password of %s into it", d.PasswordFile, d.User)
		}
		return winrm.Secret(password), err
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
