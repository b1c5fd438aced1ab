package ntlm

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NTLM is defined over MD4 (MS-NLMP 3.3.2); there is no choice
)

// Credentials name an account. Domain is empty for an account of the host itself.
type Credentials struct {
	Domain, User, Password string
}

// ParseUser splits `DOMAIN\user` into its parts. A user principal name
// (user@domain) stays whole, with an empty domain, as Windows expects it.
func ParseUser(name string) (domain, user string) {
	if domain, user, ok := strings.Cut(name, `\`); ok {
		if domain == "." {
			domain = ""
		}
		return domain, user
	}
	return "", name
}

// Options are what a logon takes from outside.
type Options struct {
	// Random supplies the client challenge and the session key; required.
	Random io.Reader
	// Now is the client's clock, used only when the host's challenge carries no
	// timestamp; required.
	Now func() time.Time
	// ChannelBinding ties the logon to a TLS connection (see [ChannelBinding]);
	// nil outside TLS.
	ChannelBinding []byte
}

// Client makes the messages of one logon.
type Client struct {
	credentials Credentials
	options     Options
	negotiate   []byte
}

// NewClient returns a Client for one logon on one connection.
func NewClient(c Credentials, o Options) *Client {
	return &Client{credentials: c, options: o, negotiate: buildNegotiate()}
}

// Negotiate returns the first message of the logon.
func (c *Client) Negotiate() []byte { return c.negotiate }

// Authenticate answers the host's challenge and returns the third message and the
// session it opens. The session is of use only if the host then accepts the
// message. Errors wrap [ErrChallenge] or [ErrWeak], or come from Options.Random.
func (c *Client) Authenticate(token []byte) ([]byte, *Session, error) {
	raw, ch, err := parseChallenge(token)
	if err != nil {
		return nil, nil, err
	}
	var random [8 + 16]byte // client challenge, exported session key
	if _, err := io.ReadFull(c.options.Random, random[:]); err != nil {
		return nil, nil, fmt.Errorf("reading randomness: %w", err)
	}
	key := responseKey(c.credentials)
	nt, base := c.response(key, ch, random[:8])
	if len(nt) > math.MaxUint16 {
		return nil, nil, fmt.Errorf("%w: target information is too long to be sent back", ErrChallenge)
	}
	exported := random[8:]
	message := buildAuthenticate(ch.flags&offered, unicode(c.credentials.Domain), unicode(c.credentials.User),
		make([]byte, 24), nt, crypt(base, exported))
	copy(message[micOffset:], mac(exported, c.negotiate, raw, message))
	return message, newSession(exported), nil
}

// response computes the NTLMv2 response and the session base key (MS-NLMP 3.3.2).
// The LM response that goes with it is always 24 zero bytes, which is what a host
// that sends a timestamp wants and what every other one ignores.
func (c *Client) response(key []byte, ch challenge, clientChallenge []byte) (response, base []byte) {
	blob := append([]byte{1, 1, 0, 0, 0, 0, 0, 0}, c.timestamp(ch)...)
	blob = append(blob, clientChallenge...)
	blob = append(blob, 0, 0, 0, 0)
	blob = appendAttributes(blob, c.targetInfo(ch))
	blob = append(blob, 0, 0, 0, 0)
	proof := mac(key, ch.server[:], blob)
	return append(proof, blob...), mac(key, proof)
}

// targetInfo is the host's target information with what the client adds: the
// promise of a MIC, and the channel binding.
func (c *Client) targetInfo(ch challenge) []attribute {
	flags := avFlagMIC
	if have := lookup(ch.info, avFlags); len(have) == 4 {
		flags |= binary.LittleEndian.Uint32(have)
	}
	list := replace(ch.info, avFlags, binary.LittleEndian.AppendUint32(nil, flags))
	if len(c.options.ChannelBinding) > 0 {
		list = replace(list, avChannelBinding, c.options.ChannelBinding)
	}
	return list
}

// timestamp is the host's own time where it sends one, so that a client clock that
// is wrong does not make the logon fail.
func (c *Client) timestamp(ch challenge) []byte {
	if t := lookup(ch.info, avTimestamp); len(t) == 8 {
		return t
	}
	return binary.LittleEndian.AppendUint64(nil, fileTime(c.options.Now()))
}

// fileTime is t in 100 ns steps since 1601 (MS-DTYP 2.3.3).
func fileTime(t time.Time) uint64 {
	const secondsTo1970 = 11644473600
	return uint64(t.Unix()+secondsTo1970)*1e7 + uint64(t.Nanosecond()/100)
}

// responseKey is NTOWFv2: the key derived from password, user and domain.
func responseKey(c Credentials) []byte {
	h := md4.New()
	h.Write(unicode(c.Password))
	return mac(h.Sum(nil), unicode(strings.ToUpper(c.User)+c.Domain))
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// crypt is RC4 with a fresh state; key has 16 bytes, which RC4 always accepts.
func crypt(key, data []byte) []byte {
	out := make([]byte, len(data))
	cipher(key).XORKeyStream(out, data)
	return out
}

func cipher(key []byte) *rc4.Cipher {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err) // keys are 16 bytes by construction
	}
	return c
}
