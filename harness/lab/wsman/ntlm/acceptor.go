package ntlm

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NTOWFv1 is defined over MD4 (MS-NLMP 3.3.1)
)

// Hash is the NT hash of a password, the secret that a Windows account database keeps.
type Hash [16]byte

// PasswordHash returns the NT hash of a password: MD4 over UTF-16LE (MS-NLMP 3.3.1, NTOWFv1).
func PasswordHash(password string) (hash Hash) {
	digest := md4.New()
	digest.Write(encodeUTF16(password))
	digest.Sum(hash[:0])
	return hash
}

// Config is what an [Acceptor] needs of its surroundings.
type Config struct {
	Target Target
	// Account returns the NT hash of an account, by its name without domain.
	Account func(user string) (Hash, bool)
	// ChannelBinding is the MD5 hash of the channel bindings of the TLS connection ([ChannelBinding]), or nil on a plain one.
	ChannelBinding []byte
	Now            func() time.Time
	Rand           io.Reader
}

// Acceptor is the server's side of one handshake: Challenge, then Authenticate.
type Acceptor struct {
	config    Config
	negotiate []byte // as received, for the MIC
	challenge []byte // as sent
	nonce     [8]byte
	flags     Flags // of the challenge
}

// NewAcceptor returns an acceptor for one handshake.
func NewAcceptor(config Config) *Acceptor { return &Acceptor{config: config} }

// offered are the flags a server sets whatever the client says; echoed are those it sets if the client does.
const (
	offered = NegotiateUnicode | RequestTarget | NegotiateNTLM | NegotiateAlwaysSign | TargetTypeServer |
		NegotiateExtendedSessionSecurity | NegotiateTargetInfo | NegotiateVersion
	echoed = NegotiateSign | NegotiateSeal | NegotiateKeyExchange | Negotiate128 | Negotiate56
)

// Challenge answers a NEGOTIATE_MESSAGE with a CHALLENGE_MESSAGE (MS-NLMP 3.2.5.1.1).
func (a *Acceptor) Challenge(negotiate []byte) ([]byte, error) {
	message, err := DecodeNegotiate(negotiate)
	if err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(a.config.Rand, a.nonce[:]); err != nil {
		return nil, fmt.Errorf("server challenge: %w", err)
	}
	a.flags = offered | message.Flags&echoed
	a.negotiate = append([]byte(nil), negotiate...)
	a.challenge = Challenge{Flags: a.flags, Nonce: a.nonce, Target: a.config.Target, Time: a.config.Now()}.Encode()
	return a.challenge, nil
}

// Authenticate verifies an AUTHENTICATE_MESSAGE (MS-NLMP 3.2.5.1.2) and returns the session it
// establishes. A MIC and a channel binding are verified when the client sent them and not demanded when it did
// not: several clients in the field send neither.
func (a *Acceptor) Authenticate(authenticate []byte) (*Session, error) {
	if a.challenge == nil {
		return nil, fmt.Errorf("%w: AUTHENTICATE_MESSAGE before a challenge", ErrSequence)
	}
	message, err := DecodeAuthenticate(authenticate)
	if err != nil {
		return nil, err
	}
	pairs, err := message.clientInfo()
	if err != nil {
		return nil, err
	}
	baseKey, err := a.verifyProof(message)
	if err != nil {
		return nil, err
	}
	flags := a.flags & message.Flags
	exportedKey, err := exportedSessionKey(message, flags, baseKey)
	if err != nil {
		return nil, err
	}
	if err := a.verifyMIC(message, pairs, authenticate, exportedKey); err != nil {
		return nil, err
	}
	if err := a.verifyBinding(pairs); err != nil {
		return nil, err
	}
	return newSession(message, flags, exportedKey), nil
}

