package ntlm

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

// testChallenge builds a CHALLENGE_MESSAGE without a version field.
func testChallenge(flags uint32, server []byte, info []attribute) []byte {
	block := appendAttributes(nil, info)
	m := append([]byte{}, signature[:]...)
	m = binary.LittleEndian.AppendUint32(m, challengeMessage)
	m = append(m, make([]byte, 8)...)
	m = binary.LittleEndian.AppendUint32(m, flags)
	m = append(m, server...)
	m = append(m, make([]byte, 8)...)
	m = binary.LittleEndian.AppendUint16(m, uint16(len(block)))
	m = binary.LittleEndian.AppendUint16(m, uint16(len(block)))
	m = binary.LittleEndian.AppendUint32(m, challengeHeader)
	return append(m, block...)
}

func at1601() time.Time { return time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC) }

// The numbers are the worked example of MS-NLMP 4.2.4 (NTLMv2): user "User" of
// "Domain", password "Password", client challenge aa.., session key 55.., time 0.
func TestDocumentedExample(t *testing.T) {
	c := NewClient(Credentials{Domain: "Domain", User: "User", Password: "Password"}, Options{
		Random: bytes.NewReader(unhex(t, "aaaaaaaaaaaaaaaa 55555555555555555555555555555555")), Now: at1601,
	})
	key := responseKey(c.credentials)
	require.Equal(t, unhex(t, "0c868a403bfd7a93a3001ef22ef02e3f"), key)

	blob := unhex(t, "0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000")
	blob = append(appendAttributes(blob, []attribute{{2, unicode("Domain")}, {1, unicode("Server")}}), 0, 0, 0, 0)
	proof := mac(key, unhex(t, "0123456789abcdef"), blob)
	require.Equal(t, unhex(t, "68cd0ab851e51c96aabc927bebef6a1c"), proof)
	base := mac(key, proof)
	require.Equal(t, unhex(t, "8de40ccadbc14a82f15cb0ad0de95ca3"), base)
	exported := unhex(t, "55555555555555555555555555555555")
	require.Equal(t, unhex(t, "c5dad2544fc9799094ce1ce90bc9d03e"), crypt(base, exported))

	s := newSession(exported)
	require.Equal(t, unhex(t, "4788dc861b4782f35d43fd98fe1a2d39"), s.send.signKey)
	sign, sealed := s.Seal(unicode("Plaintext"))
	require.Equal(t, unhex(t, "54e50165bf1936dc996020c1811b0f06fb5f"), sealed)
	require.Equal(t, unhex(t, "010000007fb38ec5c55d497600000000"), sign)
}

func TestAuthenticateMessage(t *testing.T) {
	binding := bytes.Repeat([]byte{7}, 16)
	c := NewClient(Credentials{Domain: "LAB", User: "zoë", Password: "päss"}, Options{
		Random: rand.Reader, Now: at1601, ChannelBinding: binding,
	})
	stamp := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	challenge := testChallenge(offered, []byte("12345678"), []attribute{{2, unicode("LAB")}, {avTimestamp, stamp}})
	m, session, err := c.Authenticate(append([]byte("spnego wrapper"), challenge...))
	require.NoError(t, err)
	require.NotNil(t, session)

	nt, err := field(m, 20)
	require.NoError(t, err)
	key := responseKey(c.credentials)
	require.Equal(t, mac(key, []byte("12345678"), nt[16:]), nt[:16], "NTProofStr")
	require.Equal(t, stamp, nt[24:32], "the host's timestamp is echoed")
	info, err := parseAttributes(nt[44:])
	require.NoError(t, err)
	require.Equal(t, []byte{2, 0, 0, 0}, lookup(info, avFlags))
	require.Equal(t, binding, lookup(info, avChannelBinding))
	user, err := field(m, 36)
	require.NoError(t, err)
	require.Equal(t, unicode("zoë"), user)

	wrapped, err := field(m, 52)
	require.NoError(t, err)
	exported := crypt(mac(key, nt[:16]), wrapped)
	mic := append([]byte{}, m[micOffset:authenticateHeader]...)
	clear(m[micOffset:authenticateHeader])
	require.Equal(t, mac(exported, c.Negotiate(), challenge, m), mic, "MIC over the raw NTLM messages")
}

// mirror is the host's end of a session with the same exported key.
func mirror(exported []byte) *Session {
	s := newSession(exported)
	return &Session{send: s.receive, receive: s.send}
}

func TestSealedConversation(t *testing.T) {
	key := bytes.Repeat([]byte{9}, 16)
	client, host := newSession(key), mirror(key)
	for i := range 5 {
		text := bytes.Repeat([]byte{byte(i)}, i*1000)
		got, err := host.Unseal(client.Seal(text))
		require.NoError(t, err)
		require.Equal(t, text, got)
		got, err = client.Unseal(host.Seal(text))
		require.NoError(t, err)
		require.Equal(t, text, got)
	}
}

