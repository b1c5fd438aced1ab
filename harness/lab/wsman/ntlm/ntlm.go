// Package ntlm is the accepting side of NTLMv2 authentication with message integrity and confidentiality,
// as MS-NLMP specifies it. An [Acceptor] reads a client's NEGOTIATE_MESSAGE, answers with a CHALLENGE_MESSAGE,
// verifies the AUTHENTICATE_MESSAGE against the NT hash of an account, and yields a [Session], which
// seals and unseals the messages that follow.
//
// NTLMv1 and anonymous logons are refused, as on Windows with its default LmCompatibilityLevel of a server
// that allows no downgrade. MD4, MD5 and RC4 are what the protocol prescribes; nothing here is a
// recommendation to use them.
//
// It shares nothing with the client side in harness/winrm/ntlm, on purpose: each is written from the specification
// alone, so that an error of one is found when it talks to the other. Keep them apart.
package ntlm

import (
	"errors"
	"strings"
	"unicode/utf16"
)

// Errors of a handshake, for errors.Is. ErrMalformed covers every message that cannot be decoded.
var (
	ErrMalformed   = errors.New("malformed NTLM message")
	ErrUnsupported = errors.New("unsupported NTLM dialect")
	ErrLogon       = errors.New("logon failure: unknown user name or bad password")
	ErrIntegrity   = errors.New("message integrity check failed")
	ErrBinding     = errors.New("channel binding does not match the TLS connection")
	ErrSequence    = errors.New("NTLM message out of sequence")
)

// Flags of a NEGOTIATE structure (MS-NLMP 2.2.2.5).
type Flags uint32

// The flags that matter to a server of connection-oriented NTLMv2.
const (
	NegotiateUnicode                 Flags = 1 << 0
	RequestTarget                    Flags = 1 << 2
	NegotiateSign                    Flags = 1 << 4
	NegotiateSeal                    Flags = 1 << 5
	NegotiateNTLM                    Flags = 1 << 9
	NegotiateAlwaysSign              Flags = 1 << 15
	TargetTypeServer                 Flags = 1 << 17
	NegotiateExtendedSessionSecurity Flags = 1 << 19
	NegotiateTargetInfo              Flags = 1 << 23
	NegotiateVersion                 Flags = 1 << 25
	Negotiate128                     Flags = 1 << 29
	NegotiateKeyExchange             Flags = 1 << 30
	Negotiate56                      Flags = 1 << 31
)

// Has reports whether all the bits of want are set.
func (f Flags) Has(want Flags) bool { return f&want == want }

// Target is what a server tells a client about itself (MS-NLMP 2.2.2.1, AV_PAIR).
type Target struct {
	NetBIOSComputer string // NetBIOS name of the computer
	NetBIOSDomain   string // NetBIOS name of the domain; of a stand-alone computer, its own name
	DNSComputer     string
	DNSDomain       string
}

// encodeUTF16 returns the UTF-16LE form of s.
func encodeUTF16(s string) []byte {
	units := utf16.Encode([]rune(s))
	encoded := make([]byte, 0, 2*len(units))
	for _, unit := range units {
		encoded = append(encoded, byte(unit), byte(unit>>8))
	}
	return encoded
}

// decodeString reads a string of the payload: UTF-16LE, or the OEM code page, taken as Latin-1, when Unicode was not
// negotiated.
func decodeString(b []byte, flags Flags) string {
	var decoded strings.Builder
	if !flags.Has(NegotiateUnicode) {
		for _, c := range b {
			decoded.WriteRune(rune(c))
		}
		return decoded.String()
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])|uint16(b[i+1])<<8)
	}
	return string(utf16.Decode(units))
}
