package winrm

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/spnego"
)

// Tickets says where Kerberos tickets come from.
type Tickets struct {
	// Configuration is the text of a krb5.conf: it names the realm and its KDCs.
	Configuration []byte
	// Realm defaults to that of user@REALM, else to the configuration's default realm.
	Realm string
	// Cache is the content of a credential cache (a file that kinit wrote), in place of
	// a password.
	Cache []byte
	// ServicePrincipal is how the domain knows the host; default: HTTP/ and Host.
	ServicePrincipal string
}

// tickets gets tickets for one host. One client of the KDC lives as long as the
// transport: it keeps what it was given, and renews it. It stands behind closures,
// because it holds the password and fmt would print it.
type tickets struct {
	affirm  func() error           // get a ticket-granting ticket, unless there is one
	token   func() ([]byte, error) // a token for the service
	destroy func()
	failed  func(error) error
}

func (c Config) newTickets() (*tickets, error) {
	settings, err := config.NewFromString(string(c.Tickets.Configuration))
	if err != nil {
		return nil, fmt.Errorf("kerberos configuration for %s: %w", c.Name, err)
	}
	kdc, err := c.kdcClient(settings)
	if err != nil {
		return nil, err
	}
	principal := c.Tickets.ServicePrincipal
	if principal == "" {
		principal = "HTTP/" + c.Host
	}
	var mutex sync.Mutex // the client's own locks do not cover Destroy
	affirm := func() error {
		mutex.Lock()
		defer mutex.Unlock()
		return kdc.AffirmLogin()
	}
	token := func() ([]byte, error) {
		mutex.Lock()
		defer mutex.Unlock()
		t, err := spnego.SPNEGOClient(kdc, principal).InitSecContext()
		if err != nil {
			return nil, err
		}
		return t.Marshal()
	}
	failed := func(err error) error {
		return &AuthenticationError{
			Address: c.address(), User: c.who(), Err: err,
			Reason: "no Kerberos ticket for " + principal + "; check the realm and its KDC in the Kerberos configuration, the password, and the clock",
		}
	}
	destroy := func() {
		go func() { // it may have to wait for a KDC that says nothing
			mutex.Lock()
			defer mutex.Unlock()
			kdc.Destroy()
		}()
	}
	return &tickets{affirm: affirm, token: token, destroy: destroy, failed: failed}, nil
}

// kdcClient makes the client of the KDC; the network is not touched.
func (c Config) kdcClient(settings *config.Config) (*client.Client, error) {
	// Active Directory does not answer the FAST negotiation that the library begins with.
	noFAST := client.DisablePAFXFAST(true)
	if cache := c.cache(); len(cache) > 0 {
		stored, err := readCache(cache)
		if err != nil {
			return nil, fmt.Errorf("kerberos credential cache for %s: %w", c.Name, err)
		}
		kdc, err := client.NewFromCCache(stored, settings, noFAST)
		if err != nil {
			return nil, fmt.Errorf("kerberos credential cache for %s: %w", c.Name, err)
		}
		return kdc, nil
	}
	user, realm, _ := strings.Cut(c.User, "@")
	if c.Tickets.Realm != "" {
		realm = c.Tickets.Realm
	}
	if realm == "" {
		realm = settings.LibDefaults.DefaultRealm
	}
	return client.NewWithPassword(user, strings.ToUpper(realm), c.password(), settings, noFAST), nil
}

// readCache reads a credential cache. The library does not check lengths.
func readCache(content []byte) (stored *credentials.CCache, err error) {
	defer func() {
		if recover() != nil {
			stored, err = nil, fmt.Errorf("not a credential cache, or cut short; make one with kinit -c")
		}
	}()
	stored = new(credentials.CCache)
	return stored, stored.Unmarshal(content)
}

// login gets the ticket-granting ticket.
func (t *tickets) login(ctx context.Context) error {
	_, err := waitFor(ctx, func() (struct{}, error) { return struct{}{}, t.affirm() })
	return t.explain(ctx, err)
}

// authorize is an [authorizer]. Every request has a token of its own: hosts do not agree
// on whether a connection stays logged on, and none takes a token twice.
func (t *tickets) authorize(ctx context.Context) (string, error) {
	token, err := waitFor(ctx, t.token)
	return negotiate(token), t.explain(ctx, err)
}

// explain makes an error of the library one of ours.
func (t *tickets) explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return t.failed(err)
}

// waitFor runs f, which asks a KDC and knows no context, but no longer than ctx allows. The library gives up a silent
// KDC by itself after a few seconds, which ends what is left behind.
func waitFor[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
