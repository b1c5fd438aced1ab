package ntlm

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	client "github.com/bodgit/ntlmssp"
	"github.com/stretchr/testify/require"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

// The values of MS-NLMP 4.2.4, "NTLMv2 Authentication".
const (
	specBlob = "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000" +
		"02000c0044006f006d00610069006e00" + "01000c00530065007200760065007200" + "0000000000000000"
	specServerChallenge = "0123456789abcdef"
)

func TestSpecificationValues(t *testing.T) {
	responseKey := responseKeyNT(PasswordHash("Password"), "User", "Domain")
	require.Equal(t, "0c868a403bfd7a93a3001ef22ef02e3f", hex.EncodeToString(responseKey))

	proof := hmacMD5(responseKey, unhex(t, specServerChallenge), unhex(t, specBlob))
	require.Equal(t, "68cd0ab851e51c96aabc927bebef6a1c", hex.EncodeToString(proof))
	require.Equal(t, "8de40ccadbc14a82f15cb0ad0de95ca3", hex.EncodeToString(hmacMD5(responseKey, proof)))
}

func TestSpecificationSealing(t *testing.T) {
	key := []byte(strings.Repeat("U", 16))
	flags := NegotiateKeyExchange | Negotiate128 | NegotiateExtendedSessionSecurity | NegotiateSeal
	session := newSession(Authenticate{}, flags, key)
	require.Equal(t, "4788dc861b4782f35d43fd98fe1a2d39", hex.EncodeToString(session.incoming.signKey))
	require.Equal(t, "59f600973cc4960a25480a7c196e4c58", hex.EncodeToString(session.incoming.sealKey))

	message, err := session.Unseal(unhex(t, "54e50165bf1936dc996020c1811b0f06fb5f"), unhex(t, "010000007fb38ec5c55d497600000000"))
	require.NoError(t, err)
	require.Equal(t, encodeUTF16("Plaintext"), message)
}

func TestWeakerKeysAreShortened(t *testing.T) {
	key := []byte("0123456789abcdef")
	require.Len(t, sealingStrength(key, Negotiate128), 16)
	require.Len(t, sealingStrength(key, Negotiate56), 7)
	require.Len(t, sealingStrength(key, 0), 5)
}

var testTarget = Target{NetBIOSComputer: "LAB-IIS01", NetBIOSDomain: "LAB", DNSComputer: "lab-iis01.lab.local", DNSDomain: "lab.local"}

func testConfig() Config {
	return Config{
		Target: testTarget,
		Account: func(user string) (Hash, bool) {
			if strings.EqualFold(user, "administrator") {
				return PasswordHash("s3cret-ünïcode"), true
			}
			return Hash{}, false
		},
		Now:  func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC) },
		Rand: rand.Reader,
	}
}

// shake runs a handshake of an independent client against an acceptor, and lets tamper change the last message.
func shake(t *testing.T, config Config, c *client.Client, binding *client.ChannelBindings, tamper func([]byte)) (*Session, error) {
	t.Helper()
	acceptor := NewAcceptor(config)
	first, err := c.Authenticate(nil, binding)
	require.NoError(t, err)
	challenge, err := acceptor.Challenge(first)
	require.NoError(t, err)
	last, err := c.Authenticate(challenge, binding)
	require.NoError(t, err)
	if tamper != nil {
		tamper(last)
	}
	return acceptor.Authenticate(last)
}

func newClient(t *testing.T, user, password, domain string) *client.Client {
	t.Helper()
	c, err := client.NewClient(client.SetUserInfo(user, password), client.SetDomain(domain), client.SetVersion(client.DefaultVersion()))
	require.NoError(t, err)
	return c
}

func TestHandshakeAndSealing(t *testing.T) {
	for _, domain := range []string{"", "LAB", "LAB-IIS01", "lab.local"} {
		c := newClient(t, "Administrator", "s3cret-ünïcode", domain)
		session, err := shake(t, testConfig(), c, nil, nil)
		require.NoError(t, err, "domain %q", domain)
		require.Equal(t, "Administrator", session.User)
		require.True(t, session.Confidential())

		for _, text := range []string{"one", "", strings.Repeat("two ", 5000)} {
			sealed, mac, err := c.SecuritySession().Wrap([]byte(text))
			require.NoError(t, err)
			got, err := session.Unseal(sealed, mac)
			require.NoError(t, err)
			require.Equal(t, text, string(got))

			reply, signature := session.Seal([]byte(text + "!"))
			got, err = c.SecuritySession().Unwrap(reply, signature[:])
			require.NoError(t, err)
			require.Equal(t, text+"!", string(got))
		}
	}
}

