package winrm

import (
	"fmt"
	"io"
)

// Secret is a password. It never prints: every formatting verb, JSON and a %#v of
// a structure that holds it give "[redacted]", or an address where the structure's
// field is unexported and fmt cannot call its methods.
type Secret struct{ value *string }

const redacted = "[redacted]"

// NewSecret wraps a password.
func NewSecret(value string) Secret { return Secret{&value} }

// reveal returns the password, empty when there is none.
func (s Secret) reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String implements fmt.Stringer without giving the secret away.
func (Secret) String() string { return redacted }

// GoString implements fmt.GoStringer without giving the secret away.
func (Secret) GoString() string { return redacted }

// Format keeps the secret out of every verb, also of those that String does not serve.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText keeps the secret out of JSON, YAML and XML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON keeps the secret out of JSON.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
