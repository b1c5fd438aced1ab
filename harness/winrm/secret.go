package winrm

import (
	"fmt"
	"io"
)

// Secret is a password. It never prints: every formatting verb, JSON, and every
// structure that holds it in an exported field give "[redacted]".
type Secret string

const redacted = "[redacted]"

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