func TestRefusals(t *testing.T) {
	good := func() *client.Client { return newClient(t, "administrator", "s3cret-ünïcode", "") }
	binding := ChannelBinding([]byte("tls-server-end-point:certificate"))

	_, err := shake(t, testConfig(), newClient(t, "administrator", "wrong", ""), nil, nil)
	require.ErrorIs(t, err, ErrLogon)
	_, err = shake(t, testConfig(), newClient(t, "nobody", "s3cret-ünïcode", ""), nil, nil)
	require.ErrorIs(t, err, ErrLogon)
	_, err = shake(t, testConfig(), good(), nil, func(b []byte) { b[micOffset] ^= 1 })
	require.ErrorIs(t, err, ErrIntegrity)
	_, err = shake(t, testConfig(), good(), nil, func(b []byte) { b[60] ^= 0x80 }) // flags are covered by the MIC
	require.ErrorIs(t, err, ErrIntegrity)

	bound := testConfig()
	bound.ChannelBinding = binding
	_, err = shake(t, bound, good(), &client.ChannelBindings{ApplicationData: []byte("tls-server-end-point:certificate")}, nil)
	require.NoError(t, err)
	_, err = shake(t, bound, good(), nil, nil)
	require.NoError(t, err, "a client without channel binding is let in")
	_, err = shake(t, bound, good(), &client.ChannelBindings{ApplicationData: []byte("tls-server-end-point:somebody else's")}, nil)
	require.ErrorIs(t, err, ErrBinding)
}

func TestOutOfSequence(t *testing.T) {
	acceptor := NewAcceptor(testConfig())
	_, err := acceptor.Authenticate([]byte(signature + "\x03\x00\x00\x00"))
	require.ErrorIs(t, err, ErrSequence)
	_, err = acceptor.Challenge([]byte(signature + "\x03\x00\x00\x00"))
	require.ErrorIs(t, err, ErrSequence)
	_, err = acceptor.Challenge([]byte("GET / HTTP/1.1"))
	require.ErrorIs(t, err, ErrMalformed)
}

func TestNTLMv1IsRefused(t *testing.T) {
	acceptor := NewAcceptor(testConfig())
	_, err := acceptor.Challenge(append([]byte(signature+"\x01\x00\x00\x00"), 0x06, 0x82, 0x08, 0))
	require.NoError(t, err)
	message := make([]byte, authenticateHeader, authenticateHeader+24)
	copy(message, signature)
	message[8] = typeAuthenticate
	putField(message[20:], 24, authenticateHeader)
	message[12], message[14] = 0, 0
	_, err = acceptor.Authenticate(append(message, make([]byte, 24)...))
	require.ErrorIs(t, err, ErrUnsupported)
}

func TestMechanismSignaturesKeepTheCipher(t *testing.T) {
	key, flags := []byte(strings.Repeat("k", 16)), NegotiateKeyExchange|Negotiate128
	session := newSession(Authenticate{}, flags, key)
	peer := newDirection(key, flags, "server-to-client")

	list := []byte("mechanisms")
	mac := session.SignMechanisms(list)
	require.NoError(t, peer.verify(list, mac[:]))
	peer.rewind()

	sealed, mac := session.Seal([]byte("first"))
	plain := make([]byte, len(sealed))
	peer.cipher.XORKeyStream(plain, sealed)
	require.Equal(t, "first", string(plain))
	require.NoError(t, peer.verify(plain, mac[:]))
	require.EqualValues(t, 2, peer.sequence)

	client := newDirection(key, flags, "client-to-server")
	mac = client.sign(list)
	require.NoError(t, session.VerifyMechanisms(list, mac[:]))
	client.rewind()
	client.cipher.XORKeyStream(sealed, []byte("first"))
	mac = client.sign([]byte("first"))
	plain, err := session.Unseal(sealed, mac[:])
	require.NoError(t, err)
	require.Equal(t, "first", string(plain))
	require.ErrorIs(t, session.VerifyMechanisms(list, mac[:]), ErrIntegrity)
}

// FuzzDecode feeds the messages of a hostile client to every decoder and to a whole handshake.
func FuzzDecode(f *testing.F) {
	c, err := client.NewClient(client.SetUserInfo("administrator", "wrong"))
	require.NoError(f, err)
	first, err := c.Authenticate(nil, nil)
	require.NoError(f, err)
	challenge, err := NewAcceptor(testConfig()).Challenge(first)
	require.NoError(f, err)
	last, err := c.Authenticate(challenge, nil)
	require.NoError(f, err)
	f.Add(first, last)
	f.Fuzz(func(t *testing.T, first, last []byte) {
		acceptor := NewAcceptor(testConfig())
		if _, err := acceptor.Challenge(first); err != nil {
			acceptor.challenge = challenge
		}
		session, err := acceptor.Authenticate(last)
		require.Error(t, err, "nobody gets in by chance")
		require.Nil(t, session)
	})
}
