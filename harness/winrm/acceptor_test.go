package winrm

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //nolint:staticcheck // NTLM is defined over MD4 (MS-NLMP 3.3.2); there is no choice
)

// acceptor is the host's half of an NTLMv2 logon, written from MS-NLMP apart from the
// client's code, so that a mistake in one is not repeated in the other.
type acceptor struct {
	first, second []byte
	session       *hostSession
	established   bool
}

func newAcceptor(message []byte) *acceptor { return &acceptor{first: message} }

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func fromUTF16(b []byte) string {
	var u []uint16
	for i := 0; i+1 < len(b); i += 2 {
		u = append(u, binary.LittleEndian.Uint16(b[i:]))
	}
	return string(utf16.Decode(u))
}

func (a *acceptor) challenge() []byte {
	var info bytes.Buffer
	pair := func(id uint16, value []byte) {
		_ = binary.Write(&info, binary.LittleEndian, [2]uint16{id, uint16(len(value))})
		info.Write(value)
	}
	pair(2, utf16le("LAB"))
	pair(1, utf16le("HOST"))
	pair(7, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	pair(0, nil)
	name := utf16le("LAB")
	m := append([]byte("NTLMSSP\x00"), 2, 0, 0, 0)
	m = binary.LittleEndian.AppendUint16(m, uint16(len(name)))
	m = binary.LittleEndian.AppendUint16(m, uint16(len(name)))
	m = binary.LittleEndian.AppendUint32(m, 56)
	m = binary.LittleEndian.AppendUint32(m, binary.LittleEndian.Uint32(a.first[12:]))
	m = append(m, []byte{0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4}...)
	m = append(m, make([]byte, 8)...)
	m = binary.LittleEndian.AppendUint16(m, uint16(info.Len()))
	m = binary.LittleEndian.AppendUint16(m, uint16(info.Len()))
	m = binary.LittleEndian.AppendUint32(m, uint32(56+len(name)))
	m = append(m, 10, 0, 0x63, 0x45, 0, 0, 0, 15)
	a.second = append(append(m, name...), info.Bytes()...)
	return a.second
}

func hm(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	h.Write(bytes.Join(parts, nil))
	return h.Sum(nil)
}

func part(m []byte, at int) []byte {
	n, offset := binary.LittleEndian.Uint16(m[at:]), binary.LittleEndian.Uint32(m[at+4:])
	return m[offset : offset+uint32(n)]
}

func (a *acceptor) accept(m []byte, password string, state *tls.ConnectionState, certificate *x509.Certificate) error {
	nt, domain, user := part(m, 20), fromUTF16(part(m, 28)), fromUTF16(part(m, 36))
	if domain+`\`+user != testUser {
		return fmt.Errorf("user %q of %q", user, domain)
	}
	hash := md4.New()
	hash.Write(utf16le(password))
	key := hm(hash.Sum(nil), utf16le(strings.ToUpper(user)+domain))
	if !bytes.Equal(hm(key, a.second[24:32], nt[16:]), nt[:16]) {
		return errors.New("wrong password")
	}
	exported := make([]byte, 16)
	c, err := rc4.NewCipher(hm(key, nt[:16]))
	if err != nil {
		return err
	}
	c.XORKeyStream(exported, part(m, 52))
	mic := bytes.Clone(m[72:88])
	clear(m[72:88])
	if !bytes.Equal(hm(exported, a.first, a.second, m), mic) {
		return errors.New("wrong MIC")
	}
	if state != nil {
		if err := checkBinding(nt[44:], certificate); err != nil {
			return err
		}
	}
	a.session, a.established = newHostSession(exported), true
	return nil
}

// checkBinding demands the channel binding of a SHA-256-signed certificate.
func checkBinding(info []byte, certificate *x509.Certificate) error {
	sum := sha256.Sum256(certificate.Raw)
	data := append([]byte("tls-server-end-point:"), sum[:]...)
	b := append(make([]byte, 16), binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...)
	want := md5.Sum(append(b, data...))
	for len(info) >= 4 {
		id, n := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		if id == 10 && bytes.Equal(info[4:4+n], want[:]) {
			return nil
		}
		info = info[4+n:]
	}
	return errors.New("no channel binding")
}

type hostSession struct {
	in, out       *rc4.Cipher
	inKey, outKey []byte
	inSeq, outSeq uint32
}

func newHostSession(exported []byte) *hostSession {
	derive := func(way, kind string) []byte {
		sum := md5.Sum(append(bytes.Clone(exported), "session key to "+way+" "+kind+" key magic constant\x00"...))
		return sum[:]
	}
	in, _ := rc4.NewCipher(derive("client-to-server", "sealing"))
	out, _ := rc4.NewCipher(derive("server-to-client", "sealing"))
	return &hostSession{
		in: in, out: out,
		inKey: derive("client-to-server", "signing"), outKey: derive("server-to-client", "signing"),
	}
}

func (s *hostSession) unseal(signature, sealed []byte) ([]byte, error) {
	plain := make([]byte, len(sealed))
	s.in.XORKeyStream(plain, sealed)
	if !bytes.Equal(signMessage(s.in, s.inKey, &s.inSeq, plain), signature) {
		return nil, errors.New("wrong signature")
	}
	return plain, nil
}

func signMessage(c *rc4.Cipher, key []byte, sequence *uint32, plain []byte) []byte {
	number := binary.LittleEndian.AppendUint32(nil, *sequence)
	*sequence++
	sum := hm(key, number, plain)[:8]
	c.XORKeyStream(sum, sum)
	return append(append([]byte{1, 0, 0, 0}, sum...), number...)
}

func (s *hostSession) sealBody(plain []byte) []byte {
	sealed := make([]byte, len(plain))
	s.out.XORKeyStream(sealed, plain)
	signature := signMessage(s.out, s.outKey, &s.outSeq, plain)
	var b bytes.Buffer
	fmt.Fprintf(&b, "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"+
		"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n--Encrypted Boundary\r\n"+
		"\tContent-Type: application/octet-stream\r\n", len(plain))
	b.Write([]byte{16, 0, 0, 0})
	b.Write(signature)
	b.Write(sealed)
	b.WriteString("--Encrypted Boundary--\r\n")
	return b.Bytes()
}