func TestUnsealRefusesTamperedMessages(t *testing.T) {
	key := bytes.Repeat([]byte{9}, 16)
	host := mirror(key)
	sign, sealed := host.Seal([]byte("first"))
	next, nextSealed := host.Seal([]byte("second"))
	for name, message := range map[string][2][]byte{
		"bit flipped":     {sign, append([]byte{sealed[0] ^ 1}, sealed[1:]...)},
		"signature short": {sign[:3], sealed},
		"no signature":    {nil, sealed},
		"out of order":    {next, nextSealed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newSession(key).Unseal(message[0], message[1])
			require.ErrorIs(t, err, ErrSignature)
		})
	}
}

func TestChallengeErrors(t *testing.T) {
	good := testChallenge(offered, []byte("12345678"), []attribute{{2, unicode("LAB")}})
	cut := append([]byte{}, good...)
	binary.LittleEndian.PutUint32(cut[44:], 1<<31)
	openEnd := append([]byte{}, good...)
	binary.LittleEndian.PutUint16(openEnd[40:], 10)
	wrongType := append([]byte{}, good...)
	wrongType[8] = 3
	for name, tc := range map[string]struct {
		token []byte
		want  error
	}{
		"empty":                 {nil, ErrChallenge},
		"not NTLM":              {[]byte("Kerberos, rather"), ErrChallenge},
		"short":                 {good[:47], ErrChallenge},
		"wrong type":            {wrongType, ErrChallenge},
		"info beyond the end":   {cut, ErrChallenge},
		"info without an end":   {openEnd, ErrChallenge},
		"without sealing":       {testChallenge(offered&^flagSeal, make([]byte, 8), nil), ErrWeak},
		"40-bit keys":           {testChallenge(offered&^flag128, make([]byte, 8), nil), ErrWeak},
		"without key exchange":  {testChallenge(offered&^flagKeyExchange, make([]byte, 8), nil), ErrWeak},
		"NTLMv1 session":        {testChallenge(offered&^flagExtendedSecurity, make([]byte, 8), nil), ErrWeak},
		"no target information": {testChallenge(offered&^flagTargetInfo, make([]byte, 8), nil), ErrWeak},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := NewClient(Credentials{}, Options{Random: rand.Reader, Now: at1601}).Authenticate(tc.token)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestRandomnessIsRequired(t *testing.T) {
	c := NewClient(Credentials{}, Options{Random: strings.NewReader("short"), Now: at1601})
	_, _, err := c.Authenticate(testChallenge(offered, make([]byte, 8), nil))
	require.ErrorContains(t, err, "randomness")
}

func TestParseUser(t *testing.T) {
	for name, want := range map[string][2]string{
		`LAB\ann`: {"LAB", "ann"}, `.\ann`: {"", "ann"}, "ann": {"", "ann"}, "ann@lab.local": {"", "ann@lab.local"},
	} {
		domain, user := ParseUser(name)
		require.Equal(t, want, [2]string{domain, user})
	}
}

func TestFileTime(t *testing.T) {
	require.Zero(t, fileTime(at1601()))
	require.Equal(t, uint64(116444736000000000), fileTime(time.Unix(0, 0)))
}

func TestChannelBindingHash(t *testing.T) {
	a := ChannelBinding(&x509.Certificate{Raw: []byte("certificate"), SignatureAlgorithm: x509.SHA1WithRSA})
	b := ChannelBinding(&x509.Certificate{Raw: []byte("certificate"), SignatureAlgorithm: x509.SHA256WithRSA})
	c := ChannelBinding(&x509.Certificate{Raw: []byte("certificate"), SignatureAlgorithm: x509.SHA384WithRSA})
	d := ChannelBinding(&x509.Certificate{Raw: []byte("certificate"), SignatureAlgorithm: x509.ECDSAWithSHA512})
	require.Equal(t, a, b, "SHA-1 is replaced by SHA-256")
	require.NotEqual(t, b, c)
	require.NotEqual(t, c, d)
	require.Len(t, a, 16)
}

func FuzzChallenge(f *testing.F) {
	f.Add(testChallenge(offered, []byte("12345678"), []attribute{{2, unicode("LAB")}, {avTimestamp, make([]byte, 8)}}))
	f.Add(testChallenge(0, make([]byte, 8), nil))
	f.Add([]byte("NTLMSSP\x00"))
	f.Fuzz(func(t *testing.T, token []byte) {
		c := NewClient(Credentials{User: "u", Password: "p"}, Options{Random: rand.Reader, Now: at1601})
		m, s, err := c.Authenticate(token)
		if err != nil {
			return
		}
		require.NotNil(t, s)
		for position := 12; position < 60; position += 8 {
			_, err := field(m, position)
			require.NoError(t, err)
		}
	})
}