// verifyProof checks the NTProofStr and returns the session base key (MS-NLMP 3.3.2). An unknown account costs the
// same work as a known one. Clients disagree about the domain that goes into the key of a local account,
// so the domain is tried as sent, in upper case, and empty.
func (a *Acceptor) verifyProof(message Authenticate) ([]byte, error) {
	hash, known := a.config.Account(message.User)
	if message.User == "" {
		known = false
	}
	proof, blob := message.NTResponse[:proofSize], message.NTResponse[proofSize:]
	var baseKey []byte
	for _, domain := range []string{message.Domain, strings.ToUpper(message.Domain), ""} {
		responseKey := responseKeyNT(hash, message.User, domain)
		want := hmacMD5(responseKey, a.nonce[:], blob)
		if subtle.ConstantTimeCompare(want, proof) == 1 {
			baseKey = hmacMD5(responseKey, want)
		}
	}
	if !known || baseKey == nil {
		return nil, ErrLogon
	}
	return baseKey, nil
}

// responseKeyNT is NTOWFv2 of MS-NLMP 3.3.2.
func responseKeyNT(hash Hash, user, domain string) []byte {
	return hmacMD5(hash[:], encodeUTF16(strings.ToUpper(user)+domain))
}

// exportedSessionKey undoes the key exchange (MS-NLMP 3.1.5.1.2); without one, the base key serves.
func exportedSessionKey(message Authenticate, flags Flags, baseKey []byte) ([]byte, error) {
	if !flags.Has(NegotiateKeyExchange) {
		return baseKey, nil
	}
	if len(message.SessionKey) != 16 {
		return nil, fmt.Errorf("%w: session key of %d bytes", ErrMalformed, len(message.SessionKey))
	}
	cipher, err := rc4.NewCipher(baseKey)
	if err != nil {
		return nil, fmt.Errorf("key exchange: %w", err)
	}
	exported := make([]byte, 16)
	cipher.XORKeyStream(exported, message.SessionKey)
	return exported, nil
}

// verifyMIC checks the integrity code over the three messages of the handshake, if the client says it sent one.
func (a *Acceptor) verifyMIC(message Authenticate, pairs map[uint16][]byte, raw, exportedKey []byte) error {
	flags := pairs[avFlags]
	if len(flags) != 4 || binary.LittleEndian.Uint32(flags)&avFlagMIC == 0 {
		return nil
	}
	if message.MIC == nil {
		return fmt.Errorf("%w: the announced MIC is missing", ErrIntegrity)
	}
	blank := append([]byte(nil), raw...)
	clear(blank[micOffset : micOffset+micSize])
	want := hmacMD5(exportedKey, a.negotiate, a.challenge, blank)
	if subtle.ConstantTimeCompare(want, message.MIC) != 1 {
		return fmt.Errorf("%w: MIC of the handshake", ErrIntegrity)
	}
	return nil
}

// verifyBinding checks MsvAvChannelBindings. All zero means that the client sent none.
func (a *Acceptor) verifyBinding(pairs map[uint16][]byte) error {
	sent, zero := pairs[avChannelBindings], make([]byte, md5.Size)
	if len(sent) == 0 || a.config.ChannelBinding == nil || subtle.ConstantTimeCompare(sent, zero) == 1 {
		return nil
	}
	if subtle.ConstantTimeCompare(sent, a.config.ChannelBinding) != 1 {
		return ErrBinding
	}
	return nil
}

// ChannelBinding returns the MD5 hash of a gss_channel_bindings_struct (RFC 2744 3.11) without
// addresses, whose application data is given: with TLS, "tls-server-end-point:" and the hash of the certificate (RFC 5929).
func ChannelBinding(applicationData []byte) []byte {
	b := make([]byte, 16, 20+len(applicationData))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(applicationData)))
	sum := md5.Sum(append(b, applicationData...))
	return sum[:]
}

func hmacMD5(key []byte, parts ...[]byte) []byte {
	digest := hmac.New(md5.New, key)
	for _, part := range parts {
		digest.Write(part)
	}
	return digest.Sum(nil)
}
